"""A visit without network: everything is kept on the phone and reaches the server once."""

import io
import re
import struct
import zlib

import pytest
from playwright.sync_api import FilePayload, Page, Route, expect

from panshi.field.tests import make
from panshi.field.tests.walking import draw, walk
from tests import pictures
from tests.site import Opener, Site

pytestmark = [pytest.mark.browser, pytest.mark.needs_database, pytest.mark.plain]


def picture(width: int = 2000, height: int = 1500) -> bytes:
    """A PNG larger than a photo may be kept."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        check = struct.pack(">I", zlib.crc32(kind + data))
        return struct.pack(">I", len(data)) + kind + data + check

    row = b"\x00" + b"\x2a\x7f\x51" * width
    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"".join(
        (
            b"\x89PNG\r\n\x1a\n",
            chunk(b"IHDR", head),
            chunk(b"IDAT", zlib.compress(row * height)),
            chunk(b"IEND", b""),
        )
    )


SMALL: FilePayload = {"name": "s.png", "mimeType": "image/png", "buffer": picture(320, 240)}
ANSWERS = {"new_parts": "No parts", "did": "冷却液渗漏，换了密封圈并补液，再试没有漏"}


def press(page: Page, words: str) -> None:
    page.get_by_role("button", name=words, exact=True).click()


def ready(page: Page) -> None:
    """The day is fetched and the worker holds the shell."""
    page.wait_for_selector(".stop-card")
    page.wait_for_selector("html[data-worker=ready]")


def test_a_visit_without_network_arrives_once(phone: Opener, site: Site) -> None:
    page = phone("huang", "/field/", language="en")
    context = page.context
    ready(page)
    page.reload()
    ready(page)
    context.set_offline(True)
    page.click(".stop-card")

    press(page, "Accept the job")
    press(page, "I am setting off")
    press(page, "I am at the vehicle")
    press(page, "As reported")
    # The repair by the handbook: what an answer opens or closes is known without the server.
    assert walk(page, "onsite-repair", ANSWERS, SMALL) == 13
    photo: FilePayload = {"name": "p.png", "mimeType": "image/png", "buffer": picture()}
    page.set_input_files('input[data-purpose="BEFORE"]', photo)
    expect(page.get_by_text("1 photos")).to_be_visible()
    page.set_input_files('input[data-purpose="AFTER"]', photo)
    expect(page.get_by_text("2 photos")).to_be_visible()
    page.select_option("select", index=0)
    press(page, "Take from the van")
    expect(page.locator(".plain li")).to_have_count(1)
    page.fill("#signed-by", "陈国强")
    draw(page, page.locator("canvas"))
    press(page, "Keep")
    expect(page.locator("canvas")).to_be_hidden()
    press(page, "The work is finished")
    page.fill("#reading-BATTERY_12V", "12.8")
    press(page, "I have checked the work")
    expect(page.get_by_text("A second person checks")).to_be_visible()
    expect(page.locator("#count")).to_have_text("29 not uploaded")
    assert site.ask("SELECT state FROM service_visit WHERE accepted_at IS NOT NULL") == []

    page.close()
    again = context.new_page()
    again.goto("/field/")
    expect(again.locator("#net")).to_contain_text("Offline")
    expect(again.locator("#count")).to_have_text("29 not uploaded")
    again.goto("/field/#queue")
    again.get_by_role("button", name="Sign out").click()
    expect(again.locator("#say")).to_contain_text("29 acts are not uploaded yet")
    again.goto("/field/#queue")
    with again.expect_download() as download:
        again.get_by_role("button", name="Save to a file").click()
    saved = io.BytesIO(download.value.path().read_bytes()).read().decode()
    assert saved.count('"verb"') == 29

    # The reply to one act is lost on the way: the server has it, the phone does not know.
    dropped: list[str] = []

    def drop_one(route: Route) -> None:
        if not dropped:
            dropped.append(route.request.headers["idempotency-key"])
            route.fetch()
            route.abort()
        else:
            route.continue_()

    context.route("**/field/acts/", drop_one)
    context.set_offline(False)
    # The visit ends once the signature has been told to the handbook: the phone asks until then.
    expect(again.locator("#count")).to_have_text(re.compile("^(Uploading )?2( not uploaded)?$"))
    site.do(make.let_facts_arrive)
    expect(again.locator("#count")).to_have_text("All uploaded", timeout=60_000)

    assert len(dropped) == 1
    keys = site.ask("SELECT key::text, count(*) FROM kit_idempotent GROUP BY 1")
    assert dict(keys)[dropped[0]] == 1
    assert len(keys) == 29
    assert site.ask("SELECT purpose, count(*) FROM service_photo GROUP BY 1 ORDER BY 1") == [
        ("AFTER", 1), ("BEFORE", 1), ("SIGNATURE", 1),
    ]  # fmt: skip
    assert site.ask("SELECT count(*) FROM service_partused") == [(1,)]
    assert site.ask("SELECT state FROM service_visit WHERE accepted_at IS NOT NULL") == [("DONE",)]
    assert site.ask("SELECT state FROM service_workorder WHERE done_at IS NOT NULL") == [
        ("SELF_CHECKED",)
    ]
    assert site.ask(
        "SELECT r.state, r.steps_done, r.steps_due, min(e.captured_at) < max(s.server_at)"
        " FROM handbook_run r JOIN handbook_evidence e ON e.run_id = r.id"
        " JOIN handbook_runstep s ON s.run_id = r.id GROUP BY 1, 2, 3"
    ) == [("CLOSED", 14, 14, True)]
    assert site.ask(
        "SELECT step_id, count(file_id) FROM handbook_evidence WHERE kind = 'photo'"
        " GROUP BY 1 ORDER BY 1"
    ) == [("after", 2), ("before", 2), ("stands", 1), ("torque", 1)]
    media = site.ask(
        "SELECT f.media_type, f.size FROM kit_storedfile f JOIN service_photo p ON p.file_id = f.id"
        " WHERE p.purpose = 'AFTER'"
    )
    assert media[0][0] == "image/jpeg"
    assert re.search(r"All uploaded", again.locator("#count").inner_text())


def test_a_refused_act_stays_with_its_words(phone: Opener, site: Site) -> None:
    page = phone("zhou", "/field/", language="en")
    page.wait_for_selector("html[data-worker=ready]")
    with_key = (
        "async ([verb, given]) => { const body = new FormData();"
        " const now = new Date().toISOString();"
        " body.append('verb', verb); body.append('given', JSON.stringify(given));"
        " body.append('done_at', now); body.append('now', now);"
        " const token = document.cookie.match(/csrftoken=([^;]+)/)[1];"
        " const answer = await fetch('/field/acts/', {method: 'POST', body,"
        " headers: {'Idempotency-Key': crypto.randomUUID(), 'X-CSRFToken': token}});"
        " return [answer.status, (await answer.json()).words]; }"
    )
    visit = site.ask("SELECT id FROM service_visit LIMIT 1")[0][0]

    status, words = page.evaluate(with_key, ["service.accept_visit", {"visit_id": str(visit)}])

    assert status == 409
    assert "another engineer" in words


def test_a_paper_is_handed_in_where_there_is_no_network(phone: Opener, site: Site) -> None:
    site.do(make.set_paper)
    page = phone("huang", "/handbook/exams/", language="en")
    press(page, "Sit the exam")
    page.locator("dialog[open] .btn-primary").click()
    questions = page.locator(".paper-question")
    expect(questions).to_have_count(4)
    expect(page.get_by_role("img", name="Picture to be judged").locator("svg")).to_be_visible()
    page.context.set_offline(True)
    for number in range(4):
        questions.nth(number).locator("input").first.check()
    press(page, "Hand in")
    expect(page.locator("[data-kept]")).to_contain_text("Your answers are kept on this phone")
    pictures.take(page, "field/paper-offline-en")
    assert site.ask("SELECT state FROM handbook_attempt") == [("BEGUN",)]

    page.context.set_offline(False)

    expect(page.locator(".paper-question[data-right]")).to_have_count(4, timeout=30_000)
    (state, chosen) = site.ask(
        "SELECT min(a.state), count(q.chosen) FROM handbook_attempt a"
        " JOIN handbook_attemptquestion q ON q.attempt_id = a.id"
    )[0]
    assert (state in ("PASSED", "FAILED"), chosen) == (True, 4)
    assert page.evaluate("Object.keys(localStorage).filter((key) => /paper/.test(key))") == []


def test_sign_out_wipes_the_phone(phone: Opener) -> None:
    page = phone("zhou", "/field/", language="en")
    page.wait_for_selector("html[data-worker=ready]")
    page.reload()
    page.wait_for_selector(".blank")
    page.goto("/field/#queue")

    page.get_by_role("button", name="Sign out").click()
    page.locator("dialog [data-yes]").click()
    page.wait_for_url("**/sign-in/**")

    kept = page.evaluate(
        "async () => [(await indexedDB.databases()).length,"
        " (await caches.keys()).filter((name) => name.startsWith('panshi-pages')).length]"
    )
    assert kept == [0, 0]
