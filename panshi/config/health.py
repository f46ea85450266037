"""Is this process alive, is it ready, and its figures: for people, probes and Prometheus."""

from django.conf import settings
from django.db import DatabaseError, connection
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.http import require_GET
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from panshi.config import supervisor
from panshi.org.middleware import public


@public
@require_GET
def healthz(request: HttpRequest) -> HttpResponse:
    return HttpResponse("ok", content_type="text/plain")


@public
@require_GET
def readyz(request: HttpRequest) -> HttpResponse:
    """200 when the database answers, else 503 with the reason."""
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except DatabaseError as error:
        reason = str(error).strip().split("\n")[0]
        return JsonResponse({"ready": False, "database": reason}, status=503)
    status = supervisor.read_status(settings.HOME.run)
    processes = {child.name: child.state for child in status.children} if status else {}
    return JsonResponse({"ready": True, "database": "ok", "processes": processes})


@public
@require_GET
def metrics(request: HttpRequest) -> HttpResponse:
    return HttpResponse(generate_latest(), content_type=CONTENT_TYPE_LATEST)
