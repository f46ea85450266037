"""The stations of the story of a lease: what each person does at each window, and what is shown.

Nothing here knows a verb: everything is chosen, typed, signed, paid and read in pages.
"""

import re
from calendar import monthrange
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

from playwright.sync_api import FilePayload, Page, expect

from tests import pictures
from tests.site import DESK, PHONE, Opener, Site
from tests.town import PASSWORD
from tests.yard import Party

SIZES: Final = {"desk": DESK, "phone": PHONE}
SOON_MS: Final = 20_000
MORNING_MS: Final = 60_000  # Until the worker runs again and its schedule has done its work.
MONTHS: Final = 12
CODES: Final = re.compile(r"\b[A-Z]{2,}_[A-Z_]+\b|\bleasing\.lease\b|\bNone\b")
HAN: Final = re.compile(r"[\u4e00-\u9fff]")
WORDS: Final = {
    "zh-hans": {
        "reserved": "车辆已预留", "offered": "待客户签署", "countersign": "待我方签署",
        "customer_signed": "您已签署", "signed": "已签约", "active": "在租",
        "deposit_in": "押金已收",
        "planned": "未到期", "open": "待付", "overdue": "逾期", "paid": "已付清",
        "thanks": "支付成功", "first": "月租 {price} ÷ {whole} 天 × {days} 天",
        "late": "{amount} 已逾期 1 天", "reminder": "逾期提醒", "closed": "已关闭",
        "recorded": "已登记 {amount}", "unsigned": "客户还没有在框内签字",
    },
    "en": {
        "reserved": "Vehicle reserved", "offered": "Waits for the customer",
        "countersign": "Waits for our signature", "customer_signed": "You have signed",
        "signed": "Signed", "active": "On the road",
        "deposit_in": "Deposit received", "planned": "Planned", "open": "To be paid",
        "overdue": "Overdue", "paid": "Paid", "thanks": "Paid. Thank you.",
        "first": "{price} a month ÷ {whole} days × {days} days",
        "late": "{amount} has been overdue for 1 day", "reminder": "Overdue reminder",
        "closed": "Closed", "recorded": "{amount} recorded",
        "unsigned": "The customer has not signed in the box yet",
    },
}  # fmt: skip


WAITING: Final = """
    SELECT fact.name, delivery.handler, delivery.attempts, delivery.error
    FROM kit_delivery delivery JOIN kit_outbox fact ON fact.id = delivery.outbox_id
    WHERE delivery.done_at IS NULL
"""


def fen_of_part(rent_fen: int, days: int, whole: int) -> int:
    """A part of a month's rent in whole fen, half a fen upwards; reckoned here, not asked."""
    return (2 * rent_fen * days + whole) // (2 * whole)


def yuan(fen: int) -> str:
    return f"¥{fen // 100:,}.{fen % 100:02}"


@dataclass
class Story:
    """One telling: a firm, a first day, a monthly rent in fen, at one width, in one language."""

    site: Site
    opened: Opener
    party: Party
    starts_on: date
    rent_fen: int
    size: str
    language: str
    pictures: int = 0
    again: bool = False
    path: str = ""
    deposit_bill: str = ""
    rent_bill: str = ""
    reminder: str = ""

    def __post_init__(self) -> None:
        self.whole = monthrange(self.starts_on.year, self.starts_on.month)[1]
        self.days = self.whole - self.starts_on.day + 1
        self.first_fen = fen_of_part(self.rent_fen, self.days, self.whole)
        self.deposit_fen = 2 * self.rent_fen

    def word(self, name: str) -> str:
        return WORDS[self.language][name].format(
            price=yuan(self.rent_fen),
            whole=self.whole,
            days=self.days,
            amount=yuan(self.first_fen if name == "late" else self.deposit_fen),
        )

    def window(self, username: str, path: str) -> Page:
        size = SIZES[self.size]
        return self.opened(
            username, path, language=self.language, width=size["width"], height=size["height"]
        )

    def look(self, page: Page, name: str, *, whole: bool = True) -> None:
        """What holds for every page of the story, and its picture."""
        page.wait_for_load_state()
        assert page.locator("h1").count() == 1, name
        over = page.evaluate("document.documentElement.scrollWidth - innerWidth")
        assert over <= 0, f"{name} is {over} px too wide"
        text = page.locator("body").inner_text()
        assert not CODES.search(text), f"{name} shows {CODES.findall(text)}"
        if self.language == "en":
            called = page.locator("h1").inner_text().split("·")[0]
            assert not HAN.search(called), f"{name} is called {called}"
        self.pictures += 1
        page.evaluate("scrollTo(0, 0)")
        folder = f"journeys/lease-{self.size}-{self.language}{'-again' if self.again else ''}"
        pictures.take(page, f"{folder}/{self.pictures:02}-{name}", whole=whole)

    def says(self, page: Page, *words: str) -> None:
        """The page comes to show all of this."""
        for text in words:
            try:
                expect(page.locator("main")).to_contain_text(text, timeout=SOON_MS)
            except AssertionError as error:
                error.add_note(f"The worker says:\n{self.site.said('worker')}")
                error.add_note(f"Facts on their way:\n{self.site.ask(WAITING)}")
                raise


