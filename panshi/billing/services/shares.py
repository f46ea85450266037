"""Sharing what was collected: schemes, accruals with their entries, settlements of a month."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

from django.db import IntegrityError, connection, transaction
from django.utils.translation import gettext as _

from panshi.billing.events import (
    SharePeriodClosed,
    SharesAccrued,
    ShareSchemePublished,
    ShareStatementDisputed,
)
from panshi.billing.models import (
    STATEMENT_LIFE,
    Party,
    ShareAccrual,
    SharePosting,
    ShareScheme,
    ShareStatement,
    ShareStep,
    StatementState,
)
from panshi.billing.queries import shares as queries
from panshi.billing.rules import shares as rules
from panshi.kit.clock import add_months, local_day, month_start
from panshi.kit.money import ZERO
from panshi.kit.refusals import Refusal
from panshi.kit.tenancy import HQ, Actor
from panshi.kit.verbs import verb
from panshi.ledger import queries as ledger_queries
from panshi.ledger import services as ledger
from panshi.ledger.services import NewEntry, NewTransfer, legs_of
from panshi.org import queries as org


class SharesOverlap(Refusal):
    pass


class SharesExceedAll(Refusal):
    pass


class SharesFromAbove(Refusal):
    pass


class SettlementNotOver(Refusal):
    pass


class NoDispute(Refusal):
    pass


NewShareStep = rules.Step
PAYABLE_TO_PARTNERS: Final = "2241.91"


@verb
def publish_share_scheme(
    *,
    org_id: int,
    name: str,
    starts_on: date,
    steps: Sequence[rules.Step],
    actor: Actor,
    at: datetime,
    product_code: str = "",
    owner_id: int | None = None,
) -> ShareSchemePublished:
    """Share what is collected from `starts_on` on by these steps, in this node's books and below.

    The scheme that ran before ends there. Only the platform does this, or a node could take its
    shares from those above it: raises SharesFromAbove. Raises SharesExceedAll when the percentages
    of what is left give away more than all, SharesOverlap when one starts on that day or later.
    """
    actor.must("billing.publish_share_scheme", org_id)
    if actor.db_role != HQ:
        raise SharesFromAbove(_("The platform says how its operators' money is shared."))
    if sum((step.percent for step in steps if step.base == rules.OF_REST), ZERO) > 1 and not any(
        step.above or step.up_to for step in steps
    ):
        raise SharesExceedAll(_("The percentages of what is left come to more than 100 %."))
    running = ShareScheme.objects.filter(org_id=org_id, product_code=product_code)
    running.filter(starts_on__lt=starts_on, ends_on=None).update(ends_on=starts_on)
    try:
        with transaction.atomic():
            scheme = ShareScheme.objects.create(
                org_id=org_id,
                name=name,
                product_code=product_code,
                owner_id=owner_id,
                starts_on=starts_on,
                published_by_id=actor.id,
            )
    except IntegrityError as error:
        raise SharesOverlap(_("A scheme for this starts on that day or later.")) from error
    ShareStep.objects.bulk_create(
        ShareStep(
            org_id=org_id,
            scheme=scheme,
            position=position,
            party=Party(step.party),
            base=step.base,
            percent=step.percent,
            amount=step.amount,
            above=step.above,
            up_to=step.up_to,
            minimum=step.minimum,
            cap=step.cap,
        )
        for position, step in enumerate(steps, start=1)
    )
    return ShareSchemePublished(
        org_id=org_id, actor_id=actor.id, at=at, scheme_id=scheme.id, starts_on=starts_on
    )


# Cash is what payments and deposits gave to bills, less what a credit note handed back after it was
# paid. A plan's period is one subject; a bill of its own is another.
_COLLECTED: Final = """
WITH touched AS (
    SELECT bill_id FROM billing_allocation WHERE %(since)s::timestamptz IS NULL
        OR created_at >= %(since)s
    UNION
    SELECT credits_id FROM billing_bill WHERE kind = 'CREDIT' AND state = 'ISSUED'
        AND (%(since)s::timestamptz IS NULL OR created_at >= %(since)s)
), subjects AS (
    SELECT DISTINCT COALESCE(b.plan_id, b.id) AS subject_id, b.plan_id,
        CASE WHEN b.plan_id IS NULL THEN b.issued_on ELSE b.period_from END AS period_from
    FROM touched t JOIN billing_bill b ON b.id = t.bill_id WHERE b.kind = 'CHARGE'
), bills AS (
    SELECT s.subject_id, s.period_from, b.id, b.org_id, b.vehicle_id, b.customer_id, b.city
    FROM subjects s JOIN billing_bill b ON b.plan_id = s.plan_id AND b.period_from = s.period_from
    WHERE b.kind = 'CHARGE' AND b.state = 'ISSUED'
    UNION ALL
    SELECT s.subject_id, s.period_from, b.id, b.org_id, b.vehicle_id, b.customer_id, b.city
    FROM subjects s JOIN billing_bill b ON b.id = s.subject_id WHERE s.plan_id IS NULL
)
SELECT b.subject_id, b.period_from, b.id, b.org_id, b.vehicle_id, b.customer_id, b.city,
    COALESCE((SELECT sum(a.amount) FROM billing_allocation a
        WHERE a.bill_id = b.id AND a.credit_id IS NULL AND a.write_off_id IS NULL), 0)
    - COALESCE((SELECT sum(-c.total - COALESCE((SELECT sum(a.amount) FROM billing_allocation a
            WHERE a.credit_id = c.id), 0))
        FROM billing_bill c WHERE c.credits_id = b.id AND c.state = 'ISSUED'), 0),
    l.products, l.grosses, l.vats
