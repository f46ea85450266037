"""Pages of the ledger: the journal, the trial balance of a month, the book as text."""

from datetime import date
from uuid import UUID

from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_GET

from panshi.kit.clock import add_months, local_day, month_start, read_day
from panshi.kit.money import ZERO
from panshi.kit.web import Request, needs
from panshi.ledger import queries

PAGE = 50


def read_month(words: str) -> date:
    """A month written 2027-06, else the running one."""
    try:
        return read_day(f"{words}-01")
    except ValueError:
        return month_start(local_day(timezone.now()))


def months_around(month: date) -> dict[str, object]:
    return {
        "month": month,
        "before": f"{add_months(month, -1):%Y-%m}",
        "after": f"{add_months(month, 1):%Y-%m}",
    }


@require_GET
@needs("ledger.view")
def journal(request: Request) -> HttpResponse:
    month = read_month(request.GET.get("month", ""))
    account = request.GET.get("account", "")
    try:
        cursor = UUID(request.GET.get("cursor", ""))
    except ValueError:
        cursor = None
    entries = queries.journal(
        since=month,
        until=add_months(month, 1),
        account=account,
        after=cursor,
        limit=PAGE + 1,
        actor=request.actor,
    )
    context = {
        **months_around(month),
        "entries": entries[:PAGE],
        "account": account,
        "accounts": queries.accounts(actor=request.actor),
        "next": entries[PAGE - 1].id if len(entries) > PAGE else None,
    }
    return render(request, "ledger/journal.html", context)


@require_GET
@needs("ledger.view")
def entry(request: Request, entry_id: UUID) -> HttpResponse:
    card = queries.entry_card(entry_id=entry_id, actor=request.actor)
    context = {
        "entries": [card],
        "entry": card,
        "reversed_by": queries.reversal_of(entry_id=entry_id, actor=request.actor),
    }
    return render(request, "ledger/entry.html", context)


@require_GET
@needs("ledger.view")
def trial_balance(request: Request) -> HttpResponse:
    month = read_month(request.GET.get("month", ""))
    rows = queries.trial_balance(month=month, actor=request.actor)
    context = {
        **months_around(month),
        "rows": rows,
        "debit": sum((row.debit for row in rows), ZERO),
        "credit": sum((row.credit for row in rows), ZERO),
        "closing": sum((row.closing for row in rows), ZERO),
        "closed": request.actor.single_org_id is not None
        and request.actor.org_id in queries.books_closed_in(month=month, actor=request.actor),
    }
    return render(request, "ledger/trial_balance.html", context)


@require_GET
@needs("ledger.view")
def book(request: Request) -> HttpResponse:
    """The actor's own book as beancount text."""
    text = queries.export_beancount(org_id=request.actor.org_id, actor=request.actor)
    answer = HttpResponse(text, content_type="text/plain; charset=utf-8")
    answer["Content-Disposition"] = 'attachment; filename="book.beancount"'
    return answer
