"""Pages of restraints: what the guards say now in green and red, what was asked, setting free."""

from typing import Final
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import path, reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy
from django.views.decorators.http import require_GET, require_POST

from panshi.billing import queries as billing
from panshi.kit import cells
from panshi.kit.clock import local_day
from panshi.kit.guards import GuardRefused, lines, words_of
from panshi.kit.strips import Strip
from panshi.kit.tenancy import Actor
from panshi.kit.web import Request, needs
from panshi.leasing import queries, services
from panshi.leasing.models import RestraintKind

TONES: Final = {
    "ASKED": "warn",
    "APPROVED": "warn",
    "QUEUED": "info",
    "IN_FORCE": "bad",
    "RELEASING": "info",
    "RELEASED": "ok",
    "STOPPED": "idle",
    "EXPIRED": "idle",
}
WORDS: Final = {
    "CLAUSE_SIGNED": lazy("The contract with the clause is signed by both"),
    "DEBT_OPEN": lazy("More than the least debt is overdue"),
    "NOT_ON_HOLD": lazy("No dispute, accident or rescue holds the case"),
    "NO_PLAN_KEPT": lazy("No promise or plan is being kept"),
    "NO_COMPLAINT": lazy("No complaint of the customer is open"),
    "NOTICE_PROVEN": lazy("The notice was delivered long enough ago"),
    "VEHICLE_WITH_LEASE": lazy("The vehicle is still with this lease"),
    "REQUEST_FRESH": lazy("The request is not older than two hours"),
    "LIMIT_BEFORE": lazy("A limit was in effect before, or the platform waived it"),
    "PAID": lazy("Paid"),
    "NoAdapter": lazy("No terminal in the vehicle takes such an order"),
    "GuardRefused": lazy("The guards refused"),
    "DISPUTE": lazy("Bill disputed"),
}


@require_GET
@needs("leasing.view")
def restraint(request: Request, lease_id: UUID) -> HttpResponse:
    """What each kind of restraint would need now, and the record of those asked for."""
    return _page(request, lease_id)


def _page(request: Request, lease_id: UUID, *, words: str = "", status: int = 200) -> HttpResponse:
    now = timezone.now()
    page = queries.restraints_of(lease_id=lease_id, actor=request.actor)
    kinds = []
    for kind in RestraintKind:
        checks = services.restraint_checks(
            lease_id=lease_id, kind=kind, actor=request.actor, at=now
        )
        kinds.append((kind, lines(checks), all(check.holds for check in checks)))
    context = {
        "page": page,
        "kinds": kinds,
        "words": words,
        "rows": [
            (
                row,
                cells.state(row.state, TONES[row.state], str(row.state.label)),
                lines(row.checks),
                words_of(row.end_reason),
            )
            for row in page.rows
        ],
        "may_ask": request.actor.may("leasing.request_restraint"),
        "may_release": page.living and request.actor.may("leasing.release_restraint"),
    }
    return render(request, "leasing/restraint.html", context, status=status)


@require_POST
def ask(request: Request, lease_id: UUID) -> HttpResponse:
    """Ask for one; a refusal answers with the page and all its guards."""
    try:
        services.request_restraint(
            lease_id=lease_id,
            kind=request.POST.get("kind", "LIMIT"),
            reason=request.POST.get("reason", "")[:200],
            actor=request.actor,
            at=timezone.now(),
        )
    except GuardRefused as refusal:
        return _page(request, lease_id, words=words_of(",".join(_refused(refusal))), status=409)
    messages.success(request, _("Asked for. Two other people have to approve it."))
    return redirect("leasing-restraint", lease_id)


def _refused(refusal: GuardRefused) -> list[str]:
    return [check.code for check in refusal.checks if not check.holds]


@require_POST
def release(request: Request, lease_id: UUID) -> HttpResponse:
    services.release_restraint(
        lease_id=lease_id,
        reason=request.POST.get("reason", "")[:200] or "BY_HAND",
        actor=request.actor,
        at=timezone.now(),
    )
    messages.success(request, _("The vehicle is being set free."))
    return redirect("leasing-restraint", lease_id)


def strips(subject_type: str, subject_id: str, actor: Actor) -> list[Strip]:
    """On a lease in arrears: where its vehicle's restraint stands."""
    if subject_type != "leasing.lease":
        return []
    lease_id, today = UUID(subject_id), local_day(timezone.now())
    page = queries.restraints_of(lease_id=lease_id, actor=actor)
    if not page.rows and lease_id not in billing.debts_of(
        source_ids=[lease_id], today=today, actor=actor
    ):
        return []
    last = page.rows[0] if page.rows else None
    return [
        Strip(
            title=_("Restraint of the vehicle"),
            url=reverse("leasing-restraint", args=[lease_id]),
            state=str(last.state.label) if last else _("Not asked for"),
            tone=TONES[last.state] if last else "idle",
        )
    ]


URLS: Final = [
    path("leasing/leases/<uuid:lease_id>/restraint/", restraint, name="leasing-restraint"),
    path("leasing/leases/<uuid:lease_id>/restraint/ask/", ask, name="leasing-restraint-ask"),
    path(
        "leasing/leases/<uuid:lease_id>/restraint/release/",
        release,
        name="leasing-restraint-release",
    ),
]
