"""The book in the reader's language: it is written in Chinese, with English names beside it."""

from collections.abc import Mapping
from typing import Final

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import npgettext, pgettext_lazy

from panshi.handbook.planned_facts import PLANNED
from panshi.handbook.rules.clock import Span
from panshi.kit.wording import is_chinese, reads_chinese
from panshi.kit.wording import spoken as spoken

# What a run says of the fact that started it or that it waits for.
FACTS: Final[Mapping[str, Promise]] = {
    "billing.ArrearsCleared": _("The arrears are paid"),
    "billing.BillDisputed": _("A bill is disputed"),
    "billing.BillOverdue": _("A bill is overdue"),
    "billing.BillPaid": _("The bill is paid"),
    "billing.CollectionCallPlanned": _("A call about the arrears is planned"),
    "billing.CollectionInstalmentRequested": _("The customer asks to pay in parts"),
    "billing.DunningStepReached": _("A step of the arrears ladder is reached"),
    "billing.DisputeAnswered": _("The dispute of a bill is answered"),
    "billing.InvoiceCorrectionRequested": _("A correction of an invoice is asked for"),
    "billing.InvoiceIssued": _("The invoice is issued"),
    "billing.InvoiceRequested": _("An invoice is asked for"),
    "billing.MatchConfirmed": _("The match of a payment is confirmed"),
    "billing.PaymentPromised": _("The customer promises to pay"),
    "billing.PaymentReceived": _("A payment comes in"),
    "billing.PaymentUnmatched": _("A payment matches no bill"),
    "billing.PriceBookPublished": _("A price book is published"),
    "billing.ReceivableOffered": _("Receivables are offered for financing"),
    "billing.RefundPaid": _("The refund is paid"),
    "billing.RefundRequested": _("A refund is asked for"),
    "billing.SharePeriodClosed": _("The month's shares are settled"),
    "billing.ShareStatementDisputed": _("A statement of shares is disputed"),
    "crm.ComplaintClosed": _("The complaint is closed"),
    "crm.ComplaintFiled": _("A complaint comes in"),
    "crm.QualificationApproved": _("The customer is approved"),
    "crm.QualificationRejected": _("The customer is turned down"),
    "crm.QualificationReviewStarted": _("The review of a customer begins"),
    "crm.QualificationSubmitted": _("A customer hands in the papers"),
    "diagnosis.FindingAcknowledged": _("Somebody takes note of the fault"),
    "diagnosis.FindingsRaised": _("The data of the vehicle show a fault"),
    "fleet.DocumentExpiring": _("A paper of the vehicle lapses soon"),
    "fleet.DocumentVerified": _("A paper is verified"),
    "fleet.IdleChargeDrifted": _("The charge of an idle vehicle leaves its range"),
    "fleet.InspectionPhotoKept": _("A picture of an inspection is taken"),
    "fleet.InspectionStarted": _("An inspection of the vehicle begins"),
    "fleet.KeyLent": _("A key is lent"),
    "fleet.KeyReturned": _("A key is given back"),
    "fleet.MaintenanceDue": _("Maintenance falls due"),
    "fleet.RetirementProposed": _("The vehicle is proposed for retirement"),
    "fleet.StatutoryInspectionDue": _("The annual inspection falls due"),
    "fleet.StockTakeClosed": _("The stock take is closed"),
    "fleet.StockTakeStarted": _("A stock take begins"),
    "fleet.StocktakeVarianceFound": _("A stock take finds a difference"),
    "fleet.TransferApproved": _("The transfer is approved"),
    "fleet.TransferArrived": _("The transferred vehicle arrives"),
    "fleet.TransferDispatched": _("The transferred vehicle is on its way"),
    "fleet.VehicleDeployed": _("The vehicle goes out on lease"),
    "fleet.VehicleIdled": _("The vehicle stands idle"),
    "fleet.VehicleInspected": _("The vehicle is inspected"),
    "fleet.VehiclePlated": _("The vehicle has its plate"),
    "handbook.AdherenceFell": _("Adherence to a node falls"),
    "handbook.EditionProposed": _("An edition of the book is proposed"),
    "handbook.EditionReleased": _("An edition of the book is released"),
    "handbook.ExamScheduled": _("Somebody is called to an exam"),
    "handbook.LocalNoteSet": _("A local note beside a node is set or taken back"),
    "handbook.RunsTakenOver": _("Taken over from the time before"),
    "leasing.AccidentReported": _("An accident is reported"),
    "leasing.AccidentSurveyed": _("The accident is surveyed"),
    "leasing.ClaimAssessmentDisputed": _("The assessment of a claim is disputed"),
    "leasing.ClaimDocumentMissed": _("A paper of the claim is missing"),
    "leasing.ClaimDocumentsCompleted": _("The papers of the claim are complete"),
    "leasing.ContractApproved": _("The contract is approved"),
    "leasing.ContractSigned": _("The contract is signed"),
    "leasing.ContractSignedByCustomer": _("The customer signs the contract"),
    "leasing.ContractTookEffect": _("The contract takes effect"),
    "leasing.DamageDisputed": _("The customer disputes a damage"),
    "leasing.DepositSecured": _("The deposit is received"),
    "leasing.HandoverCompleted": _("The vehicle is handed over"),
    "leasing.LeaseActivated": _("A lease begins"),
    "leasing.LeaseCancelled": _("The lease is cancelled"),
    "leasing.LeaseDefaultConfirmed": _("The default of a lease is confirmed"),
    "leasing.LeaseExpiring": _("A lease ends soon"),
    "leasing.LeaseExtended": _("The lease is extended"),
    "leasing.LeasePaused": _("The lease is paused"),
    "leasing.OwnershipPassed": _("The vehicle becomes the customer's"),
    "leasing.PurchaseIntentConfirmed": _("The customer decides to buy the vehicle"),
    "leasing.QuoteAccepted": _("The customer accepts the quote"),
    "leasing.QuoteDiscountDecided": _("The discount of a quote is decided"),
    "leasing.QuoteDiscountExceeded": _("A quote goes below the discount allowed"),
    "leasing.QuoteDrafted": _("A quote is drafted"),
    "leasing.QuoteSent": _("The quote is sent"),
    "leasing.ReservationConfirmed": _("A vehicle is reserved"),
    "leasing.ReservationExpired": _("The reservation of a vehicle lapses"),
    "leasing.RestraintsReleaseAsked": _("The release of a restraint is asked for"),
    "leasing.ReturnAccepted": _("The returned vehicle is accepted"),
    "leasing.ReturnArrived": _("The returned vehicle arrives"),
    "leasing.ReturnRequested": _("The customer asks to return the vehicle"),
    "leasing.SettlementConfirmed": _("The customer confirms the settlement"),
    "leasing.SettlementStarted": _("The settlement of a return begins"),
    "leasing.SwapRequested": _("The customer asks for another vehicle"),
    "leasing.TerminationAccepted": _("The early end is agreed"),
    "leasing.TerminationRequested": _("The customer asks for an early end"),
    "leasing.VehicleSwapped": _("The vehicle is exchanged"),
    "leasing.ViolationImported": _("A traffic violation comes in"),
    "leasing.ViolationOverdue": _("A traffic violation is not dealt with in time"),
    "leasing.ViolationSettled": _("The traffic violation is dealt with"),
    "leasing.ViolationUnmatched": _("A traffic violation finds no driver"),
    "ledger.MonthClosed": _("The month is closed in the books"),
    "notify.DeliveryFailed": _("A message cannot be delivered"),
    "org.OperatorRegistered": _("An operator joins"),
    "org.RoleChanged": _("Somebody's role changes"),
    "people.CertificateExpiring": _("A certificate lapses soon"),
    "playbook.city-launch": _("The playbook of opening a city"),
    "quality.NonconformityOpened": _("A nonconformity is found"),
    "schedule.billing_day": _("The day bills are drafted"),
    "schedule.daily": _("Every day"),
    "schedule.fortnightly": _("Every two weeks"),
    "schedule.half_yearly": _("Every half year"),
    "schedule.holiday": _("A public holiday is near"),
    "schedule.month_end": _("The month is over"),
    "schedule.monthly": _("Every month"),
    "schedule.nightly": _("Every night"),
    "schedule.quarterly": _("Every quarter"),
    "schedule.shift": _("Every shift"),
    "schedule.weekly": _("Every week"),
    "schedule.yearly": _("Every year"),
    "service.BookingCancelled": _("A visit is cancelled"),
    "service.BookingConfirmed": _("A visit is booked"),
    "service.ConversationHandedOver": _("A conversation is handed to a person"),
    "service.ConversationResolved": _("The conversation is settled"),
    "service.CustomerAbsent": _("The customer is not there"),
    "service.EngineerArrived": _("The engineer is at the vehicle"),
    "service.PartUsed": _("A part is used"),
    "service.PriceChanged": _("The price of a job changes"),
    "service.TravelStarted": _("The engineer sets out"),
    "service.VehicleDiagnosed": _("The engineer has diagnosed the vehicle"),
    "service.VisitAccepted": _("The engineer accepts the visit"),
    "service.VisitAssigned": _("A visit is given to an engineer"),
    "service.VisitDone": _("The work on site is done"),
    "service.VisitRefused": _("The engineer refuses the visit"),
    "service.VisitSigned": _("The customer signs for the visit"),
    "service.WorkClosed": _("The work order is closed"),
    "service.WorkOrderOpened": _("A work order is opened"),
    "service.WorkReleased": _("The work is released after its check"),
    "service.WorkReviewed": _("The customer reviews the work"),
    "service.WorkSelfChecked": _("The engineer has checked the own work"),
    "supply.VanKitted": _("A service van is stocked"),
    "telematics.AlarmsCleared": _("The alarms of the vehicle are over"),
    "telematics.AlarmsRaised": _("The vehicle reports an alarm"),
    "telematics.CommandApproved": _("An order to a vehicle is approved"),
    "telematics.CommandCancelled": _("An order to a vehicle is cancelled"),
    "telematics.CommandExpired": _("An order to a vehicle lapses"),
    "telematics.CommandFailed": _("An order to a vehicle fails"),
    "telematics.CommandRequested": _("An order to a vehicle is asked for"),
    "telematics.ContactRestored": _("The vehicle reports again"),
    "telematics.TerminalActivated": _("A terminal goes into service"),
    "telematics.TerminalInstalled": _("A terminal is fitted"),
    "telematics.TerminalRemoved": _("A terminal is taken out"),
    "telematics.VehicleWentOffline": _("The vehicle does not report"),
}