FROM bills b CROSS JOIN LATERAL (
    SELECT array_agg(product_id ORDER BY position) AS products,
        array_agg(gross ORDER BY position) AS grosses, array_agg(vat ORDER BY position) AS vats
    FROM billing_billline WHERE bill_id = b.id
) l
ORDER BY b.org_id, b.subject_id, b.period_from, b.id
"""


@dataclass(frozen=True, slots=True)
class _Bill:
    subject_id: UUID
    period_from: date
    bill_id: UUID
    org_id: int
    vehicle_id: UUID | None
    customer_id: UUID
    city: str
    collected: Decimal
    products: list[str]
    grosses: list[Decimal]
    vats: list[Decimal]

    @property
    def net(self) -> Decimal:
        lines = list(zip(self.grosses, self.vats, strict=True))
        return rules.net_of(collected=self.collected, lines=lines)


_Subject = tuple[UUID, date]


@dataclass(frozen=True, slots=True)
class _Before:
    """What was accrued of a subject so far."""

    scheme_id: UUID
    sequence: int
    gross: Decimal
    net: Decimal
    parts: Mapping[str, Decimal]


class _Schemes:
    """The schemes that apply to a book: the nearest node's, and a product's own before any."""

    def __init__(self) -> None:
        rows = list(ShareScheme.objects.prefetch_related("steps"))
        self._by_place: dict[tuple[int, str], list[ShareScheme]] = defaultdict(list)
        self._by_id = {row.id: row for row in rows}
        self._steps = {row.id: [_rule(step) for step in _ordered(row)] for row in rows}
        for row in rows:
            self._by_place[row.org_id, row.product_code].append(row)
        self._lineages = org.lineages(actor=queries.whole_tree())
        self._kinds = {node.id: node.kind for node in org.nodes(actor=queries.whole_tree())}

    def of(self, bill: _Bill) -> ShareScheme | None:
        for node in self._lineages.on(bill.org_id, bill.period_from):
            for product in (bill.products[0], ""):
                for scheme in self._by_place[node, product]:
                    if scheme.starts_on <= bill.period_from and (
                        scheme.ends_on is None or bill.period_from < scheme.ends_on
                    ):
                        return scheme
        return None

    def by_id(self, scheme_id: UUID) -> ShareScheme:
        return self._by_id[scheme_id]

    def steps(self, scheme: ShareScheme) -> list[rules.Step]:
        return self._steps[scheme.id]

    def payee(self, party: str, scheme: ShareScheme, org_id: int, day: date) -> int | None:
        """The node whose book a share of a period goes to, as the tree stood on its first `day`.

        None for the channel and for partners.
        """
        if party == Party.OPERATOR:
            return org_id
        above = self._lineages.on(org_id, day)
        if party == Party.REGION:
            return next((node for node in above if self._kinds.get(node) == "REGION"), org_id)
        if party == Party.OWNER and scheme.owner_id is not None:
            return scheme.owner_id
        return above[-1] if party in (Party.PLATFORM, Party.OWNER) else None


def _ordered(scheme: ShareScheme) -> list[ShareStep]:
    return sorted(scheme.steps.all(), key=lambda step: step.position)


def _rule(step: ShareStep) -> rules.Step:
    return rules.Step(
        party=step.party,
        base=step.base,
        percent=step.percent,
        amount=step.amount,
        above=step.above,
        up_to=step.up_to,
        minimum=step.minimum,
        cap=step.cap,
    )


@verb
def accrue_shares(*, actor: Actor, at: datetime, since: datetime | None = None) -> SharesAccrued:
    """Share what was collected: each subject's new shares less what was accrued of it before.

    `since` looks only at what was allocated or credited from then on; without it, at everything.
    Books that are closed for the day, or without a scheme, wait. Repeating adds nothing.
    """
    actor.must("billing.accrue_shares", actor.org_id)
    if actor.db_role != HQ:
        raise SharesFromAbove(_("The platform says how its operators' money is shared."))
    on = local_day(at)
    closed = ledger_queries.books_closed_in(month=on, actor=actor)
    schemes = _Schemes()
    subjects = _collected(since)
    before = _accrued(subjects)
    accruals: list[ShareAccrual] = []
    parts: list[SharePosting] = []
    for subject, bills in subjects.items():
        if bills[0].org_id in closed:
            continue
        made = _accrue(subject, bills, before.get(subject), schemes, on)
        if made:
            accruals.append(made[0])
            parts += made[1]
    ShareAccrual.objects.bulk_create(accruals, batch_size=2_000)
    SharePosting.objects.bulk_create(parts)
    _post(parts, {accrual.id: accrual for accrual in accruals}, actor, at)
    return SharesAccrued(
        org_id=actor.org_id,
        actor_id=actor.id,
        at=at,
        accruals=len(accruals),
        amount=sum((accrual.added for accrual in accruals), ZERO),
    )


def _collected(since: datetime | None) -> dict[_Subject, list[_Bill]]:
    subjects: dict[_Subject, list[_Bill]] = defaultdict(list)
    with connection.cursor() as cursor:
        cursor.execute(_COLLECTED, {"since": since})
        for row in cursor.fetchall():
            bill = _Bill(*row)
            subjects[bill.subject_id, bill.period_from].append(bill)
    return subjects


_ACCRUED: Final = """
SELECT a.subject_id, a.period_from,
    (array_agg(a.scheme_id ORDER BY a.sequence DESC))[1], max(a.sequence),
    (array_agg(a.gross ORDER BY a.sequence DESC))[1],
    (array_agg(a.net ORDER BY a.sequence DESC))[1],
    (SELECT jsonb_object_agg(party, amount::text) FROM (
        SELECT p.party, sum(p.amount) AS amount FROM billing_shareposting p
        JOIN billing_shareaccrual o ON o.id = p.accrual_id
        WHERE o.subject_id = a.subject_id AND o.period_from = a.period_from GROUP BY 1) s)
