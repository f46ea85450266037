"""A return inspected where there is no network: priced, signed by both, uploaded once."""

import random
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

import pytest
from playwright.sync_api import FilePayload, Locator, Page, Route, expect

from panshi.field.tests import make
from panshi.field.tests.test_offline import SMALL, picture, press
from panshi.field.tests.walking import draw, judges_as_the_server, walk
from panshi.fleet.rules import wear
from tests import pictures
from tests.site import Opener, Site, running

pytestmark = [pytest.mark.browser, pytest.mark.needs_database, pytest.mark.plain]
EMPTY: Final[FilePayload] = {"name": "e.jpg", "mimeType": "image/jpeg", "buffer": b""}
HEIC: Final[FilePayload] = {
    "name": "h.heic", "mimeType": "image/heic", "buffer": b"\x00\x00\x00\x18ftypheic" + b"0" * 99,
}  # fmt: skip


RETURN = {"identity": "粤BD12345", "odometer": "9000", "soc": "41", "spread": "18", "treads": "6",
          "differences": "左侧中部凹陷一处，45 毫米"}  # fmt: skip
HANDOVER = {"identity": "粤BD20871", "signer_name": "王芳", "odometer": "870", "soc": "92",
            "tread": "7", "damage_list": "无", "kit_missing": "无", "reserved": "无"}  # fmt: skip


@pytest.fixture(scope="module")
def site(static_files: Path) -> Iterator[Site]:
    with running("yard", static_files, arrange=make.arrange_by_the_book) as site:
        yield site


def look(page: Page, name: str) -> None:
    page.evaluate("scrollTo(0, 0)")
    pictures.take(page, f"field/{name}")


def sign(page: Page, who: str) -> None:
    section = page.locator(".step", has=page.locator(f"#signed-{who}"))
    box = section.locator("canvas")
    draw(page, box)
    section.locator(f"[data-keep={who}]").click()
    expect(box).to_be_hidden()


def view(page: Page, code: str) -> Locator:
    page.locator(f"[data-view={code}]").click()
    return page.locator(f"[data-view-photo={code}]")


def photograph(page: Page, code: str, photo: FilePayload) -> None:
    view(page, code).set_input_files(photo)
    expect(page.locator(f"[data-view={code}]")).to_have_class("view view-done")


def reckonings(count: int) -> list[dict[str, Any]]:
    """Marks and clauses at random, a third of them at the edge of what is free."""
    pick = random.Random(20261122)
    kinds, parts = ("SCRATCH", "TYRE", "CARGO_WEAR"), wear.VIEWS["LEFT"]

    def tenth(most: int) -> str:
        return str(Decimal(pick.randint(0, most * 10)) / 10)

    def mark() -> dict[str, Any]:
        return {"view": "LEFT", "part": pick.choice(parts), "damage": pick.choice(kinds),
                "size": tenth(30), "count": pick.randint(1, 4)}  # fmt: skip

    def clause(number: int) -> dict[str, Any]:
        return {
            "code": f"{number}", "damage": pick.choice(kinds),
            "parts": pick.sample(parts, 2) if pick.random() < 0.4 else [],
            "from_months": pick.choice((0, 0, 12, 24)), "free_size": tenth(12),
            "free_count": pick.randint(0, 2),
            "unit": pick.choice(("EACH", "PERCENT", "WORN_SHARE", "AGED")),
            "price": str(Decimal(pick.randint(1, 90_000)) / 100), "full_size": tenth(20),
            "life_months": pick.choice((0, 36, 60)),
        }  # fmt: skip

    return [
        {
            "known": [mark() for _ in range(3)], "marks": [mark() for _ in range(4)],
            "clauses": [clause(n) for n in range(5)],
            "rule": {"months": pick.randint(0, 70), "km": pick.choice((0, 1, 9000))},
        }
        for _ in range(count)
    ]  # fmt: skip


def by_the_server(case: dict[str, Any]) -> list[list[Any]]:
    def marks(rows: list[dict[str, Any]]) -> list[wear.Mark]:
        return [wear.Mark(**row | {"size": Decimal(row["size"])}) for row in rows]

    sums = ("free_size", "price", "full_size")
    clauses = [
        wear.Clause(**row | {key: Decimal(row[key]) for key in sums} | {"parts": (*row["parts"],)})
        for row in case["clauses"]
    ]
    changes = wear.diff(marks(case["known"]), marks(case["marks"]))
    lines = wear.price(
        changes,
        clauses,
        age_months=case["rule"]["months"],
        distance_km=Decimal(case["rule"]["km"]),
    )
    due = {line.change.key: line for line in lines}
    return [
        [change.status, line.clause if (line := due.get(change.key)) else "",
         int(line.amount * 100) if line else 0]
        for change in changes
    ]  # fmt: skip


def reckons_as_the_server(page: Page) -> None:
    """The phone's price of any damage is the server's, to the fen."""
    cases = reckonings(300)
    found = page.evaluate(
        "async (cases) => { const [address] = performance.getEntriesByType('resource')"
        ".map((entry) => entry.name).filter((name) => /field\\/wear\\./.test(name));"
        " const { priced } = await import(address);"
        " return cases.map(({ known, marks, clauses, rule }) => priced(known, marks, clauses, rule)"
        ".map((line) => [line.status, line.clause?.code ?? '', line.fen])); }",
        cases,
    )
    assert found == [by_the_server(case) for case in cases]


