"""Verbs of certificates: granted, suspended for a cause, restored, ended by the day."""

from datetime import date, datetime, timedelta
from typing import Final
from uuid import UUID

from django.contrib.auth import get_user_model
from django.utils.translation import gettext as _

from panshi.kit import outbox
from panshi.kit.clock import local_day
from panshi.kit.refusals import IllegalMove
from panshi.kit.tenancy import Actor
from panshi.kit.verbs import verb
from panshi.people.events import (
    CertificateExpiring,
    CertificateGranted,
    CertificateLapsed,
    CertificateRestored,
    CertificatesReviewed,
    CertificateSuspended,
)
from panshi.people.models import CERTIFICATE_LIFE, Certificate, CertificateState, Suspension
from panshi.people.services.roster import NotStaff, PeriodEmpty

# Days ahead at which the end of a certificate is told, the earliest first.
RUNGS: Final = (60, 30, 7)
BY_HAND: Final = "BY_HAND"


def _give_way(row: Certificate, to: date, today: date) -> None:
    """End a certificate for one that begins on the day `to`: now, or when that day comes."""
    if row.valid_from < to and to > today:
        row.valid_until = min(row.valid_until, to - timedelta(days=1))
        row.told_days = RUNGS[-1]  # It is followed already, so its end is no news.
    else:
        row.state = CERTIFICATE_LIFE.step(row.state, CertificateState.LAPSED)
    row.save(update_fields=["state", "valid_until", "told_days"])


@verb
def grant_certificate(
    *,
    user_id: UUID,
    kind: str,
    valid_from: date,
    valid_until: date,
    actor: Actor,
    at: datetime,
    number: str = "",
    edition: str = "",
) -> CertificateGranted:
    """Note a certificate of a member of staff; an earlier one of its kind ends as it begins.

    One that begins later leaves the earlier one in force until the day before. Raises PeriodEmpty,
    NotStaff.
    """
    person = get_user_model().objects.get(id=user_id)
    actor.must("people.grant_certificate", person.org_id)
    if person.customer_id is not None:
        raise NotStaff(_("Only a member of staff holds certificates."))
    if valid_until < valid_from:
        raise PeriodEmpty(_("The end must come after the beginning."))
    earlier = Certificate.objects.select_for_update().filter(user_id=user_id, kind=kind)
    for row in earlier.exclude(state=CertificateState.LAPSED):
        _give_way(row, valid_from, local_day(at))
    certificate = Certificate.objects.create(
        org_id=person.org_id,
        user_id=user_id,
        kind=kind,
        number=number,
        edition=edition,
        valid_from=valid_from,
        valid_until=valid_until,
    )
    return CertificateGranted(
        org_id=person.org_id,
        actor_id=actor.id,
        at=at,
        certificate_id=certificate.id,
        user_id=user_id,
        kind=kind,
        valid_until=valid_until,
    )


def _certificate(certificate_id: UUID, permission: str, actor: Actor) -> Certificate:
    found = Certificate.objects.visible_to(actor).select_for_update().get(id=certificate_id)
    actor.must(permission, found.org_id)
    return found


@verb
def suspend_certificate(
    *,
    certificate_id: UUID,
    reason: str,
    actor: Actor,
    at: datetime,
    cause: str = BY_HAND,
) -> CertificateSuspended:
    """Take a certificate out of force at once; jobs that ask for it are no longer offered.

    Each cause is lifted by itself. Raises IllegalMove for one that suspends it already, and for a
    certificate that has lapsed.
    """
    certificate = _certificate(certificate_id, "people.suspend_certificate", actor)
    if certificate.state != CertificateState.SUSPENDED:
        certificate.state = CERTIFICATE_LIFE.step(certificate.state, CertificateState.SUSPENDED)
        certificate.save(update_fields=["state"])
    _row, new = Suspension.objects.get_or_create(
        certificate=certificate,
        cause=cause,
        lifted_at=None,
        defaults={"org_id": certificate.org_id, "reason": reason[:200], "since": at},
    )
    if not new:
        raise IllegalMove(_("The certificate is suspended for this already."))
    return CertificateSuspended(
        org_id=certificate.org_id,
        actor_id=actor.id,
        at=at,
        certificate_id=certificate.id,
        user_id=certificate.user_id,
        kind=certificate.kind,
        reason=reason,
    )


