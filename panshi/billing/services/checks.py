"""The daily check of a channel: its file, our payments and our ledger, difference by difference."""

import hashlib
from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Final
from uuid import UUID

from django.db import connection
from django.db.models import Q
from django.utils.translation import gettext as _

from panshi.billing import channels, three_way
from panshi.billing.channels import port
from panshi.billing.channels.port import FileLine
from panshi.billing.events import ChannelChecked, DifferenceSettled
from panshi.billing.models import (
    RECEIVED,
    Channel,
    ChannelCheck,
    ChannelDifference,
    ChannelTerms,
    Payment,
    Refund,
    RefundState,
)
from panshi.billing.services.deposits import MONEY_ACCOUNT
from panshi.billing.three_way import Difference, Ours
from panshi.kit.clock import day_span, local_day
from panshi.kit.money import ZERO, to_fen
from panshi.kit.refusals import Refusal
from panshi.kit.tenancy import HQ, Actor
from panshi.kit.verbs import verb

# What was posted to the channel's account for each payment, and for each refund that was paid.
_POSTED: Final = """
SELECT e.source_id, sum(p.amount)
FROM ledger_entry e JOIN ledger_posting p ON p.entry_id = e.id
WHERE e.kind = 'PAYMENT_RECEIVED' AND e.source_kind = 'billing.Payment'
    AND e.source_id = ANY(%(ids)s) AND p.account_id = %(account)s
GROUP BY e.source_id
"""
_PAID_BACK: Final = """
SELECT m.refund_id, -sum(p.amount)
FROM billing_refundmove m
JOIN ledger_entry e ON e.source_kind = 'billing.RefundMove' AND e.source_id = m.id
    AND e.kind IN ('REFUND_PAID', 'DEPOSIT_RETURNED')
JOIN ledger_posting p ON p.entry_id = e.id
WHERE m.refund_id = ANY(%(ids)s) AND p.account_id = %(account)s
GROUP BY m.refund_id
"""


class WholeChannelOnly(Refusal):
    """A channel's file speaks of all operators, so headquarters alone compares it."""


class TermsMissing(Refusal):
    pass


class WordsMissing(Refusal):
    pass


@verb
def check_channel(*, channel: str, day: date, actor: Actor, at: datetime) -> ChannelChecked:
    """Fetch a channel's file of a day and compare it with our payments and ledger.

    Raises WholeChannelOnly, TermsMissing, ChannelNotOffered, ChannelSilent or ChannelRefused.
    """
    actor.must("billing.check_channel", actor.org_id)
    if actor.db_role != HQ:
        raise WholeChannelOnly(_("Headquarters compares a channel's file for all operators."))
    lines = channels.of(channel).daily_file(day=day, at=at)
    ours = _ours(channel, day, lines)
    terms = _terms(channel, day)
    compared = three_way.compare(
        lines=lines,
        ours=ours,
        day=day,
        fee_of=lambda amount: max(to_fen(amount * terms.share), terms.least),
    )
    of_day = [row for row in ours if row.on == day]
    check = ChannelCheck.objects.create(
        org_id=actor.org_id,
        channel=channel,
        day=day,
        sha256=hashlib.sha256(repr(list(lines)).encode()).hexdigest(),
        lines=len(lines),
        matched=compared.matched,
        differences=len(compared.differences),
        file_amount=sum((_signed(x.kind, x.amount) for x in lines), ZERO),
        file_fee=sum((line.fee for line in lines), ZERO),
        payments_amount=sum((_signed(x.kind, x.amount) for x in of_day), ZERO),
        ledger_amount=sum((_signed(x.kind, x.ledger_amount or ZERO) for x in of_day), ZERO),
        at=at,
    )
    ChannelDifference.objects.bulk_create(
        (_row(difference, check) for difference in compared.differences), batch_size=500
    )
    return ChannelChecked(
        org_id=actor.org_id,
        actor_id=actor.id,
        at=at,
        check_id=check.id,
        channel=channel,
        day=day,
        lines=len(lines),
        differences=len(compared.differences),
    )


