"""The tunnel's two ends over real pipes, with a real server behind: nothing lost, nothing held up, nothing piled up."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import socket
import sys
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest

from labs.sandbox.tunnel import mux
from labs.sandbox.tunnel.__main__ import Attached
from labs.sandbox.tunnel.container import PROGRAM
from labs.sandbox.tunnel.mux import CHUNK, WINDOW, Mux, Streams

SECONDS = 30.0
Server = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextlib.asynccontextmanager
async def tunnel(behind: Server) -> AsyncIterator[tuple[int, Mux, asyncio.subprocess.Process]]:
    """A far end as the container runs it, and this process as the near one; gives the port on which it listens."""
    port = free_port()
    server = await asyncio.start_server(behind, "127.0.0.1", 0)
    address = server.sockets[0].getsockname()
    pipe = asyncio.subprocess.PIPE
    far = await asyncio.create_subprocess_exec(
        sys.executable, "-I", "-c", PROGRAM, str(port), stdin=pipe, stdout=pipe, stderr=pipe
    )
    assert far.stdin and far.stdout

    async def connect(asked: int) -> Streams:
        assert asked == port
        return await asyncio.open_connection(*address)

    near = Mux(far.stdout.readexactly, far.stdin, connect, first=2)
    running = asyncio.create_task(near.run())
    try:
        assert await near.alive(SECONDS)
        yield port, near, far
    finally:
        if far.returncode is None:
            far.stdin.close()  # as the engine does where this end is gone
        assert await asyncio.wait_for(far.wait(), SECONDS) is not None
        await asyncio.wait_for(running, SECONDS)
        server.close()


def run(test: Callable[[], Awaitable[None]]) -> None:
    asyncio.run(asyncio.wait_for(_awaited(test), 2 * SECONDS))


async def _awaited(test: Callable[[], Awaitable[None]]) -> None:
    await test()


async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while data := await reader.read(CHUNK):
        writer.write(data)
        await writer.drain()
    writer.close()


async def digest(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Answers when the other side has said all: that needs the half-close to come through."""
    said = hashlib.sha256()
    while data := await reader.read(CHUNK):
        said.update(data)
    writer.write(said.hexdigest().encode())
    writer.close()


def test_many_connections_at_once_keep_their_bytes_apart() -> None:
    async def one(port: int, number: int) -> None:
        sent = bytes([number]) * (3 * WINDOW + number)
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        reading = asyncio.create_task(reader.read(-1))
        writer.write(sent)
        writer.write_eof()
        assert await reading == sent
        writer.close()

    async def test() -> None:
        async with tunnel(echo) as (port, _, _):
            await asyncio.gather(*(one(port, number) for number in range(20)))

    run(test)


def test_an_end_of_one_direction_leaves_the_other_open() -> None:
    async def test() -> None:
        async with tunnel(digest) as (port, _, _):
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            sent = b"x" * (5 * WINDOW)
            writer.write(sent)
            writer.write_eof()
            assert (await reader.read(-1)).decode() == hashlib.sha256(sent).hexdigest()
            writer.close()

    run(test)


