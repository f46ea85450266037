"""What the pages do in a browser: the five behaviours of htmx we rely on, and our own scripts."""

import re

import pytest
from playwright.sync_api import Dialog, Page, expect

from tests.site import Opener

pytestmark = [pytest.mark.browser, pytest.mark.plain, pytest.mark.needs_database]


def toasts(page: Page) -> list[str]:
    return page.locator("#toasts .toast-words").all_inner_texts()


def test_htmx_inherits_a_target_only_when_told_to(opened: Opener) -> None:
    page = opened("chen", "/try/")

    page.click("#own")
    expect(page.locator("#own")).to_have_text("words")
    expect(page.locator("#parent")).to_have_text("parent")
    page.click("#heir")
    expect(page.locator("#parent")).to_have_text("words")


def test_htmx_sends_the_forgery_token_also_after_a_swap(opened: Opener) -> None:
    page = opened("chen", "/try/")

    for _ in range(2):
        with page.expect_response("**/try/post/") as answered:
            page.click("#post")
        assert answered.value.status == 200
        expect(page.locator("#post")).to_have_text("posted")


def test_htmx_swaps_form_errors_but_toasts_refusals_and_faults(opened: Opener) -> None:
    page = opened("chen", "/try/")

    page.click("#ask-422")
    expect(page.locator("#slot")).to_have_text("swapped")
    page.click("#ask-409")
    expect(page.locator(".toast-refused")).to_contain_text("押金未到账，不能交车。")
    expect(page.locator(".toast-refused a")).to_have_attribute("href", "/staff/")
    page.click("#ask-500")
    expect(page.locator(".toast-fault")).to_contain_text(re.compile("编号：[0-9a-f]{12}"))
    page.click("#ask-404")
    expect(page.locator("#toasts .toast-card")).to_have_count(3)
    expect(page.locator("#slot")).to_have_text("swapped")


def test_htmx_gives_up_after_a_minute(opened: Opener) -> None:
    page = opened("chen", "/try/")

    assert page.evaluate("htmx.config.defaultTimeout") == 60_000
    assert page.evaluate("htmx.version") == "4.0.1"


def test_htmx_names_its_events_with_colons(opened: Opener) -> None:
    page = opened("chen", "/try/")
    page.evaluate(
        """() => { window.seen = [];
        for (const name of ["htmx:after:swap", "htmx:config:request", "htmx:before:request",
                            "htmx:afterSwap", "htmx:configRequest"])
            document.addEventListener(name, () => window.seen.push(name)); }"""
    )

    page.click("#heir")
    expect(page.locator("#parent")).to_have_text("words")

    assert set(page.evaluate("window.seen")) == {
        "htmx:after:swap",
        "htmx:config:request",
        "htmx:before:request",
    }


def test_back_restores_the_filters(opened: Opener) -> None:
    page = opened("chen", "/staff/")

    page.fill("#filter-text", "洋")
    page.click(".filters-acts button")
    expect(page.locator("tbody tr")).to_have_count(1)
    assert page.url.endswith("/staff/?text=%E6%B4%8B")
    page.locator("th .sort").first.click()
    expect(page.locator("th[aria-sort=descending]")).to_be_visible()
    page.go_back()
    expect(page.locator("th[aria-sort=ascending]")).to_be_visible()
    expect(page.locator("#filter-text")).to_have_value("洋")
    page.go_back()
    expect(page.locator("tbody tr")).to_have_count(20)
    expect(page.locator("#filter-text")).to_have_value("")


def test_a_list_is_drawn_anew_when_a_fact_becomes_true(opened: Opener) -> None:
    watcher = opened("chen", "/staff/?text=新来的")
    expect(watcher.locator("html[data-stream=open]")).to_have_count(1)
    writer = opened("chen", "/staff/new/")

    writer.fill("#field-full_name", "新来的赵工")
    writer.fill("#field-username", "zhaogong")
    writer.fill("#field-password", "Lvtu-2027-zhao")
    writer.check("input[value=ENGINEER]")
    writer.click(".form-acts .btn-primary")

    expect(writer.locator(".message")).to_contain_text("新来的赵工")
    expect(watcher.locator("tbody tr")).to_have_count(1, timeout=4_000)


