"""Pages of the daily check: days compared, their differences, and what those were."""

from datetime import timedelta
from typing import Final
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from panshi.billing import bank_lists as lists
from panshi.billing import queries, services
from panshi.billing.models import Channel
from panshi.kit.clock import local_day
from panshi.kit.forms import Field, Form
from panshi.kit.records import Tile
from panshi.kit.tables import Slice
from panshi.kit.tenancy import HQ
from panshi.kit.web import Request, needs

_KINDS: Final = {"PAYMENT": lazy("Payment"), "REFUND": lazy("Refund")}


def _form() -> Form:
    ways = [(code, Channel(code).label) for code in queries.pay_channels()]
    return Form(
        fields=[
            Field(name="channel", label=lazy("Channel"), kind="choice", choices=ways),
            Field(name="day", label=lazy("Day"), kind="day"),
        ]
    )


@require_GET
@needs("billing.view")
def checks(request: Request) -> HttpResponse:
    ask = lists.CHECKS.read(request.GET)
    page = queries.check_rows(
        channel=ask.text("channel"), limit=ask.limit, offset=ask.offset, actor=request.actor
    )
    part = Slice(rows=page.rows, total=page.total)
    may_run = request.actor.may("billing.check_channel") and request.actor.db_role == HQ
    return lists.CHECKS.respond(request, ask, part, "billing/checks.html", {"may_run": may_run})


@require_http_methods(["GET", "POST"])
@needs("billing.check_channel")
def run(request: Request) -> HttpResponse:
    """Compare a day of a channel now."""
    if request.method == "GET":
        yesterday = local_day(timezone.now()) - timedelta(days=1)
        return _form().blank(day=yesterday).respond(request, "billing/check_run.html")
    form = _form().read(request.POST)
    if not form.ok:
        return form.respond(request, "billing/check_run.html")
    fact = form.call(request, services.check_channel, at=timezone.now())
    return redirect("billing-check", fact["check_id"])


@require_GET
@needs("billing.view")
def check(request: Request, check_id: UUID) -> HttpResponse:
    card = queries.check_card(check_id=check_id, actor=request.actor)
    context = {
        "check": card,
        "channel": Channel(card.channel).label,
        "tiles": [
            Tile(label=_("Channel's file"), value=card.file_amount, kind="money"),
            Tile(label=_("Payments"), value=card.payments_amount, kind="money"),
            Tile(label=_("Posted in the ledger"), value=card.ledger_amount, kind="money"),
            Tile(label=_("Lines that agree"), value=card.matched, kind="number"),
        ],
        "rows": [(row, lists.difference(row.kind), _KINDS[row.what]) for row in card.rows],
        "may_settle": request.actor.may("billing.settle_difference"),
    }
    return render(request, "billing/check.html", context)


@require_POST
def settle(request: Request, difference_id: UUID) -> HttpResponse:
    services.settle_difference(
        difference_id=difference_id,
        words=request.POST.get("words", ""),
        actor=request.actor,
        at=timezone.now(),
    )
    messages.success(request, _("Noted."))
    check_id = queries.check_of_difference(difference_id=difference_id, actor=request.actor)
    return redirect("billing-check", check_id)
