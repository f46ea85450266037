"""What billing does by the clock, for the whole tree; the moments are UTC, the days Shanghai's."""

from contextlib import suppress
from datetime import datetime, timedelta

from panshi.billing import queries, services
from panshi.fleet import services as fleet
from panshi.kit.clock import add_months, local_day, month_start
from panshi.kit.refusals import Refusal
from panshi.kit.schedule import every
from panshi.kit.tenancy import Actor, hq_actor
from panshi.org import queries as org


def _hq() -> Actor | None:
    platform = org.platform_id()
    return None if platform is None else hq_actor(platform)


@every("10 18 * * *")
def draft_bills(at: datetime) -> None:
    """At ten past two: draft what may be billed today."""
    if hq := _hq():
        services.run_bills(cut_off=local_day(at), actor=hq, at=at)


@every("20 * * * *")
def issue_bills(at: datetime) -> None:
    """Each hour: issue drafts whose window is over; what was paid ahead settles them."""
    if hq := _hq():
        services.issue_bills(actor=hq, at=at)
        services.use_opening_receipts(actor=hq, at=at)


@every("*/10 * * * *")
def advance_dunning(at: datetime) -> None:
    """Every ten minutes: arrears reach their rung on the day, cleared ones leave the ladder."""
    if hq := _hq():
        services.advance_dunning(on=local_day(at), actor=hq, at=at)


@every("20 16 * * *")
def accrue_late_fees(at: datetime) -> None:
    """At twenty past midnight: count the late days that are over, bill what has run up."""
    if hq := _hq():
        services.accrue_late_fees(on=local_day(at), actor=hq, at=at)


@every("40 18 * * *")
def recognise_revenue(at: datetime) -> None:
    """Each night: earn what last month's lines were billed in advance for, and what came late."""
    if hq := _hq():
        month = month_start(local_day(at))
        services.recognise_revenue(month=add_months(month, -1), actor=hq, at=at)
        services.catch_up_revenue(actor=hq, at=at)


@every("*/5 * * * *")
def keep_earnings(at: datetime) -> None:
    """Every five minutes: reckon what is earned by its days where bills changed."""
    if (hq := _hq()) and queries.earnings_changed(actor=hq, at=at):
        services.keep_earnings(actor=hq, at=at)


@every("45 18 * * *")
def post_depreciation(at: datetime) -> None:
    """Each night: what vehicles lost last month, once; by use with the odometers of its end."""
    if hq := _hq():
        month = add_months(month_start(local_day(at)), -1)
        fleet.mark_odometers(month=month, actor=hq, at=at)
        services.post_depreciation(month=month, actor=hq, at=at)


@every("47 18 * * *")
def release_prepaid(at: datetime) -> None:
    """Each night: what prepaid costs served up to the end of last month."""
    if hq := _hq():
        month = add_months(month_start(local_day(at)), -1)
        services.release_prepaid(month=month, actor=hq, at=at)


@every("50 18 * * *")
def accrue_shares(at: datetime) -> None:
    """Each night: share what was collected in the last days; on the first, look at everything."""
    if hq := _hq():
        since = None if local_day(at).day == 1 else at - timedelta(days=3)
        services.accrue_shares(since=since, actor=hq, at=at)


@every("*/10 * * * *")
def send_invoices(at: datetime) -> None:
    """Every ten minutes: submit invoices that were asked for, query those without an answer."""
    if hq := _hq():
        services.submit_invoices(actor=hq, at=at)
        services.poll_invoices(actor=hq, at=at)


@every("*/5 * * * *")
def ask_channels(at: datetime) -> None:
    """Every five minutes: ask about payments that wait, and about those told of and not believed.

    A channel that does not answer is asked again next time; the others are not kept waiting.
    """
    if hq := _hq():
        since, before = at - timedelta(days=3), at - timedelta(minutes=5)
        for payment_id in queries.doubtful_payments(since=since, before=before, actor=hq):
            with suppress(Refusal):
                services.query_payment(payment_id=payment_id, actor=hq, at=at)


@every("* * * * *")
def send_refunds(at: datetime) -> None:
    """Each minute: hand refunds to their channels, or hear what became of them."""
    if hq := _hq():
        for refund_id in queries.refunds_under_way(actor=hq):
            with suppress(Refusal):
                services.query_refund(refund_id=refund_id, actor=hq, at=at)


@every("30 2 * * *")
def check_channels(at: datetime) -> None:
    """At half past ten, when the channels' files are out: compare yesterday three ways."""
    if hq := _hq():
        for channel in queries.pay_channels():
            with suppress(Refusal):
                yesterday = local_day(at) - timedelta(days=1)
                services.check_channel(channel=channel, day=yesterday, actor=hq, at=at)