def _confirm(page: Page) -> None:
    page.locator("#confirm [data-yes]").click()


def _choose(page: Page, field: str, words: str) -> None:
    """Choose what a person would: the option that names it."""
    option = page.locator(f"#field-{field} option", has_text=words)
    page.select_option(f"#field-{field}", value=option.get_attribute("value"))


def _sign(page: Page) -> None:
    """Draw a name in the box."""
    box = page.locator("canvas.sign")
    box.scroll_into_view_if_needed()
    place = box.bounding_box()
    assert place is not None
    x, y = place["x"] + 30, place["y"] + 90
    page.mouse.move(x, y)
    page.mouse.down()
    for at, up in enumerate((-40, 35, -20, 30, -35, 10, -25, 20)):
        page.mouse.move(x + 24 * (at + 1), y + up, steps=3)
    page.mouse.up()


def total_fen(story: Story) -> int:
    """The rent of the whole term: a part, eleven whole months, and the rest of the last."""
    last = story.starts_on.replace(year=story.starts_on.year + 1)
    days, whole = last.day - 1, monthrange(last.year, last.month)[1]
    rest = fen_of_part(story.rent_fen, days, whole) if days else 0
    return story.first_fen + 11 * story.rent_fen + rest


def drafts(story: Story) -> Page:
    """Sales chooses the terms, sees the quote, and only then promises the vehicle."""
    page = story.window("sales", "/leasing/leases/")
    story.look(page, "leases")
    page.locator(".page-acts .btn-primary").click()
    _choose(page, "customer_id", story.party.firm)
    _choose(page, "vehicle_id", story.party.plate)
    page.fill("#field-monthly_rent", yuan(story.rent_fen))
    page.fill("#field-deposit", f"{story.deposit_fen / 100:.2f}")
    story.look(page, "draft")
    page.locator("button[value=quote]").click()
    quote = page.locator("#quote")
    for amount in (story.deposit_fen, story.first_fen, story.deposit_fen + story.first_fen,
                   total_fen(story)):  # fmt: skip
        expect(quote).to_contain_text(yuan(amount), timeout=SOON_MS)
    expect(quote).to_contain_text(story.word("first"), timeout=SOON_MS)
    story.look(page, "quote")
    page.locator("button[value=reserve]").click()
    page.wait_for_url(re.compile(r"/leases/[0-9a-f-]{36}/"))
    story.path = page.evaluate("location.pathname")
    story.says(page, story.word("reserved"), story.party.firm, yuan(story.first_fen))
    story.look(page, "reserved")
    return page


