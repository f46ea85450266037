"""Certificates of any member of staff: suspended cause by cause, told before they end."""

from datetime import date, timedelta

import pytest

from panshi.kit.models import Outbox
from panshi.kit.refusals import IllegalMove
from panshi.kit.tenancy import Actor, hq_actor
from panshi.org.tests import make as org_make
from panshi.people import queries, services
from panshi.people.tests import make
from panshi.people.tests.make import NOON, TODAY

KIND = "COLLECTION_CONDUCT"


def granted(days: int) -> tuple[Actor, queries.HeldCertificate]:
    org = org_make.operator()
    by = hq_actor(org.id)
    services.grant_certificate(
        user_id=make.user(org=org), kind=KIND, valid_from=TODAY,
        valid_until=TODAY + timedelta(days=days), edition="1.0", actor=by, at=NOON,
    )  # fmt: skip
    (held,) = queries.certificates(kinds=[KIND], actor=by)
    return by, held


def test_whoever_is_no_engineer_holds_one_too() -> None:
    by, held = granted(300)
    fit = queries.fit_for(user_id=held.user_id, certificates=(KIND,), on=TODAY, actor=by)
    assert (fit.fit, held.edition) == (True, "1.0")


def test_counts_again_once_every_suspension_is_lifted() -> None:
    by, held = granted(300)

    def state() -> tuple[str, tuple[str, ...]]:
        (now,) = queries.certificates(user_ids=[held.user_id], actor=by)
        return now.state, now.causes

    services.suspend_certificate(certificate_id=held.id, reason="违章", actor=by, at=NOON)
    services.suspend_certificate(
        certificate_id=held.id, reason="未读修订", cause="handbook:1", actor=by, at=NOON
    )
    assert state() == ("SUSPENDED", ("BY_HAND", "handbook:1"))
    lifted = services.restore_certificate(
        certificate_id=held.id, cause="handbook:1", actor=by, at=NOON
    )
    assert not lifted.valid
    with pytest.raises(IllegalMove):
        services.restore_certificate(certificate_id=held.id, cause="handbook:1", actor=by, at=NOON)
    assert services.restore_certificate(certificate_id=held.id, actor=by, at=NOON).valid
    assert state() == ("VALID", ())


def test_ends_instead_when_the_term_ran_out_meanwhile() -> None:
    by, held = granted(10)
    services.suspend_certificate(certificate_id=held.id, reason="违章", actor=by, at=NOON)
    late = NOON + timedelta(days=20)
    assert not services.restore_certificate(certificate_id=held.id, actor=by, at=late).valid
    assert queries.certificates(user_ids=[held.user_id], actor=by) == []


def test_tells_at_each_rung_once_and_the_first_to_everybody() -> None:
    by, _held = granted(45)

    def told(on: date) -> list[int]:
        before = set(Outbox.objects.values_list("id", flat=True))
        services.lapse_certificates(on=on, actor=by, at=NOON)
        fresh = Outbox.objects.exclude(id__in=before).filter(name="people.CertificateExpiring")
        return [row.payload["days"] for row in fresh]

    days = [told(TODAY + timedelta(days=n)) for n in (0, 1, 16, 17, 40, 41)]
    assert days == [[60], [], [30], [], [7], []]


def test_one_that_begins_later_leaves_the_earlier_in_force_until_then() -> None:
    by, held = granted(40)
    begins = TODAY + timedelta(days=20)
    services.grant_certificate(
        user_id=held.user_id, kind=KIND, valid_from=begins,
        valid_until=begins + timedelta(days=365), actor=by, at=NOON,
    )  # fmt: skip

    def fit(days: int) -> bool:
        return queries.fit_for(
            user_id=held.user_id, certificates=(KIND,), on=TODAY + timedelta(days=days), actor=by
        ).fit

    assert [fit(days) for days in (0, 19, 20, 300)] == [True] * 4
    before = Outbox.objects.filter(name="people.CertificateLapsed").count()
    services.lapse_certificates(on=begins, actor=by, at=NOON)
    assert [row.valid_from for row in queries.certificates(kinds=[KIND], actor=by)] == [begins]
    # The end of one that is followed is no news.
    assert Outbox.objects.filter(name="people.CertificateLapsed").count() == before
    assert not Outbox.objects.filter(name="people.CertificateExpiring").exists()
