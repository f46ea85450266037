"""Sign-in: password, then the second factor where the person has or must have one.

These views are open to strangers and run as the login role. With a second factor nobody is signed
in before both are right: the password alone leaves only a note in the session.
"""

from typing import Any, Final
from uuid import UUID

import segno
from django.conf import settings
from django.contrib.auth import authenticate, get_user_model, login, logout
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.safestring import mark_safe
from django.utils.timezone import now
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST
from django_otp import devices_for_user, match_token, user_has_device
from django_otp import login as otp_login
from django_otp.plugins.otp_static.models import StaticDevice, StaticToken
from django_otp.plugins.otp_totp.models import TOTPDevice

from panshi.org.middleware import asking, public

PENDING: Final = "pending_user"
PENDING_S: Final = 300
BACKUP_CODES: Final = 8
_BACKEND: Final = "django.contrib.auth.backends.ModelBackend"


def following(request: HttpRequest) -> str:
    """Where to go after: only an address of this house."""
    wanted = request.POST.get("next") or request.GET.get("next") or "/"
    allowed = url_has_allowed_host_and_scheme(
        wanted, {request.get_host()}, require_https=request.is_secure()
    )
    return wanted if allowed else "/"


@public
@never_cache
@sensitive_post_parameters("password")
@require_http_methods(["GET", "POST"])
def sign_in(request: HttpRequest) -> HttpResponse:
    """User name and password; five wrong tries lock the pair of name and address for a while."""
    after = following(request)
    if request.method == "GET":
        if request.user.is_authenticated:
            return redirect(after)
        return render(request, "console/sign_in.html", {"next": after})
    username = request.POST.get("username", "").strip()
    user: Any = authenticate(request, username=username, password=request.POST.get("password", ""))
    if user is None:
        context = {"next": after, "username": username, "wrong": True}
        return render(request, "console/sign_in.html", context, status=422)
    if user_has_device(user):
        request.session.cycle_key()
        request.session[PENDING] = {"id": str(user.pk), "at": now().timestamp()}
        return redirect(asking(reverse("console-second-factor"), after))
    login(request, user, backend=_BACKEND)
    return _welcome(request, user, after)


def _welcome(request: HttpRequest, user: Any, after: str) -> HttpResponse:
    response = redirect(after)
    if settings.LANGUAGE_COOKIE_NAME not in request.COOKIES:
        response.set_cookie(
            settings.LANGUAGE_COOKIE_NAME, user.language, max_age=365 * 24 * 3600, samesite="Lax"
        )
    return response


def _pending(request: HttpRequest) -> Any:
    """The person whose password was right a moment ago, or who is signed in without the second."""
    note = request.session.get(PENDING)
    if note and now().timestamp() - note["at"] <= PENDING_S:
        return get_user_model().objects.filter(pk=UUID(note["id"]), is_active=True).first()
    return request.user if request.user.is_authenticated else None


@public
@never_cache
@require_http_methods(["GET", "POST"])
def second_factor(request: HttpRequest) -> HttpResponse:
    """The code of the authenticator, or one of the backup codes."""
    user = _pending(request)
    after = following(request)
    if user is None:
        return redirect(asking(reverse("sign-in"), after))
    if not user_has_device(user):
        return redirect("console-second-factor-setup")
    wrong = ""
    if request.method == "POST":
        code = request.POST.get("code", "").replace(" ", "").lower()
        device = match_token(user, code)
        if device is not None:
            login(request, user, backend=_BACKEND)
            request.session.pop(PENDING, None)
            otp_login(request, device)
            return _welcome(request, user, after)
        wrong = _must_wait(user) or _("This code is not right, or was used before.")
    context = {"next": after, "wrong": wrong}
    return render(request, "console/second_factor.html", context, status=422 if wrong else 200)


def _must_wait(user: Any) -> str:
    for device in devices_for_user(user):
        allowed, reason = device.verify_is_allowed()
        if not allowed and reason and "locked_until" in reason:
            seconds = max(int((reason["locked_until"] - now()).total_seconds()) + 1, 1)
            return _("Too many tries. Wait %(seconds)d seconds.") % {"seconds": seconds}
    return ""


@public
@never_cache
@require_http_methods(["GET", "POST"])
def second_factor_setup(request: HttpRequest) -> HttpResponse:
    """Connect an authenticator by its QR code, then show the backup codes once."""
    user: Any = request.user
    if not user.is_authenticated:
        return redirect(f"{reverse('sign-in')}?next={request.path}")
    if user_has_device(user) and not user.is_verified():
        return redirect(f"{reverse('console-second-factor')}?next={request.path}")
    if user_has_device(user):
        return _second_factor_kept(request, user)
    device, _made = TOTPDevice.objects.get_or_create(
        user=user, confirmed=False, defaults={"name": "authenticator"}
    )
    wrong = False
    if request.method == "POST":
        if device.verify_token(request.POST.get("code", "").replace(" ", "")):
            device.confirmed = True
            device.save(update_fields=["confirmed"])
            otp_login(request, device)
            return _show_codes(request, user)
        wrong = True
    drawing = segno.make(device.config_url, error="m").svg_inline(border=0, omitsize=True)
    context = {
        "qr": mark_safe(drawing),
        "secret": " ".join(_in_fours(_base32(device))),
        "wrong": wrong,
    }
    return render(
        request, "console/second_factor_setup.html", context, status=422 if wrong else 200
    )


def _second_factor_kept(request: HttpRequest, user: Any) -> HttpResponse:
    """The page of a person who has one: new backup codes on request."""
    if request.method == "POST":
        return _show_codes(request, user)
    left = StaticToken.objects.filter(device__user=user).count()
    return render(request, "console/second_factor_kept.html", {"left": left})


def _show_codes(request: HttpRequest, user: Any) -> HttpResponse:
    """Make new backup codes, which end the old ones, and show them this once."""
    box, _made = StaticDevice.objects.get_or_create(user=user, defaults={"name": "backup"})
    box.token_set.all().delete()
    codes = [StaticToken.random_token() for _ in range(BACKUP_CODES)]
    StaticToken.objects.bulk_create(StaticToken(device=box, token=code) for code in codes)
    return render(request, "console/backup_codes.html", {"codes": codes})


def _base32(device: Any) -> str:
    from base64 import b32encode

    return b32encode(device.bin_key).decode().rstrip("=")


def _in_fours(text: str) -> list[str]:
    return [text[at : at + 4] for at in range(0, len(text), 4)]


@public
@require_POST
def sign_out(request: HttpRequest) -> HttpResponse:
    logout(request)
    return redirect("sign-in")