def _signed(kind: str, amount: Decimal) -> Decimal:
    return amount if kind == port.PAYMENT else -amount


def _terms(channel: str, day: date) -> ChannelTerms:
    rows = ChannelTerms.objects.filter(channel=channel, starts_on__lte=day)
    found = rows.order_by("-starts_on").first()
    if found is None:
        raise TermsMissing(_("The fee agreed with this channel is not written down."))
    return found


def _ours(channel: str, day: date, lines: Sequence[FileLine]) -> list[Ours]:
    """What we received and gave back by the channel on the day, and all that its file names."""
    since, until = day_span(day)
    numbers = {kind: [x.number for x in lines if x.kind == kind] for kind in ("PAYMENT", "REFUND")}
    named = Q(merchant_no__in=numbers["PAYMENT"])
    payments = list(
        Payment.objects.filter(
            named | Q(received_at__gte=since, received_at__lt=until),
            channel=channel,
            state__in=RECEIVED,
        )
    )
    refunds = list(
        Refund.objects.defer("account").filter(
            Q(ended_at__gte=since, ended_at__lt=until) | Q(number__in=numbers["REFUND"]),
            channel=channel,
            state=RefundState.PAID,
        )
    )
    posted = _sums(_POSTED, [p.id for p in payments], channel)
    paid_back = _sums(_PAID_BACK, [r.id for r in refunds], channel)
    return [
        *(
            Ours(
                kind=port.PAYMENT,
                number=p.merchant_no,
                amount=p.amount,
                on=local_day(p.received_at or p.started_at),
                ledger_amount=posted.get(p.id),
                payment_id=p.id,
            )
            for p in payments
        ),
        *(
            Ours(
                kind=port.REFUND,
                number=r.number,
                amount=r.amount,
                on=local_day(r.ended_at or r.asked_at),
                ledger_amount=paid_back.get(r.id),
                payment_id=r.payment_id,
            )
            for r in refunds
        ),
    ]


def _sums(words: str, ids: Sequence[UUID], channel: str) -> dict[UUID, Decimal]:
    account = MONEY_ACCOUNT[Channel(channel)]
    with connection.cursor() as cursor:
        cursor.execute(words, {"ids": list(ids), "account": account})
        return dict(cursor.fetchall())


def _row(difference: Difference, check: ChannelCheck) -> ChannelDifference:
    line, ours = difference.line, difference.ours
    return ChannelDifference(
        org_id=check.org_id,
        check_run=check,
        kind=difference.kind,
        what=difference.what,
        number=difference.number[:40],
        payment_id=ours.payment_id if ours else None,
        line=line.line if line else None,
        there_amount=line.amount if line else None,
        here_amount=ours.amount if ours else None,
        ledger_amount=ours.ledger_amount if ours else None,
        there_fee=line.fee if line else None,
        agreed_fee=difference.agreed_fee,
        there_on=line.on if line else None,
        here_on=ours.on if ours else None,
    )


@verb
def settle_difference(
    *, difference_id: UUID, words: str, actor: Actor, at: datetime
) -> DifferenceSettled:
    """Write what a difference was, and be done with it. Raises WordsMissing."""
    row = ChannelDifference.objects.visible_to(actor).select_for_update().get(id=difference_id)
    actor.must("billing.settle_difference", row.org_id)
    if not words.strip():
        raise WordsMissing(_("Write what the difference was."))
    row.settled_words, row.settled_by_id, row.settled_at = words.strip()[:200], actor.id, at
    row.save(update_fields=["settled_words", "settled_by_id", "settled_at"])
    return DifferenceSettled(
        org_id=row.org_id,
        actor_id=actor.id,
        at=at,
        difference_id=row.id,
        words=row.settled_words,
    )
