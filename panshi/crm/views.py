"""Pages about customers: the register, one customer, qualifications, complaints."""

from collections.abc import Callable, Mapping
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from panshi.crm import lists, queries, services
from panshi.crm.models import ComplaintState, QualificationState
from panshi.crm.sheet import KIND, SHEET
from panshi.kit import workbooks
from panshi.kit.forms import Reading
from panshi.kit.import_pages import ImportPages, download
from panshi.kit.refusals import Refusal
from panshi.kit.sheets import as_rows
from panshi.kit.tables import Slice
from panshi.kit.web import Request, needs
from panshi.org import queries as org

IMPORT = ImportPages(
    kind=KIND,
    sheet=SHEET,
    title=lazy("Import customers"),
    prefix="crm/import",
    name="crm-import",
    back="crm-customers",
    permission="crm.stage_customer_import",
    stage=services.stage_customer_import,
    commit=services.commit_customer_import,
    undo=services.undo_customer_import,
)
_FIELD_OF: Mapping[type[Refusal], str] = {
    services.BadId: "id_no",
    services.CustomerKnown: "id_no",
    services.BadPhone: "phone",
    services.NameMissing: "name",
    services.LicenceExpired: "licence_expires_on",
    services.ReasonMissing: "reason",
}


def _called(
    request: Request, form: Reading, verb: Callable[..., Any], **more: Any
) -> dict[str, Any] | None:
    """Call a verb with a form's values; a refusal that belongs to a field is told there."""
    try:
        return form.call(request, verb, at=timezone.now(), **more)
    except tuple(_FIELD_OF) as refusal:
        form.refuse(_FIELD_OF[type(refusal)], refusal.words)
        return None


@require_GET
@needs("crm.view")
def customers(request: Request) -> HttpResponse:
    ask = lists.CUSTOMERS.read(request.GET)
    page = queries.customer_list(
        text=ask.text("text"),
        kind=ask.text("kind"),
        city=ask.text("city"),
        qualified=ask.flag("qualified"),
        order_by=ask.order_by,
        limit=ask.limit,
        offset=ask.offset,
        actor=request.actor,
    )
    part = Slice(rows=page.rows, total=page.total)
    return lists.CUSTOMERS.respond(request, ask, part, "crm/customers.html")


@require_GET
@needs("crm.view")
def sheet(request: Request) -> HttpResponse:
    """The whole register in the form of the import sheet, personal numbers masked."""
    rows = queries.customer_sheet_rows(actor=request.actor)
    content = workbooks.write(sheet=SHEET, rows=as_rows(rows))
    return download(content=content, name="customers-register")


@require_http_methods(["GET", "POST"])
@needs("crm.reveal_personal_data")
def sheet_in_clear(request: Request) -> HttpResponse:
    """The whole register with personal numbers in clear, for a stated reason and on record."""
    context = {"title": _("Export with numbers in clear"), "submit": _("Export")}
    if request.method == "GET":
        return lists.EXPORT.blank().respond(request, "crm/form.html", context)
    form = lists.EXPORT.read(request.POST)
    if not form.ok:
        return form.respond(request, "crm/form.html", context)
    rows = services.export_in_clear(
        reason=form.values["reason"], actor=request.actor, at=timezone.now()
    )
    content = workbooks.write(sheet=SHEET, rows=as_rows(rows))
    return download(content=content, name="customers-register-in-clear")


@require_http_methods(["GET", "POST"])
@needs("crm.register_customer")
def register(request: Request) -> HttpResponse:
    context = {"title": _("New customer")}
    if request.method == "GET":
        return lists.REGISTER.blank().respond(request, "crm/form.html", context)
    form = lists.REGISTER.read(request.POST)
    if form.ok:
        fact = _called(request, form, services.register_customer, org_id=request.actor.org_id)
        if fact is not None:
            return redirect("crm-customer", fact["customer_id"])
    return form.respond(request, "crm/form.html", context)


def _shown(request: Request, customer_id: UUID, **revealed: str) -> dict[str, Any]:
    card = queries.customer_card(customer_id=customer_id, actor=request.actor)
    listed = card.listed
    people = {
        *(row.submitted_by_id for row in card.qualifications),
        *(row.reviewer_id for row in card.qualifications if row.reviewer_id),
        *(read.by_id for read in card.reads),
        *((listed.listed_by_id,) if listed else ()),
    }
    names = org.names_of(user_ids=tuple(people), actor=request.actor)
    return {
        "customer": card,
        "may_reveal": request.actor.may("crm.reveal_personal_data"),
        "listed": listed,
        "listed_by": names.get(listed.listed_by_id, "") if listed else "",
        "may_list": card.id_masked and not listed and request.actor.may("crm.blacklist_person"),
        "may_lift": listed
        and listed.listed_by_id != request.actor.id
        and request.actor.may("crm.lift_blacklisting"),
        "waits": any(row.state == QualificationState.SUBMITTED for row in card.qualifications),
        "tiles": lists.tiles_of(card),
        "details": lists.details_of(card),
        "timeline": lists.timeline_of(card, names),
        "revealed": revealed,
    }


