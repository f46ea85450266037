"""The fleet's pages, as a browser asks them."""

import io
import re
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone
from python_calamine import load_workbook

from panshi.fleet import services
from panshi.fleet.models import ComplianceRule, Document, UpkeepTask, Vehicle
from panshi.fleet.services import NewDocument
from panshi.fleet.sheet import SHEET
from panshi.fleet.tests import make
from panshi.kit import workbooks
from panshi.kit.tenancy import hq_actor
from panshi.org.models import OrgNode
from panshi.org.tests import make as org_make
from panshi.org.tests.window import Window, page, window

# A page of the shell asks for the session, the person, its place in the tree and its tray as well;
# a record also for the procedures that run on it.
LIST_QUERIES = 21
RECORD_QUERIES = 31


@pytest.fixture
def node() -> OrgNode:
    make.model()
    return org_make.operator()


@pytest.fixture
def client(node: OrgNode) -> Window:
    return window(node, "OPERATIONS")


def test_the_list_shows_filters_sorts_and_pages(client: Window, node: OrgNode) -> None:
    made = [make.vehicle(org=node, papers=False) for _ in range(25)]
    idle = make.vehicle(org=node, state="IDLE", city="宁波")
    foreign = make.vehicle()
    url = reverse("fleet-vehicles")

    first = page(client.get(url, {"sort": "plate"}))
    assert made[0].vin in first
    assert foreign.vin not in first
    assert re.search(r"\b26\b.* records", first)
    second = page(client.get(url, {"sort": "plate", "page": "2"}))
    assert made[0].vin not in second
    assert made[24].vin in second
    for query in ({"state": "IDLE"}, {"city": "宁波"}, {"text": idle.plate[-5:]}):
        found = page(client.get(url, query))
        assert idle.vin in found
        assert made[0].vin not in found
    assert "Nothing matches" in page(client.get(url, {"text": "ZZZZ"}))


def test_the_list_goes_out_as_a_workbook(client: Window, node: OrgNode) -> None:
    vehicle = make.vehicle(org=node)
    answer = client.get(reverse("fleet-vehicles"), {"export": "xlsx"})
    grid = load_workbook(io.BytesIO(answer.content)).get_sheet_by_index(0).to_python()
    assert grid[0][:2] == ["Plate", "VIN"]
    assert grid[1][:2] == [vehicle.plate, vehicle.vin]
    whole = client.get(reverse("fleet-sheet"))
    grid = load_workbook(io.BytesIO(whole.content)).get_sheet_by_index(0).to_python()
    assert grid[1][0] == vehicle.vin


@pytest.mark.parametrize("count", [1, 20])
def test_the_lists_ask_the_same_number_of_questions_for_any_number_of_rows(
    client: Window, node: OrgNode, count: int
) -> None:
    for _ in range(count):
        make.vehicle(org=node)
    for name in ("fleet-vehicles", "fleet-calendar"):
        with CaptureQueriesContext(
            connection,
        ) as asked:
            page(client.get(reverse(name), {"within": "365"}))
        assert len(asked) <= LIST_QUERIES, [query["sql"][:90] for query in asked]


def test_the_record_shows_papers_history_and_what_can_be_done(
    client: Window, node: OrgNode
) -> None:
    vehicle = make.vehicle(org=node)
    services.deploy_vehicle(vehicle_id=vehicle.id, actor=hq_actor(), at=timezone.now())
    with CaptureQueriesContext(connection) as asked:
        shown = page(client.get(reverse("fleet-vehicle", args=[vehicle.id])))
    assert len(asked) <= RECORD_QUERIES, [query["sql"][:90] for query in asked]
    for words in (vehicle.vin, "Compulsory insurance", "2099-12-31", "Leased", "Send to service"):
        assert words in shown
    assert "Make ready" not in shown


