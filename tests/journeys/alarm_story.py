"""The stations of the story of an alarm: what each person does at each window, and what is shown.

Nothing here knows a verb: everything is pressed, typed, signed and read in pages.
"""

import asyncio
import re
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import count
from random import Random
from typing import Final
from urllib.parse import urlsplit

from django.utils.translation import gettext, override
from playwright.sync_api import FilePayload, Locator, Page, expect

from panshi.demo import world
from panshi.demo.driving import FAULTY_KOHM, Driver
from panshi.field.tests.test_offline import picture
from panshi.wire import gb32960
from panshi.wire.client import Terminal
from tests import pictures
from tests.clock import Clock, crowd
from tests.company import Van
from tests.site import DESK, PHONE, Opener, Site
from tests.town import PLACE

SIZES: Final = {"desk": DESK, "phone": PHONE}
_widths = count(640)
SOON_MS: Final = 15_000
LIVE_S: Final = 5.0
LIVE_FIGURES: Final = ("findings", "revenue", "service-time", "satisfaction")
# Codes are for machines; but for a handful of words that people use as they are.
CODES: Final = re.compile(r"\b[A-Z]{2,}_[A-Z_]+\b|\b[a-z]+\.[A-Z][a-z]+[A-Z]\w+")
HAN: Final = re.compile(r"[\u4e00-\u9fff]")
PARKED: Final = "停在园区二号门东侧，门卫王师傅看护"
NAMES: Final = {
    "zh-hans": ("绝缘电阻过低", "绝缘异常处置"),
    "en": ("Insulation resistance low", "Insulation fault handling"),
}


@dataclass
class Story:
    """One telling: for a van, at a width of the staff's windows, in one language."""

    site: Site
    clock: Clock
    opened: Opener
    van: Van
    size: str
    language: str
    seconds: dict[str, float] = field(default_factory=dict)
    pictures: int = 0

    def word(self, english: str) -> str:
        """A sentence of the product as this telling's reader sees it."""
        with override(self.language):
            return gettext(english)

    def desk(self, username: str, path: str) -> Page:
        """A window of the staff, at this telling's width."""
        size = SIZES[self.size]
        return self.opened(
            username, path, language=self.language, width=size["width"], height=size["height"]
        )

    def phone(self, username: str, path: str) -> Page:
        return self.opened(
            username, path, language=self.language, width=PHONE["width"], height=PHONE["height"]
        )

    def look(self, page: Page, name: str, *, headings: int = 1) -> None:
        """What holds for every page of the story, and its picture."""
        page.wait_for_load_state()
        assert page.locator("h1").count() == headings, name
        over = page.evaluate("document.documentElement.scrollWidth - innerWidth")
        assert over <= 0, f"{name} is {over} px too wide"
        text = page.locator("body").inner_text()
        assert not CODES.search(text), f"{name} shows {CODES.findall(text)}"
        if self.language == "en":
            named = page.locator("h1").inner_text().split("·")[0]
            assert not HAN.search(named), f"{name} is called {named}"
        self.pictures += 1
        folder = f"journeys/alarm-{self.size}-{self.language}"
        pictures.take(page, f"{folder}/{self.pictures:02}-{name}")


def send_alarm(site: Site, vin: str, clock: Clock) -> None:
    """A terminal signs in and reports that the insulation has broken down."""
    driver = Driver(
        vin=vin,
        city=world.HANGZHOU,
        model=world.MODELS[0],
        random=Random(3),
        lon=PLACE[0],
        lat=PLACE[1],
        soc=62.0,
        odometer_km=38_420.0,
        insulation_kohm=FAULTY_KOHM,
    )

    async def report() -> None:
        terminal = await Terminal.connect(host="127.0.0.1", port=site.gb_port, identity=vin)
        await terminal.login(at=clock.now())
        answer = await terminal.report(driver.report(clock.now()))
        assert (answer[2], answer[3]) == (gb32960.REALTIME, gb32960.SUCCESS)
        terminal.close()

    # Playwright's own loop runs in this thread.
    with ThreadPoolExecutor(1) as other:
        other.submit(lambda: asyncio.run(report())).result()


def figure(cockpit: Page, slug: str) -> Locator:
    """A tile of the cockpit, with its number of cases, by the indicator that its label leads to."""
    return cockpit.locator(f'.tile:has(a[href*="/indicators/{slug}/"])').first


class Watch:
    """How long an open cockpit takes to show what somebody does elsewhere, in seconds."""

    def __init__(self, story: Story, cockpit: Page, slug: str) -> None:
        self.story, self.slug, self.tile = story, slug, figure(cockpit, slug)
        self.before = self.tile.inner_text()
        self.began = time.monotonic()

    def happened(self) -> None:
        """The fact is true from now on: the page where it was made has answered."""
        self.began = time.monotonic()

    def seen(self) -> str:
        """Wait until the figure is another one; what it is now."""
        try:
            expect(self.tile).not_to_have_text(self.before, timeout=LIVE_S * crowd() * 1000)
        except AssertionError as error:
            error.add_note(f"The worker says:\n{self.story.site.said('worker')}")
            raise
        self.story.seconds[self.slug] = time.monotonic() - self.began
        return self.tile.inner_text()