def test_a_form_shows_its_errors_and_keeps_what_was_typed(opened: Opener) -> None:
    page = opened("chen", "/staff/new/")

    page.fill("#field-full_name", "钱多多")
    page.click(".form-acts .btn-primary")

    expect(page.locator(".errors")).to_contain_text("有 3 处需要修改")
    expect(page.locator("#field-username-error")).to_have_text("此项必填。")
    expect(page.locator("#field-full_name")).to_have_value("钱多多")
    expect(page.locator(".errors")).to_be_focused()


def test_leaving_a_changed_form_asks(opened: Opener) -> None:
    page = opened("chen", "/try/")
    asked: list[str] = []

    def stay(dialog: Dialog) -> None:
        asked.append(dialog.type)
        dialog.accept()

    page.on("dialog", stay)
    page.click("#typed")
    page.keyboard.type("报废申请")
    page.goto("/staff/")

    assert asked == ["beforeunload"]


def test_a_destructive_act_says_what_it_will_do(opened: Opener) -> None:
    page = opened("chen", "/try/")

    page.click("#danger")
    expect(page.locator("#confirm")).to_contain_text("报废 3 辆车？")
    page.click("#confirm button[value=no]")
    assert page.url.endswith("/try/")
    page.click("#danger")
    with page.expect_response("**/try/post/") as answered:
        page.click("#confirm [data-yes]")
    assert answered.value.status == 200
    page.wait_for_load_state()


def test_the_palette_finds_pages_and_things_by_keyboard(opened: Opener) -> None:
    page = opened("chen", "/")

    page.keyboard.press("Control+k")
    expect(page.locator("#palette-text")).to_be_focused()
    page.keyboard.type("audit")
    expect(page.locator("#palette-list a").first).to_contain_text("审计")
    expect(page.locator("#palette-list")).to_contain_text("粤B·audit")
    page.keyboard.press("Enter")
    page.wait_for_url("**/audit/")
    page.keyboard.press("/")
    expect(page.locator("#palette")).to_be_visible()


def test_the_keys_walk_and_open_rows(opened: Opener) -> None:
    page = opened("chen", "/staff/")
    second = page.locator("tbody tr").nth(1).locator("th").inner_text()

    for key in "jjo":
        page.keyboard.press(key)

    page.wait_for_url(re.compile("/staff/[0-9a-f-]{36}/"))
    expect(page.locator("h1")).to_have_text(second)


def test_colours_change_at_once_and_stay(opened: Opener) -> None:
    page = opened("chen", "/staff/")
    ground = "getComputedStyle(document.body).backgroundColor"
    light = page.evaluate(ground)

    page.click("details.menu:has([data-set-theme]) > summary")
    page.click("[data-set-theme=dark]")
    dark = page.evaluate(ground)
    page.reload()

    assert light == "rgb(244, 246, 247)"
    assert dark == page.evaluate(ground) == "rgb(17, 23, 26)"


def test_the_language_switch_keeps_the_page_and_its_filters(opened: Opener) -> None:
    page = opened("chen", "/staff/?role=SALES")

    page.click(".top-language button")

    expect(page.locator("h1")).to_have_text("Staff")
    assert page.url.endswith("/staff/?role=SALES")
    expect(page.locator("#filter-role")).to_have_value("SALES")


def test_the_drawer_opens_keeps_its_address_and_gives_the_focus_back(opened: Opener) -> None:
    page = opened("chen", "/try/")

    page.click("#open-drawer")
    expect(page.locator("#in-drawer")).to_be_visible()
    address = page.url
    page.keyboard.press("Escape")
    expect(page.locator("#drawer")).to_be_hidden()
    expect(page.locator("#open-drawer")).to_be_focused()
    page.goto("/")
    page.goto(address)
    expect(page.locator("#in-drawer")).to_be_visible()


def test_alpine_and_the_chart_run_under_the_policy(opened: Opener) -> None:
    page = opened("chen", "/try/")

    page.click("#count")
    expect(page.locator("#count")).to_have_text("2")
    expect(page.locator("[data-chart] svg path").first).to_be_attached()
    policy = page.request.get("/try/").headers["content-security-policy"]
    assert "unsafe" not in policy


