"""Traffic violations: whose they are, what is said against them, dealt with, billed, closed."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Final, TypedDict
from uuid import UUID

from django.db import connection
from django.db.models import Q
from django.utils.translation import gettext as _

from panshi.billing import queries as billing_queries
from panshi.billing import services as billing
from panshi.crm import queries as crm
from panshi.fleet import queries as fleet
from panshi.kit import files, outbox
from panshi.kit.clock import SHANGHAI, local_day
from panshi.kit.money import ZERO
from panshi.kit.refusals import IllegalMove, Refusal
from panshi.kit.tenancy import HQ, Actor, hq_actor, system_actor
from panshi.kit.verbs import verb
from panshi.leasing.models import (
    VIOLATION_LIFE,
    Lease,
    LeaseState,
    Responsible,
    Retention,
    SettledBy,
    Violation,
    ViolationDispute,
    ViolationState,
)
from panshi.leasing.queries.violations import NOBODY, holders_at
from panshi.leasing.services.common import SOURCE, TermsInvalid
from panshi.leasing.violation_events import (
    ViolationCharged,
    ViolationClosed,
    ViolationDisputed,
    ViolationDisputeDecided,
    ViolationImported,
    ViolationsAttributed,
    ViolationSettled,
    ViolationsPaid,
    ViolationUnmatched,
)
from panshi.ledger import services as ledger
from panshi.ledger.services import NewEntry, legs_of
from panshi.notify import services as notify
from panshi.notify.services import BY_PREFERENCE, NewMessage

VIOLATION: Final = "leasing.violation"
PORTAL_PAGE: Final = "/portal/violations/"
DISPUTE_FILES: Final = 5
_BATCH: Final = 1000
S = ViolationState
_ATTRIBUTE: Final = """
UPDATE leasing_violation v SET state = 'ATTRIBUTED', segment_id = f.segment_id,
    lease_id = f.lease_id, customer_id = f.customer_id,
    responsible = CASE WHEN f.segment_id IS NULL THEN 'OPERATOR' ELSE 'CUSTOMER' END
FROM unnest(%s::uuid[], %s::uuid[], %s::uuid[], %s::uuid[])
    AS f(id, segment_id, lease_id, customer_id)
WHERE v.id = f.id
"""


class NothingToCharge(Refusal):
    """Neither a fine nor a fee is to be billed, or it is not the customer's."""


class Common(TypedDict):
    """What every fact about one violation carries."""

    org_id: int
    actor_id: UUID
    at: datetime
    violation_id: UUID
    number: str
    vehicle_id: UUID
    plate: str
    city: str
    occurred_at: datetime
    code: str
    place: str
    fine: Decimal
    points: int
    responsible: str
    lease_id: UUID | None
    customer_id: UUID | None


def common(row: Violation, city: str, *, actor: Actor, at: datetime) -> Common:
    return {
        "org_id": row.org_id,
        "actor_id": actor.id,
        "at": at,
        "violation_id": row.id,
        "number": row.number,
        "vehicle_id": row.vehicle_id,
        "plate": row.plate,
        "city": city,
        "occurred_at": row.occurred_at,
        "code": row.code,
        "place": row.place,
        "fine": row.fine,
        "points": row.points,
        "responsible": row.responsible,
        "lease_id": row.lease_id,
        "customer_id": row.customer_id,
    }


def cities(rows: Sequence[Violation], actor: Actor) -> dict[UUID, str]:
    """The cities of the vehicles of violations."""
    ids = tuple({row.vehicle_id for row in rows})
    refs = fleet.vehicle_refs(vehicle_ids=ids, actor=actor)
    return {vehicle_id: ref.city for vehicle_id, ref in refs.items()}


def locked(violation_id: UUID, *, actor: Actor, permission: str) -> tuple[Violation, str]:
    """A violation that is being changed, and the city of its vehicle."""
    row = Violation.objects.visible_to(actor).select_for_update(of=("self",)).get(id=violation_id)
    actor.must(permission, row.org_id)
    if row.customer_id is not None:
        actor.must_be(row.customer_id)
    return row, cities([row], actor).get(row.vehicle_id, "")