# Units as the book writes them, in either language; signs that all languages share stay.
_UNITS: Final[Mapping[str, Promise | str]] = {
    "percent": "%",
    "count": "",
    "local time": "",
    "day": pgettext_lazy("unit", "days"),
    "天": pgettext_lazy("unit", "days"),
    "hour": pgettext_lazy("unit", "hours"),
    "h": pgettext_lazy("unit", "hours"),
    "minute": pgettext_lazy("unit", "minutes"),
    "min": pgettext_lazy("unit", "minutes"),
    "second": pgettext_lazy("unit", "seconds"),
    "秒": pgettext_lazy("unit", "seconds"),
    "s": pgettext_lazy("unit", "seconds"),
    "week": pgettext_lazy("unit", "weeks"),
    "周": pgettext_lazy("unit", "weeks"),
    "month": pgettext_lazy("unit", "months"),
    "月": pgettext_lazy("unit", "months"),
    "CNY": pgettext_lazy("unit", "CNY"),
    "元": pgettext_lazy("unit", "CNY"),
    "10000 CNY": pgettext_lazy("unit", "× CNY 10,000"),
    "万元": pgettext_lazy("unit", "× CNY 10,000"),
    "point": pgettext_lazy("unit", "points"),
    "score": pgettext_lazy("unit", "points"),
    "分": pgettext_lazy("unit", "points"),
    "times": pgettext_lazy("unit", "times as much"),
    "倍": pgettext_lazy("unit", "times as much"),
    "次": pgettext_lazy("unit", "times"),
    "台": pgettext_lazy("unit", "vehicles"),
    "家": pgettext_lazy("unit", "firms"),
    "人": pgettext_lazy("unit", "people"),
    "张": pgettext_lazy("unit", "sheets"),
    "件": pgettext_lazy("unit", "pieces"),
    "条": pgettext_lazy("unit", "items"),
    "个": pgettext_lazy("unit", "pieces"),
    "把": pgettext_lazy("unit", "pieces"),
    "只": pgettext_lazy("unit", "pieces"),
    "根": pgettext_lazy("unit", "pieces"),
    "块": pgettext_lazy("unit", "pieces"),
    "只/周": pgettext_lazy("unit", "pieces a week"),
    "处": pgettext_lazy("unit", "places"),
    "期": pgettext_lazy("unit", "instalments"),
    "单": pgettext_lazy("unit", "orders"),
    "项": pgettext_lazy("unit", "items"),
    "通": pgettext_lazy("unit", "calls"),
    "行": pgettext_lazy("unit", "lines"),
    "笔": pgettext_lazy("unit", "entries"),
    "点": pgettext_lazy("unit", "points"),
    "款": pgettext_lazy("unit", "models"),
    "本": pgettext_lazy("unit", "papers"),
    "户": pgettext_lazy("unit", "households"),
    "位": pgettext_lazy("unit", "people"),
}
_PROOFS: Final[Mapping[str, Promise]] = {
    "check": pgettext_lazy("proof", "tick"),
    "choice": pgettext_lazy("proof", "choice"),
    "text": pgettext_lazy("proof", "text"),
    "reading": pgettext_lazy("proof", "reading"),
    "photo": pgettext_lazy("proof", "photo"),
    "signature": pgettext_lazy("proof", "signature"),
    "location": pgettext_lazy("proof", "place"),
    "scan": pgettext_lazy("proof", "scan"),
    "file": pgettext_lazy("proof", "file"),
    "fact": pgettext_lazy("proof", "seen by the system"),
    "person": pgettext_lazy("proof", "person"),
}

