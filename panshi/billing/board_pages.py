"""What lies behind the finance board: the postings of a figure, the results of the vehicles."""

from typing import Final

from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_GET

from panshi.billing import lists, queries
from panshi.billing.views import read_month
from panshi.fleet import queries as fleet
from panshi.kit.clock import add_months, local_day
from panshi.kit.web import Request, needs
from panshi.org import queries as org

PAGE: Final = 50


def _number(words: str) -> int:
    return int(words) if words.isdecimal() and len(words) < 8 else 0


@require_GET
@needs("billing.view")
def figure(request: Request, name: str) -> HttpResponse:
    """The postings that a figure of the board is made of; they sum to it."""
    if name not in lists.FIGURES:
        raise Http404
    month = read_month(request)
    offset = _number(request.GET.get("from", ""))
    names = {node.id: node.name for node in org.nodes(actor=request.actor)}
    org_id = _number(request.GET.get("org", "")) or None
    behind = queries.postings_behind(
        figure=name,
        month=month,
        today=local_day(timezone.now()),
        org_id=org_id,
        city=request.GET.get("city", ""),
        limit=PAGE,
        offset=offset,
        actor=request.actor,
    )
    context = {
        "words": lists.FIGURES[name],
        "month": month,
        "org_id": org_id or "",
        "org_name": names.get(org_id or 0, ""),
        "city": request.GET.get("city", ""),
        "behind": behind,
        "rows": [(row, names.get(row.org_id, ""), behind.sign * row.amount) for row in behind.rows],
        "next": offset + PAGE if offset + PAGE < behind.total else None,
    }
    return render(request, "billing/figure.html", context)


@require_GET
@needs("billing.view")
def vehicles(request: Request) -> HttpResponse:
    """What each vehicle earned and cost in a month, the worst first.

    Rent is booked at the month's end, so in the running month what is earned by days stands beside.
    """
    month = read_month(request)
    offset = _number(request.GET.get("from", ""))
    page = queries.vehicle_standings(
        month=month,
        today=local_day(timezone.now()),
        limit=PAGE,
        offset=offset,
        actor=request.actor,
    )
    ids = tuple(row.vehicle_id for row in page.rows if row.vehicle_id)
    plates = fleet.vehicle_refs(vehicle_ids=ids, actor=request.actor) if ids else {}
    context = {
        "month": month,
        "before": f"{add_months(month, -1):%Y-%m}",
        "after": f"{add_months(month, 1):%Y-%m}",
        "page": page,
        "rows": [
            (row, plates.get(row.vehicle_id) if row.vehicle_id else None) for row in page.rows
        ],
        "result": page.income + page.earned - page.cost,
        "next": offset + PAGE if offset + PAGE < page.total else None,
    }
    return render(request, "billing/vehicle_results.html", context)
