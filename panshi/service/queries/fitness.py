"""Which certificates a job asks for, and what gains one that is missing: the handbook knows."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

from django.utils.translation import gettext as _

from panshi.kit.tenancy import system_actor
from panshi.kit.verbs import GUARDS
from panshi.people import queries as people
from panshi.service.models import ServiceItem

PROCEDURES: Final = "handbook.procedure_certificates"
EXAMS: Final = "handbook.exams_granting"


def certificates_of(
    *, org_id: int, items: Sequence[ServiceItem], at: datetime, work_order_id: UUID | None = None
) -> frozenset[str]:
    """What these services and the procedures that the job runs or will run ask for together."""
    own = frozenset(kind for item in items for kind in item.certificates)
    ask = GUARDS.get(PROCEDURES)
    if ask is None:
        return own
    fields = {
        "high_voltage": any(item.high_voltage for item in items),
        "item_codes": [item.code for item in items],
        "categories": sorted({item.category for item in items}),
    }
    return own | frozenset(
        ask(work_order_id=work_order_id, fields=fields, actor=system_actor(org_id), at=at)
    )


def missing_words(kinds: Collection[str], *, org_id: int) -> str:
    """That certificates are missing, each with the exam that grants it where there is one."""
    ask = GUARDS.get(EXAMS)
    exams = ask(kinds=tuple(kinds), actor=system_actor(org_id)) if ask else {}
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
