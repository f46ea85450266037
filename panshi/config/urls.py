"""All URLs: each room's own, below the door it belongs to."""

from importlib.util import find_spec

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.urls import URLPattern, URLResolver, include, path
from django.views.decorators.http import require_GET
from django.views.i18n import set_language

from panshi import __version__
from panshi.config import health
from panshi.config.settings import ROOMS
from panshi.kit import http_api
from panshi.org.middleware import public


@require_GET
def openapi(request: HttpRequest) -> HttpResponse:
    """The OpenAPI document; without sign-in, as it holds no data."""
    return JsonResponse(http_api.document(__version__))


handler403 = "panshi.console.views.forbidden"
handler404 = "panshi.console.views.not_found"
handler500 = "panshi.console.views.fault"

urlpatterns: list[URLPattern | URLResolver] = [
    path("healthz", health.healthz, name="healthz"),
    path("readyz", health.readyz, name="readyz"),
    path("metrics", health.metrics, name="metrics"),
    path("api/openapi.json", public(openapi), name="openapi"),
    path("api/v1/<slug:room>/<slug:name>", http_api.call, name="api"),
    path("language/", public(set_language), name="set_language"),
    *[
        path("", include(f"panshi.{room}.urls"))
        for room in ROOMS
        if find_spec(f"panshi.{room}.urls")
    ],
]
