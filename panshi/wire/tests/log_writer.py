"""A writer process for the tests of the log: says on its standard output what is durable.

python -m panshi.wire.tests.log_writer FOLDER FIRST [FILE_LIMIT]
"""

from __future__ import annotations

import asyncio
import os
import resource
import sys
from pathlib import Path

from panshi.wire.group import GroupCommit
from panshi.wire.log import SegmentLog
from panshi.wire.records import Frame, Position
from panshi.wire.segments import LogFailed

SEGMENT_SIZE = 512 * 1024
SESSIONS = 40


async def run(folder: Path, first: int) -> None:
    loop = asyncio.get_running_loop()

    def fail(error: LogFailed) -> None:
        os.write(1, f"failed {error}\n".encode())
        os._exit(70)

    log = SegmentLog(folder=folder, gateway=1, segment_size=SEGMENT_SIZE)
    commit = GroupCommit(log=log, loop=loop, on_failed=fail)
    number = first

    async def session(name: int) -> None:
        nonlocal number
        while True:
            mine, number = number, number + 1
            data = mine.to_bytes(8, "big") * (20 + mine % 50)
            durable = await commit.append(
                Frame(
                    received_us=mine,
                    session=name,
                    protocol=1,
                    flags=0,
                    identity=b"VIN%05d" % name,
                    data=data,
                )
            )
            assert durable > Position(0)
            os.write(1, b"%d\n" % mine)

    await asyncio.gather(*(session(name) for name in range(SESSIONS)))


if __name__ == "__main__":
    if len(sys.argv) > 3:
        limit = int(sys.argv[3])
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
    asyncio.run(run(Path(sys.argv[1]), int(sys.argv[2])))
