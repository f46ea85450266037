"""The shell's own pages, asked as a browser asks them."""

import re
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from django.core.cache import cache
from django.urls import reverse
from django.utils import timezone
from django_otp.oath import totp
from django_otp.plugins.otp_static.models import StaticToken
from django_otp.plugins.otp_totp.models import TOTPDevice

from panshi.fleet.tests import make as fleet
from panshi.kit import home, navigation, progress, search
from panshi.kit.records import Tile
from panshi.kit.tenancy import acting, hq_actor
from panshi.org import queries, services
from panshi.org.models import OrgNode, User
from panshi.org.rules import PERMISSIONS
from panshi.org.tests import make
from tests.windows import Window, nobody_known

PASSWORD = "Lvtu-2027-wuliu"


def person(
    username: str, *roles: str, org: OrgNode | None = None, second_factor: bool = False
) -> User:
    node = org or make.operator(city="深圳")
    fact = services.create_user(
        org_id=node.id,
        username=username,
        full_name=f"{username} 陈",
        roles=roles,
        password=PASSWORD,
        second_factor=second_factor,
        actor=hq_actor(node.id),
        at=timezone.now(),
    )
    return User.objects.get(id=fact.user_id)


def sign_in(client: Window, username: str, password: str = PASSWORD, **more: str) -> Any:
    return client.post("/sign-in/", {"username": username, "password": password, **more})


def test_a_right_password_leads_where_one_was_going() -> None:
    person("chen", "SALES")
    client = Window()

    assert client.get("/staff/").headers["Location"] == "/sign-in/?next=/staff/"
    answer = sign_in(client, "chen", next="/staff/")

    assert (answer.status_code, answer.headers["Location"]) == (302, "/staff/")
    assert client.get("/staff/").status_code == 200


def test_a_sign_in_leads_back_to_the_filtered_page_or_to_the_form_that_was_sent() -> None:
    client = Window()
    came_from = "http://testserver/finance/bank/?state=OPEN&page=2"

    filtered = client.get("/staff/?role=SALES&page=2").headers["Location"]
    posted = client.post("/finance/bank/match/", HTTP_REFERER=came_from).headers["Location"]
    strange = client.post("/finance/bank/match/", HTTP_REFERER="http://other.example/x")

    wanted = [parse_qs(urlsplit(found).query)["next"] for found in (filtered, posted)]
    assert wanted == [["/staff/?role=SALES&page=2"], ["/finance/bank/?state=OPEN&page=2"]]
    assert strange.headers["Location"] == "/sign-in/?next=/"


def test_a_sign_in_never_leads_out_of_the_house() -> None:
    person("chen", "SALES")

    assert sign_in(Window(), "chen", next="https://elsewhere.example/").headers["Location"] == "/"
    assert sign_in(Window(), "chen", next="//elsewhere.example/").headers["Location"] == "/"


def test_a_wrong_password_says_so_without_telling_which() -> None:
    person("chen", "SALES")

    known = sign_in(Window(), "chen", "wrong-password")
    unknown = sign_in(Window(), "nobody", "wrong-password")

    assert known.status_code == unknown.status_code == 422
    words = "User name or password is wrong."
    assert words in known.content.decode()
    assert words in unknown.content.decode()


def test_five_wrong_passwords_lock_the_right_one_out_too() -> None:
    cache.clear()
    person("chen", "SALES")
    client = Window()

    answers = [sign_in(client, "chen", "wrong-password").status_code for _ in range(5)]
    locked = sign_in(client, "chen")

    assert answers[:4] == [422] * 4
    assert locked.status_code == 429
    assert "Locked for a while" in locked.content.decode()


def test_a_person_without_the_second_factor_is_led_to_set_it_up() -> None:
    user = person("chen", "SALES", second_factor=True)
    client = Window()
    sign_in(client, "chen")

    assert client.get("/").headers["Location"] == "/sign-in/second-factor/"
    assert client.get("/sign-in/second-factor/").headers["Location"].endswith("/set-up/")
    page = client.get("/sign-in/second-factor/set-up/")
    assert "<svg" in page.content.decode()
    with nobody_known():
        device = TOTPDevice.objects.get(user=user)
    wrong = client.post("/sign-in/second-factor/set-up/", {"code": "000000"})
    assert wrong.status_code == 422

    forget_tries(device)
    right = client.post("/sign-in/second-factor/set-up/", {"code": f"{_code(device):06d}"})

    codes = re.findall(r"<li>(\w+)</li>", right.content.decode())
    assert len(codes) == 8
    assert client.get("/").status_code == 200