@verb
def attribute_violations(
    *, violation_ids: Sequence[UUID], actor: Actor, at: datetime
) -> ViolationsAttributed:
    """Give violations to who held the vehicle at the moment, else to the operator.

    Repeatable: one that was the operator's because nobody held the vehicle is looked up anew, and
    whose it turns out to be is told. Each that is new publishes ViolationImported, each without a
    holder ViolationUnmatched; who is told of the new ones is for the import to say.
    """
    actor.must("leasing.attribute_violations", actor.org_id)
    asked = list(
        Violation.objects.visible_to(actor)
        .filter(id__in=list(violation_ids))
        .filter(Q(state=S.IMPORTED) | Q(state=S.ATTRIBUTED, segment=None))
        .order_by("id")
        .select_for_update(of=("self",))
    )
    new = {row.id for row in asked if row.state == S.IMPORTED}
    holders = holders_at(
        asked=tuple({(row.vehicle_id, row.occurred_at) for row in asked}), actor=actor
    )
    found = [(row.id, holders.get((row.vehicle_id, row.occurred_at), NOBODY)) for row in asked]
    with connection.cursor() as cursor:
        cursor.execute(
            _ATTRIBUTE,
            [
                [row_id for row_id, _holder in found],
                [holder.segment_id for _id, holder in found],
                [holder.lease_id for _id, holder in found],
                [holder.customer_id for _id, holder in found],
            ],
        )
    ids = [row.id for row in asked]
    rows = list(Violation.objects.filter(id__in=ids).order_by("id"))
    places = cities(rows, actor)
    told: list[ViolationImported | ViolationUnmatched] = []
    for row in rows:
        values = common(row, places.get(row.vehicle_id, ""), actor=actor, at=at)
        if row.id in new:
            told.append(ViolationImported(**values))
            if row.segment_id is None:
                told.append(ViolationUnmatched(**values))
    outbox.publish_all(told, verb="leasing.attribute_violations")
    notify_customers([row.id for row in rows if row.id not in new], actor=actor, at=at)
    operators = sum(row.segment_id is None for row in rows)
    return ViolationsAttributed(
        org_id=actor.org_id,
        actor_id=actor.id,
        at=at,
        customers=len(rows) - operators,
        operators=operators,
    )


def notify_customers(violation_ids: Sequence[UUID], *, actor: Actor, at: datetime) -> int:
    """Tell customers of violations that were found to be theirs; called inside a verb."""
    rows = list(
        Violation.objects.filter(
            id__in=list(violation_ids), state=S.ATTRIBUTED, responsible=Responsible.CUSTOMER
        )
        .order_by("org_id", "id")
        .select_for_update(of=("self",))
    )
    as_whom = hq_actor(actor.org_id) if actor.db_role == HQ else actor
    ids = tuple({row.customer_id for row in rows if row.customer_id})
    names = crm.names_of(ids, as_whom)
    phones = crm.telephones(ids=ids, actor=as_whom)
    for org_id in sorted({row.org_id for row in rows}):
        notify.send_messages(
            org_id=org_id,
            messages=[_message(row, names, phones) for row in rows if row.org_id == org_id],
            actor=system_actor(org_id),
            at=at,
        )
    for row in rows:
        row.state, row.notified_at = VIOLATION_LIFE.step(row.state, S.NOTIFIED), at
    Violation.objects.bulk_update(rows, ["state", "notified_at"], batch_size=_BATCH)
    return len(rows)


def _message(row: Violation, names: Mapping[UUID, str], phones: Mapping[UUID, str]) -> NewMessage:
    assert row.customer_id is not None
    phone = phones.get(row.customer_id, "")
    return NewMessage(
        customer_id=row.customer_id,
        source_kind=VIOLATION,
        source_id=str(row.id),
        topic_id=row.id,
        channel=BY_PREFERENCE,
        message_class="TRANSACTION",
        template="VIOLATION",
        values={
            "name": names.get(row.customer_id, ""),
            "plate": row.plate,
            "when": f"{row.occurred_at.astimezone(SHANGHAI):%Y-%m-%d %H:%M}",
            "place": row.place or "—",
            "fine": f"{row.fine:,.2f}",
            "points": str(row.points),
        },
        link=f"{PORTAL_PAGE}{row.id}/",
        addresses={"SMS": phone} if phone else {},
    )


@verb
def dispute_violation(
    *,
    violation_id: UUID,
    words: str,
    evidence: Sequence[tuple[str, bytes]],
    actor: Actor,
    at: datetime,
) -> ViolationDisputed:
    """The customer says why a violation is not its own, with up to five files (name, bytes).

    Raises TermsInvalid without words, files.FileNotAccepted or FileTooLarge, or IllegalMove unless
    the customer was told of it and it is neither dealt with nor billed.
    """
    row, city = locked(violation_id, actor=actor, permission="leasing.dispute_violation")
    row.state = VIOLATION_LIFE.step(row.state, S.DISPUTED)
    if not words.strip() or len(evidence) > DISPUTE_FILES or row.customer_id is None:
        words_ = _("Say why it is not yours; at most %d files go with it.")
        raise TermsInvalid(words_ % DISPUTE_FILES)
    kept = [
        str(
            files.store(
                content=content,
                name=name,
                org_id=row.org_id,
                actor=actor,
                customer_id=row.customer_id,
            ).id
        )
        for name, content in evidence
    ]
    dispute = ViolationDispute.objects.create(
        org_id=row.org_id,
        violation=row,
        customer_id=row.customer_id,
        words=words.strip()[:400],
        file_ids=kept,
        by_id=actor.id,
        asked_at=at,
    )
    row.save(update_fields=["state"])
    return ViolationDisputed(
        **common(row, city, actor=actor, at=at),
        dispute_id=dispute.id,
        reason=dispute.words,
        files=len(kept),
    )