@pytest.mark.parametrize(
    ("kept", "shown"),
    [("OWN", "Own funds"), ("FINANCE_LEASE", "Finance lease"), ("股东借款", "股东借款")],
)
def test_the_record_says_in_words_how_a_vehicle_was_paid_for(
    client: Window, node: OrgNode, kept: str, shown: str
) -> None:
    vehicle = make.vehicle(org=node)
    Vehicle.objects.filter(id=vehicle.id).update(funding=kept)
    text = page(client.get(reverse("fleet-vehicle", args=[vehicle.id])))
    assert shown in text
    assert kept == shown or kept not in text


def test_a_strangers_vehicle_is_not_found(client: Window) -> None:
    foreign = make.vehicle()
    for name in ("fleet-vehicle", "fleet-file-paper"):
        assert client.get(reverse(name, args=[foreign.id])).status_code == 404
    assert client.get(reverse("fleet-act", args=[foreign.id, "idle"])).status_code == 404


def test_pages_ask_for_their_permission(node: OrgNode) -> None:
    trainer = window(node, "TRAINER")
    for name in ("fleet-vehicles", "fleet-calendar", "fleet-import", "fleet-register"):
        assert trainer.get(reverse(name)).status_code == 409


def test_acts_move_the_vehicle_and_refusals_are_told(client: Window, node: OrgNode) -> None:
    vehicle = make.vehicle(org=node, state="IDLE")
    client.post(reverse("fleet-act", args=[vehicle.id, "ready"]))
    vehicle.refresh_from_db()
    assert vehicle.state == "READY"
    assert client.post(reverse("fleet-act", args=[vehicle.id, "ready"])).status_code == 409
    idle = reverse("fleet-act", args=[vehicle.id, "idle"])
    assert "Reason" in page(client.get(idle))
    assert client.post(idle, {"reason": ""}).status_code == 422
    assert client.post(idle, {"reason": "等客户"}).status_code == 302
    vehicle.refresh_from_db()
    assert vehicle.state == "IDLE"
    assert client.get(reverse("fleet-act", args=[vehicle.id, "fly"])).status_code == 404


def test_a_vehicle_is_registered_once_and_a_bad_vin_told_at_its_field(
    client: Window, node: OrgNode
) -> None:
    url = reverse("fleet-register")
    assert "VIN" in page(client.get(url))
    given = {
        "vin": make.vin(), "model_code": "QY-V42", "city": "杭州", "plate": make.plate(),
        "cost": "86800", "_key": "01890000-0000-7000-8000-000000000001",
    }  # fmt: skip
    wrong = client.post(url, {**given, "vin": "LPSEV4E10RA00000I"})
    assert wrong.status_code == 422
    assert "does not occur in a VIN" in wrong.content.decode()
    first, second = client.post(url, given), client.post(url, given)
    assert first.headers["Location"] == second.headers["Location"]
    assert Vehicle.objects.get(org=node).cost == Decimal(86800)


def test_a_paper_is_filed_with_its_scan_and_read_again(client: Window, node: OrgNode) -> None:
    vehicle = make.vehicle(org=node, papers=False)
    url = reverse("fleet-file-paper", args=[vehicle.id])
    scan = b"%PDF-1.7 policy"
    given: dict[str, Any] = {"kind": "COMPULSORY_INSURANCE", "expires_on": "2027-05-31"}

    def upload() -> SimpleUploadedFile:
        return SimpleUploadedFile("保单.pdf", scan, "application/pdf")

    assert "Compulsory insurance" in page(client.get(url, {"kind": "COMPULSORY_INSURANCE"}))
    assert client.post(url, {**given, "scan": upload()}).status_code == 302
    document = Document.objects.get(vehicle=vehicle)
    answer = client.get(reverse("fleet-paper", args=[document.id]))
    assert (answer.content, answer.headers["Content-Type"]) == (scan, "application/pdf")
    again = client.post(url, {**given, "scan": upload()})
    assert (again.status_code, Document.objects.count()) == (422, 1)
    reversed_days = client.post(url, {**given, "issued_on": "2027-06-01"})
    assert reversed_days.status_code == 422
    stranger = window(org_make.operator(), "OPERATIONS")
    assert stranger.get(reverse("fleet-paper", args=[document.id])).status_code == 404


