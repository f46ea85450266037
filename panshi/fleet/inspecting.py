"""Inspections as they are shown: views drawn with their marks, words, forms."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy

from panshi.fleet.lists import INSPECTION_KINDS
from panshi.fleet.models import DamageKind
from panshi.fleet.queries import InspectionCard, PriceLine
from panshi.fleet.queries.drawing import PART_WORDS, PLACES, VIEW_WORDS, unit_of
from panshi.fleet.rules.wear import VIEWS
from panshi.kit.forms import Field, Form
from panshi.kit.wording import reads_chinese

STATUS_WORDS: Final = {
    "NEW": lazy("New damage"),
    "WORSE": lazy("Worse"),
    "SAME": lazy("As at delivery"),
    "REPAIRED": lazy("Repaired"),
}
STATUS_TONES: Final = {"NEW": "bad", "WORSE": "warn", "SAME": "idle", "REPAIRED": "ok"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Dot:
    """A mark on a drawn view."""

    x: int
    y: int
    number: int
    tone: str
    words: str


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """A named view: its drawing, its marks, its photos at delivery and now."""

    code: str
    words: Any
    dots: Sequence[Dot]
    before: UUID | None
    now: UUID | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A line of what changed, in words; `number` is that of its dot."""

    number: int
    status: Any
    tone: str
    part: Any
    damage: str
    sizes: str
    clause: str
    words: str
    amount: Any
    charged: bool


def _size(damage: DamageKind, size: Any) -> str:
    unit = unit_of(damage)
    return f"{size:.0f} {unit}" if unit else ""


def lines_of(card: InspectionCard) -> list[Line]:
    """What changed since delivery; without a delivery, what was seen."""
    chinese = reads_chinese()
    if card.compared_with is None:
        return [
            Line(
                number=number,
                status="",
                tone="info",
                part=PART_WORDS[mark.part],
                damage=str(mark.damage.label),
                sizes=f"{_size(mark.damage, mark.size)} ×{mark.count}".strip(),
                clause="",
                words=mark.note,
                amount=None,
                charged=False,
            )
            for number, mark in enumerate(card.marks, 1)
        ]
    return [
        Line(
            number=number,
            status=STATUS_WORDS[line.status],
            tone=STATUS_TONES[line.status],
            part=PART_WORDS[line.part],
            damage=str(line.damage.label),
            sizes=_sizes(line),
            clause=line.clause,
            words=line.words_zh if chinese else line.words,
            amount=line.amount,
            charged=line.status in ("NEW", "WORSE"),
        )
        for number, line in enumerate(card.lines, 1)
    ]


def _sizes(line: PriceLine) -> str:
    if not unit_of(line.damage):
        return ""
    before = _size(line.damage, line.size_before) if line.size_before is not None else "0"
    after = _size(line.damage, line.size_after) if line.size_after is not None else "0"
    many = f" ×{line.count}" if line.count > 1 else ""
    return after + many if line.size_before == line.size_after else f"{before} → {after}{many}"


def views_of(card: InspectionCard) -> list[View]:
    """Each view with the marks that are seen in it and its photos."""
    if card.compared_with:
        seen = [
            (line.view, line.part, STATUS_TONES[line.status], line.damage.label)
            for line in card.lines
        ]
    else:
        seen = [(mark.view, mark.part, "info", mark.damage.label) for mark in card.marks]
    dots: dict[str, list[Dot]] = {view: [] for view in VIEWS}
    for number, (view, part, tone, words) in enumerate(seen, 1):
        x, y = PLACES[part]
        near = sum(dot.x == x for dot in dots[view])
        dots[view].append(
            Dot(x=x + 6 * near, y=y, number=number, tone=tone, words=f"{PART_WORDS[part]}: {words}")
        )
    return [
        View(
            code=pair.view,
            words=VIEW_WORDS[pair.view],
            dots=dots[pair.view],
            before=pair.before,
            now=pair.now,
        )
        for pair in card.photos
    ]


def mark_form() -> Form:
    """The form of a mark: where, what, how large, how many."""
    places = [
        (f"{view}:{part}", f"{VIEW_WORDS[view]} · {PART_WORDS[part]}")
        for view, parts in VIEWS.items()
        for part in parts
    ]
    return Form(
        fields=[
            Field(name="place", label=lazy("View and part"), kind="choice", choices=places),
            Field(name="damage", label=lazy("Damage"), kind="choice", choices=DamageKind),
            Field(
                name="size", label=lazy("Size"), kind="number", least=0,
                help=lazy("In mm; for cargo wear % of the area, for tyres mm worn off."),
            ),
            Field(
                name="count", label=lazy("How many"), kind="whole", least=0,
                help=lazy("0 takes the mark away."),
            ),
            Field(name="note", label=lazy("Note"), required=False, longest=120),
            Field(name="photo", label=lazy("Photo"), kind="file", required=False),
        ]
    )  # fmt: skip


def photo_form() -> Form:
    """The form of a view's photo."""
    return Form(
        fields=[
            Field(name="view", label=lazy("View"), kind="choice", choices=list(VIEW_WORDS.items())),
            Field(name="photo", label=lazy("Photo"), kind="file"),
        ]
    )


SIGN_FORM: Final = Form(
    fields=[
        Field(name="odometer_km", label=lazy("Odometer"), kind="number", unit="km", least=0),
        Field(name="soc_pct", label=lazy("State of charge"), kind="number", unit="%", least=0),
        Field(name="passed", label=lazy("Passed"), kind="flag", required=False),
        Field(
            name="customer_signed", label=lazy("Signed by the customer"), required=False, longest=60
        ),
        Field(name="note", label=lazy("Note"), kind="area", required=False, longest=400),
    ]
)
START_FORM: Final = Form(
    fields=[
        Field(
            name="kind",
            label=lazy("Inspection"),
            kind="choice",
            choices=INSPECTION_KINDS,
        )
    ]
)


def reading_words(card: InspectionCard) -> str:
    """Where the readings come from, and whether what was typed differs."""
    if card.signed_at is None:
        return ""
    if card.source == "TYPED":
        return _("Typed; the terminal had not spoken within ten minutes.")
    if card.differs:
        return _("From the terminal; typed were %(km)s km and %(pct)s %%.") % {
            "km": card.typed_km,
            "pct": card.typed_pct,
        }
    return _("From the terminal, as typed.")
