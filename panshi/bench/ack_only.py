"""A server that answers frames and does nothing else: python -m panshi.bench.ack_only PORT."""

import asyncio
import sys
from typing import cast

import uvloop

from panshi.wire import gb32960


class AckOnly(asyncio.Protocol):
    """Splits and replies, without log, directory or decoding."""

    def __init__(self) -> None:
        self._rest = b""
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        found = gb32960.split(buffer=self._rest + data)
        self._rest = found.rest
        for frame in found.frames:
            if self._transport is not None:
                self._transport.write(gb32960.reply(frame=frame))


async def serve(port: int) -> None:
    loop = asyncio.get_running_loop()
    server = await loop.create_server(AckOnly, "127.0.0.1", port, backlog=4096)
    await server.serve_forever()


if __name__ == "__main__":
    uvloop.run(serve(int(sys.argv[1])))