FROM billing_shareaccrual a JOIN unnest(%s::uuid[], %s::date[]) AS w(subject_id, period_from)
    USING (subject_id, period_from)
GROUP BY a.subject_id, a.period_from
"""


def _accrued(subjects: Mapping[_Subject, Any]) -> dict[_Subject, _Before]:
    with connection.cursor() as cursor:
        cursor.execute(_ACCRUED, [[one for one, _day in subjects], [day for _one, day in subjects]])
        return {
            (subject_id, period_from): _Before(
                scheme_id, sequence, gross, net, queries.amounts(parts)
            )
            for subject_id, period_from, scheme_id, sequence, gross, net, parts in cursor.fetchall()
        }


def _accrue(
    subject: _Subject,
    bills: Sequence[_Bill],
    before: _Before | None,
    schemes: _Schemes,
    on: date,
) -> tuple[ShareAccrual, list[SharePosting]] | None:
    gross = sum((bill.collected for bill in bills), ZERO)
    net = sum((bill.net for bill in bills), ZERO)
    if (gross, net) == ((before.gross, before.net) if before else (ZERO, ZERO)):
        return None
    scheme = schemes.by_id(before.scheme_id) if before else schemes.of(bills[0])
    if scheme is None:
        return None
    was = before.parts if before else {}
    now = {
        part.party: part.amount
        for part in rules.waterfall(steps=schemes.steps(scheme), gross=gross, net=net)
    }
    last = bills[-1]
    accrual = ShareAccrual(
        org_id=last.org_id,
        scheme=scheme,
        subject_id=subject[0],
        period_from=subject[1],
        sequence=before.sequence + 1 if before else 1,
        bill_id=last.bill_id,
        product_code=last.products[0],
        vehicle_id=last.vehicle_id,
        customer_id=last.customer_id,
        city=last.city,
        on=on,
        gross=gross,
        net=net,
        added=net - (before.net if before else ZERO),
    )
    changed = {party: now.get(party, ZERO) - was.get(party, ZERO) for party in sorted({*now, *was})}
    return accrual, [
        SharePosting(
            org_id=last.org_id,
            accrual=accrual,
            party=party,
            payee_id=schemes.payee(party, scheme, last.org_id, last.period_from),
            on=on,
            amount=amount,
        )
        for party, amount in changed.items()
    ]


def _post(
    parts: Sequence[SharePosting],
    accruals: Mapping[UUID, ShareAccrual],
    actor: Actor,
    at: datetime,
) -> None:
    """A share of another node is owed to it; a partner's is a debt of the book; the rest stays."""
    moved = [part for part in parts if part.amount]
    transfers = list(_transfers(moved, accruals))
    entries = [
        NewEntry(
            org_id=part.org_id,
            kind="SHARE_ACCRUED",
            source_kind="billing.SharePosting",
            source_id=part.id,
            occurred_on=part.on,
            postings=legs_of(
                ("6401.share", part.amount),
                (PAYABLE_TO_PARTNERS, -part.amount),
                customer_id=accruals[part.accrual_id].customer_id,
                city=accruals[part.accrual_id].city,
                vehicle_id=accruals[part.accrual_id].vehicle_id,
            ),
        )
        for part in moved
        if part.party == Party.PARTNER
    ]
    if transfers:
        ledger.post_between(transfers=transfers, actor=actor, at=at)
    if entries:
        ledger.post_entries(entries=entries, actor=actor, at=at)


