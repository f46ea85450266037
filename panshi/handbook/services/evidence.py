"""What counts as proof of a step."""

import hashlib
from collections.abc import Sequence
from typing import Final

from django.utils.translation import gettext as _

from panshi.handbook.models import Evidence, Run
from panshi.handbook.queries.subject import place_of
from panshi.handbook.rules import conditions, procedure
from panshi.handbook.rules.conditions import World
from panshi.handbook.rules.flow import Item
from panshi.handbook.rules.places import place_in
from panshi.kit.refusals import Refusal
from panshi.kit.tenancy import Actor
from panshi.kit.wording import listed
from panshi.optimiser.match import Place, kilometres

YES: Final = "yes"


class EvidenceMissing(Refusal):
    pass


class EvidenceOutOfRange(Refusal):
    """The reading is beyond its range; sent again with `confirm` it is kept and flagged."""


class SecondPersonRequired(Refusal):
    pass


def digest_of(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def pieces(run: Run, step_id: str, iteration: int) -> Sequence[Evidence]:
    """Evidence of one step that counts: not superseded, not of a turn that was sent back."""
    rows = run.evidence.filter(step_id=step_id, iteration=iteration)
    superseded = set(rows.exclude(supersedes=None).values_list("supersedes_id", flat=True))
    spent: set[str] = set()
    for value in run.steps.filter(
        step_id=step_id, iteration=iteration, superseded=True
    ).values_list("value", flat=True):
        spent.update(value if isinstance(value, list) else ())
    return [
        row
        for row in rows.order_by("captured_at", "id")
        if row.id not in superseded and str(row.file_id) not in spent
    ]


def weigh(
    *, run: Run, item: Item, value: str, confirm: bool, world: World, actor: Actor
) -> tuple[object, bool]:
    """The value that a step is done with, and whether it is flagged.

    Raises EvidenceMissing, EvidenceOutOfRange or SecondPersonRequired.
    """
    wanted = item.step.evidence
    if wanted is None:
        return None, False
    kind, value = wanted.kind, value.strip()
    if kind in procedure.FILE_KINDS:
        files = [e for e in pieces(run, item.step.id, item.iteration) if e.file_id]
        if len(files) < wanted.least:
            raise EvidenceMissing(
                _("%(n)d of %(of)d pictures or files are there.")
                % {"n": len(files), "of": wanted.least}
            )
        return [str(e.file_id) for e in files], any(not e.valid for e in files)
    if kind == "fact":
        raise EvidenceMissing(_("The system itself proves this step when it happens."))
    if kind == "check" and value != YES:
        raise EvidenceMissing(_("Confirm that this is done."))
    if kind == "choice" and value not in wanted.of:
        raise EvidenceMissing(_("Choose one of: %s.") % listed(wanted.of))
    if kind == "text" and len(value) < wanted.least:
        raise EvidenceMissing(_("Write at least %d characters.") % wanted.least)
    if kind == "reading":
        return _reading(item, value, confirm=confirm, world=world)
    if kind == "location" and value:
        return value, is_afar(run, place_in(value), wanted.radius_m)
    if kind == "person" and actor.id == run.owner_id:
        raise SecondPersonRequired(_("A second person confirms this on their own sign-in."))
    if not value:
        raise EvidenceMissing(_("This step needs evidence."))
    return value, False


def is_afar(run: Run, taken: Place | None, radius_m: int) -> bool:
    """Whether something was taken farther from the run's job than it may be."""
    place = place_of(run) if taken else None
    if place is None or taken is None:
        return False
    return kilometres(place, taken) * 1000 > radius_m


def _reading(item: Item, value: str, *, confirm: bool, world: World) -> tuple[object, bool]:
    wanted = item.step.evidence
    read = conditions.number(value)
    if wanted is None or read is None:
        raise EvidenceMissing(_("Enter the reading as a number."))
    low = conditions.number(conditions.resolve(wanted.low, world))
    high = conditions.number(conditions.resolve(wanted.high, world))
    beyond = (low is not None and read < low) or (high is not None and read > high)
    if beyond and not confirm:
        raise EvidenceOutOfRange(
            _("%(value)s %(unit)s lies outside %(low)s to %(high)s. Read again, then confirm.")
            % {
                "value": value,
                "unit": wanted.unit,
                "low": "−∞" if low is None else low,
                "high": "∞" if high is None else high,
            }
        )
    return value, beyond
