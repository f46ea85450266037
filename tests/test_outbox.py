"""Verb, fact, outbox, relay: as one story on the organisation's own verbs."""

import pytest
from django.db import connection
from django.utils import timezone

from panshi.kit import outbox, relay
from panshi.kit.models import Delivery, Outbox
from panshi.kit.refusals import Refusal
from panshi.kit.tenancy import hq_actor
from panshi.org import services
from panshi.org.events import UserCreated
from panshi.org.models import OrgNode, User
from panshi.org.tests import make


@pytest.fixture
def heard(monkeypatch: pytest.MonkeyPatch) -> list[UserCreated]:
    """A handler of UserCreated that lives only for this test; answers what it heard."""
    facts: list[UserCreated] = []
    monkeypatch.setattr(outbox, "HANDLERS", {"test.hear": facts.append})
    monkeypatch.setattr(outbox, "_SUBSCRIBED", {UserCreated.name: ["test.hear"]})
    return facts


def _create(org: OrgNode, username: str) -> UserCreated:
    return services.create_user(
        org_id=org.id,
        username=username,
        full_name="赵敏",
        roles=["FINANCE"],
        password="a-long-password-1",
        actor=hq_actor(org.id),
        at=timezone.now(),
    )


def test_a_verbs_fact_reaches_its_handler_once(heard: list[UserCreated]) -> None:
    fact = _create(make.operator(), "once")
    relay.drain()
    relay.drain()
    assert heard == [fact]


def test_a_refused_verb_leaves_no_row_and_no_fact(heard: list[UserCreated]) -> None:
    org = make.operator()
    _create(org, "taken")
    before = Outbox.objects.count()
    with pytest.raises(services.UserNameTaken):
        _create(org, "taken")
    assert Outbox.objects.count() == before
    assert User.objects.filter(username="taken").count() == 1


def test_facts_of_an_org_arrive_in_order(heard: list[UserCreated]) -> None:
    org = make.operator()
    facts = [_create(org, f"user-{n}") for n in range(5)]
    relay.drain()
    assert heard == facts


def test_a_failing_handler_stops_only_its_lane_and_is_tried_again(
    heard: list[UserCreated], monkeypatch: pytest.MonkeyPatch
) -> None:
    bad, good = make.operator(), make.operator()

    def fail_for_bad(fact: UserCreated) -> None:
        if fact.org_id == bad.id and not patient:
            raise ValueError("not yet")
        heard.append(fact)

    patient: list[bool] = []
    monkeypatch.setattr(outbox, "HANDLERS", {"test.hear": fail_for_bad})
    monkeypatch.setattr(relay, "FIRST_WAIT_S", 600.0)
    first, second, other = _create(bad, "b1"), _create(bad, "b2"), _create(good, "g1")

    relay.drain()
    assert heard == [other]
    waiting = Delivery.objects.filter(org_id=bad.id, done_at=None).order_by("id")
    assert [d.attempts for d in waiting] == [1, 0]
    assert "not yet" in waiting[0].error

    patient.append(True)
    Delivery.objects.update(not_before=timezone.now())
    relay.drain()
    assert heard == [other, first, second]


def test_a_hopeless_fact_is_parked_and_the_lane_goes_on(
    heard: list[UserCreated], monkeypatch: pytest.MonkeyPatch
) -> None:
    org = make.operator()

    def fail_first(fact: UserCreated) -> None:
        if fact == first:
            raise ValueError("never")
        heard.append(fact)

    monkeypatch.setattr(outbox, "HANDLERS", {"test.hear": fail_first})
    first, second = _create(org, "p1"), _create(org, "p2")
    for _ in range(relay.ATTEMPTS):
        Delivery.objects.filter(done_at=None).update(not_before=timezone.now())
        relay.drain()
    assert heard == [second]
    assert Delivery.objects.get(parked_at__isnull=False).attempts == relay.ATTEMPTS


def test_what_a_failing_handler_wrote_is_undone(
    heard: list[UserCreated], monkeypatch: pytest.MonkeyPatch
) -> None:
    org = make.operator()

    def write_then_fail(fact: UserCreated) -> None:
        User.objects.filter(id=fact.user_id).update(full_name="half done")
        raise Refusal("no")

    monkeypatch.setattr(outbox, "HANDLERS", {"test.hear": write_then_fail})
    _create(org, "half")
    relay.drain()
    assert User.objects.get(username="half").full_name == "赵敏"


def test_a_handler_runs_under_its_own_org(
    heard: list[UserCreated], monkeypatch: pytest.MonkeyPatch
) -> None:
    org = make.operator()
    seen: list[tuple[str, str]] = []

    def look(fact: UserCreated) -> None:
        with connection.cursor() as cursor:
            cursor.execute("SELECT current_user, current_setting('app.org_ids')")
            seen.append(cursor.fetchone())

    monkeypatch.setattr(outbox, "HANDLERS", {"test.hear": look})
    _create(org, "look")
    relay.drain()
    assert seen == [("panshi_app", f"{{{org.id}}}")]
