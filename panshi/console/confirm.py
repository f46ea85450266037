"""Confirm who one is, in the middle of a visit: before what must not be done by a borrowed screen.

A page leads here with the subject of its act; the proof waits in the session for that page.
"""

from typing import Any
from uuid import UUID

from django.contrib.auth import authenticate
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods
from django_otp import match_token, user_has_device

from panshi.console.sign_in import following
from panshi.kit import proofs
from panshi.org.middleware import public


@public
@never_cache
@sensitive_post_parameters("secret")
@require_http_methods(["GET", "POST"])
def confirm(request: HttpRequest, subject: UUID) -> HttpResponse:
    """Ask for the authenticator's code of who has one, else for the password once more."""
    after = following(request)
    user: Any = request.user
    if not user.is_authenticated:
        return redirect(f"{reverse('sign-in')}?next={after}")
    by_code = user_has_device(user)
    wrong = ""
    if request.method == "POST":
        secret = request.POST.get("secret", "")
        if by_code:
            right = match_token(user, secret.replace(" ", "").lower()) is not None
        else:
            found = authenticate(request, username=user.get_username(), password=secret)
            right = found is not None and found.pk == user.pk
        if right:
            how = proofs.AUTHENTICATOR if by_code else proofs.PASSWORD
            given = proofs.give(user_id=user.pk, subject=subject, how=how)
            request.session[proofs.SESSION] = {str(subject): given}
            return redirect(after)
        wrong = _("That is not right. Try once more.")
    context = {"next": after, "by_code": by_code, "wrong": wrong}
    return render(request, "console/confirm.html", context, status=422 if wrong else 200)
