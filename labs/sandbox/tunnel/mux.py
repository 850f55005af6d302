"""Many connections over one pair of byte streams; this file is also the whole program of the tunnel's far end.

Far end, in a container (`container.PROGRAM`): `main` listens on 127.0.0.1 and offers each connection over its stdin and
stdout. It is given as text to whatever Python the base image has: the standard library alone, nothing of labs, and
nothing newer than Python 3.9.

A frame is a head (kind, connection, length) and its payload. Each direction of a connection has a window as HTTP/2's
(RFC 9113, section 5.2): a sender stops when `WINDOW` bytes are on their way that the receiver has not passed on, so
that a layer of any size takes little memory and a slow connection holds up no other.
"""

from __future__ import annotations

import asyncio
import contextlib
import functools
import struct
import sys
from collections.abc import Awaitable, Callable, Coroutine

HEAD = struct.Struct(">BII")
OPEN, DATA, END, RESET, CREDIT, PING, PONG = range(7)
"""Kinds: a new connection, for this port · bytes · no more bytes this way · broken off · so many bytes were passed on ·
is somebody there? · yes.
"""
NUMBER = struct.Struct(">I")
"""The payload of `OPEN` and of `CREDIT`."""
CHUNK = 1 << 16
WINDOW = 1 << 20

Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]
Connect = Callable[[int], Awaitable[Streams]]


class Connection:
    """One connection at this end: what may still be sent, and what arrived (bytes `held`) and was not passed on yet."""

    def __init__(self) -> None:
        self.credit = WINDOW
        self.held = 0
        self.more = asyncio.Event()
        self.arrived: asyncio.Queue[bytes] = asyncio.Queue()
        self.task: asyncio.Task[None] | None = None

    async def allowance(self) -> int:
        """How many bytes may be sent now; waits until there are any."""
        while self.credit <= 0:
            self.more.clear()
            await self.more.wait()
        return min(self.credit, CHUNK)