def _transfers(
    parts: Sequence[SharePosting], accruals: Mapping[UUID, ShareAccrual]
) -> Iterator[NewTransfer]:
    for part in parts:
        if part.payee_id is None or part.payee_id == part.org_id:
            continue
        accrual = accruals[part.accrual_id]
        yield NewTransfer(
            payer_id=part.org_id,
            receiver_id=part.payee_id,
            kind="SHARE_ACCRUED",
            source_kind="billing.SharePosting",
            source_id=part.id,
            occurred_on=part.on,
            amount=part.amount,
            vehicle_id=accrual.vehicle_id,
            customer_id=accrual.customer_id,
            city=accrual.city,
        )


@verb
def close_settlement(*, org_id: int, month: date, actor: Actor, at: datetime) -> SharePeriodClosed:
    """Settle a node's shares of a month that is over: totals and the mark of its lines are kept.

    A disputed one is settled anew. Raises SettlementNotOver, or IllegalMove for a second time.
    """
    actor.must("billing.close_settlement", org_id)
    since = month_start(month)
    if local_day(at) < add_months(since, 1):
        raise SettlementNotOver(_("The month is not over yet."))
    statement = queries.statement_of(org_id=org_id, month=since)
    kept = ShareStatement.objects.select_for_update().filter(org_id=org_id, month=since).first()
    if kept is not None:
        STATEMENT_LIFE.step(kept.state, StatementState.CLOSED)
    row = kept or ShareStatement(org_id=org_id, month=since)
    row.state, row.dispute = StatementState.CLOSED, ""
    row.lines, row.collected = len(statement.lines), statement.collected
    row.passed_on, row.received = statement.passed_on, statement.received
    row.sha256, row.closed_at, row.closed_by_id = statement.sha256, at, actor.id
    row.save()
    return SharePeriodClosed(
        org_id=org_id,
        actor_id=actor.id,
        at=at,
        statement_id=row.id,
        month=since,
        passed_on=row.passed_on,
        received=row.received,
    )


@verb
def dispute_settlement(
    *, statement_id: UUID, reason: str, actor: Actor, at: datetime
) -> ShareStatementDisputed:
    """Say that a settlement is wrong, and why; it is settled anew. Raises NoDispute."""
    row = ShareStatement.objects.visible_to(actor).select_for_update().get(id=statement_id)
    actor.must("billing.dispute_settlement", row.org_id)
    if not reason.strip():
        raise NoDispute(_("Say what is wrong with the settlement."))
    row.state = STATEMENT_LIFE.step(row.state, StatementState.DISPUTED)
    row.dispute = reason.strip()
    row.save(update_fields=["state", "dispute"])
    return ShareStatementDisputed(
        org_id=row.org_id,
        actor_id=actor.id,
        at=at,
        statement_id=row.id,
        month=row.month,
        reason=row.dispute,
    )
