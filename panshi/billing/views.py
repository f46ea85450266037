"""Finance pages: bills, receivables, the board of a month, runs."""

from collections.abc import Sequence
from contextlib import suppress
from datetime import date
from decimal import Decimal
from typing import Final
from urllib.parse import urlencode
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from panshi.billing import dispute_pages, lists, papers, queries, services
from panshi.billing.models import Channel
from panshi.kit.clock import add_months, local_day, month_start, read_day
from panshi.kit.forms import Field, Form
from panshi.kit.money import yuan
from panshi.kit.tables import Slice
from panshi.kit.web import Request, needs, show_file


def _today() -> date:
    return local_day(timezone.now())


def read_month(request: Request) -> date:
    """The month in the URL as 2027-06, else the running one."""
    try:
        return read_day(f"{request.GET.get('month', '')}-01")
    except ValueError:
        return month_start(_today())


def ticked(request: Request, name: str) -> list[UUID]:
    """The ids of the boxes that were ticked; what is no id is left out."""
    found = []
    for words in request.POST.getlist(name):
        with suppress(ValueError):
            found.append(UUID(words))
    return found


@require_GET
@needs("billing.view")
def bills(request: Request) -> HttpResponse:
    ask = lists.BILLS.read(request.GET)
    page = queries.bill_rows(
        today=_today(),
        number=ask.text("number"),
        standing=ask.text("standing"),
        kind=ask.text("kind"),
        city=ask.text("city"),
        since=ask.day("due_from"),
        until=ask.day("due_to"),
        after="" if ask.export else ask.after,
        limit=ask.limit,
        actor=request.actor,
    )
    totals = {}
    if page.sum_total is not None and page.sum_open is not None:
        totals = {"total": page.sum_total, "open_amount": page.sum_open}
    part = Slice(rows=page.rows, total=page.total, about=page.about, totals=totals, next=page.next)
    return lists.BILLS.respond(request, ask, part, "billing/bills.html")


@require_GET
@needs("billing.view")
def bill(request: Request, bill_id: UUID) -> HttpResponse:
    card = queries.bill_card(bill_id=bill_id, today=_today(), actor=request.actor)
    late = queries.late_fee_card(
        bill_id=bill_id,
        source_kind=card.source_kind,
        due_on=card.due_on if card.standing == "OVERDUE" else None,
        actor=request.actor,
    )
    asked = any(waiver.state == "ASKED" for waiver in late.waivers)
    disputes = queries.disputes_of(bill_id=bill_id, actor=request.actor)
    disputed = any(dispute.is_open for dispute in disputes)
    is_asked = card.kind == "CHARGE" and bool(card.number)
    context = {
        "bill": card,
        "late": late,
        "may_waive": late.is_fee and not asked and request.actor.may("billing.ask_fee_waiver"),
        "may_decide": request.actor.may("billing.decide_fee_waiver"),
        "standing": lists.standing(card.standing),
        "stages": lists.bill_stages(card),
        "tiles": lists.bill_tiles(card),
        "details": lists.bill_details(card),
        "settled": [(lists.origin(row.origin), row) for row in card.settled],
        "relieved": any(line.relieved for line in card.lines),
        "disputes": disputes,
        "dispute": dispute_pages.DISPUTE.blank()
        if is_asked and not disputed and request.actor.may("billing.dispute_bill")
        else None,
        "answer": dispute_pages.ANSWER.blank()
        if disputed and request.actor.may("billing.answer_dispute")
        else None,
        "may_invoice": is_asked and request.actor.may("billing.request_invoice"),
        "may_credit": is_asked and request.actor.may("billing.credit_bill"),
        "may_discard": card.state == "DRAFT"
        and card.period_from is not None
        and request.actor.may("billing.discard_drafts"),
        "may_record": card.open_amount > 0 and request.actor.may("billing.record_payment"),
        "may_take_payment": card.open_amount > 0 and request.actor.may("billing.start_payment"),
    }
    return render(request, "billing/bill.html", context)


@require_GET
@needs("billing.view")
def bill_pdf(request: Request, bill_id: UUID) -> HttpResponse:
    card = queries.bill_card(bill_id=bill_id, today=_today(), actor=request.actor)
    return show_file(papers.bill_pdf(card), "application/pdf", name=f"{card.number or card.id}.pdf")


RECORD: Final = Form(fields=[Field(name="amount", label=lazy("Amount received"), kind="money")])