def signs(story: Story, sales: Page) -> None:
    """Sales offers the contract, the customer signs it in the portal, then the operator does.

    Only then is the deposit demanded by a bill.
    """
    sales.locator(".page-acts .btn-primary").click()
    story.look(sales, "offer-asked", whole=False)
    _confirm(sales)
    story.says(sales, story.word("offered"))
    story.look(sales, "contract-offered")
    _customer_signs(story)
    expect(sales.locator("main")).to_contain_text(story.word("countersign"), timeout=SOON_MS)
    sales.locator(".page-acts .btn-primary").click()
    story.look(sales, "sign-asked", whole=False)
    _confirm(sales)
    story.says(sales, story.word("signed"))
    bill = sales.locator('.ready a[href*="/finance/bills/"]')
    expect(bill).to_be_visible(timeout=SOON_MS)
    story.deposit_bill = bill.get_attribute("href") or ""
    expect(sales.locator("main")).not_to_contain_text(story.word("deposit_in"), timeout=SOON_MS)
    story.look(sales, "signed")


def _customer_signs(story: Story) -> None:
    """The customer finds the contract, reads it, agrees, types the password again and signs."""
    page = story.window(story.party.username, "/portal/leases/")
    page.locator(".rows a.row").first.click()
    page.locator('a.btn-primary[href$="/sign/"]').click()
    story.look(page, "customer-sign")
    paper = page.locator('a[href$="/contract/"]')
    read = page.request.get(paper.get_attribute("href") or "")
    assert read.body().startswith(b"%PDF-"), read.status
    page.locator("main .btn-primary").click()
    page.fill("#secret", PASSWORD)
    page.locator(".form .btn-primary").click()
    page.check("[name=consents]")
    story.look(page, "customer-agrees")
    page.locator("#sign .btn-primary").click()
    story.says(page, story.word("customer_signed"))
    story.look(page, "customer-signed")


def pays_the_deposit_on_line(story: Story) -> None:
    """The customer finds the deposit on the lease's page and pays it."""
    page = story.window(story.party.username, "/portal/")
    story.says(page, yuan(story.deposit_fen))
    story.look(page, "customer-home")
    page.goto("/portal/leases/")
    page.locator(".rows a.row").click()
    story.says(page, story.word("signed"), yuan(story.deposit_fen))
    story.look(page, "customer-lease")
    page.locator("main .btn-primary").click()
    _pay(story, page, story.deposit_fen, "deposit")


def _pay(story: Story, page: Page, fen: int, what: str) -> None:
    """On the channel's page: the sum, the button, the thanks, the way back."""
    page.wait_for_url(re.compile("/pay/"))
    story.says(page, yuan(fen))
    story.look(page, f"pay-{what}")
    page.locator("main .btn-primary").click()
    story.says(page, story.word("thanks"), yuan(fen))
    story.look(page, f"paid-{what}")
    page.locator(".plain-acts a").click()
    page.wait_for_url("**/portal/bills/")


def records_the_deposit(story: Story) -> None:
    """Finance saw the transfer on the bank statement and records it on the bill."""
    page = story.window("finance", story.deposit_bill)
    story.look(page, "deposit-bill")
    page.locator('a[href$="/payment/"]').click()
    expect(page.locator("#field-amount")).to_have_value(
        f"{story.deposit_fen / 100:.2f}", timeout=SOON_MS
    )
    story.look(page, "record")
    page.locator(".form-acts .btn-primary").click()
    story.says(page, story.word("recorded"), story.word("paid"))
    story.look(page, "recorded")


def hands_over(story: Story, sales: Page) -> Page:
    """Operations hands the vehicle over; the window of sales had heard of the deposit by itself."""
    story.says(sales, story.word("deposit_in"))
    page = story.window("ops", story.path)
    page.locator(".page-acts .btn-primary").click()
    page.wait_for_url("**/handover/")
    story.look(page, "handover")
    page.fill("#field-odometer_km", str(story.party.odometer_km - 1))
    page.fill("#field-soc_pct", "87")
    for box in page.locator(".options input").all():
        box.check()
    page.fill("#field-signed_by", "刘海燕")
    _photograph(page)
    page.locator(".form-acts .btn-primary").click()
    expect(page.get_by_text(story.word("unsigned"))).to_be_visible(timeout=SOON_MS)
    story.look(page, "unsigned")
    _sign(page)
    page.locator(".form-acts .btn-primary").click()
    expect(page.locator(".field-wrong")).to_have_count(
        2, timeout=SOON_MS
    )  # Fewer km than known; pictures again.
    story.look(page, "handover-wrong")
    page.fill("#field-odometer_km", str(story.party.odometer_km + 1))
    _photograph(page)
    _sign(page)
    story.look(page, "handover-filled")
    page.locator(".form-acts .btn-primary").click()
    page.wait_for_url(f"**{story.path}")
    story.says(page, "刘海燕", f"{story.party.odometer_km + 1:,}")
    pictures = page.locator(".pictures img")
    expect(pictures).to_have_count(3, timeout=SOON_MS)
    for picture in pictures.all():
        picture.scroll_into_view_if_needed()
        expect(picture).not_to_have_js_property("naturalWidth", 0, timeout=SOON_MS)
    story.look(page, "handed-over")
    return page