def forget_tries(device: TOTPDevice) -> None:
    """A wrong try makes the next one wait a second; tests do not."""
    with nobody_known():
        device.refresh_from_db()
        device.throttle_reset()


def _code(device: TOTPDevice) -> int:
    number: int = totp(device.bin_key)
    return number


def with_second_factor(username: str) -> tuple[User, TOTPDevice]:
    user = person(username, "SALES")
    with nobody_known():
        return user, TOTPDevice.objects.create(user=user, name="authenticator")


def test_a_password_alone_signs_nobody_in_who_has_a_second_factor() -> None:
    _user, device = with_second_factor("chen")
    client = Window()

    answer = sign_in(client, "chen", next="/staff/")

    assert answer.headers["Location"] == "/sign-in/second-factor/?next=/staff/"
    assert client.get("/staff/").headers["Location"].startswith("/sign-in/?next=")
    wrong = client.post("/sign-in/second-factor/", {"code": "000000", "next": "/staff/"})
    assert wrong.status_code == 422
    assert client.get("/staff/").status_code == 302
    forget_tries(device)
    code = f"{_code(device):06d}"
    right = client.post("/sign-in/second-factor/", {"code": code, "next": "/staff/"})
    assert right.headers["Location"] == "/staff/"
    assert client.get("/staff/").status_code == 200

    # The same code never works twice.
    other = Window()
    sign_in(other, "chen")
    assert other.post("/sign-in/second-factor/", {"code": code}).status_code == 422


def test_a_backup_code_signs_in_once() -> None:
    user, device = with_second_factor("chen")
    client = Window()
    sign_in(client, "chen")
    client.post("/sign-in/second-factor/", {"code": f"{_code(device):06d}"})
    page = client.post("/sign-in/second-factor/set-up/").content.decode()
    code = re.findall(r"<li>(\w+)</li>", page)[0]

    answers = []
    for _ in range(2):
        window_ = Window()
        sign_in(window_, "chen")
        answers.append(window_.post("/sign-in/second-factor/", {"code": code}).status_code)

    assert answers == [302, 422]
    with nobody_known():
        assert StaticToken.objects.filter(device__user=user).count() == 7


def test_signing_out_ends_the_session() -> None:
    client = Window(person("chen", "SALES"))

    assert client.get("/sign-out/").status_code == 405
    client.post("/sign-out/")

    assert client.get("/").headers["Location"] == "/sign-in/?next=/"


def test_a_tab_of_an_earlier_sign_in_is_told_to_open_its_page_again() -> None:
    person("chen", "SALES")
    tab = Window(language="zh-hans")
    tab.handler.enforce_csrf_checks = True
    stale = {"csrfmiddlewaretoken": "a" * 64}

    page = tab.post("/sign-out/", stale)
    json = tab.post("/sign-out/", stale, headers={"Accept": "application/json"})
    again = sign_in(tab, "chen", next="/staff/", **stale)

    assert (page.status_code, json.status_code) == (403, 409)
    assert "请重新打开" in page.content.decode()
    assert json.json()["words"]
    assert (again.status_code, again.headers["Location"]) == (302, "/sign-in/?next=/staff/")


def test_a_workbench_without_vehicles_says_what_to_do_first() -> None:
    boss = person("chen", "ADMINISTRATOR")
    window = Window(boss, language="zh-hans")

    before = window.get("/").content.decode()
    fleet.vehicle(org=boss.org)
    after = window.get("/").content.decode()

    assert "从这里开始" in before
    assert 'href="/supply/locations/"' in before.split("从这里开始")[1].split("</section>")[0]
    assert "从这里开始" not in after


def test_the_workbench_shows_the_panels_that_are_permitted() -> None:
    for name, permission in (("mine", "crm.view"), ("books", "ledger.view")):
        home.register(
            home.Panel(
                name=name,
                zone="figures",
                title=name,
                permission=permission,
                rows=lambda actor, name=name: [Tile(label=f"tile {name}", value=1)],
            )
        )
    try:
        page = Window(person("chen", "SALES")).get("/").content.decode()
        panel = Window(person("li", "FINANCE")).get("/home/books/")
        hidden = Window(person("wu", "SALES")).get("/home/books/")
    finally:
        for name in ("mine", "books"):
            del home._PANELS[name]

    assert "tile mine" in page
    assert "tile books" not in page
    assert panel.status_code == 200
    assert hidden.status_code == 404


