"""The tunnel's near end, a part of the sandbox: `python -m labs.sandbox.tunnel`, started and watched by the supervisor.

It makes the far end's container, holds its stdin and stdout through the engine's API ("Attach to a container", with a
connection that is taken over) and connects to the gateway what comes out of it. It ends where the container or the
engine ends; the supervisor starts it anew. On `run/tunnel.sock` it says whether the far end answers.
"""

from __future__ import annotations

import sys

if len(sys.argv) > 1 and __name__ == "__main__":
    print("O túnel é uma parte do laboratório: não se inicia à mão.\nPróximo comando: python3 -m labs up")
    raise SystemExit(0 if set(sys.argv[1:]) & {"-h", "--help"} else 2)

import asyncio
import contextlib
import signal

from labs.base.errors import LabError
from labs.base.settings import Settings
from labs.sandbox.tunnel import container, published
from labs.sandbox.tunnel.mux import Mux, Streams
from labs.seams import engine_api
from labs.seams.unix_http import address

ANSWER_SECONDS = 1.5
STDERR = 2
"""Stream of a frame (Docker Engine API, "Attach to a container", "Stream format"): what stdout says is another's."""


class Attached:
    """The far end's stdout, out of the engine's frames; its stderr goes to this part's log."""

    def __init__(self, reader: asyncio.StreamReader) -> None:
        self._reader = reader
        self._kept = bytearray()

    async def read(self, size: int) -> bytes:
        """Exactly so many bytes.

        Raises:
            EOFError, OSError: the container or the engine ended.
        """
        while len(self._kept) < size:
            head = await self._reader.readexactly(8)
            data = await self._reader.readexactly(int.from_bytes(head[4:], "big"))
            if head[0] == STDERR:
                print(data.decode(errors="replace").rstrip(), file=sys.stderr, flush=True)
            else:
                self._kept += data
        taken = bytes(self._kept[:size])
        del self._kept[:size]
        return taken


async def attach(host: str, identity: str) -> Streams:
    """A container's stdin and stdout.

    Raises:
        OSError: the engine does not answer, or refuses.
    """
    at = address(host)
    reader, writer = await (
        asyncio.open_unix_connection(at.path) if at.path else asyncio.open_connection(at.host, at.port)
    )
    target = f"/containers/{identity}/attach?stream=1&stdin=1&stdout=1&stderr=1"
    head = f"POST {target} HTTP/1.1\r\nHost: docker\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n\r\n"
    writer.write(head.encode())
    answer = (await reader.readuntil(b"\r\n\r\n")).decode(errors="replace")
    if answer.split(None, 2)[1:2] not in (["101"], ["200"]):
        raise ConnectionError(f"attach: {answer.splitlines()[0]}")
    return reader, writer


async def serve(settings: Settings) -> None:
    """Until SIGTERM, or until the far end is gone.

    Raises:
        LabError: the container cannot be made.
        OSError: the engine does not answer.
    """
    host, ports = settings.engine_host, settings.ports.of_registries
    identity = await asyncio.to_thread(container.make, settings)

    async def connect(port: int) -> Streams:
        if port not in ports:  # whoever got into the container reaches nothing else of this machine
            raise ConnectionRefusedError(f"port {port}")
        return await asyncio.open_connection("127.0.0.1", port)

    reader, writer = await attach(host, identity)
    await asyncio.to_thread(engine_api.start_container, host, identity)
    mux = Mux(Attached(reader).read, writer, connect, first=2)

    async def health(asking: asyncio.StreamReader, answering: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError, EOFError):
            await asking.readuntil(b"\r\n\r\n")
            words = "200 OK" if await mux.alive(ANSWER_SECONDS) else "503 Service Unavailable"
            answering.write(f"HTTP/1.0 {words}\r\n\r\n".encode())
            await answering.drain()
        answering.close()

    bringing = asyncio.create_task(published.bring(settings, mux))
    try:
        async with await asyncio.start_unix_server(health, settings.tunnel_socket):
            await mux.run()
    finally:
        bringing.cancel()


async def until_told(settings: Settings) -> int:
    """The process's exit code: 0 where it was told to end."""
    work = asyncio.create_task(serve(settings))
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, work.cancel)
    try:
        await work
        print("O outro lado do túnel terminou.", file=sys.stderr)
        return 1
    except asyncio.CancelledError:
        return 0
    except (LabError, OSError) as error:
        print(error, file=sys.stderr)
        return 1
    finally:
        with contextlib.suppress(LabError):
            await asyncio.to_thread(container.remove, settings)


if __name__ == "__main__":
    sys.exit(asyncio.run(until_told(Settings.load().sandboxed())))