# What a run may wait for while its clock stands still.
WAITS: Final[Mapping[str, Promise]] = {
    "customer": _("Customer"),
    "parts": _("Parts"),
    "weather": _("Weather"),
    "authority": _("Authority"),
}


def term(word: str, english: Mapping[str, str]) -> str:
    """A word that a choice offers or a turn is called, for the reader."""
    return spoken(word, english.get(word, ""))


def fact(name: str) -> str:
    """A fact in words, also one that no room publishes yet; else its name."""
    return str(FACTS.get(name) or PLANNED.get(name) or name)


def starter(trigger: Mapping[str, str]) -> str:
    """What starts a node, in words: its fact, its schedule, or somebody by hand."""
    if every := trigger.get("every"):
        return fact(f"schedule.{every}")
    return fact(trigger["event"]) if trigger.get("event") else str(_("By hand"))


def unit(word: str) -> str:
    """A unit of the book for the reader; as the book writes it where it is a sign of its own."""
    if is_chinese(word) and reads_chinese():
        return word
    return str(_UNITS.get(word, word))


def wait(code: str) -> str:
    """What a paused run waits for."""
    return str(WAITS.get(code, code))


def proof(kind: str) -> str:
    """What proves a step, in a word."""
    return str(_PROOFS.get(kind, kind))


def span(length: Span) -> str:
    """A length of time as the book writes it (30m, 4h, 3d), in words."""
    n = length.amount
    words = {
        "m": npgettext("span", "%(n)d minute", "%(n)d minutes", n),
        "h": npgettext("span", "%(n)d hour", "%(n)d hours", n),
        "d": npgettext("span", "%(n)d day", "%(n)d days", n),
    }
    return words[length.unit] % {"n": n} if length.unit in words else str(length)


# Why a closed run, job or complaint was proposed as a case.
_CASE_REASONS: Final[Mapping[str, Promise]] = {
    "LATE_TWICE": _("It took more than twice the time it had."),
    "HALTED": _("It was halted on the way."),
    "REOPENED": _("Something was gone back over."),
    "LOW_RATING": _("The customer gave two stars or fewer."),
    "SAFETY": _("Safety was at stake."),
    "DEAR": _("It cost more than nineteen in twenty of its kind."),
    "QUICK": _("It was done in half the usual time with every proof."),
    "BY_HAND": _("Somebody found it worth telling."),
}


def case_reason(reason: str) -> str:
    """Why a case was proposed, in the reader's language."""
    return str(_CASE_REASONS.get(reason, reason))
