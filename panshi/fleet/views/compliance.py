"""Pages of compliance: the calendar, its rules, the record of a paper."""

from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from panshi.fleet import deadlines, lists, queries, services
from panshi.kit.clock import local_day
from panshi.kit.forms import Form
from panshi.kit.records import Detail
from panshi.kit.tables import Slice
from panshi.kit.web import Request, needs, once, show_file
from panshi.org import queries as org


@require_GET
@needs("fleet.view")
def calendar(request: Request) -> HttpResponse:
    """What falls due when: the month as a picture, and the list."""
    ask = deadlines.CALENDAR.read(request.GET)
    within, on, now = ask.text("within"), ask.day("on"), timezone.now()
    narrowed = {key: ask.text(key) for key in ("kind", "city", "text")}
    page = queries.due_calendar(
        within_days=(int(within) if within != "0" else -1) if within.isdecimal() else 60,
        on=on,
        order_by=ask.order_by,
        limit=ask.limit,
        offset=ask.offset,
        actor=request.actor,
        at=now,
        **narrowed,
    )
    first = deadlines.month_asked(request.GET.get("month", ""), on or local_day(now))
    month = deadlines.month_of(
        queries.due_days(month=first, actor=request.actor, **narrowed),
        first=first,
        today=local_day(now),
        kept={key: words for key, words in narrowed.items() if words},
    )
    context = {"tiles": deadlines.lapse_tiles(actor=request.actor), "month": month, "on": on}
    part = Slice(rows=page.rows, total=page.total)
    return deadlines.CALENDAR.respond(request, ask, part, "fleet/calendar.html", context)


@require_GET
@needs("fleet.view")
def rules(request: Request) -> HttpResponse:
    """The rules by which things fall due, those not yet confirmed with their mark."""
    found = queries.compliance_rules(actor=request.actor)
    context = {
        "rules": [(rule, deadlines.interval_words(rule), deadlines.age_words(rule))
                  for rule in found],
        "unconfirmed": sum(rule.confirmed_on is None for rule in found),
        "may_change": request.actor.may("fleet.change_compliance_rule")
        and request.actor.org_id == org.platform_id(),
    }  # fmt: skip
    return render(request, "fleet/rules.html", context)


@require_http_methods(["GET", "POST"])
@needs("fleet.change_compliance_rule")
def rule(request: Request, code: str) -> HttpResponse:
    """Change one rule."""
    found = queries.compliance_rules(actor=request.actor)
    known = next((row for row in found if row.code == code), None)
    if known is None:
        return redirect("fleet-rules")
    context = {"rule": known, "title": known.kind.label}
    if request.method == "GET":
        return deadlines.RULE_FORM.blank(
            rungs=", ".join(str(rung.days) for rung in known.rungs),
            told=", ".join(rung.told.value for rung in known.rungs),
            every_months=known.every_months,
            every_km=known.every_km,
            ahead_km=known.ahead_km,
            blocks=known.blocks,
            grace_days=known.grace_days,
            confirmed=known.confirmed_on is not None,
        ).respond(request, "fleet/rule.html", context)
    form = deadlines.RULE_FORM.read(request.POST)
    if form.ok:
        rungs = deadlines.listed(form.values.pop("rungs"))
        told = deadlines.listed(form.values.pop("told"))
        try:
            form.call(
                request,
                services.change_compliance_rule,
                code=code,
                rungs=[int(rung) if rung.isdecimal() else -1 for rung in rungs],
                told=told,
                at=timezone.now(),
            )
        except services.RuleUnreadable as refusal:
            form.refuse("rungs", refusal.words)
        else:
            messages.success(request, _("The rule is changed. It counts from the next run on."))
            return redirect("fleet-rules")
    return form.respond(request, "fleet/rule.html", context)


@require_GET
@needs("fleet.view")
def paper_record(request: Request, document_id: UUID) -> HttpResponse:
    """A paper with its versions, its fingerprint, who verified it and who looked at it."""
    card = queries.paper_card(document_id=document_id, actor=request.actor, at=timezone.now())
    people = {card.paper.filed_by_id, *(view.viewer_id for view in card.views)}
    people |= {version.filed_by_id for version in card.versions}
    if card.verified_by_id:
        people.add(card.verified_by_id)
    names = org.names_of(user_ids=tuple(people), actor=request.actor)
    context = {
        "card": card,
        "tone": lists.days_tone(card.days_left),
        "words": lists.days_words(card.days_left),
        "versions": [(row, names.get(row.filed_by_id, "")) for row in card.versions],
        "views": [(view, names.get(view.viewer_id, "")) for view in card.views],
        "verified_by": names.get(card.verified_by_id, "") if card.verified_by_id else "",
        "may_verify": request.actor.may("fleet.verify_document")
        and card.verified_at is None
        and card.paper.filed_by_id != request.actor.id,
        "details": [
            Detail(label=_("Number"), value=card.number, kind="mono"),
            Detail(label=_("Issued on"), value=card.issued_on, kind="day"),
            Detail(label=_("Last day"), value=card.paper.expires_on, kind="day"),
            Detail(label=_("Filed by"), value=names.get(card.paper.filed_by_id, "")),
            Detail(label=_("Filed at"), value=card.paper.filed_at, kind="moment"),
            Detail(label=_("Fingerprint, SHA-256"), value=card.sha256, kind="mono"),
        ],
    }
    return render(request, "fleet/paper.html", context)


@require_GET
@needs("fleet.view")
def paper(request: Request, document_id: UUID) -> HttpResponse:
    """The scan of a paper; that it was opened is noted."""
    services.open_document(document_id=document_id, actor=request.actor, at=timezone.now())
    scan = queries.paper_scan(document_id=document_id, actor=request.actor)
    return show_file(scan.content, scan.media_type)


@require_POST
@needs("fleet.view")
def verify_paper(request: Request, document_id: UUID) -> HttpResponse:
    services.verify_document(document_id=document_id, actor=request.actor, at=timezone.now())
    messages.success(request, _("The paper is verified."))
    return redirect("fleet-paper-record", document_id)


@require_http_methods(["GET", "POST"])
@needs("fleet.record_maintenance")
def maintenance(request: Request, vehicle_id: UUID) -> HttpResponse:
    """Record that a vehicle was maintained by the maker's plan."""
    card = queries.vehicle_card(vehicle_id=vehicle_id, actor=request.actor, at=timezone.now())
    context = {
        "vehicle": card,
        "name": card.plate or card.vin,
        "title": _("Record maintenance"),
    }
    declared: Form = lists.MAINTENANCE_FORM
    if request.method == "GET":
        today = local_day(timezone.now())
        blank = declared.blank(odometer_km=card.odometer_km, on=today)
        return blank.respond(request, "fleet/act.html", context)
    form = declared.read(request.POST)
    if form.ok:
        record = services.MaintenanceDone(vehicle_id=vehicle_id, **form.values)
        once(
            key=form.key,
            actor=request.actor,
            name="fleet.record_maintenance",
            call=lambda: services.record_maintenance(
                records=[record], actor=request.actor, at=timezone.now()
            ),
        )
        messages.success(request, _("The maintenance is recorded."))
        return redirect("fleet-vehicle", vehicle_id)
    return form.respond(request, "fleet/act.html", context)
