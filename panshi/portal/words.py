"""How states read to a customer: the tone of the dot, and the sentence of a stage."""

from typing import Final

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

ORDER_TONES: Final = {
    "OPEN": "idle", "SCHEDULED": "info", "IN_DIAGNOSIS": "info", "QUOTED": "warn",
    "IN_WORK": "info", "WAITING": "warn", "SELF_CHECKED": "info", "RELEASED": "ok",
    "BILLED": "warn", "CLOSED": "idle", "CANCELLED": "idle",
}  # fmt: skip
ORDER_WORDS: Final[dict[str, "Promise | str"]] = {
    "OPEN": _("We are looking for a time"),
    "SCHEDULED": _("Booked"),
    "IN_DIAGNOSIS": _("Being examined"),
    "QUOTED": _("Waiting for your answer"),
    "IN_WORK": _("Being worked on"),
    "WAITING": _("Waiting for parts or a new time"),
    "SELF_CHECKED": _("Being checked"),
    "RELEASED": _("Finished"),
    "BILLED": _("Finished, bill open"),
    "CLOSED": pgettext_lazy("portal", "Closed"),
    "CANCELLED": _("Cancelled"),
}
OVER: Final = frozenset({"CLOSED", "CANCELLED"})
LEASE_TONES: Final = {
    "DRAFT": "idle", "RESERVED": "info", "SIGNED": "info", "ACTIVE": "ok", "PAUSED": "warn",
    "RETURNING": "warn",
    "SETTLING": "warn", "ENDED": "idle", "CANCELLED": "idle",
    "DEFAULTED": "bad", "TRANSFERRED": "ok",
}  # fmt: skip
QUOTE_TONES: Final = {
    "SENT": "warn", "ACCEPTED": "ok", "DECLINED": "idle", "EXPIRED": "idle",
}  # fmt: skip
REVIEW_TAGS: Final[dict[str, "Promise | str"]] = {
    "ON_TIME": _("On time"),
    "CAREFUL": _("Careful work"),
    "CLEAR": _("Explained well"),
    "FRIENDLY": _("Friendly"),
    "LATE": _("Came late"),
    "NOT_FIXED": _("Not fixed"),
    "DEAR": _("Too expensive"),
}
BILL_TONES: Final = {
    "OPEN": "warn",
    "OVERDUE": "bad",
    "PAID": "ok",
    "WRITTEN_OFF": "idle",
    "CREDIT": "info",
}
BILL_WORDS: Final[dict[str, "Promise | str"]] = {
    "OPEN": _("To be paid"),
    "OVERDUE": _("Overdue"),
    "PAID": _("Paid"),
    "WRITTEN_OFF": _("Closed"),
    "CREDIT": _("Credit note"),
}
VIOLATION_TONES: Final = {
    "IMPORTED": "idle", "ATTRIBUTED": "idle", "NOTIFIED": "warn", "DISPUTED": "info",
    "DONE_BY_CUSTOMER": "ok", "DONE_BY_AGENCY": "info", "CHARGED": "warn", "CLOSED": "ok",
}  # fmt: skip
VIOLATION_WORDS: Final[dict[str, "Promise | str"]] = {
    "IMPORTED": _("Being looked at"),
    "ATTRIBUTED": _("Being looked at"),
    "NOTIFIED": _("To be dealt with"),
    "DISPUTED": _("Disputed"),
    "DONE_BY_CUSTOMER": pgettext_lazy("violation", "Dealt with"),
    "DONE_BY_AGENCY": _("Dealt with for you"),
    "CHARGED": pgettext_lazy("violation", "Billed"),
    "CLOSED": pgettext_lazy("portal", "Closed"),
}
INVOICE_TONES: Final = {
    "ASKED": "info", "SUBMITTED": "info", "ISSUED": "ok", "REJECTED": "bad", "RED_ASKED": "warn",
    "RED_ISSUED": "idle",
}  # fmt: skip
INVOICE_WORDS: Final[dict[str, "Promise | str"]] = {
    "ASKED": pgettext_lazy("invoice", "Asked for"),
    "SUBMITTED": pgettext_lazy("invoice", "Asked for"),
    "ISSUED": pgettext_lazy("invoice", "Issued"),
    "REJECTED": pgettext_lazy("invoice", "Rejected"),
    "RED_ASKED": pgettext_lazy("invoice", "Issued"),
    "RED_ISSUED": pgettext_lazy("invoice", "Taken back by a red letter"),
}
