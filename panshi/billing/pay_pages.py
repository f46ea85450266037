"""The pay page behind its signed address, and the door for the channels' notices."""

from uuid import UUID

import segno
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.safestring import SafeString, mark_safe
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_POST

from panshi.billing import channels, queries, services, simulator
from panshi.billing.channels import port
from panshi.billing.models import Channel
from panshi.kit.refusals import Refusal
from panshi.kit.tenancy import hq_actor
from panshi.kit.web import Request
from panshi.org.middleware import public

LARGEST_NOTICE = 64 * 1024
_PHONES = ("Mobi", "Android", "iPhone")


@require_POST
def pay_link(request: Request, bill_id: UUID) -> HttpResponse:
    """Start a payment of one bill and open its pay page, to make it or to pass the address on."""
    fact = services.start_payment(
        bill_ids=[bill_id],
        channel=queries.first_channel(),
        actor=request.actor,
        at=timezone.now(),
    )
    return redirect("billing-pay", services.pay_token(payment_id=fact.payment_id))


@public
@require_http_methods(["GET", "POST"])
def pay(request: HttpRequest, token: str) -> HttpResponse:
    """What is to be paid and by which channels; then the channel's address or code."""
    card, words, status = None, "", 200
    try:
        payment_id = services.payment_of_token(token=token)
        card = queries.payment_card(payment_id=payment_id, actor=hq_actor())
        if request.method == "POST":
            return redirect(_act(request, card, token))
    except Refusal as refusal:
        card, words, status = None, refusal.words, 409
    context = {
        "payment": card,
        "words": words,
        "back": _way_back(request),
        "channels": [(code, Channel(code).label) for code in queries.pay_channels()],
        "code": _drawn(card),
    }
    return render(request, "billing/pay.html", context, status=status)


def _act(request: HttpRequest, card: queries.PaymentCard, token: str) -> str:
    """Place the order, or ask what became of it; answers where to go. Raises refusals."""
    actor, now = hq_actor(card.org_id), timezone.now()
    page = reverse("billing-pay", args=[token])
    if request.POST.get("act") == "ask":
        services.query_payment(payment_id=card.id, actor=actor, at=now)
        return page
    channel = request.POST.get("channel") or card.channel
    opened = services.open_payment(
        payment_id=card.id,
        channel=channel,
        notify_url=request.build_absolute_uri(reverse("billing-callback", args=[channel])),
        return_url=request.build_absolute_uri(page),
        phone=any(mark in request.headers.get("User-Agent", "") for mark in _PHONES),
        payer_ip=request.META.get("REMOTE_ADDR", ""),
        actor=actor,
        at=now,
    )
    if channel == Channel.SIM:
        notice = simulator.paid(merchant_no=card.merchant_no, amount=card.amount, at=now)
        services.record_callback(
            channel=notice.channel, headers=notice.headers, body=notice.body, actor=actor, at=now
        )
        return page
    return opened.target if opened.kind == port.PAGE else page


def _drawn(card: queries.PaymentCard | None) -> SafeString | None:
    """The code that the payer scans, as a drawing."""
    if card is None or card.state != "PENDING" or card.target_kind != port.CODE:
        return None
    drawing = segno.make(card.pay_target, error="m").svg_inline(border=2, omitsize=True)
    return mark_safe(drawing)  # Drawn from squares alone; nothing of the text stands in it.


def _way_back(request: HttpRequest) -> str:
    """The bills of who is signed in; who came by a link alone has no pages here."""
    if not request.user.is_authenticated:
        return ""
    return reverse("billing-bills" if request.user.customer_id is None else "portal-bills")


@public
@csrf_exempt
@require_POST
def callback(request: HttpRequest, channel: str) -> HttpResponse:
    """Where a channel posts its notices; a repeated one is answered as taken.

    So is one that we keep and do not believe for its amount or its moment: the channel is asked
    about it, and telling us again would change nothing.
    """
    found = channels.offered().get(channel)
    if found is None:
        return HttpResponse(status=404)
    body = request.read(LARGEST_NOTICE + 1)
    if len(body) > LARGEST_NOTICE:
        return HttpResponse(status=413)
    taken = True
    try:
        services.record_callback(
            channel=channel,
            headers=request.headers,
            body=body,
            actor=hq_actor(),
            at=timezone.now(),
        )
    except (services.CallbackRepeated, services.AmountMismatch, services.PaymentNotOpen):
        taken = True
    except port.Garbage:
        return HttpResponse(status=400)
    except Refusal:
        taken = False
    receipt = found.receipt(taken=taken)
    return HttpResponse(receipt.body, content_type=receipt.media_type, status=receipt.status)
