"""The contract on the customer's phone: read it, confirm who one is, agree and sign."""

from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from panshi.kit import proofs
from panshi.kit.web import Request, show_file
from panshi.leasing import queries as leasing
from panshi.leasing import services as acts
from panshi.portal.door import for_customers


@require_GET
@for_customers
def paper(request: Request, lease_id: UUID) -> HttpResponse:
    """The contract as both sides have it; that it was opened is noted."""
    leasing.lease_card(lease_id=lease_id, actor=request.actor)
    row = leasing.contract_of(lease_id=lease_id, actor=request.actor)
    if row is None:
        found = leasing.contract_draft(lease_id=lease_id, actor=request.actor)
    else:
        acts.open_contract(contract_id=row.id, actor=request.actor, at=timezone.now())
        found = leasing.contract_paper(contract_id=row.id, actor=request.actor)
    return show_file(found.content, found.media_type, name=found.name)


@require_http_methods(["GET", "POST"])
@for_customers
def sign(request: Request, lease_id: UUID) -> HttpResponse:
    """Three steps: open the paper, confirm who one is, agree and sign."""
    lease = leasing.lease_card(lease_id=lease_id, actor=request.actor)
    row = leasing.contract_of(lease_id=lease_id, actor=request.actor)
    if row is None:
        raise Http404
    if row.state != "OFFERED":
        return redirect("portal-lease", lease_id)
    card = leasing.contract_card(contract_id=row.id, actor=request.actor)
    proof = proofs.of_session(request.session, user_id=request.actor.id, subject=row.id)
    context = {
        "tab": "me",
        "lease": lease,
        "card": card,
        "consent": leasing.consent_text(actor=request.actor),
        "read": any(look.sha256 == card.sha256 for look in card.looks),
        "proven": bool(proof),
    }
    if request.method == "GET":
        return render(request, "portal/sign.html", context)
    try:
        acts.sign_contract(
            contract_id=row.id,
            consents=request.POST.get("consents") == "yes",
            proof=proof,
            actor=request.actor,
            at=timezone.now(),
        )
    except (acts.ConsentMissing, acts.ContractMissing, proofs.ProofMissing) as refusal:
        refused = {**context, "refused": refusal.words}
        return render(request, "portal/sign.html", refused, status=422)
    request.session.pop(proofs.SESSION, None)
    messages.success(request, _("Signed. The operator signs next; then the deposit is due."))
    return redirect("portal-lease", lease_id)