def test_the_calendar_tells_what_lapses_when(client: Window, node: OrgNode) -> None:
    vehicle = make.vehicle(org=node)
    today = timezone.localdate()
    services.file_documents(
        documents=[
            NewDocument(
                vehicle_id=vehicle.id, kind="ROAD_PERMIT", expires_on=today + timedelta(days=5)
            ),
            NewDocument(
                vehicle_id=vehicle.id, kind="INSPECTION", expires_on=today - timedelta(days=2)
            ),
        ],
        actor=hq_actor(),
        at=timezone.now(),
    )
    shown = page(client.get(reverse("fleet-calendar")))
    assert "lapsed 2 days ago" in shown
    assert "5 days left" in shown
    lapsed = page(client.get(reverse("fleet-calendar"), {"within": "0"}))
    assert "lapsed 2 days ago" in lapsed
    assert "5 days left" not in lapsed
    assert vehicle.vin in page(client.get("/")) or vehicle.plate[2:] in page(client.get("/"))


def test_the_calendar_draws_its_month_and_lists_a_day(client: Window, node: OrgNode) -> None:
    vehicle = make.vehicle(org=node)
    services.file_documents(
        documents=[
            NewDocument(vehicle_id=vehicle.id, kind="INSPECTION", expires_on=date(2031, 3, 14))
        ],
        actor=hq_actor(),
        at=timezone.now(),
    )
    month = page(client.get(reverse("fleet-calendar"), {"month": "2031-03"}))
    assert "March 2031" in month
    assert "Annual inspection 1" in month
    day = page(client.get(reverse("fleet-calendar"), {"on": "2031-03-14"}))
    assert vehicle.plate[2:] in day
    other = page(client.get(reverse("fleet-calendar"), {"on": "2031-03-15"}))
    assert vehicle.plate[2:] not in other
    assert client.get(reverse("fleet-calendar"), {"month": "never"}).status_code == 200


def test_the_platform_changes_and_confirms_a_rule_and_operators_read_it(client: Window) -> None:
    shown = page(client.get(reverse("fleet-rules")))
    assert "§" in shown
    url = reverse("fleet-rule", args=["ROAD_PERMIT"])
    assert url not in shown
    given = {
        "rungs": "30，15，0", "told": "CLERK, lead, HQ", "grace_days": "0", "blocks": "on",
        "confirmed": "on",
    }  # fmt: skip
    assert client.post(url, given).status_code == 409
    platform = window(org_make.platform(), "DECISION_MAKER")
    assert url in page(platform.get(reverse("fleet-rules")))
    assert "30, 15, 7, 3, 0" in page(platform.get(url))
    refused = platform.post(url, {**given, "rungs": "0, 30"})
    assert (refused.status_code, "widest" in refused.content.decode()) == (422, True)
    assert platform.post(url, given).status_code == 302
    rule = ComplianceRule.objects.get(code="ROAD_PERMIT")
    assert (rule.rungs, rule.told) == ([30, 15, 0], ["CLERK", "LEAD", "HQ"])
    assert rule.confirmed_on is not None


def test_the_record_of_a_paper_tells_versions_views_and_is_verified(
    client: Window, node: OrgNode
) -> None:
    vehicle = make.vehicle(org=node)
    document = Document.objects.filter(vehicle=vehicle, kind="INSPECTION").get()
    url = reverse("fleet-paper-record", args=[document.id])
    assert "Nobody has held this version" in page(client.get(url))
    assert client.post(reverse("fleet-verify-paper", args=[document.id])).status_code == 302
    assert "Verified by 王芳" in page(client.get(url))
    again = client.post(reverse("fleet-verify-paper", args=[document.id]))
    assert again.status_code == 409