@require_GET
@needs("crm.view")
def customer(request: Request, customer_id: UUID) -> HttpResponse:
    return render(request, "crm/customer.html", _shown(request, customer_id))


@require_POST
@needs("crm.reveal_personal_data")
def reveal(request: Request, customer_id: UUID, field: str) -> HttpResponse:
    """Show a customer's telephone or identity number in clear; that it was seen is on record."""
    value = services.reveal(
        customer_id=customer_id,
        field=field,
        reason=_("Looked up on the customer's page"),
        actor=request.actor,
        at=timezone.now(),
    )
    if request.htmx:
        return render(request, "crm/revealed.html", {"value": value})
    context = _shown(request, customer_id, **{field: value})
    return render(request, "crm/customer.html", context)


@require_http_methods(["GET", "POST"])
@needs("crm.change_customer")
def change(request: Request, customer_id: UUID) -> HttpResponse:
    card = queries.customer_card(customer_id=customer_id, actor=request.actor)
    context = {"customer": card, "title": _("Correct the record")}
    if request.method == "GET":
        blank = lists.CHANGE.blank(
            name=card.name,
            contact=card.contact,
            city=card.city,
            tax_title=card.tax_title,
            tax_no=card.tax_no,
            note=card.note,
        )
        return blank.respond(request, "crm/form.html", context)
    form = lists.CHANGE.read(request.POST)
    if form.ok:
        form.values["phone"] = form.values["phone"] or None
        if _called(request, form, services.change_customer, customer_id=customer_id):
            return redirect("crm-customer", customer_id)
    return form.respond(request, "crm/form.html", context)


@require_http_methods(["GET", "POST"])
@needs("crm.submit_qualification")
def qualify(request: Request, customer_id: UUID) -> HttpResponse:
    """Submit a customer's qualification for a second person's decision."""
    card = queries.customer_card(customer_id=customer_id, actor=request.actor)
    context = {"customer": card, "title": _("Submit for qualification")}
    if request.method == "GET":
        blank = lists.QUALIFY.blank(licence_expires_on=card.licence_expires_on)
        return blank.respond(request, "crm/form.html", context)
    form = lists.QUALIFY.read(request.POST)
    if form.ok and _called(request, form, services.submit_qualification, customer_id=customer_id):
        return redirect("crm-customer", customer_id)
    return form.respond(request, "crm/form.html", context)


@require_http_methods(["GET", "POST"])
@needs("crm.blacklist_person")
def blacklist(request: Request, customer_id: UUID) -> HttpResponse:
    """Put the person behind a customer on the blacklist that all nodes ask."""
    card = queries.customer_card(customer_id=customer_id, actor=request.actor)
    context = {"customer": card, "title": _("Put on the blacklist")}
    if request.method == "GET":
        return lists.BLACKLIST.blank().respond(request, "crm/form.html", context)
    form = lists.BLACKLIST.read(request.POST)
    if form.ok and _called(request, form, services.blacklist_person, customer_id=customer_id):
        return redirect("crm-customer", customer_id)
    return form.respond(request, "crm/form.html", context)


@require_http_methods(["GET", "POST"])
@needs("crm.lift_blacklisting")
def lift(request: Request, customer_id: UUID) -> HttpResponse:
    """Take the person behind a customer off the blacklist, by somebody else than who listed."""
    card = queries.customer_card(customer_id=customer_id, actor=request.actor)
    context = {"customer": card, "title": _("Take off the blacklist")}
    if request.method == "GET":
        return lists.LIFT.blank().respond(request, "crm/form.html", context)
    form = lists.LIFT.read(request.POST)
    if form.ok and _called(request, form, services.lift_blacklisting, customer_id=customer_id):
        return redirect("crm-customer", customer_id)
    return form.respond(request, "crm/form.html", context)


@require_GET
@needs("crm.view")
def qualifications(request: Request) -> HttpResponse:
    ask = lists.QUALIFICATIONS.read(request.GET)
    rows = queries.open_qualifications(actor=request.actor)
    part = Slice(rows=rows[ask.offset : ask.offset + ask.limit], total=len(rows))
    context = {"title": _("Qualifications to decide")}
    return lists.QUALIFICATIONS.respond(request, ask, part, "crm/list.html", context)