@verb
def restore_certificate(
    *, certificate_id: UUID, actor: Actor, at: datetime, cause: str = BY_HAND
) -> CertificateRestored:
    """Lift what suspended a certificate; it is in force again once nothing else does.

    Raises IllegalMove when it is not suspended for this cause.
    """
    certificate = _certificate(certificate_id, "people.suspend_certificate", actor)
    lasting = certificate.suspensions.select_for_update().filter(lifted_at=None)
    if certificate.state != CertificateState.SUSPENDED or not lasting.filter(cause=cause).update(
        lifted_at=at
    ):
        raise IllegalMove(_("The certificate is not suspended for this."))
    if not lasting.exists():
        over = certificate.valid_until < local_day(at)
        certificate.state = CERTIFICATE_LIFE.step(
            certificate.state, CertificateState.LAPSED if over else CertificateState.VALID
        )
        certificate.save(update_fields=["state"])
    return CertificateRestored(
        org_id=certificate.org_id,
        actor_id=actor.id,
        at=at,
        certificate_id=certificate.id,
        user_id=certificate.user_id,
        kind=certificate.kind,
        valid=certificate.state == CertificateState.VALID,
    )


def _rung(days: int, told: int | None) -> int | None:
    """The rung to be told now, or None; the first is told to everybody, however late."""
    if days > RUNGS[0]:
        return None
    if told is None:
        return RUNGS[0]
    reached = min(rung for rung in RUNGS if days <= rung)
    return reached if reached < told else None


@verb
def lapse_certificates(*, on: date, actor: Actor, at: datetime) -> CertificatesReviewed:
    """End what has run out by the day, and tell of what ends in 60, 30 and 7 days, each once.

    Each certificate publishes its own fact.
    """
    actor.must("people.lapse_certificates", actor.org_id)
    live = (
        Certificate.objects.visible_to(actor)
        .select_for_update()
        .exclude(state=CertificateState.LAPSED)
        .order_by("id")
    )
    lapsed = list(live.filter(valid_until__lt=on))
    told: list[tuple[Certificate, int]] = []
    for row in live.filter(valid_until__gte=on):
        rung = _rung((row.valid_until - on).days, row.told_days)
        if rung is not None:
            row.told_days = rung
            told.append((row, rung))
    Certificate.objects.filter(id__in=[c.id for c in lapsed]).update(state=CertificateState.LAPSED)
    # Who holds the next one already has lost nothing.
    followed = set(
        live.filter(
            user_id__in={c.user_id for c in lapsed}, valid_from__lte=on, valid_until__gte=on
        ).values_list("user_id", "kind")
    )
    Certificate.objects.bulk_update([row for row, _rung_ in told], ["told_days"], batch_size=1000)
    facts = [
        CertificateLapsed(
            org_id=row.org_id, actor_id=actor.id, at=at, certificate_id=row.id,
            user_id=row.user_id, kind=row.kind, valid_until=row.valid_until,
        )
        for row in lapsed
        if (row.user_id, row.kind) not in followed
    ]  # fmt: skip
    warned = [
        CertificateExpiring(
            org_id=row.org_id, actor_id=actor.id, at=at, certificate_id=row.id,
            user_id=row.user_id, kind=row.kind, valid_until=row.valid_until, days=rung,
        )
        for row, rung in told
    ]  # fmt: skip
    outbox.publish_all([*facts, *warned], verb="people.lapse_certificates")
    return CertificatesReviewed(
        org_id=actor.org_id, actor_id=actor.id, at=at, expiring=len(told), lapsed=len(lapsed)
    )