def test_engineers_are_sent_to_the_field() -> None:
    assert Window(person("huang", "ENGINEER")).get("/").headers["Location"] == "/field/"


def test_a_node_narrows_all_pages_and_a_foreign_one_changes_nothing() -> None:
    region = make.region(city="广州")
    shenzhen, dongguan = (make.operator(parent=region, city=city) for city in ("深圳", "东莞"))
    foreign = make.operator(city="西安")
    client = Window(person("chen", "ADMINISTRATOR", org=region))
    person("inside", "SALES", org=shenzhen)
    person("beside", "SALES", org=dongguan)

    listed = client.get("/organisation/switch/").content.decode()
    assert shenzhen.name in listed
    assert foreign.name not in listed
    client.post("/organisation/switch/", {"node": str(shenzhen.id), "next": "/staff/"})
    narrowed = client.get("/staff/").content.decode()
    assert "inside" in narrowed
    assert "beside" not in narrowed
    client.post("/organisation/switch/", {"node": str(foreign.id)})
    assert "beside" in client.get("/staff/").content.decode()


def test_the_palette_finds_pages_in_both_languages() -> None:
    search.register(
        "try", "Vehicles", lambda actor, text, limit: [search.Hit(title=text, url="/x/")]
    )
    client = Window(person("chen", "ADMINISTRATOR"))
    try:
        for text in ("staff", "人员"):
            found = client.get("/search/", {"text": text}).content.decode()
            assert 'href="/staff/"' in found
            assert 'href="/x/"' in found
        secret = Window(person("li", "SALES")).get("/search/", {"text": "audit"}).content.decode()
    finally:
        del search._FINDERS["try"]

    assert 'href="/audit/"' not in secret


def test_staff_are_found_sorted_and_exported() -> None:
    node = make.operator(city="深圳")
    client = Window(person("admin", "ADMINISTRATOR", org=node))
    for name in ("anna", "bert", "cleo"):
        person(name, "FINANCE", org=node)

    page = client.get("/staff/?role=FINANCE&sort=-full_name").content.decode()
    names = re.findall(r'href="/staff/[0-9a-f-]+/">(\w+)', page)
    export = client.get("/staff/?role=FINANCE&export=csv").content.decode("utf-8-sig")

    assert names == ["cleo", "bert", "anna"]
    assert len(export.splitlines()) == 4


def test_the_staff_page_asks_a_fixed_number_of_questions(
    django_assert_max_num_queries: Any,
) -> None:
    node = make.operator(city="深圳")
    client = Window(person("admin", "ADMINISTRATOR", org=node))
    for n in range(25):
        person(f"p{n}", "FINANCE", org=node)

    with django_assert_max_num_queries(24):
        assert client.get("/staff/?size=50").status_code == 200


def test_a_new_person_is_let_in_once_however_often_the_button_is_pressed() -> None:
    client = Window(person("admin", "ADMINISTRATOR"))
    page = client.get("/staff/new/").content.decode()
    key = re.findall(r'name="_key" value="([0-9a-f-]+)"', page)[0]
    typed = {
        "_key": key,
        "full_name": "赵工",
        "username": "zhao",
        "password": PASSWORD,
        "roles": ["ENGINEER", "SALES"],
    }

    answers = [client.post("/staff/new/", typed).status_code for _ in range(2)]

    assert answers == [302, 302]
    assert User.objects.get(username="zhao").roles == ["ENGINEER", "SALES"]


def test_what_the_verb_refuses_stands_beside_its_field() -> None:
    client = Window(person("admin", "ADMINISTRATOR"))
    typed = {"full_name": "x", "username": "admin", "password": PASSWORD, "roles": ["SALES"]}

    taken = client.post("/staff/new/", typed)
    weak = client.post("/staff/new/", typed | {"username": "other", "password": "short"})

    assert (taken.status_code, weak.status_code) == (422, 422)
    assert 'id="field-username-error"' in taken.content.decode()
    assert 'id="field-password-error"' in weak.content.decode()