def test_maintenance_is_recorded_on_the_vehicles_page(client: Window, node: OrgNode) -> None:
    vehicle = make.vehicle(org=node, odometer_km=Decimal(100))
    url = reverse("fleet-maintenance", args=[vehicle.id])
    assert "Maintained on" in page(client.get(url))
    assert client.post(url, {"on": "", "odometer_km": "120"}).status_code == 422
    assert client.post(url, {"on": "2026-11-02", "odometer_km": "120"}).status_code == 302
    vehicle.refresh_from_db()
    assert (vehicle.serviced_on, vehicle.serviced_km) == (date(2026, 11, 2), Decimal(120))


def test_the_idle_board_draws_the_charge_and_a_task_is_finished(
    client: Window, node: OrgNode
) -> None:
    vehicle = make.vehicle(org=node, state="IDLE", at=timezone.now() - timedelta(days=8))
    services.plan_upkeep(
        levels=[
            services.LevelNow(vehicle_id=vehicle.id, soc_pct=Decimal(33), soc_at=timezone.now())
        ],
        actor=hq_actor(),
        at=timezone.now(),
    )
    board = page(client.get(reverse("fleet-idle")))
    for words in (vehicle.plate[2:], "8 days", "33 %", "Check call"):
        assert words in board
    assert "Start it, 12 V battery" in page(client.get(reverse("fleet-upkeep")))
    task = UpkeepTask.objects.get(vehicle=vehicle, kind="START")
    url = reverse("fleet-upkeep-task", args=[task.id])
    assert "12.20 V" in page(client.get(url))
    refused = client.post(url, {"volts": "11.8"})
    assert (refused.status_code, "12.20 V" in refused.content.decode()) == (422, True)
    assert client.post(url, {"volts": "12.7", "cost": "3"}).status_code == 302
    task.refresh_from_db()
    assert (task.state, task.volts, task.cost) == ("DONE", Decimal("12.70"), Decimal(3))
    assert "12.7" in page(client.get(url))
    stranger = window(org_make.operator(), "OPERATIONS")
    assert stranger.get(url).status_code == 404


def test_a_workbook_is_chosen_previewed_applied_and_undone(client: Window, node: OrgNode) -> None:
    row = {
        "vin": make.vin(), "plate": make.plate(), "model": "青原 轻运 V42", "city": "杭州",
        "state": "READY", "inspection_on": date(2027, 4, 30),
    }  # fmt: skip
    url = reverse("fleet-import")
    assert "Excel file" in page(client.get(url))
    template = client.get(reverse("fleet-import-template"))
    assert template.content.startswith(b"PK")

    def choose(content: bytes) -> Any:
        return client.post(url, {"file": SimpleUploadedFile("台账.xlsx", content)})

    no_sheet = choose(b"not a workbook")
    assert no_sheet.status_code == 422
    assert "not an xlsx file" in no_sheet.content.decode()

    sample = client.get(reverse("fleet-sample")).content
    bad = choose(sample)
    shown = page(client.get(bad.headers["Location"]))
    assert "车架号" in shown
    for words in ("does not occur in a VIN", "should be", "this one has 16"):
        assert shown.count(words) == 1
    marked = client.get(bad.headers["Location"] + "marked/")
    assert marked.content.startswith(b"PK")
    assert client.post(bad.headers["Location"] + "commit/").status_code == 409
    assert not Vehicle.objects.filter(org=node).exists()

    good = choose(workbooks.write(sheet=SHEET, rows=[row]))
    assert "Enter 1 row" in page(client.get(good.headers["Location"]))
    assert client.post(good.headers["Location"] + "commit/").status_code == 302
    assert Vehicle.objects.filter(org=node).count() == 1
    assert "Undo this import" in page(client.get(good.headers["Location"]))
    assert "台账.xlsx" in page(client.get(url))
    stranger = window(org_make.operator(), "OPERATIONS")
    assert stranger.get(good.headers["Location"]).status_code == 404
    assert client.post(good.headers["Location"] + "undo/").status_code == 302
    assert not Vehicle.objects.filter(org=node).exists()


def test_the_palette_finds_a_vehicle_by_part_of_its_plate(client: Window, node: OrgNode) -> None:
    vehicle = make.vehicle(org=node)
    assert str(vehicle.id) in page(client.get("/search/", {"text": vehicle.plate[-5:]}))
