"""Pages of shares: a node's month with its lines, the schemes, a new scheme."""

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

from panshi.billing import queries, services
from panshi.billing.rules.shares import (
    CHANNEL,
    OF_GROSS,
    OF_NET,
    OF_REST,
    OWNER,
    PARTNER,
    PLATFORM,
    REGION,
    Step,
)
from panshi.billing.views import read_month
from panshi.kit.clock import add_months, local_day
from panshi.kit.forms import Field, Form
from panshi.kit.records import Tile
from panshi.kit.tenancy import HQ
from panshi.kit.web import Request, needs
from panshi.org import queries as org

SHOWN: Final = 200
_CENT: Final = Decimal(100)


def _org(request: Request, words: str) -> int:
    """The node that is meant, if it is seen, else the actor's own."""
    seen = {node.id for node in org.nodes(actor=request.actor)}
    if words.isdecimal() and len(words) < 10 and int(words) in seen:
        return int(words)
    return request.actor.org_id


@require_GET
@needs("billing.view")
def shares(request: Request) -> HttpResponse:
    month = read_month(request)
    org_id = _org(request, request.GET.get("org", ""))
    settlement = queries.share_statement(org_id=org_id, month=month, actor=request.actor)
    nodes = org.nodes(actor=request.actor)
    names = {node.id: node.name for node in nodes}
    context = {
        "month": month,
        "before": f"{add_months(month, -1):%Y-%m}",
        "after": f"{add_months(month, 1):%Y-%m}",
        "org_id": org_id,
        "nodes": nodes,
        "settlement": settlement,
        "lines": [
            (line, names.get(line.payee_id, "") if line.payee_id else "")
            for line in settlement.lines[:SHOWN]
        ],
        "closed": queries.settlement_of(org_id=org_id, month=month, actor=request.actor),
        "over": local_day(timezone.now()) >= add_months(month, 1),
        "may_close": request.actor.may("billing.close_settlement"),
        "may_dispute": request.actor.may("billing.dispute_settlement"),
        "may_accrue": request.actor.db_role == HQ and request.actor.may("billing.accrue_shares"),
        "tiles": [
            Tile(label=_("Collected, net of VAT"), value=settlement.collected, kind="money"),
            Tile(label=_("Kept"), value=settlement.kept, kind="money"),
            Tile(label=_("Passed on"), value=settlement.passed_on, kind="money"),
            Tile(label=_("Received from other books"), value=settlement.received, kind="money"),
        ],
    }
    return render(request, "billing/shares.html", context)


@require_GET
@needs("billing.view")
def lines(request: Request) -> HttpResponse:
    """All lines of a settlement as CSV, which an open checker adds up."""
    month = read_month(request)
    org_id = _org(request, request.GET.get("org", ""))
    settlement = queries.share_statement(org_id=org_id, month=month, actor=request.actor)
    answer = HttpResponse(settlement.text, content_type="text/csv; charset=utf-8")
    answer["Content-Disposition"] = f'attachment; filename="shares-{org_id}-{month:%Y-%m}.csv"'
    return answer


def _back(request: Request) -> HttpResponse:
    asked = urlencode({key: request.POST.get(key, "") for key in ("month", "org")})
    return redirect(f"{reverse('billing-shares')}?{asked}")


@require_POST
def close(request: Request) -> HttpResponse:
    services.close_settlement(
        org_id=_org(request, request.POST.get("org", "")),
        month=read_month(request),
        actor=request.actor,
        at=timezone.now(),
    )
    messages.success(request, _("The month is settled."))
    return _back(request)


@require_POST
def dispute(request: Request, statement_id: UUID) -> HttpResponse:
    services.dispute_settlement(
        statement_id=statement_id,
        reason=request.POST.get("reason", "")[:200],
        actor=request.actor,
        at=timezone.now(),
    )
    messages.success(request, _("The settlement is disputed; it is settled anew."))
    return _back(request)


@require_POST
def accrue(request: Request) -> HttpResponse:
    fact = services.accrue_shares(actor=request.actor, at=timezone.now())
    messages.success(request, _("%(count)d sums were shared.") % {"count": fact.accruals})
    return _back(request)


SCHEME: Final = Form(
    fields=[
        Field(name="name", label=lazy("Name"), longest=60),
        Field(name="starts_on", label=lazy("From"), kind="day"),
        Field(name="channel", label=lazy("Fee of the payment channel"), kind="number", unit="%"),
        Field(name="owner", label=lazy("Owner of the vehicle, a period"), kind="money"),
        Field(
            name="partner",
            label=lazy("Engineer or partner"),
            kind="number",
            unit="%",
            help=lazy("Of what was collected, net of VAT."),
        ),
        Field(
            name="platform",
            label=lazy("Platform"),
            kind="number",
            unit="%",
            help=lazy("Of what is left. The operator keeps the rest."),
        ),
        Field(name="region", label=lazy("Regional centre"), kind="number", unit="%"),
    ]
)


@require_GET
@needs("billing.view")
def schemes(request: Request) -> HttpResponse:
    names = {node.id: node.name for node in org.nodes(actor=request.actor)}
    context = {
        "schemes": [
            (row, names.get(row.org_id, "")) for row in queries.share_schemes(actor=request.actor)
        ],
        "may_publish": request.actor.db_role == HQ
        and request.actor.may("billing.publish_share_scheme"),
    }
    return render(request, "billing/share_schemes.html", context)


def _steps(values: dict[str, Decimal]) -> list[Step]:
    """The steps with something to take, in the order of the waterfall."""
    given = (
        Step(party=CHANNEL, base=OF_GROSS, percent=values["channel"] / _CENT),
        Step(party=OWNER, base=OF_NET, amount=values["owner"]),
        Step(party=PARTNER, base=OF_NET, percent=values["partner"] / _CENT),
        Step(party=PLATFORM, base=OF_REST, percent=values["platform"] / _CENT),
        Step(party=REGION, base=OF_REST, percent=values["region"] / _CENT),
    )
    return [step for step in given if step.percent or step.amount]


_NUMBERS: Final = ("channel", "owner", "partner", "platform", "region")


@require_http_methods(["GET", "POST"])
@needs("billing.publish_share_scheme")
def new_scheme(request: Request) -> HttpResponse:
    context = {"submit": _("Publish"), "cancel_url": reverse("billing-share-schemes")}
    if request.method == "GET":
        return SCHEME.blank(**dict.fromkeys(_NUMBERS, Decimal(0))).respond(
            request, "billing/share_scheme_new.html", context
        )
    form = SCHEME.read(request.POST)
    for name in _NUMBERS:
        if form.ok and not 0 <= form.values[name] <= (10**9 if name == "owner" else 100):
            form.refuse(name, _("Between 0 and 100 %; an amount is not below zero."))
    if form.ok:
        try:
            services.publish_share_scheme(
                org_id=request.actor.org_id,
                name=form.values["name"],
                starts_on=form.values["starts_on"],
                steps=_steps(form.values),
                actor=request.actor,
                at=timezone.now(),
            )
            messages.success(request, _("The scheme is published."))
            return redirect("billing-share-schemes")
        except services.SharesOverlap as refusal:
            form.refuse("starts_on", refusal.words)
        except services.SharesExceedAll as refusal:
            form.refuse("platform", refusal.words)
    return form.respond(request, "billing/share_scheme_new.html", context)