@verb
def decide_violation(
    *, violation_id: UUID, upheld: bool, answer: str, actor: Actor, at: datetime
) -> ViolationDisputeDecided:
    """Answer a dispute: `upheld` makes the violation the operator's own, else it goes on.

    Raises TermsInvalid without an answer, or IllegalMove unless a dispute is open.
    """
    row, city = locked(violation_id, actor=actor, permission="leasing.decide_violation")
    dispute = ViolationDispute.objects.filter(violation=row, decided_at=None).first()
    if dispute is None:
        raise IllegalMove(_("No dispute about this violation is open."))
    if not answer.strip():
        raise TermsInvalid(_("Write an answer to the customer."))
    row.state = VIOLATION_LIFE.step(row.state, S.ATTRIBUTED if upheld else S.NOTIFIED)
    if upheld:
        row.responsible = Responsible.OPERATOR
    row.save(update_fields=["state", "responsible"])
    dispute.upheld, dispute.answer = upheld, answer.strip()[:400]
    dispute.decided_at, dispute.decided_by_id = at, actor.id
    dispute.save(update_fields=["upheld", "answer", "decided_at", "decided_by_id"])
    return ViolationDisputeDecided(
        **common(row, city, actor=actor, at=at),
        dispute_id=dispute.id,
        upheld=upheld,
        answer=dispute.answer,
    )


@verb
def settle_violation(
    *,
    violation_id: UUID,
    by: str,
    actor: Actor,
    at: datetime,
    agency_fee: Decimal | None = None,
) -> ViolationSettled:
    """Note that fine and points were dealt with at the authority, `by` CUSTOMER or AGENCY.

    As the agent we paid the fine: out of what the customer is billed, or as a cost of our own where
    the operator answers. `agency_fee` replaces that of the notice while it is not billed. Raises
    TermsInvalid, ledger.PeriodClosed, or IllegalMove when it was dealt with already.
    """
    row, city = locked(violation_id, actor=actor, permission="leasing.settle_violation")
    if row.settled_at is not None or by not in SettledBy:
        raise IllegalMove(_("This violation was dealt with already."))
    if agency_fee is not None and (agency_fee < 0 or row.charged_at is not None):
        raise TermsInvalid(_("The fee is zero or more, and stands once it is billed."))
    if by == SettledBy.CUSTOMER and (row.state == S.CHARGED or row.customer_id is None):
        raise IllegalMove(_("The customer pays by the bill, or it is not the customer's."))
    if row.state != S.CHARGED:
        target = S.DONE_BY_AGENCY if by == SettledBy.AGENCY else S.DONE_BY_CUSTOMER
        row.state = VIOLATION_LIFE.step(row.state, target)
    row.settled_by, row.settled_at = by, at
    row.agency_fee = row.agency_fee if agency_fee is None else agency_fee
    if by == SettledBy.AGENCY and row.fine:
        _pay(row, city, actor=actor, at=at)
    _close_if_over(row, at)
    row.save(update_fields=["state", "settled_by", "settled_at", "agency_fee", "closed_at"])
    return ViolationSettled(
        **common(row, city, actor=actor, at=at), by=by, agency_fee=row.agency_fee
    )


def _pay(row: Violation, city: str, *, actor: Actor, at: datetime) -> None:
    """The fine leaves the bank: what the customer is billed for stands in 2241.03."""
    account = "2241.03" if row.responsible == Responsible.CUSTOMER else "6711"
    ledger.post_entries(
        entries=[
            NewEntry(
                org_id=row.org_id,
                kind="FINE_PAID",
                source_kind="leasing.Violation",
                source_id=row.id,
                occurred_on=local_day(at),
                postings=legs_of(
                    (account, row.fine),
                    ("1002", -row.fine),
                    vehicle_id=row.vehicle_id,
                    customer_id=row.customer_id if account == "2241.03" else None,
                    city=city,
                ),
            )
        ],
        actor=actor,
        at=at,
    )


def _close_if_over(row: Violation, at: datetime) -> None:
    """Close what is dealt with and has no open money."""
    operators = row.state == S.DONE_BY_AGENCY and row.responsible == Responsible.OPERATOR
    paid = row.state == S.CHARGED and row.paid_at is not None and row.settled_at is not None
    if operators or paid:
        row.state, row.closed_at = VIOLATION_LIFE.step(row.state, S.CLOSED), at