def path_of(page: Page) -> str:
    return urlsplit(page.url).path


def sees_the_finding(story: Story, cockpit: Page) -> Page:
    """Operations looks at the findings while the frame comes in; answers the page of the run."""
    ops = story.desk("ops", "/diagnosis/findings/")
    row = ops.locator("section.list tbody tr", has_text=story.van.plate[-5:])
    expect(row).to_have_count(0)
    ops.wait_for_selector("html[data-stream=open]")
    watch = Watch(story, cockpit, "findings")
    began = time.monotonic()
    send_alarm(story.site, story.van.vin, story.clock)
    watch.seen()
    expect(row).to_have_count(1, timeout=SOON_MS)
    story.seconds["finding"] = time.monotonic() - began
    expect(row).to_contain_text(NAMES[story.language][0])
    story.look(ops, "findings")
    row.locator("a").first.click()
    ops.wait_for_url("**/diagnosis/findings/*-*/")
    story.look(ops, "finding")

    ops.goto("/handbook/tasks/")
    # An alarm may start more than one procedure; this is the story of one.
    entry = ops.locator(".entry", has_text=story.van.plate[-5:]).filter(
        has_text=NAMES[story.language][1]
    )
    expect(entry).to_have_count(1)
    story.look(ops, "inbox")
    ops.goto("/")
    story.look(ops, "home")
    entry.locator("a").first.click()
    ops.wait_for_url("**/handbook/runs/**")
    expect(ops.locator(".clock-big")).to_be_visible()
    expect(ops.get_by_text(story.word("If it stays open"))).to_be_visible()
    story.look(ops, "run")
    return ops


def step(page: Page, step_id: str, value: str = "") -> None:
    """Do a step of the handbook on the page of its run."""
    part = page.locator(f"#step-{step_id}-0")
    if value:
        given = part.locator("[name=value]")
        if given.evaluate("element => element.tagName") == "SELECT":
            given.select_option(value)
        else:
            given.fill(value)
    part.locator(".run-form .btn-primary").click()
    expect(page.locator(f"#step-{step_id}-0")).to_have_attribute("data-standing", "DONE")


def follows_the_handbook(story: Story, run: Page) -> None:
    """Operations takes the run and does what belongs to the office before anybody sets off."""
    run.get_by_role("button", name=story.word("Take it")).click()
    step(run, "acknowledge")
    step(run, "contact", "已停驶")
    step(run, "parked", PARKED)
    step(run, "platform_kohm", "118")
    step(run, "history", "雨天涉水或洗车")
    step(run, "severity", "限时上门")
    story.look(run, "run-office-done")


def dispatches(story: Story, run_path: str) -> str:
    """The dispatcher opens the work order from the run and reads why these engineers go."""
    dispatch = story.desk("dispatch", "/handbook/tasks/")
    expect(dispatch.locator(f'a[href="{run_path}"]')).to_be_visible()
    story.look(dispatch, "dispatcher-inbox")
    dispatch.locator(f'a[href="{run_path}"]').click()
    dispatch.wait_for_url(f"**{run_path}")
    step(dispatch, "order")
    dispatch.locator('#run-steps .panel-head a[href*="/service/orders/"]').click()
    dispatch.wait_for_url("**/service/orders/*-*/")
    why = dispatch.locator(".panel", has_text=story.word("Why this engineer")).locator("tbody tr")
    expect(why).to_have_count(2)
    expect(why.filter(has_text="黄志强").locator(".state-ok")).to_be_visible()
    order_path = path_of(dispatch)
    expect(dispatch.get_by_text(PARKED)).to_be_visible()  # Where the engineers have to go.
    story.look(dispatch, "order-scheduled")
    dispatch.goto("/service/board/")
    expect(dispatch.locator(f'a[href="{order_path}"]').first).to_be_visible()
    story.look(dispatch, "board")
    return order_path


def press(page: Page, words: str) -> None:
    page.get_by_role("button", name=words, exact=True).click()


def fields_ready(page: Page) -> None:
    """The day is fetched and the worker of the app holds the shell."""
    page.wait_for_selector(".stop-card")
    page.wait_for_selector("html[data-worker=ready]")


def photo(name: str) -> FilePayload:
    """A photo unlike all before it: the handbook doubts a file that comes twice."""
    return {"name": name, "mimeType": "image/png", "buffer": picture(next(_widths), 600)}


