"""Traffic violations: one's own, and saying why one is not."""

from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from panshi.kit.files import FileNotAccepted, FileTooLarge
from panshi.kit.web import Request, show_file
from panshi.leasing import queries as leasing
from panshi.leasing import services as acts
from panshi.portal import words
from panshi.portal.door import customer_of, for_customers


@require_GET
@for_customers
def violations(request: Request) -> HttpResponse:
    """One's own violations, newest first."""
    found = leasing.customer_violations(customer_id=customer_of(request.actor), actor=request.actor)
    context = {
        "tab": "me",
        "violations": [
            (row, words.VIOLATION_WORDS[row.state], words.VIOLATION_TONES[row.state])
            for row in found
        ],
    }
    return render(request, "portal/violations.html", context)


@require_GET
@for_customers
def violation(request: Request, violation_id: UUID) -> HttpResponse:
    """One violation with what was said against it."""
    card = leasing.violation_card(violation_id=violation_id, actor=request.actor)
    state = card.row.state
    context = {
        "tab": "me",
        "card": card,
        "row": card.row,
        "words": words.VIOLATION_WORDS[state],
        "tone": words.VIOLATION_TONES[state],
        "may_dispute": state == "NOTIFIED",
        "files": acts.DISPUTE_FILES,
    }
    return render(request, "portal/violation.html", context)


@require_POST
@for_customers
def dispute(request: Request, violation_id: UUID) -> HttpResponse:
    """Say why it is not one's own, with photos."""
    leasing.violation_card(violation_id=violation_id, actor=request.actor)
    said = request.POST.get("words", "").strip()[:400]
    if not said:
        messages.warning(request, _("Say in a few words why."))
        return redirect("portal-violation", violation_id)
    try:
        acts.dispute_violation(
            violation_id=violation_id,
            words=said,
            evidence=[
                (photo.name or "photo", photo.read())
                for photo in request.FILES.getlist("photos")[: acts.DISPUTE_FILES + 1]
            ],
            actor=request.actor,
            at=timezone.now(),
        )
    except (FileNotAccepted, FileTooLarge, acts.TermsInvalid) as refusal:
        messages.warning(request, refusal.words)
        return redirect("portal-violation", violation_id)
    messages.success(request, _("We look at it and answer here."))
    return redirect("portal-violation", violation_id)


@require_GET
@for_customers
def evidence(request: Request, violation_id: UUID, file_id: UUID) -> HttpResponse:
    """A file that was sent with the dispute."""
    found = leasing.violation_evidence(
        violation_id=violation_id, file_id=file_id, actor=request.actor
    )
    return show_file(found.content, found.media_type)
