"""What the demo's people measure, photograph and write holds up."""

import struct
import zlib
from random import Random

import pytest

from panshi.demo import craft, jobs, pictures, procedures, world
from panshi.demo.founding import Operator
from panshi.demo.tests.make import NOON
from panshi.handbook.queries.card import StepCard
from panshi.handbook.rules.flow import Standing
from panshi.kit import files
from panshi.kit.clock import local_day
from panshi.kit.tenancy import system_actor
from panshi.service.queries.order_rows import ReadingLimit

pytestmark = pytest.mark.plain


def _step(
    kind: str, *, step_id: str = "step", options: tuple[str, ...] = (), least: int = 0
) -> StepCard:
    return StepCard(
        step_id=step_id, iteration=0, title="", label="", why="", clause="", clause_number=None,
        post="", standing=Standing.READY, required=True, kind=kind, options=options, unit="",
        least=least, calls="", value="", words="", refused=False, flagged=False, person="", at=None,
        files=(), waits_for="", event="",
    )  # fmt: skip


@pytest.mark.parametrize("draw", [pictures.photo, pictures.signature])
def test_pictures_are_true_png_files_and_each_is_another(draw: object) -> None:
    assert callable(draw)
    first, second = draw(Random(1)), draw(Random(2))
    assert first != second
    assert files.media_type(first) == "image/png"
    assert struct.unpack(">II", first[16:24]) == (pictures.WIDTH, pictures.HEIGHT)
    start = first.index(b"IDAT")
    (size,) = struct.unpack(">I", first[start - 4 : start])
    pixels = zlib.decompress(first[start + 4 : start + 4 + size])
    assert len(pixels) == pictures.HEIGHT * (1 + 3 * pictures.WIDTH)


@pytest.mark.parametrize(("low", "high"), [(500.0, None), (None, 50.0), (12.2, 15.0)])
def test_measurements_lie_inside_their_limits(low: float | None, high: float | None) -> None:
    limit = ReadingLimit(code="X", name="", unit="", low=low, high=high, value=None)
    for seed in range(50):
        value = craft.good_value(limit, Random(seed))
        assert (low or 0.0) <= value <= (high or value)


def test_proofs_suit_their_kind() -> None:
    random = Random(4)
    assert procedures.value_for(_step("check"), random) == "yes"
    assert procedures.value_for(_step("choice", options=("A", "B")), random) == "A"
    assert len(procedures.value_for(_step("text", least=10), random)) >= 10
    residual = procedures.value_for(_step("reading", step_id="residual"), random)
    assert 0 < float(residual) < 60
    rent = _step("reading", step_id="own_first_rent")
    assert procedures.value_for(rent, random, first_rent="1800.00") == "1800.00"


def test_shifts_of_the_past_end_before_today() -> None:
    engineers = [system_actor(1).id]
    today = local_day(NOON)
    days = [local_day(shift.starts_at) for shift in jobs.past_shifts(engineers, today)]
    assert len(days) == len(set(days)) == jobs.DAYS
    assert max(days) < today


def test_larger_fleets_want_more_visits_and_today_has_a_full_board() -> None:
    def wanted(vehicles: int) -> int:
        operator = Operator(
            world.OperatorPlan("甲", world.HANGZHOU, vehicles, 60), 1, system_actor(1)
        )
        today = local_day(NOON)
        past = local_day(NOON.replace(day=4))
        assert jobs.wanted(operator, today, today, Random(1)) == jobs.TODAY
        return sum(jobs.wanted(operator, past, today, Random(seed)) for seed in range(200))

    assert wanted(82) > 2 * wanted(24) > 0