def test_who_reads_nothing_holds_up_nobody_and_fills_no_memory() -> None:
    """More than its window of a connection's bytes is in neither end: the sender itself has to wait."""
    released = asyncio.Event()

    async def test() -> None:
        first = True

        async def behind(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            nonlocal first
            if first:
                first = False
                await released.wait()
            await digest(reader, writer)

        async with tunnel(behind) as (port, near, _):
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            sent = b"y" * (40 * WINDOW)
            writer.write(sent)
            writer.write_eof()
            other, talking = await asyncio.open_connection("127.0.0.1", port)
            talking.write(b"z")
            talking.write_eof()
            assert (await other.read(-1)).decode() == hashlib.sha256(b"z").hexdigest()
            talking.close()
            while not any(connection.held == WINDOW for connection in near._connections.values()):
                await asyncio.sleep(0.01)
            waiting = writer.transport.get_write_buffer_size()
            assert waiting > 20 * WINDOW, "what was not taken stays with the sender"
            assert max(connection.held for connection in near._connections.values()) == WINDOW
            released.set()
            assert (await reader.read(-1)).decode() == hashlib.sha256(sent).hexdigest()
            writer.close()

    run(test)


@pytest.mark.parametrize("lingers", [True, False])
def test_a_connection_that_breaks_is_broken_at_the_other_end(lingers: bool) -> None:
    """A server that resets, and one that is not there at all."""

    async def test() -> None:
        async def behind(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            writer.transport.abort()

        async with tunnel(behind) as (port, near, _):
            if not lingers:

                async def refuse(_: int) -> Streams:
                    raise ConnectionRefusedError

                near._connect = refuse
            for _ in range(2):
                reader, writer = await asyncio.open_connection("127.0.0.1", port)
                writer.write(b"x")
                with contextlib.suppress(ConnectionError):
                    assert await reader.read(-1) == b""
                writer.close()
            assert await near.alive(SECONDS)

    run(test)


def test_with_the_far_end_all_of_its_connections_end() -> None:
    async def test() -> None:
        async with tunnel(echo) as (port, near, far):
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(b"x")
            assert await reader.read(1) == b"x"
            far.kill()
            with contextlib.suppress(ConnectionError):
                assert await reader.read(-1) == b""
            writer.close()
            await far.wait()
            assert not await near.alive(0.2)

    run(test)


@pytest.mark.parametrize(
    ("frames", "ended"),
    [
        ([mux.HEAD.pack(mux.DATA, 1, 1 << 31)], True),
        ([mux.HEAD.pack(9, 1, 0), mux.HEAD.pack(mux.END, 7, 0), mux.HEAD.pack(mux.CREDIT, 7, 4) + b"1234"], False),
        ([mux.HEAD.pack(mux.DATA, 1, CHUNK) + bytes(CHUNK)] * (2 * WINDOW // CHUNK), False),
    ],
)
def test_an_end_that_keeps_to_no_rule_fills_no_memory(frames: list[bytes], ended: bool) -> None:
    """The far end is the engine's: a frame as big as it says, unknown kinds and connections, more than the window."""

    async def test() -> None:
        said = asyncio.StreamReader()
        here, there = socket.socketpair()
        _, writer = await asyncio.open_connection(sock=here)

        async def connect(_: int) -> Streams:
            await asyncio.sleep(SECONDS)
            raise AssertionError

        near = Mux(said.readexactly, writer, connect, first=2)
        running = asyncio.create_task(near.run())
        said.feed_data(mux.HEAD.pack(mux.OPEN, 1, 4) + mux.NUMBER.pack(80))
        for frame in frames:
            said.feed_data(frame)
            await asyncio.sleep(0)
        if ended:
            await asyncio.wait_for(running, SECONDS)
        else:
            while said._buffer:  # type: ignore[attr-defined]
                await asyncio.sleep(0)
            await asyncio.sleep(0)
            assert sum(connection.held for connection in near._connections.values()) <= WINDOW + CHUNK
            said.feed_eof()
            await asyncio.wait_for(running, SECONDS)
        writer.close()
        there.close()

    run(test)


def test_a_port_that_is_taken_is_said() -> None:
    async def test() -> None:
        with socket.create_server(("127.0.0.1", 0)) as taken:
            port = taken.getsockname()[1]
            far = await asyncio.create_subprocess_exec(
                *(sys.executable, "-I", "-c", PROGRAM, str(port)),
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.PIPE,
            )
            _, said = await far.communicate()
        assert far.returncode == 1 and str(port) in said.decode() and "in use" in said.decode()

    run(test)


def test_the_engines_frames_are_taken_apart(capsys: pytest.CaptureFixture[str]) -> None:
    """Docker Engine API, "Attach to a container": a head of eight bytes before what stdout or stderr said."""

    async def test() -> None:
        reader = asyncio.StreamReader()
        attached = Attached(reader)
        for stream, text in ((1, b"ab"), (2, b"port taken\n"), (1, b"cdef")):
            reader.feed_data(bytes([stream, 0, 0, 0]) + len(text).to_bytes(4, "big") + text)
        assert await attached.read(3) == b"abc" and await attached.read(3) == b"def"
        reader.feed_eof()
        with pytest.raises(EOFError):
            await attached.read(1)

    run(test)
    assert capsys.readouterr().err == "port taken\n"