class Mux:
    """One end.

    Args:
        read: exactly so many bytes of what the other end sends; raises EOFError or OSError when the link is gone.
        writer: towards the other end.
        connect: opens what a connection that the other end was offered is for, by its port.
        first: 1 at one end and 2 at the other: connections of the two have odd and even numbers.
    """

    def __init__(
        self, read: Callable[[int], Awaitable[bytes]], writer: asyncio.StreamWriter, connect: Connect, first: int
    ) -> None:
        self._read = read
        self._writer = writer
        self._connect = connect
        self._connections: dict[int, Connection] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._next = first
        self._gone = False
        self._turn = asyncio.Lock()
        self._answered = asyncio.Event()

    async def run(self) -> None:
        """Pass on what arrives, until the link is gone; what was open then is broken off."""
        try:
            while True:
                kind, number, size = HEAD.unpack(await self._read(HEAD.size))
                if size > CHUNK:
                    raise ConnectionError(f"a frame of {size} bytes")
                self._answered.set()  # whatever arrives: an answer may stand behind much that is on its way
                self._take(kind, number, await self._read(size) if size else b"")
        except (EOFError, OSError):
            return
        finally:
            self._gone = True
            for task in self._tasks:
                task.cancel()
            await asyncio.gather(*self._tasks, return_exceptions=True)

    async def alive(self, seconds: float) -> bool:
        """Whether the other end answers within this time."""
        self._answered.clear()
        with contextlib.suppress(OSError, asyncio.TimeoutError):
            await self._send(PING, 0)
            await asyncio.wait_for(self._answered.wait(), seconds)
            return True
        return False

    async def offer(self, port: int, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """A connection came to this port: the other end is to open its counterpart."""
        number, connection = self._next, Connection()
        self._next += 2
        self._connections[number] = connection

        async def opened() -> Streams:
            await self._send(OPEN, number, NUMBER.pack(port))
            return reader, writer

        self._start(self._carry(number, connection, opened), number)

    def _take(self, kind: int, number: int, payload: bytes) -> None:
        """One frame. Waits for nothing: no connection may hold up the others."""
        connection = self._connections.get(number)
        if kind == PING:
            self._start(self._send(PONG, 0))
        elif kind == OPEN:
            connection = self._connections[number] = Connection()
            opened = functools.partial(self._connect, *NUMBER.unpack(payload))
            self._start(self._carry(number, connection, opened), number)
        elif connection is None:
            return  # it was broken off here meanwhile
        elif kind in (DATA, END):
            connection.held += len(payload)
            connection.arrived.put_nowait(payload)
            if connection.held > WINDOW and connection.task:  # the other end does not keep to the window
                connection.task.cancel()
        elif kind == CREDIT:
            connection.credit += NUMBER.unpack(payload)[0]
            connection.more.set()
        elif kind == RESET and connection.task:
            connection.task.cancel()

    def _start(self, work: Coroutine[None, None, None], number: int = 0) -> None:
        task = asyncio.ensure_future(work)
        self._tasks.add(task)

        def done(_: object) -> None:
            self._tasks.discard(task)
            self._connections.pop(number, None)

        task.add_done_callback(done)
        if number:
            self._connections[number].task = task

    async def _carry(self, number: int, connection: Connection, opened: Callable[[], Awaitable[Streams]]) -> None:
        """Both directions of a connection, until both have ended or one breaks."""
        writer = None
        try:
            reader, writer = await opened()
            await _all(self._outward(number, connection, reader), self._inward(number, connection, writer))
        except (OSError, asyncio.CancelledError):
            if writer:
                writer.transport.abort()
            if not self._gone:
                with contextlib.suppress(OSError):
                    await self._send(RESET, number)
        finally:
            if writer:
                writer.close()

    async def _outward(self, number: int, connection: Connection, reader: asyncio.StreamReader) -> None:
        while data := await reader.read(await connection.allowance()):
            connection.credit -= len(data)
            await self._send(DATA, number, data)
        await self._send(END, number)

    async def _inward(self, number: int, connection: Connection, writer: asyncio.StreamWriter) -> None:
        while data := await connection.arrived.get():
            writer.write(data)
            await writer.drain()
            connection.held -= len(data)
            await self._send(CREDIT, number, NUMBER.pack(len(data)))
        writer.write_eof()

    async def _send(self, kind: int, number: int, payload: bytes = b"") -> None:
        async with self._turn:
            self._writer.write(HEAD.pack(kind, number, len(payload)) + payload)
            await self._writer.drain()


async def _all(*works: Coroutine[None, None, None]) -> None:
    """All of them; the first that fails ends the others."""
    tasks: list[asyncio.Task[None]] = [asyncio.ensure_future(work) for work in works]
    try:
        await asyncio.gather(*tasks)
    finally:
        for task in tasks:
            task.cancel()


async def listen(ports: list[int]) -> None:
    """The far end: every connection to these ports of this loopback goes over stdin and stdout, and what comes that way
    is connected to this loopback, until stdin ends.

    Raises:
        OSError: a port is taken.
    """
    loop = asyncio.get_event_loop()
    reader = asyncio.StreamReader()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    transport, protocol = await loop.connect_write_pipe(asyncio.streams.FlowControlMixin, sys.stdout)
    connect = functools.partial(asyncio.open_connection, "127.0.0.1")
    mux = Mux(reader.readexactly, asyncio.StreamWriter(transport, protocol, None, loop), connect, first=1)
    servers = [await asyncio.start_server(functools.partial(mux.offer, port), "127.0.0.1", port) for port in ports]
    await mux.run()
    for server in servers:
        server.close()


def main() -> None:
    """The far end's program: the ports are its arguments."""
    try:
        asyncio.run(listen([int(port) for port in sys.argv[1:]]))
    except OSError as error:
        sys.exit(str(error))
