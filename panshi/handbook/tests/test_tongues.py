"""The book in the reader's language; what is written in Chinese only says so on an English page."""

from collections.abc import Callable
from datetime import timedelta
from html.parser import HTMLParser
from uuid import UUID

import pytest
from django.urls import reverse
from django.utils import timezone

from panshi.handbook import services
from panshi.handbook.models import Run
from panshi.handbook.tests import make
from panshi.kit.ids import uuid7
from panshi.kit.tenancy import hq_actor
from panshi.kit.wording import is_chinese
from panshi.org.models import OrgNode
from panshi.org.tests import make as org_make
from panshi.org.tests.window import page, window
from panshi.telematics.events import VehicleWentOffline

pytestmark = pytest.mark.usefixtures("in_force")

VOID = frozenset({"br", "hr", "img", "input", "link", "meta", "use", "path", "circle", "rect"})
# What is of the people and places of the test and not of the book.
OWN = ("杭州", "王芳", "中文")


class _Texts(HTMLParser):
    """Texts of `<main>` with what language the elements around them say, or none."""

    def __init__(self) -> None:
        super().__init__()
        self.around: list[tuple[str, str]] = []
        self.found: list[tuple[str, bool]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in VOID:
            self.around.append((tag, dict(attrs).get("lang") or ""))

    def handle_endtag(self, tag: str) -> None:
        while self.around and tag not in VOID:
            if self.around.pop()[0] == tag:
                return

    def handle_data(self, data: str) -> None:
        tags = {tag for tag, _lang in self.around}
        if "main" in tags and not tags & {"script", "style"}:
            told = any(lang == "zh-Hans" for tag, lang in self.around if tag != "html")
            self.found.append((data.strip(), told))


def texts(html: str) -> list[tuple[str, bool]]:
    reader = _Texts()
    reader.feed(html)
    assert reader.found
    return reader.found


def untold(html: str) -> list[str]:
    """Chinese that stands on a page as though it were of its language."""
    return [
        text
        for text, told in texts(html)
        if is_chinese(text) and not told and not any(word in text for word in OWN)
    ]


@pytest.fixture
def node() -> OrgNode:
    make.edition()
    return org_make.operator()


def _run(org: OrgNode) -> str:
    now = timezone.now()
    fact = VehicleWentOffline(
        org_id=org.id, actor_id=UUID(int=0), at=now, vehicle_id=uuid7(), hours=24,
        last_report_at=now - timedelta(hours=24), soc_pct=60.0,
    )  # fmt: skip
    boss = hq_actor(org.id)
    services.start_runs(facts=[fact], actor=boss, at=now)
    run = Run.objects.get(fact_id=fact.id)
    services.take_run(run_id=run.id, actor=boss, at=now)
    services.pause_run(run_id=run.id, waits_for="customer", reason="客户在外地", actor=boss, at=now)
    services.resume_run(run_id=run.id, actor=boss, at=now)
    return reverse("handbook-run", args=[run.id])


@pytest.mark.parametrize(
    "address",
    [
        _run,
        lambda _org: reverse("handbook-node", args=["return-inspection"]),
        lambda _org: reverse("handbook-node", args=["return-photo-compare"]),
        lambda _org: reverse("handbook-search") + "?text=交车照片",
        lambda _org: reverse("handbook-search") + "?text=return inspection",
        lambda _org: reverse("handbook-panorama"),
        lambda _org: reverse("handbook-editions"),
    ],
    ids=["run", "node", "below", "found", "found-english", "panorama", "editions"],
)
def test_an_english_page_says_what_of_it_is_chinese(
    node: OrgNode, address: Callable[[OrgNode], str]
) -> None:
    html = page(window(node, "OPERATIONS").get(address(node)))

    assert untold(html) == []


def test_what_is_found_is_called_as_its_reader_calls_it(node: OrgNode) -> None:
    address = reverse("handbook-search") + "?text=环车一圈"
    english = page(window(node, "OPERATIONS").get(address))
    chinese = page(window(node, "OPERATIONS", language="zh-hans").get(address))

    assert "CS-D-20 Return inspection" in english
    assert "Round of pictures" in english
    assert "CS-D-20 退车验车" in chinese
    assert "Return inspection" not in chinese
    assert 'lang="zh-Hans"' not in chinese.partition("<main")[2]
