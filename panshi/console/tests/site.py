"""The addresses of the house, with a few pages to try things on."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, Final, cast

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.urls import URLPattern, URLResolver, path

from panshi.console.tests import sample
from panshi.kit.tables import Slice
from panshi.kit.web import Request

_CHART: Final[dict[str, Any]] = {
    "xAxis": {"type": "category", "data": ["1月", "2月", "3月"]},
    "yAxis": {"type": "value"},
    "series": [{"type": "bar", "data": [12.5, 13.1, None]}],
}


def page(request: HttpRequest) -> HttpResponse:
    context = {"codes": ("422", "409", "500", "404"), "chart": _CHART}
    return render(request, "try_try.html", context)


def map_page(request: HttpRequest) -> HttpResponse:
    return render(request, "try_map.html")


def drawer(request: HttpRequest) -> HttpResponse:
    return render(request, "try_drawer.html")


def record(request: HttpRequest) -> HttpResponse:
    return render(request, "try_record.html", sample.lease())


def fleet(request: HttpRequest) -> HttpResponse:
    ask = sample.VEHICLES.read(request.GET)
    part = Slice(rows=sample.vehicles(), total=1284, totals={"rent": Decimal("3862140.50")})
    return sample.VEHICLES.respond(cast(Request, request), ask, part, "try_list.html")


def words(request: HttpRequest) -> HttpResponse:
    return HttpResponse("words")


def post(request: HttpRequest) -> HttpResponse:
    """Answers the button again, so that a second post leaves from swapped markup."""
    return HttpResponse(
        '<button id="post" class="btn" hx-post="/try/post/" hx-target="#posts">posted</button>'
    )


def status(request: HttpRequest, code: int) -> HttpResponse:
    from django.http import Http404

    from panshi.kit.refusals import Refusal

    if code == 409:
        raise Refusal("押金未到账，不能交车。", way_out="/staff/")
    if code == 404:
        raise Http404
    if code == 500:
        raise RuntimeError("meant to fail")
    return HttpResponse("swapped", status=code)


def points(request: HttpRequest) -> HttpResponse:
    rows = [
        [114.058 + 0.01 * n, 22.543 + 0.006 * (n % 7), tone, f"粤B·D{n:05d}", ""]
        for n, tone in enumerate(["ok", "idle", "warn", "bad", "info"] * 8)
    ]
    return JsonResponse(
        {
            "points": rows,
            "cells": [[113.751, 23.021, 1280]],
            "bounds": [[113.7, 22.4], [114.5, 23.1]],
            "at": datetime(2027, 3, 9, 4, 3, 20, tzinfo=UTC).strftime("%H:%M:%S"),
        }
    )


def _patterns() -> list[URLPattern | URLResolver]:
    from panshi.config.urls import urlpatterns as house

    return [
        *house,
        path("try/", page),
        path("try/map/", map_page),
        path("try/record/", record),
        path("try/list/", fleet),
        path("try/drawer/", drawer),
        path("try/words/", words),
        path("try/post/", post),
        path("try/status/<int:code>/", status),
        path("try/points/", points),
    ]


urlpatterns = _patterns()
handler403 = "panshi.console.views.forbidden"
handler404 = "panshi.console.views.not_found"
handler500 = "panshi.console.views.fault"
