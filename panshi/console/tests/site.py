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
from django.urls import URLPattern, URLResolver, path

PASSWORD: Final = "Lvtu-2027-wuliu"
COMPANY: Final = "深圳市绿途新能源物流车辆运营有限公司"

_PAGE: Final = """
{% extends "console/base.html" %}
{% block title %}试验台{% endblock %}
{% block action %}<a class="btn btn-primary" href="/staff/">人员</a>{% endblock %}
{% block content %}
<div hx-target="#parent"><button id="own" class="btn" hx-get="/try/words/">own</button></div>
<div hx-target:inherited="#parent"><button id="heir" class="btn" hx-get="/try/words/">heir</button></div>
<p id="parent">parent</p>
<div id="posts"><button id="post" class="btn" hx-post="/try/post/" hx-target="#posts">post</button></div>
<div id="slot">before</div>
{% for code in codes %}<button id="ask-{{ code }}" class="btn" hx-post="/try/status/{{ code }}/" hx-target="#slot">{{ code }}</button>{% endfor %}
<div id="alpine" x-data="{n: 1}"><button id="count" class="btn" x-on:click="n = n + 1" x-text="n">0</button></div>
<a id="open-drawer" data-drawer href="/try/drawer/">drawer</a>
<form id="guarded" method="post" action="/try/post/" data-guard>{% csrf_token %}<input id="typed" name="typed"><button id="danger" class="btn btn-danger" data-confirm="报废 3 辆车？">报废</button></form>
{% include "kit/chart.html" with chart_id="rent" chart_title="租金，万元" chart_option=chart %}
{% endblock %}
"""
_MAP: Final = """
{% extends "console/base.html" %}
{% block title %}地图{% endblock %}
{% block content %}{% include "kit/map.html" with map_url="/try/points/" map_live="org.*" map_label="车辆" %}{% endblock %}
"""
_DRAWER: Final = """
{% extends "kit/drawer.html" %}{% block title %}粤B·D12345{% endblock %}
{% block body %}<input id="in-drawer" class="form-control">{% endblock %}
"""
_CHART: Final[dict[str, Any]] = {
    "xAxis": {"type": "category", "data": ["1月", "2月", "3月"]},
    "yAxis": {"type": "value"},
    "series": [{"type": "bar", "data": [12.5, 13.1, None]}],
}


def _render(request: HttpRequest, text: str, **context: Any) -> HttpResponse:
    from django.template import engines

    return HttpResponse(engines["django"].from_string(text).render(context, request))


def page(request: HttpRequest) -> HttpResponse:
    return _render(request, _PAGE, codes=("422", "409", "500", "404"), chart=_CHART)


def map_page(request: HttpRequest) -> HttpResponse:
    return _render(request, _MAP)


def drawer(request: HttpRequest) -> HttpResponse:
    return _render(request, _DRAWER)


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


def found() -> None:
    """A platform, a region, four operators, and the people of one of them."""
    from django.utils import timezone

    from panshi.kit.tenancy import hq_actor
    from panshi.org import services

    at = timezone.now()
    platform = services.found_platform(
        name="磐石平台", city="北京", actor=hq_actor(), at=at
    ).node_id
    region = services.create_node(
        parent_id=platform,
        kind="REGION",
        name="华南区域运营中心",
        city="广州",
        actor=hq_actor(platform),
        at=at,
    ).node_id
    nodes = [
        services.register_operator(
            region_id=region, name=name, city=city, actor=hq_actor(region), at=at
        ).node_id
        for city, name in (("深圳", COMPANY), ("东莞", "东莞市顺驰新能源汽车租赁有限公司"))
    ]
    people = [
        ("hq", "周启明", platform, "ADMINISTRATOR"),
        ("chen", "陈雨桐", nodes[0], "ADMINISTRATOR"),
        ("audit", "孙静怡", nodes[0], "AUDITOR"),
        ("locked", "高翔", nodes[0], "DISPATCHER"),
        ("engineer", "黄志强", nodes[0], "ENGINEER"),
    ]
    names = "刘洋 张伟 吴敏 徐丽华 马超 何雪梅 林小燕 罗勇 梁佳慧 谢婷 韩冰 唐强 冯远 董洁 袁泉 郑凯 丁一 方圆 石磊 白桦"
    people += [
        (f"person{n}", name, nodes[0], ("SALES", "FINANCE", "WAREHOUSE")[n % 3])
        for n, name in enumerate(names.split())
    ]
    for username, full_name, node, role in people:
        services.create_user(
            org_id=node,
            username=username,
            full_name=full_name,
            roles=[role],
            password=PASSWORD,
            actor=hq_actor(node),
            at=at,
        )


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
            search.Hit(title=f"粤B·{text}", url="/staff/", detail=COMPANY, icon="truck")
        ],
    )


def main(port: int) -> None:
    import uvicorn
    from django.core.handlers.asgi import ASGIHandler

    django.setup()
    found()
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
