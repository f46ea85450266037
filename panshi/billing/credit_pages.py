"""Giving back of a bill: all of it, an amount, or line by line; and dropping a draft."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Final
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.urls import path, reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from panshi.billing import queries, services
from panshi.billing.queries import CreditableLine
from panshi.billing.services import CreditLine
from panshi.kit.forms import Field, Form, Reading
from panshi.kit.money import ZERO, split, yuan
from panshi.kit.web import Request, needs, once

WHOLE: Final = "WHOLE"
AMOUNT: Final = "AMOUNT"
LINES: Final = "LINES"


def _form(lines: Sequence[CreditableLine]) -> Form:
    """How much, why, and what of each line; the last fields count for LINES only."""
    left = sum((line.left for line in lines), ZERO)
    return Form(
        fields=[
            Field(
                name="how",
                label=_("Give back"),
                kind="choice",
                choices=[
                    (WHOLE, _("All that is left, %s") % yuan(left)),
                    (AMOUNT, _("An amount, shared among the lines")),
                    (LINES, _("Line by line")),
                ],
            ),
            Field(name="reason", label=_("Reason"), longest=200, help=_("It stands on the note.")),
            Field(
                name="amount",
                label=_("Amount"),
                kind="money",
                required=False,
                least=Decimal("0.01"),
            ),
            *(
                Field(
                    name=f"line_{line.position}",
                    label=f"{line.position}. {line.words}",
                    kind="money",
                    required=False,
                    least=0,
                    group=_("Line by line") if line is lines[0] else "",
                    help=_("At most %s.") % yuan(line.left),
                )
                for line in lines
            ),
        ]
    )


def _parts(form: Reading, lines: Sequence[CreditableLine]) -> list[CreditLine]:
    """What is given back of each line; refuses beside the field that is wrong."""
    how, left = form.values["how"], sum((line.left for line in lines), ZERO)
    if how == WHOLE:
        parts = [line.left for line in lines]
    elif how == AMOUNT:
        amount = form.values["amount"] or ZERO
        if not ZERO < amount <= left:
            form.refuse("amount", _("Write an amount up to %s.") % yuan(left))
            return []
        parts = split(amount, [line.left for line in lines])
    else:
        parts = [form.values[f"line_{line.position}"] or ZERO for line in lines]
        for line, part in zip(lines, parts, strict=True):
            if part > line.left:
                form.refuse(f"line_{line.position}", _("At most %s.") % yuan(line.left))
        if not any(parts):
            form.refuse("how", _("Write what is given back of at least one line."))
    return [
        CreditLine(line_id=line.id, gross=part)
        for line, part in zip(lines, parts, strict=True)
        if part
    ]


@require_http_methods(["GET", "POST"])
@needs("billing.credit_bill")
def credit(request: Request, bill_id: UUID) -> HttpResponse:
    """Write a credit note for an issued bill."""
    card = queries.creditable(bill_id=bill_id, actor=request.actor)
    lines = [line for line in card.lines if line.left]
    declared = _form(lines)
    context = {
        "bill": card,
        "left": sum((line.left for line in lines), ZERO),
        "submit": _("Write the credit note"),
        "cancel_url": reverse("billing-bill", args=[bill_id]),
    }
    if request.method == "GET":
        blank = declared.blank(how=WHOLE)
        return blank.respond(request, "billing/credit.html", context)
    form = declared.read(request.POST)
    parts = _parts(form, lines) if form.ok else []
    if form.ok:
        fact, _new = once(
            key=form.key,
            actor=request.actor,
            name="billing.credit_bill",
            call=lambda: services.credit_bill(
                bill_id=bill_id,
                lines=parts,
                reason=form.values["reason"],
                actor=request.actor,
                at=timezone.now(),
            ),
        )
        messages.success(request, _("The credit note is issued."))
        return redirect("billing-bill", UUID(str(fact["credit_id"])))
    return form.respond(request, "billing/credit.html", context)


@require_POST
@needs("billing.discard_drafts")
def discard(request: Request, bill_id: UUID) -> HttpResponse:
    """Drop a draft; the next run draws it anew."""
    services.discard_drafts(bill_ids=[bill_id], actor=request.actor, at=timezone.now())
    messages.success(request, _("The draft is dropped; the next run draws it anew."))
    return redirect("billing-bill", bill_id)


URLS: Final = [
    path("finance/bills/<uuid:bill_id>/credit/", credit, name="billing-credit"),
    path("finance/bills/<uuid:bill_id>/discard/", discard, name="billing-discard"),
]
