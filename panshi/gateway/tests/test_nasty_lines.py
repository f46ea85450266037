"""What comes over the wire is anybody's: garbage, halves, giants, the mute."""

import asyncio
import time
from collections.abc import Callable
from random import Random

import pytest

from panshi.gateway.tests.test_story import report
from panshi.gateway.tests.town import Town
from panshi.wire import gb32960
from panshi.wire.client import Terminal

pytestmark = pytest.mark.slow
Found = Callable[..., Town]


def connect(town: Town, index: int = 0) -> "asyncio.Future[Terminal]":
    return asyncio.ensure_future(
        Terminal.connect(host="127.0.0.1", port=town.gb_port, identity=town.vins[index])
    )


def reasons(town: Town) -> set[str]:
    return {reason for (reason,) in town.ask("SELECT DISTINCT reason FROM telematics_rejectcount")}


def test_good_terminals_are_served_among_bad_ones(found: Found) -> None:
    town = found(4)
    town.open_for_terminals("--incomplete", "2")

    async def story() -> None:
        good = await connect(town)
        await good.login()
        frame = good.frame(gb32960.REALTIME, report(at=time.time()))

        # Garbage before, between and behind frames, and a frame in single bytes.
        good.write(b"\x00garbage##" + b"$")
        assert (await good.ask(frame))[3] == gb32960.SUCCESS
        answer = good.expect(gb32960.REALTIME)
        for octet in frame:
            good.write(bytes((octet,)))
            await asyncio.sleep(0)
        assert (await answer)[3] == gb32960.SUCCESS

        # A wrong check byte gets an error answer, and the next frame is unharmed.
        wrong = frame[:-1] + bytes((frame[-1] ^ 1,))
        assert (await good.ask(wrong))[3] == gb32960.ERROR
        assert (await good.ask(frame))[3] == gb32960.SUCCESS

        # A false start that claims 64 KiB hides nothing.
        giant = frame[:22] + b"\xff\xfb"
        good.write(giant)
        assert (await good.ask(frame))[3] == gb32960.SUCCESS

        # Half a frame and silence: the line ends. So does one that talks HTTP, or only noise.
        slow = await connect(town, 1)
        await slow.login()
        slow.write(frame[:40])
        browser = await connect(town, 2)
        browser.write(b"GET / HTTP/1.1\r\nHost: example\r\n\r\n")
        noisy = await connect(town, 3)
        noisy.write(Random(5).randbytes(6000).replace(b"#", b"?").replace(b"$", b"?"))
        await asyncio.wait_for(asyncio.gather(slow.lost, browser.lost, noisy.lost), 15)

        # Another VIN on the same line: that line ends, the other vehicle's own does not.
        other = await connect(town, 1)
        await other.login()
        other.write(frame)
        await asyncio.wait_for(other.lost, 5)
        assert (await good.ask(frame))[3] == gb32960.SUCCESS
        good.close()

    asyncio.run(asyncio.wait_for(story(), 60))
    wanted = {"GARBAGE", "CHECKSUM", "OVERSIZE", "NOT_A_TERMINAL", "OTHER_IDENTITY"}
    town.wait(lambda: wanted <= reasons(town))
    closed = "SELECT reason FROM telematics_session WHERE closed_at IS NOT NULL"
    town.wait(lambda: {("HALF_FRAME",), ("OTHER_IDENTITY",)} <= set(town.ask(closed)))


def test_mutated_streams_leave_the_gateway_standing(found: Found) -> None:
    town = found(2)
    town.open_for_terminals()
    chance = Random(20_261_122)

    async def hostile(until: float) -> int:
        sent = 0
        while time.monotonic() < until:
            terminal = await connect(town, 1)
            frame = bytearray(terminal.frame(gb32960.REALTIME, report(at=time.time())) * 3)
            for _ in range(chance.randint(1, 12)):
                frame[chance.randrange(len(frame))] = chance.randrange(256)
            cut = chance.randrange(len(frame))
            try:
                terminal.write(bytes(frame[:cut]))
                await asyncio.sleep(0.002)
                terminal.write(bytes(frame[cut:]))
            except ConnectionError:
                pass
            sent += 1
            await asyncio.sleep(0.005)
            terminal.abort()
        return sent

    async def story() -> None:
        until = time.monotonic() + 6
        attacks = [asyncio.create_task(hostile(until)) for _ in range(4)]
        good = await connect(town)
        await good.login()
        answered = 0
        while time.monotonic() < until:
            answer = await good.report(report(at=time.time()))
            assert answer[3] == gb32960.SUCCESS
            answered += 1
            await asyncio.sleep(0.02)
        assert sum(await asyncio.gather(*attacks)) > 50
        assert answered > 20

    asyncio.run(asyncio.wait_for(story(), 60))
    assert "Traceback" not in town.said("gateway")
    assert '"level": "error"' not in town.said("gateway")