class Engineer:
    """An engineer's phone with the job of the story open."""

    def __init__(self, story: Story, username: str) -> None:
        self.story = story
        self.page = story.phone(username, "/field/")
        fields_ready(self.page)
        self.page.reload()
        fields_ready(self.page)
        if username == "huang":
            story.look(self.page, "field-day")
        self.page.locator(".stop-card", has_text=story.van.plate[-5:]).click()
        expect(self.page.locator(".job-head")).to_be_visible()

    def press(self, name: str) -> None:
        press(self.page, self.story.word(name))

    def all_sent(self) -> None:
        sent = self.story.word("All uploaded")
        expect(self.page.locator("#count")).to_have_text(sent, timeout=30_000)

    def check(self, step_id: str, nth: int = 0) -> Locator:
        return self.page.locator(f'li.check[data-step="{step_id}"]').nth(nth)

    def choose(self, step_id: str, nth: int) -> None:
        self.check(step_id).locator(".choices .btn").nth(nth).click()
        self.proved(step_id)

    def measure(self, step_id: str, value: str, nth: int = 0) -> None:
        self.check(step_id, nth).locator("input").fill(value)
        self.check(step_id, nth).locator("button.btn-primary").click()
        self.proved(step_id, nth)

    def take(self, step_id: str, count: int) -> None:
        for number in range(count):
            field = f'input[data-step="{step_id}"]'
            self.page.set_input_files(field, photo(f"{step_id}-{number}.png"))
            expect(self.check(step_id).locator("label.photo")).to_contain_text(
                re.compile(rf"{number + 1}\D+{count}")
            )
        self.check(step_id).locator("button.btn-primary").click()
        self.proved(step_id)

    def proved(self, step_id: str, nth: int = 0) -> None:
        expect(self.check(step_id, nth)).to_have_class(re.compile("check-done"))

    def sign(self) -> None:
        self.page.fill("#signed-by", "陈国强")
        canvas = self.page.locator("canvas")
        canvas.scroll_into_view_if_needed()
        box = canvas.bounding_box()
        assert box is not None
        self.page.mouse.move(box["x"] + 20, box["y"] + 80)
        self.page.mouse.down()
        self.page.mouse.move(box["x"] + 160, box["y"] + 120, steps=6)
        self.page.mouse.up()
        self.page.locator(".step:has(canvas) .btn-primary").click()
        expect(canvas).to_be_hidden()


def comes_to_the_vehicle(story: Story) -> Engineer:
    """The first engineer accepts for both, travels and arrives; the second one has the job too."""
    lead = Engineer(story, "huang")
    story.look(lead.page, "field-job")
    lead.press("Accept the job")
    lead.all_sent()
    helper = Engineer(story, "zhou")
    expect(helper.page.get_by_role("button", name=story.word("I am setting off"))).to_be_visible()
    lead.press("I am setting off")
    lead.press("I am at the vehicle")
    lead.press("As reported")
    lead.all_sent()
    return lead


def repairs_without_network(story: Story, lead: Engineer, run: Page) -> None:
    """The checklist is done in a cellar; it comes up once the network is back, each thing once."""
    expect(run.locator("#step-arrived-0")).to_have_attribute(
        "data-standing", "DONE", timeout=SOON_MS
    )
    lead.page.context.set_offline(True)
    lead.take("power_down", 1)
    lead.measure("residual", "12")
    lead.measure("first_test", "96")
    lead.measure("first_test", "102", nth=1)
    lead.choose("located", 1)
    lead.take("repaired", 2)
    lead.measure("retest", "12400")
    lead.measure("retest", "11800", nth=1)
    lead.choose("power_up", 0)
    expect(lead.page.locator("#count")).not_to_have_text(story.word("All uploaded"))
    story.look(lead.page, "field-offline")
    expect(run.locator("#step-power_down-0")).to_have_attribute("data-standing", "READY")
    lead.page.context.set_offline(False)
    lead.all_sent()
    expect(run.locator("#step-power_up-0")).to_have_attribute(
        "data-standing", "DONE", timeout=SOON_MS
    )
    expect(run.locator("#step-power_down-0 .step-pictures img")).to_have_count(1)
    expect(run.locator("#step-repaired-0 .step-pictures img")).to_have_count(2)
    expect(run.locator("#step-retest-1")).to_contain_text("11800")
    story.look(run, "run-engineer-done")