@require_http_methods(["GET", "POST"])
@needs("billing.record_payment")
def record(request: Request, bill_id: UUID) -> HttpResponse:
    """Book a bank transfer that a clerk saw on the statement."""
    card = queries.bill_card(bill_id=bill_id, today=_today(), actor=request.actor)
    context = {"bill": card, "submit": _("Record it")}
    if request.method == "GET":
        return RECORD.blank(amount=card.open_amount).respond(
            request, "billing/record.html", context
        )
    form = RECORD.read(request.POST)
    if form.ok and form.values["amount"] <= 0:
        form.refuse("amount", _("The amount must be above zero."))
    if not form.ok:
        return form.respond(request, "billing/record.html", context)
    fact = form.call(
        request, services.record_payment, bill_ids=[bill_id], channel=Channel.BANK,
        at=timezone.now(),
    )  # fmt: skip
    messages.success(
        request, _("%(amount)s recorded.") % {"amount": yuan(Decimal(str(fact["amount"])))}
    )
    return redirect("billing-bill", bill_id)


@require_GET
@needs("billing.view")
def receivables(request: Request) -> HttpResponse:
    rows = queries.receivables_by_age(today=_today(), actor=request.actor)
    context = {
        "rows": [(row, lists.age_amounts(row)) for row in rows],
        "headings": lists.age_headings(),
        "sums": [sum(part) for part in zip(*(lists.age_amounts(r) for r in rows), strict=True)],
        "total": sum((row.total for row in rows), Decimal(0)),
        "option": lists.age_chart(rows),
        "cases": queries.dunning_board(today=_today(), actor=request.actor),
    }
    return render(request, "billing/receivables.html", context)


@require_GET
@needs("billing.view")
def board(request: Request) -> HttpResponse:
    month = read_month(request)
    answer = queries.finance_board(month=month, today=_today(), actor=request.actor)
    # Each address is made once: there are eleven a row, and hundreds of rows.
    urls = {
        name: f"{reverse('billing-figure', args=[name])}?month={month:%Y-%m}"
        for name in lists.FIGURES
    }
    context = {
        "board": answer,
        "urls": urls,
        # A node that only has a share of another's revenue stands in the first table alone.
        "results": [_addressed(row) for row in answer.rows if any(_parts(row, lists.RESULT))],
        "moneys": [_addressed(row) for row in answer.rows if any(_parts(row, lists.MONEY))],
        "tiles": lists.board_tiles(answer.total, month),
        "months": lists.months_chart(answer),
        "operators": lists.board_chart(answer) if len(answer.rows) > 1 else None,
        "before": f"{add_months(month, -1):%Y-%m}",
        "after": f"{add_months(month, 1):%Y-%m}",
        "since": month,
        "until": add_months(month, 1),
    }
    return render(request, "billing/board.html", context)


def _parts(row: queries.BoardRow, names: Sequence[str]) -> list[Decimal]:
    return [getattr(row, name) for name in names]


def _addressed(row: queries.BoardRow) -> tuple[queries.BoardRow, str]:
    """A row of the board with the end of its figures' addresses."""
    return row, "&" + urlencode({"org": row.org_id, "city": row.city})


@require_GET
@needs("billing.view")
def runs(request: Request) -> HttpResponse:
    context = {
        "runs": queries.billing_runs(actor=request.actor),
        "exceptions": queries.open_exceptions(actor=request.actor),
        "drafts": queries.drafts_waiting(actor=request.actor),
        "today": _today(),
    }
    return render(request, "billing/runs.html", context)


@require_POST
@needs("billing.run_bills")
def run(request: Request) -> HttpResponse:
    fact = services.run_bills(cut_off=_today(), actor=request.actor, at=timezone.now())
    words = _("%(drafted)d drafts written, %(exceptions)d set aside.")
    messages.success(request, words % {"drafted": fact.drafted, "exceptions": fact.exceptions})
    return redirect("billing-runs")


@require_POST
@needs("billing.issue_bills")
def issue(request: Request) -> HttpResponse:
    fact = services.issue_bills(draft_hours=0, actor=request.actor, at=timezone.now())
    messages.success(request, _("%(bills)d bills issued.") % {"bills": fact.bills})
    return redirect("billing-runs")


@require_GET
@needs("billing.view")
def statement(request: Request, customer_id: UUID) -> HttpResponse:
    month = read_month(request)
    context = {
        "statement": queries.statement(customer_id=customer_id, month=month, actor=request.actor),
        "before": f"{add_months(month, -1):%Y-%m}",
        "after": f"{add_months(month, 1):%Y-%m}",
    }
    return render(request, "billing/statement.html", context)
