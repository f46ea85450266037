"""The real pages on a free port, over a database of their own, with a few pages to try things on.

`python -m panshi.console.tests.site PORT` founds a small company and serves until it is ended.
"""

import json
import os
import sys
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, Final

import django
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.urls import URLPattern, URLResolver, path

from panshi.console.tests import company

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
        path("try/drawer/", drawer),
        path("try/words/", words),
        path("try/post/", post),
        path("try/status/<int:code>/", status),
        path("try/points/", points),
    ]


def offer_panels() -> None:
    """Panels and hits as a room would offer them."""
    from panshi.kit import home, search
    from panshi.kit.records import Tile

    home.register(
        home.Panel(
            name="try-figures",
            zone="figures",
            title="我的数据",
            rows=lambda actor: [
                Tile(label="在租车辆", value=1284, kind="number", unit="辆", trend=[3, 4, None, 5]),
                Tile(label="本月应收", value=Decimal("3862140.50"), kind="money", url="/staff/"),
                Tile(label="逾期金额", value=Decimal("46200.00"), kind="money", tone="bad"),
                Tile(label="在线率", value=0.953, kind="percent", hint="近 24 小时"),
            ],
        )
    )
    search.register(
        "try",
        "车辆",
        lambda actor, text, limit: [
            search.Hit(title=f"粤B·{text}", url="/staff/", detail=company.COMPANY, icon="truck")
        ],
    )


def main(port: int) -> None:
    import uvicorn
    from django.core.handlers.asgi import ASGIHandler

    django.setup()
    company.found()
    offer_panels()
    sys.stdout.write(json.dumps({"ready": port}) + "\n")
    sys.stdout.flush()
    uvicorn.run(ASGIHandler(), port=port, lifespan="off", log_level="warning")


if __name__ == "__main__":
    os.environ["DJANGO_SETTINGS_MODULE"] = "panshi.console.tests.site_settings"
    main(int(sys.argv[1]))
else:
    urlpatterns = _patterns()
    handler403 = "panshi.console.views.forbidden"
    handler404 = "panshi.console.views.not_found"
    handler500 = "panshi.console.views.fault"