def test_a_return_without_network_is_priced_signed_and_settling_once(
    phone: Opener, site: Site
) -> None:
    page = phone("yard", "/field/", language="en")
    context = page.context
    page.wait_for_selector(".yard-line")
    page.wait_for_selector("html[data-worker=ready]")
    page.reload()
    page.wait_for_selector(".yard-line")
    reckons_as_the_server(page)
    judges_as_the_server(page)
    page.locator(".yard-line", has_text="Return from the customer").click()
    with page.expect_response("**/field/acts/"):
        press(page, "The vehicle stands in the yard")
    look(page, "return-begin-en")
    site.do(make.let_facts_arrive)
    page.reload()
    page.wait_for_selector("[data-run=return-inspection]")
    press(page, "Begin the inspection")
    photo: FilePayload = {"name": "p.png", "mimeType": "image/png", "buffer": picture()}
    photograph(page, "FRONT", photo)
    expect(page.locator("#count")).to_have_text("All uploaded")

    # Here the network is cut, in the middle of the round.
    context.set_offline(True)
    by_the_book = page.locator("[data-run=return-inspection]")
    by_the_book.locator(".check-proof textarea").fill("粤BD54321")
    by_the_book.get_by_role("button", name="Keep").click()
    expect(page.locator("#count")).to_have_text("1 not uploaded")
    expect(by_the_book.locator(".check-done")).to_have_count(1)
    assert walk(page, "return-inspection", RETURN, SMALL, until="round") == 3
    look(page, "return-procedure-en")
    view(page, "LEFT").set_input_files(EMPTY)
    expect(page.locator("[data-fault]:visible")).to_contain_text("0 bytes")
    page.locator("[data-view-photo=LEFT]").set_input_files(HEIC)
    expect(page.locator("[data-fault]:visible")).to_contain_text("HEIC")
    photograph(page, "LEFT", photo)
    expect(page.locator("[data-fault]:visible")).to_have_count(0)
    page.locator("[data-part=SIDE_LEFT]").click()
    page.select_option("#mark-damage", "DENT")
    page.fill("#mark-size", "45")
    page.locator("[data-mark-photo]").set_input_files(photo)
    expect(page.get_by_text("Photo taken")).to_be_visible()
    look(page, "return-mark-en")
    page.locator("dialog.sheet").get_by_role("button", name="Keep").click()
    expect(page.locator("[data-part=SIDE_LEFT]")).to_have_class("dot dot-new")
    expect(page.locator("[data-part=DOOR_LEFT]")).to_have_class("dot dot-known")
    for code in ("REAR", "RIGHT"):
        photograph(page, code, photo)
    expect(by_the_book.locator("[data-step=round].check-done")).to_have_count(4)
    page.locator("[data-check=KEYS]").check()
    page.fill("#reading-km", "1100")
    page.fill("#reading-pct", "41")
    expect(page.locator(".step .note-warn:visible")).to_contain_text("1200")
    page.fill("#reading-km", "9000")
    readings = page.locator(".step", has=page.locator("#reading-km"))
    readings.get_by_role("button", name="Keep").click()
    page.locator("[data-fit=true]").click()
    expect(page.locator("#cost-total")).to_have_text("¥260.00")
    expect(page.locator("[data-status=NEW]")).to_contain_text("1.3")
    expect(page.locator("[data-status=SAME]")).to_contain_text("Left door")
    page.fill("#signed-customer", "王芳")
    look(page, "return-offline-en")
    sign(page, "customer")
    sign(page, "staff")
    press(page, "Both have signed: take it back")
    expect(page.locator("#say")).to_contain_text("Not photographed yet: Cargo space")
    # One picture proves both: those of the round above are not asked for again, and the two that
    # are still missing are taken here, and are there in the round.
    assert walk(page, "return-inspection", RETURN, SMALL) == 13
    expect(page.locator("[data-view=CARGO]")).to_have_class("view view-done")
    look(page, "return-one-picture-en")
    press(page, "Both have signed: take it back")
    expect(page.get_by_text("Done on this phone")).to_be_visible()
    # Photos of five views, one mark, two signatures, the inspection, the return; the procedure's
    # wrong plate, its 14 steps that no picture of a view proves, and its signature.
    expect(page.locator("#count")).to_have_text("26 not uploaded")
    assert site.ask("SELECT state FROM leasing_lease WHERE arrived_at IS NOT NULL") == [
        ("RETURNING",)
    ]

    page.close()
    again = context.new_page()
    again.goto("/field/")
    expect(again.locator("#count")).to_have_text("26 not uploaded")
    dropped: list[str] = []

    def drop_one(route: Route) -> None:
        if "complete_inspection" in (route.request.post_data or "") and not dropped:
            dropped.append(route.request.headers["idempotency-key"])
            route.fetch()
            route.abort()
        else:
            route.continue_()

    context.route("**/field/acts/", drop_one)
    context.set_offline(False)
    expect(again.locator("#count")).to_have_text("All uploaded", timeout=60_000)

    assert len(dropped) == 1
    assert site.ask("SELECT state FROM leasing_lease WHERE arrived_at IS NOT NULL") == [
        ("SETTLING",)
    ]
    assert site.ask(
        "SELECT kind, odometer_km, passed, customer_signed FROM fleet_inspection WHERE kind = 'IN'"
    ) == [("IN", Decimal("9000.0"), True, "王芳")]
    marked = (
        "SELECT m.part, m.size, m.photo_id IS NOT NULL FROM fleet_damagemark m"
        " JOIN fleet_inspection i ON i.id = m.inspection_id WHERE i.kind = 'IN' ORDER BY 1"
    )
    assert site.ask(marked) == [
        ("DOOR_LEFT", Decimal("30.0"), False), ("SIDE_LEFT", Decimal("45.0"), True),
    ]  # fmt: skip
    assert site.ask(
        "SELECT count(*) FROM fleet_inspectionphoto p"
        " JOIN fleet_inspection i ON i.id = p.inspection_id WHERE i.kind = 'IN'"
    ) == [(6,)]
    assert site.ask(
        "SELECT count(*), count(DISTINCT e.iteration), count(p.id), bool_and(e.sha256 = f.sha256)"
        " FROM handbook_evidence e JOIN kit_storedfile f ON f.id = e.file_id"
        " LEFT JOIN fleet_inspectionphoto p ON p.file_id = e.file_id WHERE e.step_id = 'round'"
    ) == [(6, 6, 6, True)]
    assert site.ask(
        "SELECT count(*), count(signature_id), count(staff_signature_id), count(inspection_id),"
        " min(checklist->>'KEYS') FROM leasing_handover WHERE kind = 'IN'"
    ) == [(1, 1, 1, 1, "YES")]
    assert site.ask("SELECT count(*) FROM kit_idempotent") == [(29,)]
    assert by_the_handbook(site) == [("return-inspection", "CLOSED", 20, 20, 1)]

    again.goto("/field/")
    again.wait_for_selector(".yard-line")
    expect(again.locator(".yard-line", has_text="Return from the customer")).to_contain_text("Done")
    for language in ("zh-hans", "en"):
        the_rest_of_the_day(phone, language)
    assert by_the_handbook(site)[1:] == [("handover-inspection", "CLOSED", 40, 40, 0)]
    assert site.ask("SELECT volts FROM fleet_upkeeptask WHERE state = 'DONE'") == [
        (Decimal("12.60"),)
    ]
    assert site.ask("SELECT count(*) FROM fleet_inspection WHERE kind = 'COUNT'") == [(1,)]


