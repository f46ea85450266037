"""Pages of the month's end: the checklist, closing, opening again; the promises of the books."""

from datetime import date
from urllib.parse import urlencode

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from panshi.kit.clock import add_months, local_day, month_start
from panshi.kit.web import Request, needs
from panshi.ledger import queries, services
from panshi.ledger.queries import MonthCheck
from panshi.ledger.views import months_around, read_month
from panshi.org import queries as org


def _org(request: Request, words: str) -> int | None:
    """The book that is meant: the one named, else the actor's own when it sees only that."""
    if words.isdecimal() and len(words) < 10:
        return int(words)
    return request.actor.single_org_id


def _last_month() -> date:
    return add_months(month_start(local_day(timezone.now())), -1)


def _checks(request: Request, org_id: int, month: date) -> list[MonthCheck]:
    broken = queries.broken_promises(org_id=org_id, actor=request.actor)
    return [
        MonthCheck(
            code="PROMISES",
            words=_("The book keeps its twelve promises"),
            holds=not broken,
            missing=_("Broken: %(codes)s") % {"codes": ", ".join(broken)},
            url=reverse("ledger-invariants"),
        ),
        *queries.month_checks(org_id=org_id, month=month, actor=request.actor),
    ]


@require_GET
@needs("ledger.view")
def months(request: Request) -> HttpResponse:
    """One book's month with what closing misses, or all books of a month with their states."""
    words = request.GET.get("month", "")
    month = read_month(words) if words else _last_month()
    context = {**months_around(month), "page": "ledger-months"}
    nodes = org.nodes(actor=request.actor)
    names = {node.id: node.name for node in nodes}
    org_id = _org(request, request.GET.get("org", ""))
    if org_id is None or org_id not in names:
        closed = queries.books_closed_in(month=month, actor=request.actor)
        context["books"] = [(node, node.id in closed) for node in nodes]
        return render(request, "ledger/months.html", context)
    checks = _checks(request, org_id, month)
    context |= {
        "org_id": org_id,
        "org_name": names[org_id],
        "one_book": request.actor.single_org_id is not None,
        "period": queries.period_of(org_id=org_id, month=month, actor=request.actor),
        "checks": checks,
        "ready": all(check.holds for check in checks),
        "changes": queries.changes_since_closing(org_id=org_id, month=month, actor=request.actor),
        "may_close": request.actor.may("ledger.close_month"),
        "may_reopen": request.actor.may("ledger.reopen_month"),
        "asker": request.actor.id,
    }
    return render(request, "ledger/month.html", context)


def _back(month: date, org_id: int) -> HttpResponse:
    asked = urlencode({"month": f"{month:%Y-%m}", "org": org_id})
    return redirect(f"{reverse('ledger-months')}?{asked}")


@require_POST
def close_month(request: Request) -> HttpResponse:
    month = read_month(request.POST.get("month", ""))
    org_id = _org(request, request.POST.get("org", "")) or request.actor.org_id
    services.close_month(org_id=org_id, month=month, actor=request.actor, at=timezone.now())
    messages.success(request, _("The month is closed."))
    return _back(month, org_id)


@require_POST
def ask_reopening(request: Request) -> HttpResponse:
    month = read_month(request.POST.get("month", ""))
    org_id = _org(request, request.POST.get("org", "")) or request.actor.org_id
    services.ask_reopening(
        org_id=org_id,
        month=month,
        reason=request.POST.get("reason", "")[:200],
        actor=request.actor,
        at=timezone.now(),
    )
    messages.success(request, _("Asked. Another person opens the month."))
    return _back(month, org_id)


@require_POST
def reopen_month(request: Request) -> HttpResponse:
    month = read_month(request.POST.get("month", ""))
    org_id = _org(request, request.POST.get("org", "")) or request.actor.org_id
    services.reopen_month(org_id=org_id, month=month, actor=request.actor, at=timezone.now())
    messages.success(request, _("The month is open again."))
    return _back(month, org_id)


@require_GET
@needs("ledger.view")
def invariants(request: Request) -> HttpResponse:
    standings = queries.promises(actor=request.actor)
    context = {
        "promises": standings,
        "broken": sum(1 for one in standings if not one.holds),
        "seen": min((one.checked_at for one in standings if one.checked_at), default=None),
        "names": {node.id: node.name for node in org.nodes(actor=request.actor)},
        "may_check": request.actor.may("ledger.check_invariants"),
    }
    return render(request, "ledger/invariants.html", context)


@require_POST
def check_invariants(request: Request) -> HttpResponse:
    fact = services.check_invariants(actor=request.actor, at=timezone.now())
    if fact.broken:
        messages.error(request, _("%(count)d promises do not hold.") % {"count": fact.broken})
    else:
        messages.success(request, _("Every promise holds."))
    return redirect("ledger-invariants")
