"""What other rooms ask before somebody is sent out: which certificates, and who grants them."""

from collections.abc import Collection, Mapping
from datetime import datetime
from uuid import UUID

from django.utils.translation import gettext as _

from panshi.handbook import book, wording
from panshi.handbook.models import OPEN_STATES, Exam, Run
from panshi.handbook.rules import conditions
from panshi.handbook.rules.conditions import World
from panshi.kit.tenancy import Actor, acting
from panshi.kit.verbs import guard
from panshi.people import queries as people

ORDER = "service.work_order"


@guard
def procedure_certificates(
    *, work_order_id: UUID | None, fields: Mapping[str, object], actor: Actor, at: datetime
) -> tuple[str, ...]:
    """The certificates of the procedures that run on an order, and of those its facts will start.

    `fields` are what is known of the order, as a fact of it would say.
    """
    with acting(actor):
        kinds: set[str] = set()
        if work_order_id is not None:
            runs = Run.objects.filter(work_order_id=work_order_id, state__in=OPEN_STATES)
            revisions = set(runs.values_list("revision_id", flat=True))
            for procedure in book.procedures(revisions).values() if revisions else ():
                kinds |= set(procedure.certificates)
        edition = book.book_for(actor.org_id, actor, at)
        world = World(fact=fields, param=edition.params if edition else {}, bare="fact")
        for procedure in book.certified(edition.id) if edition else ():
            trigger = procedure.trigger
            if procedure.subject_type != ORDER or not trigger.event.startswith("service."):
                continue
            if trigger.where is None or conditions.holds(trigger.where, world):
                kinds |= set(procedure.certificates)
    return tuple(sorted(kinds))


@guard
def exams_granting(*, kinds: Collection[str], actor: Actor) -> dict[str, str]:
    """The names of the exams that grant these certificates, for rooms that refuse work for one."""
    with acting(actor):
        rows = Exam.objects.filter(certificate__in=kinds)
        return {row.certificate: wording.spoken(row.zh, row.en) for row in rows}


def missing_words(kinds: Collection[str], actor: Actor) -> str:
    """That certificates are missing, each with the exam that grants it where there is one."""
    exams = exams_granting(kinds=kinds, actor=actor)
    named = [
        _("%(kind)s (exam “%(exam)s”)") % {"kind": words, "exam": exams[kind]}
        if kind in exams
        else words
        for kind in kinds
        for words in people.certificate_words([kind])
    ]
    return _("A certificate is missing, suspended or has lapsed: %(kinds)s.") % {
        "kinds": ", ".join(named)
    }