@require_http_methods(["GET", "POST"])
@needs("crm.view")
def qualification(request: Request, qualification_id: UUID) -> HttpResponse:
    """One qualification with its score in parts; a second person decides by `decision`."""
    row = queries.qualification_card(qualification_id=qualification_id, actor=request.actor)
    waits = row.state == QualificationState.SUBMITTED
    context = {
        "row": row,
        "tone": lists.QUALIFICATION_TONES[row.state],
        "parts": [(lists.SCORE_WORDS[part.code], part.points) for part in row.parts],
        "checks": [
            (
                lists.CHECK_WORDS[c.code],
                lists.OUTCOME_WORDS[c.outcome],
                lists.OUTCOME_TONES[c.outcome],
                c.saw,
            )
            for c in row.checks
        ],
        "inputs": [(lists.INPUT_WORDS[name], value) for name, value in row.inputs],
        "may_decide": waits
        and request.actor.may("crm.decide_qualification")
        and request.actor.id != row.submitted_by_id,
    }
    if request.method == "GET":
        return lists.DECIDE.blank().respond(request, "crm/qualification.html", context)
    form = lists.DECIDE.read(request.POST)
    if form.ok and _called(
        request,
        form,
        services.decide_qualification,
        qualification_id=qualification_id,
        approve=request.POST.get("decision") == "approve",
    ):
        return redirect("crm-qualification", qualification_id)
    return form.respond(request, "crm/qualification.html", context)


@require_POST
def review(request: Request, qualification_id: UUID) -> HttpResponse:
    """A person begins to look at the open checks."""
    services.start_review(qualification_id=qualification_id, actor=request.actor, at=timezone.now())
    return redirect("crm-qualification", qualification_id)


@require_GET
@needs("crm.view")
def complaints(request: Request) -> HttpResponse:
    ask = lists.COMPLAINTS.read(request.GET)
    rows = queries.open_complaints(actor=request.actor)
    part = Slice(rows=rows[ask.offset : ask.offset + ask.limit], total=len(rows))
    context = {"title": _("Complaints to answer")}
    return lists.COMPLAINTS.respond(request, ask, part, "crm/list.html", context)


@require_http_methods(["GET", "POST"])
@needs("crm.file_complaint")
def complain(request: Request, customer_id: UUID) -> HttpResponse:
    """Take down a complaint for a customer."""
    card = queries.customer_card(customer_id=customer_id, actor=request.actor)
    context = {"customer": card, "title": _("Take down a complaint")}
    if request.method == "GET":
        return lists.COMPLAIN.blank().respond(request, "crm/form.html", context)
    form = lists.COMPLAIN.read(request.POST)
    if form.ok:
        fact = _called(request, form, services.file_complaint, customer_id=customer_id)
        if fact is not None:
            return redirect("crm-complaint", fact["complaint_id"])
    return form.respond(request, "crm/form.html", context)


@require_http_methods(["GET", "POST"])
@needs("crm.view")
def complaint(request: Request, complaint_id: UUID) -> HttpResponse:
    """One complaint; an open one is answered here."""
    row = queries.complaint_card(complaint_id=complaint_id, actor=request.actor)
    context = {
        "row": row,
        "tone": lists.COMPLAINT_TONES[row.state],
        "late": lists.is_late(row, timezone.now()),
        "may_answer": row.state == ComplaintState.OPEN
        and request.actor.may("crm.answer_complaint"),
        "may_close": row.state == ComplaintState.ANSWERED
        and request.actor.may("crm.close_complaint"),
    }
    if request.method == "GET":
        return lists.ANSWER.blank().respond(request, "crm/complaint.html", context)
    form = lists.ANSWER.read(request.POST)
    if form.ok and _called(request, form, services.answer_complaint, complaint_id=complaint_id):
        return redirect("crm-complaint", complaint_id)
    return form.respond(request, "crm/complaint.html", context)


@require_POST
@needs("crm.view")
def close_complaint(request: Request, complaint_id: UUID) -> HttpResponse:
    services.close_complaint(complaint_id=complaint_id, actor=request.actor, at=timezone.now())
    messages.success(request, _("The complaint is closed."))
    return redirect("crm-complaint", complaint_id)


@require_POST
@needs("crm.view")
def reopen_complaint(request: Request, complaint_id: UUID) -> HttpResponse:
    services.reopen_complaint(complaint_id=complaint_id, actor=request.actor, at=timezone.now())
    messages.success(request, _("The complaint is open again."))
    return redirect("crm-complaint", complaint_id)