def by_the_handbook(site: Site) -> list[tuple[Any, ...]]:
    """The procedures of handing over and back: node, state, steps done, due, and turns back."""
    return site.ask(
        "SELECT n.slug, r.state, r.steps_done, r.steps_due, r.round"
        " FROM handbook_run r JOIN handbook_node n ON n.id = r.node_id"
        " WHERE n.slug IN ('return-inspection', 'handover-inspection') ORDER BY r.started_at"
    )


def hand_over_by_the_book(page: Page) -> None:
    """The procedure comes from the server and is walked to its end without it."""
    press(page, "开始：交车验车与交接签署")
    page.wait_for_selector("[data-run=handover-inspection]")
    walk(page, "handover-inspection", HANDOVER, SMALL, until="round")
    page.context.set_offline(True)
    walk(page, "handover-inspection", HANDOVER, SMALL)
    look(page, "delivery-procedure-zh")
    page.context.set_offline(False)
    expect(page.locator("#count")).to_have_class("count-link count-ok", timeout=60_000)


def the_rest_of_the_day(phone: Opener, language: str) -> None:
    """A delivery is begun, upkeep done, a lot counted; and how that looks in either language."""
    page = phone("yard", "/field/", language=language)
    page.wait_for_selector(".yard-line")
    look(page, f"day-{language}")

    def open_line(kind: str, words: str) -> None:
        page.goto("/field/")
        page.locator(f'.yard-line[href^="#{kind}/"]', has_text=words).first.click()
        expect(page.locator("#back")).to_be_visible()
        page.wait_for_selector("#content .panel")

    first = language == "zh-hans"
    open_line("handing", "20871")
    if first:
        press(page, "开始验车")
        page.wait_for_selector("[data-view=FRONT]")
        hand_over_by_the_book(page)
    look(page, f"delivery-{language}")
    if first:
        open_line("upkeep", "12 V")
        page.fill("#upkeep-volts", "12.6")
        look(page, f"upkeep-{language}")
        press(page, "完成任务")
        expect(page.locator(".step-done")).to_have_count(1)
    open_line("count", "龙岗停车场")
    if first:
        press(page, "开始盘点")
        page.locator("[data-plate=粤BD60001]").click()
    expect(page.locator(".seen-yes")).to_have_count(1)
    look(page, f"count-{language}")
    expect(page.locator("#count")).to_have_class("count-link count-ok")
    assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0
