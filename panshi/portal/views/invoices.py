"""Invoices: what was made out, and asking for one on bills that are paid."""

from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from panshi.billing import queries as billing
from panshi.billing import services as acts
from panshi.crm import queries as crm
from panshi.kit.refusals import Refusal
from panshi.kit.web import Request
from panshi.portal import words
from panshi.portal.door import customer_of, for_customers


@require_http_methods(["GET", "POST"])
@for_customers
def invoices(request: Request) -> HttpResponse:
    customer_id = customer_of(request.actor)
    typed = {name: request.POST.get(name, "")[:120] for name in ("buyer_name", "buyer_tax_no")}
    refused = ""
    if request.method == "POST":
        try:
            acts.request_invoice(
                bill_ids=_chosen(request),
                buyer_name=typed["buyer_name"],
                buyer_tax_no=typed["buyer_tax_no"][:24],
                actor=request.actor,
                at=timezone.now(),
            )
            messages.success(request, _("We send the invoice as soon as it is issued."))
            return redirect("portal-invoices")
        except Refusal as refusal:
            refused = refusal.words
    else:
        card = crm.customer_card(customer_id=customer_id, actor=request.actor)
        typed["buyer_name"] = card.name
    rows = billing.customer_invoices(customer_id=customer_id, actor=request.actor)
    bills = billing.invoiceable_bills(customer_id=customer_id, actor=request.actor)
    subjects = billing.bill_subjects(bill_ids=tuple(b.id for b in bills), actor=request.actor)
    context = {
        "tab": "me",
        "bills": [(bill, subjects.get(bill.id, bill.number)) for bill in bills],
        "invoices": [
            (row, words.INVOICE_WORDS[row.state], words.INVOICE_TONES[row.state]) for row in rows
        ],
        "typed": typed,
        "refused": refused,
    }
    return render(request, "portal/invoices.html", context, status=409 if refused else 200)


def _chosen(request: Request) -> list[UUID]:
    chosen = []
    for word in request.POST.getlist("bill"):
        try:
            chosen.append(UUID(word))
        except ValueError:
            continue
    return chosen
