"""Who is on shift, who is fit: shifts, leave, certificates, breaks."""

from datetime import date, time, timedelta

import pytest

from panshi.kit.clock import day_start
from panshi.kit.refusals import IllegalMove, NotPermitted
from panshi.kit.tenancy import acting, hq_actor
from panshi.org.tests import make as org_make
from panshi.people import queries, services
from panshi.people.models import Certificate, CertificateState, Engineer
from panshi.people.tests import make
from panshi.people.tests.make import NOON, TODAY


def test_finds_who_is_on_shift_with_skills_papers_and_break() -> None:
    org = org_make.operator()
    by = hq_actor(org.id)
    user_id = make.engineer(org=org, skills=("HV",))
    services.set_break_rule(
        org_id=org.id, city="杭州", earliest=time(11, 30), latest=time(13), minutes=45,
        actor=by, at=NOON,
    )  # fmt: skip

    (found,) = queries.engineers_on_shift(city="杭州", at=NOON, actor=by)

    assert (found.user_id, found.skills) == (user_id, frozenset({"HV"}))
    assert found.certificates == {"HV_ELECTRICIAN"}
    assert [rest.minutes for rest in found.breaks] == [45]
    midnight = day_start(TODAY) + timedelta(hours=23)
    assert queries.engineers_on_shift(city="杭州", at=midnight, actor=by) == ()


def test_refuses_overlapping_shifts() -> None:
    org = org_make.operator()
    user_id = make.engineer(org=org)

    with pytest.raises(services.ShiftOverlaps):
        services.set_shift(
            user_id=user_id, starts_at=NOON, ends_at=NOON + timedelta(hours=1),
            actor=hq_actor(org.id), at=NOON,
        )  # fmt: skip


def test_leave_beats_the_shift() -> None:
    org = org_make.operator()
    by, user_id = hq_actor(org.id), make.engineer(org=org)

    services.grant_leave(
        user_id=user_id, starts_at=NOON, ends_at=NOON + timedelta(hours=2), reason="体检",
        actor=by, at=NOON,
    )  # fmt: skip

    assert queries.engineers_on_shift(city="杭州", at=NOON, actor=by) == ()


def test_a_lapsed_or_suspended_certificate_no_longer_counts() -> None:
    org = org_make.operator()
    by, user_id = hq_actor(org.id), make.engineer(org=org)
    wanted = ("HV_ELECTRICIAN",)
    held = Certificate.objects.get(user_id=user_id)

    def fit(on: date) -> bool:
        return queries.fit_for(user_id=user_id, certificates=wanted, on=on, actor=by).fit

    assert fit(TODAY)
    assert not fit(date(2028, 1, 1))
    services.suspend_certificate(certificate_id=held.id, reason="违章", actor=by, at=NOON)
    assert not fit(TODAY)
    with pytest.raises(IllegalMove):
        services.suspend_certificate(certificate_id=held.id, reason="再次", actor=by, at=NOON)


def test_lapses_what_has_run_out_and_warns_once() -> None:
    org = org_make.operator()
    by = hq_actor(org.id)
    make.engineer(org=org)

    first = services.lapse_certificates(on=date(2027, 11, 15), actor=by, at=NOON)
    second = services.lapse_certificates(on=date(2027, 11, 16), actor=by, at=NOON)
    third = services.lapse_certificates(on=date(2028, 1, 1), actor=by, at=NOON)

    assert [(f.expiring, f.lapsed) for f in (first, second, third)] == [(1, 0), (0, 0), (0, 1)]
    assert Certificate.objects.get().state == CertificateState.LAPSED


def test_a_neighbour_neither_sees_nor_rosters() -> None:
    org, other = org_make.operator(), org_make.operator()
    user_id = make.engineer(org=org)
    stranger = org_make.actor(other, "people.*")

    with acting(stranger):
        assert not Engineer.objects.exists()
    assert queries.engineers(actor=stranger, at=NOON) == []
    with pytest.raises(Engineer.DoesNotExist):
        services.set_shift(user_id=user_id, starts_at=NOON, ends_at=NOON, actor=stranger, at=NOON)
    with pytest.raises(NotPermitted):
        services.set_shifts(org_id=org.id, shifts=[], actor=stranger, at=NOON)
