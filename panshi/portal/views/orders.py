"""Jobs: the list, one job with its live progress, giving it up, and the review."""

from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from panshi.kit.web import Request
from panshi.portal import rows, stages, words
from panshi.portal.door import customer_of, for_customers
from panshi.service import queries as service
from panshi.service import services as acts

LONGEST_REVIEW = 500


@require_GET
@for_customers
def orders(request: Request) -> HttpResponse:
    """Running jobs first, then the past ones."""
    customer_id = customer_of(request.actor)
    found = service.customer_orders(customer_id=customer_id, actor=request.actor)
    context = {
        "tab": "service",
        "running": [rows.job(job) for job in found if not rows.is_over(job)],
        "past": [rows.job(job) for job in found if rows.is_over(job)],
    }
    return render(request, "portal/orders.html", context)


@require_GET
@for_customers
def order(request: Request, work_order_id: UUID) -> HttpResponse:
    """One job: where it stands, what it costs, and what the customer can do now."""
    actor = request.actor
    card = service.work_order_card(work_order_id=work_order_id, actor=actor)
    token = service.progress_link(work_order_id=work_order_id, actor=actor)
    try:
        progress = service.live_progress(token=token, actor=actor, at=timezone.now())
    except service.LinkExpired:
        progress = None
    waiting = progress is not None and progress.visit_state in ("PLANNED", "PROMISED", "COMMITTED")
    context = {
        "tab": "service",
        "card": card,
        "state": words.ORDER_WORDS[card.state],
        "tone": words.ORDER_TONES[card.state],
        "progress": progress,
        "way": stages.way_of(progress) if progress else [],
        "eta": stages.eta_of(progress) if progress else None,
        "may_cancel": waiting and card.booking_id is not None and card.state == "SCHEDULED",
        "may_review": progress is not None and progress.may_review,
        "tags": words.REVIEW_TAGS,
        "review_tags": [words.REVIEW_TAGS.get(t, t) for t in card.review.tags]
        if card.review
        else [],
        "bill": rows.bill_of(card.bill_id, actor),
        "link": token if progress else "",
    }
    return render(request, "portal/order.html", context)


@require_POST
@for_customers
def cancel(request: Request, work_order_id: UUID) -> HttpResponse:
    """Give a booking up; the answer says whether it was free."""
    card = service.work_order_card(work_order_id=work_order_id, actor=request.actor)
    if card.booking_id is not None:
        fact = acts.cancel_booking(
            booking_id=card.booking_id,
            reason="CUSTOMER",
            actor=request.actor,
            at=timezone.now(),
        )
        if fact.free:
            messages.success(request, _("The booking is cancelled, free of charge."))
        else:
            messages.success(request, _("The booking is cancelled."))
    return redirect("portal-order", work_order_id)


@require_POST
@for_customers
def review(request: Request, work_order_id: UUID) -> HttpResponse:
    """Say how it was; a second review is refused by the verb."""
    stars = request.POST.get("stars", "")
    if stars not in ("1", "2", "3", "4", "5"):
        messages.warning(request, _("Choose one to five stars."))
        return redirect("portal-order", work_order_id)
    # A stranger's job must not be found rather than refused, so it is looked up first.
    service.work_order_card(work_order_id=work_order_id, actor=request.actor)
    acts.review_work_order(
        work_order_id=work_order_id,
        stars=int(stars),
        tags=tuple(tag for tag in request.POST.getlist("tag") if tag in words.REVIEW_TAGS),
        text=request.POST.get("text", "").strip()[:LONGEST_REVIEW],
        actor=request.actor,
        at=timezone.now(),
    )
    messages.success(request, _("Thank you. Your review is published with our answer."))
    return redirect("portal-order", work_order_id)
