"""An order … goes down a terminal's own line, and its answer comes back into the books."""

import asyncio
from collections.abc import Callable

import pytest

from panshi.gateway.tests.test_story import report
from panshi.gateway.tests.town import Town
from panshi.wire import gb32960
from panshi.wire.client import Terminal

pytestmark = pytest.mark.slow
Found = Callable[..., Town]

# As the platform's verbs leave them: a make with a dialect, a release, and a limit that two people
# approved and whose vehicle was seen standing long enough.
_MAKE = """
WITH make AS (
    INSERT INTO telematics_devicemodel (maker, name, protocol, tolerant, adapter, bench_proof_on)
    VALUES ('磐石', 'T1', 'GB32960', false, 'PANSHI_GB', current_date) RETURNING id
) UPDATE telematics_device SET model_id = make.id FROM make WHERE protocol = 'GB32960'
RETURNING identity
"""
_RELEASE = """
INSERT INTO telematics_command (id, org_id, vehicle_id, kind, risk, digest, reason, source_kind,
    guard, state, requested_by_id, requested_at, expires_at, waits_for, snapshot, tries, sent_hex,
    end_reason)
SELECT gen_random_uuid(), v.org_id, v.id, 'RELEASE', 'RELEASE', '', 'PAID', '', '', 'QUEUED',
    gen_random_uuid(), now(), now() + interval '1 day', '', '[]', 0, '', ''
FROM fleet_vehicle v WHERE v.vin = %s RETURNING id
"""


def test_a_release_is_obeyed_and_confirmed(found: Found) -> None:
    town = found(1)
    town.open_for_terminals()
    assert town.ask(_MAKE)
    ((command_id,),) = town.ask(_RELEASE, town.vins[0])

    async def drive() -> list[bytes]:
        terminal = await Terminal.connect(
            host="127.0.0.1", port=town.gb_port, identity=town.vins[0]
        )
        await terminal.login()
        await terminal.report(report(at=1_800_000_000))
        for _ in range(300):
            if terminal.obeyed:
                break
            await asyncio.sleep(0.1)
        await asyncio.sleep(0.2)
        terminal.close()
        return terminal.obeyed

    (order,) = asyncio.run(drive())
    assert order[2] == gb32960.CONTROL
    town.wait(
        lambda: (
            town.ask("SELECT state FROM telematics_command WHERE id = %s", command_id)
            == [("CONFIRMED",)]
        )
    )
    steps = town.ask("SELECT what FROM telematics_commandevent ORDER BY id")
    assert [what for (what,) in steps] == ["SENT", "ANSWERED"]