def lines_of(row: Violation) -> list[billing.NewLine]:
    """What a violation is billed as: the fine as it is, the fee as our income."""
    name = row.number or f"{row.plate} {row.occurred_at.astimezone(SHANGHAI):%Y-%m-%d %H:%M}"
    return [
        billing.NewLine(
            product_code=code,
            words=" ".join(filter(None, (name, row.place)))[:200],
            quantity=Decimal(1),
            unit_price=amount,
        )
        for code, amount in (("FINE", row.fine), ("AGENCY_FEE", row.agency_fee))
        if amount
    ]


@verb
def charge_violation(*, violation_id: UUID, actor: Actor, at: datetime) -> ViolationCharged:
    """Bill the customer for the fine and the fee; after a settled return it is claimed from what
    was kept back of the deposit while that lasts.

    Raises NothingToCharge, IllegalMove (disputed, billed, or being settled: there it is a line of
    the settlement), or ledger.PeriodClosed.
    """
    row, city = locked(violation_id, actor=actor, permission="leasing.charge_violation")
    lines = lines_of(row)
    owed = row.responsible == Responsible.CUSTOMER and lines
    if not owed or row.customer_id is None or row.lease_id is None:
        raise NothingToCharge(_("There is nothing to bill to a customer."))
    lease = Lease.objects.select_for_update(of=("self",)).get(id=row.lease_id)
    if lease.state == LeaseState.SETTLING:
        raise IllegalMove(_("Lease %s is being settled; it is a line there.") % lease.number)
    row.state = VIOLATION_LIFE.step(row.state, S.CHARGED)
    raised = billing.raise_bill(
        org_id=row.org_id,
        customer_id=row.customer_id,
        source_kind=VIOLATION,
        source_id=row.id,
        vehicle_id=row.vehicle_id,
        due_on=local_day(at),
        lines=lines,
        actor=actor,
        at=at,
    )
    row.charged_at, row.bill_id = at, raised.bill_id
    taken = _claim(lease, raised.bill_id, raised.total, actor=actor, at=at)
    if taken == raised.total:
        row.paid_at = at
        _close_if_over(row, at)
    row.save(update_fields=["state", "charged_at", "bill_id", "paid_at", "closed_at"])
    return ViolationCharged(
        **common(row, city, actor=actor, at=at),
        bill_id=raised.bill_id,
        amount=raised.total,
        retained=taken,
    )


def _claim(lease: Lease, bill_id: UUID, amount: Decimal, *, actor: Actor, at: datetime) -> Decimal:
    """Take a bill from what is kept back of the deposit; answers how much that was."""
    kept = Retention.objects.select_for_update().filter(lease=lease, returned_at=None).first()
    if kept is None or not kept.left:
        return ZERO
    deposit = billing_queries.deposit_of(source_kind=SOURCE, source_id=lease.id, actor=actor)
    if deposit is None:
        return ZERO
    taken: Decimal = billing.apply_deposit(
        deposit_id=deposit.id, bill_id=bill_id, amount=min(kept.left, amount), actor=actor, at=at
    ).amount
    kept.left -= taken
    kept.save(update_fields=["left"])
    return taken


@verb
def close_violation(*, violation_id: UUID, actor: Actor, at: datetime) -> ViolationClosed:
    """Close one that the customer dealt with, once that was seen at the authority, or that costs
    nothing. Raises IllegalMove while money or a dispute is open."""
    row, city = locked(violation_id, actor=actor, permission="leasing.close_violation")
    if row.state == S.CHARGED and (row.paid_at is None or row.settled_at is None):
        raise IllegalMove(_("It is closed once it is paid and dealt with."))
    if row.state == S.DONE_BY_AGENCY and row.responsible == Responsible.CUSTOMER and lines_of(row):
        raise IllegalMove(_("Bill it first, or decide that the operator answers for it."))
    row.state, row.closed_at = VIOLATION_LIFE.step(row.state, S.CLOSED), at
    row.save(update_fields=["state", "closed_at"])
    return ViolationClosed(**common(row, city, actor=actor, at=at))


@verb
def note_violations_paid(
    *, org_id: int, source_kind: str, source_id: UUID, actor: Actor, at: datetime
) -> ViolationsPaid:
    """Note that a bill of a violation, or of the settlement that took it over, is paid."""
    actor.must("leasing.note_violations_paid", org_id)
    rows = Violation.objects.visible_to(actor).filter(state=S.CHARGED, paid_at=None)
    if source_kind == VIOLATION:
        rows = rows.filter(id=source_id)
    else:
        rows = rows.filter(lease_id=source_id, in_settlement=True)
    found = list(rows.order_by("id").select_for_update(of=("self",)))
    for row in found:
        row.paid_at = at
        _close_if_over(row, at)
        row.save(update_fields=["state", "paid_at", "closed_at"])
    return ViolationsPaid(
        org_id=org_id, actor_id=actor.id, at=at, violation_ids=tuple(row.id for row in found)
    )