def finishes(story: Story, lead: Engineer) -> None:
    """Parts, photos, the customer's signature, the end of the work, and the self-check."""
    lead.page.select_option("select.form-select", index=0)
    lead.press("Take from the van")
    expect(lead.page.locator(".plain li")).to_have_count(1)
    # The day is fetched anew once all is sent; nobody signs while the page may still move.
    with lead.page.expect_response("**/field/day.json"):
        lead.page.set_input_files('input[data-purpose="AFTER"]', photo("after.png"))
    lead.all_sent()
    lead.sign()
    story.look(lead.page, "field-signed")
    with lead.page.expect_response("**/field/day.json"):
        lead.press("The work is finished")
    readings = lead.page.locator("[data-code]")
    expect(readings.first).to_be_visible()
    for reading in readings.all():
        reading.fill("900")
    lead.press("I have checked the work")
    expect(lead.page.locator(".step-now")).to_have_count(0)
    lead.all_sent()
    story.look(lead.page, "field-done")


def closes_the_run(story: Story, run: Page) -> None:
    """Operations writes the outcome down and tells the customer; the run is over in time."""
    step(run, "outcome", "已修复放行")
    step(run, "told")
    expect(run.locator("#run-steps .run-form")).to_have_count(0)
    story.look(run, "run-closed")


def releases(story: Story, order_path: str, cockpit: Page) -> None:
    """A second person releases the vehicle; the bill is revenue at once."""
    ops = story.desk("ops", order_path)
    story.look(ops, "order-checked")
    watch = Watch(story, cockpit, "revenue")
    release = ops.get_by_role("button", name=story.word("Release and bill"), exact=True)
    release.click()
    expect(release).to_have_count(0)
    watch.happened()
    watch.seen()
    story.look(ops, "order-billed")


def pays(story: Story, cockpit: Page) -> Page:
    """The customer finds the bill in the portal and pays it; the order is closed by that."""
    phone = story.phone(story.van.username, "/portal/")
    story.look(phone, "portal-home")
    phone.locator('a[href="/portal/bills/"]').first.click()
    phone.wait_for_url("**/portal/bills/")
    story.look(phone, "portal-bills")
    phone.locator(".rows .row").first.click()
    phone.wait_for_url("**/portal/bills/*-*/")
    story.look(phone, "portal-bill")
    phone.locator('form[action="/portal/bills/pay/"] button').click()
    phone.wait_for_url("**/pay/**")
    story.look(phone, "portal-pay")
    watch = Watch(story, cockpit, "service-time")
    phone.locator("form .btn-primary").click()
    expect(phone.locator("form .btn-primary")).to_have_count(0)
    watch.happened()
    watch.seen()
    story.look(phone, "portal-paid")
    return phone


def reviews(story: Story, phone: Page, order_path: str, cockpit: Page) -> None:
    """Five stars, in the customer's own words."""
    order_id = order_path.rstrip("/").rsplit("/", 1)[1]
    phone.goto("/portal/orders/")
    phone.locator(f'a[href*="{order_id}"]').click()
    phone.wait_for_url("**/portal/orders/*-*/")
    story.look(phone, "portal-order")
    phone.locator('.stars label:has(input[value="5"])').click()
    phone.fill("#text", "师傅准时，讲解清楚。")
    watch = Watch(story, cockpit, "satisfaction")
    phone.locator('form[action$="/review/"] .btn-primary').click()
    expect(phone.locator('form[action$="/review/"]')).to_have_count(0)
    watch.happened()
    watch.seen()
    story.look(phone, "portal-reviewed")


def reads_again(story: Story, run_path: str, order_path: str) -> None:
    """Every page of the story once more, read only: in the other language."""
    ops = story.desk("ops", "/diagnosis/findings/?all=true")
    story.look(ops, "findings")
    for name, path in (
        ("inbox", "/handbook/tasks/"), ("home", "/"), ("run", run_path), ("order", order_path),
        ("board", "/service/board/"),
    ):  # fmt: skip
        ops.goto(path)
        story.look(ops, name)
    boss = story.desk("boss", "/cockpit/")
    story.look(boss, "cockpit")
    order_id = order_path.rstrip("/").rsplit("/", 1)[1]
    phone = story.phone(story.van.username, "/portal/")
    story.look(phone, "portal-home")
    for name, path in (
        ("portal-bills", "/portal/bills/"), ("portal-orders", "/portal/orders/"),
        ("portal-order", f"/portal/orders/{order_id}/"),
    ):  # fmt: skip
        phone.goto(path)
        story.look(phone, name)
    engineer = story.phone("huang", "/field/")
    fields_ready(engineer)
    engineer.locator(".stop-card", has_text=story.van.plate[-5:]).click()
    story.look(engineer, "field-job")


def reads_the_cockpit(story: Story, cockpit: Page) -> None:
    """The decision maker looks at the figures, and at the rows behind one of them."""
    story.look(cockpit, "cockpit-after")
    cockpit.locator('.tile a[href*="/indicators/satisfaction/"]').first.click()
    cockpit.wait_for_url("**/indicators/satisfaction/**")
    expect(cockpit.locator("section.list tbody tr")).not_to_have_count(0)
    story.look(cockpit, "cockpit-satisfaction")