def _photograph(page: Page) -> None:
    """Two pictures, as a camera would give them."""
    shot = page.screenshot(type="jpeg", quality=40)
    files = [
        FilePayload(name=f"{name}.jpg", mimeType="image/jpeg", buffer=shot)
        for name in ("odometer", "front")
    ]
    page.set_input_files("#photos", files)


def starts(story: Story, ops: Page) -> None:
    """The rent runs: the first bill is drawn by the worker and comes up in the open window."""
    ops.locator(".page-acts .btn-primary").click()
    _confirm(ops)
    story.says(ops, story.word("active"))
    row = ops.locator("table.grid tbody tr", has_text=story.starts_on.isoformat()).first
    expect(row).to_contain_text(story.word("open"), timeout=SOON_MS)
    expect(row).to_contain_text(yuan(story.first_fen), timeout=SOON_MS)
    story.says(ops, f"{story.word('first')} = {yuan(story.first_fen)}")
    bill = ops.locator('table.grid a[href*="/finance/bills/"]').last
    story.rent_bill = bill.get_attribute("href") or ""
    story.look(ops, "active")


def reads_the_bill(story: Story) -> Page:
    """Finance finds the bill in the list; it says how its amount comes about, and its VAT."""
    page = story.window("finance", "/finance/bills/?kind=CHARGE")
    number_of(story, page)
    story.look(page, "bills")
    page.goto(story.rent_bill)
    vat_fen = (2 * story.first_fen * 13 + 113) // 226
    story.says(page, story.word("first"), yuan(story.first_fen), yuan(vat_fen),
               yuan(story.first_fen - vat_fen))  # fmt: skip
    story.look(page, "rent-bill")
    return page


def number_of(story: Story, page: Page) -> None:
    """The bill is in the list that is shown."""
    identity = story.rent_bill.rstrip("/").rsplit("/", 1)[1]
    expect(page.locator(f'table a[href*="{identity}"]').first).to_be_visible(timeout=SOON_MS)


def is_reminded(story: Story, finance: Page, *, promises: bool) -> Page:
    """The rent is overdue wherever one looks; the collector works the handbook's reminder."""
    day_after = (story.starts_on + timedelta(days=1)).isoformat()
    finance.goto("/handbook/tasks/")
    task = finance.locator("li.entry", has_text=story.word("reminder")).filter(
        has_text=story.party.plate
    )
    expect(task).to_be_visible(timeout=MORNING_MS)
    story.look(finance, "tasks")
    story.reminder = task.locator("a").first.get_attribute("href") or ""
    finance.goto("/finance/bills/?standing=OVERDUE")
    number_of(story, finance)
    story.look(finance, "bills-overdue")
    finance.goto("/finance/receivables/")
    story.says(finance, story.party.firm)
    story.look(finance, "receivables")
    finance.goto(story.rent_bill)
    story.says(finance, story.word("overdue"))
    story.look(finance, "rent-bill-overdue")
    finance.goto(story.path)
    story.says(finance, story.word("late"), story.word("overdue"))
    story.look(finance, "lease-overdue")
    finance.goto(story.reminder)
    story.look(finance, "reminder")
    finance.locator(".page-acts .btn-primary").click()
    _step(finance, "bill_right", "无误")
    _step(finance, "reached", "已接通")
    if promises:
        _step(finance, "reason", "资金紧张")
        _step(finance, "promise", f"{day_after} {yuan(story.first_fen)}")
        _step(finance, "promise_days", "1")
        expect(finance.locator(".head-title")).to_contain_text(
            story.word("closed"), timeout=SOON_MS
        )
    else:
        _step(finance, "reason", "忘记付款")
        expect(finance.locator("#step-link-0")).to_have_attribute(
            "data-standing", "READY", timeout=SOON_MS
        )
    story.look(finance, "reminder-worked")
    return finance


