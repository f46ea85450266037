"""The page from which a month's revenue is recognised by hand, when the night has not done it."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from panshi.billing import queries, services
from panshi.billing.views import read_month
from panshi.kit.clock import add_months
from panshi.kit.money import yuan
from panshi.kit.web import Request, needs


@require_http_methods(["GET", "POST"])
@needs("billing.recognise_revenue")
def recognition(request: Request) -> HttpResponse:
    month = read_month(request)
    if request.method == "POST":
        fact = services.recognise_revenue(month=month, actor=request.actor, at=timezone.now())
        words = _("%(entries)d entries posted, %(amount)s recognised.")
        messages.success(request, words % {"entries": fact.entries, "amount": yuan(fact.amount)})
        return redirect(reverse("ledger-months") + f"?month={month:%Y-%m}")
    until = add_months(month, 1)
    page = queries.earned_page(since=month, until=until, actor=request.actor, limit=50)
    context = {"month": month, "page": page}
    return render(request, "billing/recognition.html", context)