def test_the_map_draws_points_without_asking_for_a_tile(opened: Opener) -> None:
    page = opened("chen", "/try/map/")

    expect(page.locator("[data-map][data-ready]")).to_be_attached(timeout=60_000)
    expect(page.locator("[data-map-at]")).to_have_text("04:03:20")


def test_the_small_libraries_load_by_their_names(opened: Opener) -> None:
    page = opened("chen", "/try/")

    kinds = page.evaluate(
        """async () => {
        const [idb, pad, sortable] = await Promise.all(
            ["idb", "signature_pad", "sortablejs"].map((name) => import(name)));
        return [typeof idb.openDB, typeof pad.default, typeof sortable.default]; }"""
    )

    assert kinds == ["function", "function", "function"]


def test_ticked_rows_are_counted_and_menus_close(opened: Opener) -> None:
    page = opened("chen", "/staff/")

    page.click("summary:has-text('导出')")
    expect(page.get_by_text("XLSX")).to_be_visible()
    page.click("h1")
    expect(page.get_by_text("XLSX")).to_be_hidden()


def test_columns_are_chosen_in_the_address(opened: Opener) -> None:
    page = opened("chen", "/staff/?role=SALES")

    page.click("summary:has(.icon use[href$='#columns-3'])")
    page.uncheck("[data-column=org_name]")
    page.click(".menu-apply")

    expect(page.locator("thead")).not_to_contain_text("所属组织")
    assert "columns=" in page.url
    assert "role=SALES" in page.url


def test_the_side_bar_opens_on_a_phone(opened: Opener) -> None:
    page = opened("chen", "/staff/", width=390, height=844)

    expect(page.locator("#side")).not_to_be_visible()
    page.click(".top-menu")
    expect(page.locator("#side")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") == 390


def test_a_signed_out_window_comes_to_the_sign_in_page(opened: Opener) -> None:
    page = opened("chen", "/try/")
    page.context.clear_cookies(name="sessionid")

    page.click("#heir")

    page.wait_for_url("**/sign-in/**")


def test_a_stranger_is_told_not_to_listen(opened: Opener) -> None:
    page = opened(None, "/sign-in/")

    assert page.request.get("/live/").status == 204


@pytest.mark.parametrize(
    ("form", "none"),
    [
        ("<form><select><option value=''>-</option><option>a</option></select></form>", ""),
        ("<form method=post><select multiple><option>a</option></select></form>", []),
    ],
)
def test_news_wait_while_a_field_is_changed_and_not_sent(
    opened: Opener, form: str, none: str | list[str]
) -> None:
    page = opened("chen", "/try/")
    page.evaluate(
        """(form) => { const place = document.createElement("div");
        place.dataset.live = "try.*";
        place.innerHTML = form;
        place.addEventListener("live", () => { place.dataset.told = "yes"; });
        document.querySelector("main").append(place); }""",
        form,
    )
    place = page.locator("main > [data-live='try.*']")
    place.locator("select").select_option("a")
    news = "() => new BroadcastChannel('panshi-live').postMessage('try.Fact')"
    other = page.context.new_page()
    other.goto("/try/")
    other.evaluate(news)
    page.wait_for_timeout(1200)
    assert place.get_attribute("data-told") is None

    place.locator("select").select_option(none)
    expect(place).to_have_attribute("data-told", "yes")


def test_news_reach_what_was_drawn_anew_meanwhile(opened: Opener) -> None:
    page = opened("chen", "/try/")
    page.evaluate(
        """() => { const place = document.createElement("div");
        place.dataset.live = "try.*";
        document.querySelector("main").append(place);
        document.addEventListener("panshi:fact", () => {
          const anew = place.cloneNode();
          anew.addEventListener("live", () => { anew.dataset.told = "yes"; });
          place.replaceWith(anew);
        }, { once: true }); }"""
    )
    other = page.context.new_page()
    other.goto("/try/")
    other.evaluate("() => new BroadcastChannel('panshi-live').postMessage('try.Fact')")

    expect(page.locator("main > [data-live='try.*']")).to_have_attribute("data-told", "yes")