def test_roles_are_changed_and_the_change_stands_in_the_audit() -> None:
    admin = person("admin", "ADMINISTRATOR")
    client = Window(admin)
    other = person("li", "SALES", org=admin.org)

    client.post(f"/staff/{other.id}/", {"roles": ["FINANCE"]})

    other.refresh_from_db()
    assert other.roles == ["FINANCE"]
    page = client.get("/audit/?table=org_user&act=UPDATE").content.decode()
    assert "admin 陈" in page
    line = re.findall(r'href="(/audit/\d+/)"', page)[0]
    assert "SALES" in client.get(line).content.decode()


def test_what_is_not_permitted_is_refused_in_words() -> None:
    client = Window(person("li", "SALES"))

    page = client.get("/audit/")
    press = client.get("/audit/", headers={"HX-Request": "true"})

    assert page.status_code == press.status_code == 409
    assert "You may not read the audit trail." in page.content.decode()
    assert 'class="toast-card' in press.content.decode()


def test_an_unknown_address_is_a_page_of_ours() -> None:
    answer = Window(person("li", "SALES"), language="zh-hans").get("/nowhere/")

    assert answer.status_code == 404
    assert "没有找到" in answer.content.decode()


def test_an_address_that_takes_a_form_alone_says_so() -> None:
    person_id = person("wu", "SALES").id
    desk = Window(person("li", "ADMINISTRATOR"), language="zh-hans")
    answer = desk.get(reverse("console-staff-end", args=[person_id]))
    assert answer.status_code == 405
    assert "只接收页面按钮提交的内容" in answer.content.decode()


def test_the_tray_shows_ones_own_tasks_and_cancels_them() -> None:
    user = person("li", "SALES")
    with acting(hq_actor()):
        me = queries.actor_of(user)
    with acting(me, to_write=True):
        task = progress.begin(actor=me, kind="try", title="导入 30,000 辆车", total=30_000)
    progress.report(task_id=task, done=12_000, total=30_000, actor=me)
    client = Window(user)

    tray = client.get("/tasks/").content.decode()
    assert 'value="12000"' in tray
    neighbour = Window(person("wu", "SALES", org=user.org))
    assert "导入 30,000 辆车" not in neighbour.get("/tasks/").content.decode()
    client.post(f"/tasks/{task}/cancel/")

    with pytest.raises(progress.Cancelled):
        progress.report(task_id=task, done=13_000, total=30_000, actor=me)
    assert "<b" not in client.get("/tasks/count/").content.decode()


# What a page offers to open beside its title, but for files.
ACTS = re.compile(r'<div class="page-acts">(.*?)</header>', re.DOTALL)
ACT = re.compile(r'<a class="btn[^"]*" href="(/[^"?#]+)"(?![^>]*download)')


@pytest.mark.parametrize("roles_each", [1, pytest.param(len(PERMISSIONS), marks=pytest.mark.deep)])
def test_every_entry_of_the_side_bar_opens_for_who_may_do_least(roles_each: int) -> None:
    """Each page is asked for by the roles that no other with less to do could stand for.

    So is what its buttons lead to. The role with the fewest permissions is always among them.
    """
    node = make.operator()
    users = {
        role: person(role.lower(), role, org=node) for role in PERMISSIONS if role != "CUSTOMER"
    }
    with acting(hq_actor()):
        may = {role: queries.actor_of(user) for role, user in users.items()}
    seen: dict[str, list[str]] = {}
    for role, actor in may.items():
        for page in navigation.pages_for(actor):
            seen.setdefault(page.url_name, []).append(role)
    assert len(seen) > 60
    closed = []
    windows = {role: Window(user) for role, user in users.items()}
    for name in seen.keys() - {"home"}:
        least = [
            role for role in seen[name]
            if not any(PERMISSIONS[other] < PERMISSIONS[role] for other in seen[name])
        ]  # fmt: skip
        least.sort(key=lambda role: len(PERMISSIONS[role]))
        for role in least[:roles_each]:
            window = windows[role]
            shown = window.get(reverse(name))
            if shown.status_code != 200:
                closed.append((role, name))
            acts = ACTS.search(shown.content.decode())
            for ahead in ACT.findall(acts[1]) if acts else ():
                if window.get(ahead).status_code >= 400:
                    closed.append((role, ahead))
    assert closed == []
