"""A bill in dispute: what its payer says, noted by hand or sent by phone, and the answer."""

from collections.abc import Callable
from typing import Final
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.urls import path
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy
from django.views.decorators.http import require_POST

from panshi.billing import services
from panshi.billing.models import DISPUTE_WORDS, DisputeVerdict
from panshi.kit.facts import Fact
from panshi.kit.forms import Field, Form
from panshi.kit.web import Request, needs

DISPUTE: Final = Form(
    fields=[
        Field(name="words", label=lazy("What the payer says"), kind="area", longest=DISPUTE_WORDS),
    ]
)
ANSWER: Final = Form(
    fields=[
        Field(name="verdict", label=lazy("Who is right"), kind="choice", choices=DisputeVerdict),
        Field(
            name="answer",
            label=lazy("Answer"),
            kind="area",
            longest=DISPUTE_WORDS,
            help=lazy("The payer reads it beside the bill."),
        ),
    ]
)


def _send(
    request: Request, back_to: UUID, form: Form, verb: Callable[..., Fact], done: str, **given: UUID
) -> HttpResponse:
    """Call the verb with what was typed, or say what does not fit; back to the bill."""
    reading = form.read(request.POST)
    if reading.ok:
        reading.call(request, verb, at=timezone.now(), **given)
        messages.success(request, done)
    else:
        messages.error(request, " ".join(reading.errors.values()))
    return redirect("billing-bill", back_to)


@require_POST
@needs("billing.dispute_bill")
def dispute(request: Request, bill_id: UUID) -> HttpResponse:
    """Note what a payer said on the phone or at the desk."""
    done = _("Noted. An answer in writing is due now.")
    return _send(request, bill_id, DISPUTE, services.dispute_bill, done, bill_id=bill_id)


@require_POST
@needs("billing.answer_dispute")
def answer(request: Request, bill_id: UUID, dispute_id: UUID) -> HttpResponse:
    """Tell the payer what was found."""
    verb = services.answer_dispute
    return _send(request, bill_id, ANSWER, verb, _("Answered."), dispute_id=dispute_id)


URLS: Final = [
    path("finance/bills/<uuid:bill_id>/dispute/", dispute, name="billing-dispute"),
    path(
        "finance/bills/<uuid:bill_id>/disputes/<uuid:dispute_id>/answer/",
        answer,
        name="billing-dispute-answer",
    ),
]