def _step(page: Page, step: str, value: str) -> None:
    """Do a step of the procedure with what it asks for."""
    form = page.locator(f'#step-{step}-0 form[action*="/{step}/"]')
    form.wait_for()
    choice = form.locator("select")
    if choice.count():
        choice.select_option(value=value)
    else:
        form.locator("[name=value]").fill(value)
    form.locator(".btn-primary").click()
    expect(page.locator(f"#step-{step}-0")).to_have_attribute(
        "data-standing", "DONE", timeout=SOON_MS
    )


def pays_the_rent(story: Story, finance: Page, *, promises: bool) -> None:
    """The customer sees what is overdue and pays; the arrears and the reminder are over."""
    page = story.window(story.party.username, "/portal/")
    story.says(page, story.word("overdue"), yuan(story.first_fen))
    story.look(page, "customer-overdue")
    page.goto("/portal/bills/")
    story.look(page, "customer-bills")
    page.locator(".rows a.row").first.click()
    story.says(page, story.word("overdue"), story.word("first"), yuan(story.first_fen))
    story.look(page, "customer-bill")
    page.locator("main .btn-primary").click()
    _pay(story, page, story.first_fen, "rent")
    expect(page.locator("main")).not_to_contain_text(story.word("overdue"), timeout=SOON_MS)
    story.look(page, "customer-settled")
    if not promises:
        finance.reload()
    expect(finance.locator(".head-title")).to_contain_text(story.word("closed"), timeout=SOON_MS)
    story.look(finance, "reminder-over")
    finance.goto(story.path)
    story.says(finance, story.word("paid"))
    expect(finance.locator("main")).not_to_contain_text(story.word("overdue"), timeout=SOON_MS)
    story.look(finance, "lease-in-order")
    finance.goto(story.rent_bill)
    story.says(finance, story.word("paid"))
    story.look(finance, "rent-bill-paid")


def is_read_again(story: Story) -> None:
    """The pages of a lease that runs and is paid, read by its people without changing anything."""
    finance = story.window("finance", "/handbook/tasks/")
    story.look(finance, "tasks")
    for name, path, words in (
        ("reminder", story.reminder, (story.word("reminder"), story.word("closed"))),
        ("bills", "/finance/bills/", ()),
        ("receivables", "/finance/receivables/", ()),
        ("deposit-bill", story.deposit_bill, (yuan(story.deposit_fen), story.word("paid"))),
        ("rent-bill", story.rent_bill, (yuan(story.first_fen), story.word("first"))),
        ("lease", story.path, (story.word("active"), story.word("first"), story.word("planned"))),
    ):
        finance.goto(path)
        story.says(finance, *words)
        story.look(finance, name)
    sales = story.window("sales", "/leasing/leases/")
    story.look(sales, "leases")
    sales.goto("/leasing/leases/new/")
    story.look(sales, "draft")
    sales.goto(f"{story.path}handover/")
    story.look(sales, "handover")
    customer = story.window(story.party.username, "/portal/")
    story.look(customer, "customer-home")
    customer.goto("/portal/leases/")
    story.look(customer, "customer-leases")
    customer.locator(".rows a.row").click()
    story.says(customer, story.word("active"), yuan(story.first_fen), story.word("planned"))
    story.look(customer, "customer-lease")
    customer.locator('.rows a[href*="/portal/bills/"]').first.click()
    story.says(customer, story.word("first"), yuan(story.first_fen), story.word("paid"))
    story.look(customer, "customer-bill")
