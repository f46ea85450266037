"""Pages of the shell: home, search, tasks, live stream, staff, audit, and what went wrong."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from asgiref.sync import sync_to_async
from django.contrib import messages
from django.db import connection
from django.http import (
    Http404,
    HttpRequest,
    HttpResponse,
    HttpResponseBase,
    StreamingHttpResponse,
)
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from panshi.console import beginnings, lists
from panshi.console.context import Shell
from panshi.console.sign_in import following
from panshi.kit import home, observe, progress, search
from panshi.kit.clock import local_day
from panshi.kit.live import hub, sight_of
from panshi.kit.refusals import NotPermitted, Refusal
from panshi.kit.search import Group, Hit
from panshi.kit.tables import Slice
from panshi.kit.tenancy import Actor
from panshi.kit.web import Request
from panshi.org import queries, services
from panshi.org.middleware import asking, public, refused

_DOORS: Final = (
    (frozenset({"CUSTOMER"}), "/portal/"),
    (frozenset({"ENGINEER", "YARD"}), "/field/"),
)


@dataclass(frozen=True, slots=True)
class PanelView:
    name: str
    zone: str
    title: str
    template: str
    wide: bool
    facts: Sequence[str]
    rows: Any


def _draw(panel: home.Panel, actor: Actor) -> PanelView:
    return PanelView(
        name=panel.name,
        zone=panel.zone,
        title=str(panel.title),
        template=panel.template,
        wide=panel.wide,
        facts=panel.facts,
        rows=panel.rows(actor=actor),
    )


@require_GET
def home_page(request: Request) -> HttpResponse:
    """What waits for this person; customers and those in the field have doors of their own."""
    roles = request.actor.roles
    for of, door in _DOORS:
        if roles and roles <= of:
            return redirect(door)
    zones = {
        zone: [_draw(panel, request.actor) for panel in home.panels_for(request.actor, zone)]
        for zone in home.ZONES
    }
    context = {
        "zones": zones,
        "first_steps": beginnings.steps_for(request.actor, Shell(request)),
        "has_panels": any(zones.values()),
        "today": local_day(timezone.now()).isoformat(),
    }
    return render(request, "console/home.html", context)


@require_GET
def panel(request: Request, name: str) -> HttpResponse:
    """One panel of the home page, drawn anew."""
    found = home.panel(name, request.actor)
    if found is None:
        raise Http404
    return render(request, "console/panel.html", {"panel": _draw(found, request.actor)})


def _page_hits(request: Request, text: str) -> list[Hit]:
    """Pages whose name, in either language, holds the text."""
    wanted = text.casefold()
    names: dict[str, list[str]] = {}
    for language in ("zh-hans", "en"):
        with translation.override(language):
            for _section, entry in Shell(request).pages:
                names.setdefault(entry.url, []).append(entry.label.casefold())
    return [
        Hit(title=entry.label, url=entry.url, icon=entry.icon)
        for _section, entry in Shell(request).pages
        if any(wanted in name for name in names[entry.url])
    ]


@require_GET
def search_all(request: Request) -> HttpResponse:
    """The command palette: pages first, then what the rooms find."""
    text = request.GET.get("text", "").strip()[:80]
    groups: list[Group] = []
    if text:
        pages = _page_hits(request, text)
        groups = [Group(_("Pages"), pages[:6])] if pages else []
        groups += search.ask(text=text, actor=request.actor)
    return render(request, "console/search.html", {"text": text, "groups": groups})


@require_GET
def tasks(request: Request) -> HttpResponse:
    """The tray of long tasks."""
    rows = progress.my_tasks(actor=request.actor)
    return render(request, "console/tasks.html", {"tasks": rows})


@require_GET
def task_count(request: Request) -> HttpResponse:
    count = progress.running_tasks(actor=request.actor)
    return render(request, "console/count.html", {"count": count})


@require_POST
def cancel_task(request: Request, task_id: UUID) -> HttpResponse:
    """Stop a task of one's own; answers the tray."""
    progress.cancel(task_id=task_id, actor=request.actor)
    rows = progress.my_tasks(actor=request.actor)
    return render(request, "console/tasks.html", {"tasks": rows})


@require_GET
def inbox_count(request: Request) -> HttpResponse:
    return render(request, "console/count.html", {"count": Shell(request).inbox_count})


def _back(request: HttpRequest) -> str:
    wanted = request.POST.get("next", "/")
    return wanted if url_has_allowed_host_and_scheme(wanted, {request.get_host()}) else "/"


@require_http_methods(["GET", "POST"])
def switch_node(request: Request) -> HttpResponse:
    """Narrow all pages to a node of one's own part of the tree, or widen them again."""
    if not request.user.is_authenticated:
        raise Http404  # A program with a token has no pages to narrow.
    own = queries.actor_of(request.user)
    if request.method == "POST":
        wanted = request.POST.get("node", "")
        if wanted.isascii() and wanted.isdigit():
            request.session["node"] = int(wanted)
        return redirect(_back(request))
    context = {
        "nodes": queries.nodes(actor=own),
        "next": request.headers.get("HX-Current-URL", "/"),
    }
    return render(request, "console/nodes.html", context)


def _hearer(request: HttpRequest) -> Actor | None:
    """Who listens; the same checks as any other page, made by hand for this open stream."""
    user = request.user
    if not user.is_authenticated or not user.is_active:
        return None
    if user.must_use_second_factor and not getattr(user, "is_verified", bool)():
        return None
    return queries.actor_of(user, node_id=request.session.get("node"))


@public
async def live(request: HttpRequest) -> HttpResponseBase:
    """The stream of facts this person may hear of; 204 tells a stranger's browser not to retry."""
    if request.method != "GET":
        return HttpResponse(status=405)
    actor = await sync_to_async(_hearer)(request)
    # The stream stays open for hours, and must not keep a pooled connection all that time.
    await sync_to_async(lambda: connection.close())()
    if actor is None:
        return HttpResponse(status=204)
    response = StreamingHttpResponse(
        hub().events(sight_of(actor)), content_type="text/event-stream"
    )
    response["Cache-Control"] = "no-cache"
    response["X-Accel-Buffering"] = "no"
    return response


@require_GET
def staff(request: Request) -> HttpResponse:
    """People who sign in at this part of the company."""
    if not request.actor.may("org.view"):
        raise NotPermitted(_("You may not see the staff."))
    ask = lists.STAFF.read(request.GET)
    rows, total = queries.staff_page(
        text=ask.text("text"),
        role=ask.text("role"),
        order_by=ask.order_by,
        limit=ask.limit,
        offset=ask.offset,
        actor=request.actor,
    )
    context = {"may_add": request.actor.may("org.create_user")}
    part = Slice(rows=[lists.staff_line(row) for row in rows], total=total)
    return lists.STAFF.respond(request, ask, part, "console/staff.html", context)


@require_http_methods(["GET", "POST"])
def new_staff(request: Request) -> HttpResponse:
    """Let another person sign in."""
    form = lists.new_staff_form()
    if request.method == "GET":
        return form.blank().respond(request, "console/staff_new.html")
    reading = form.read(request.POST)
    if not reading.ok:
        return reading.respond(request, "console/staff_new.html")
    try:
        reading.call(request, services.create_user, org_id=request.actor.org_id, at=timezone.now())
    except services.UserNameTaken as refusal:
        reading.refuse("username", refusal.words)
    except services.PasswordTooWeak as refusal:
        reading.refuse("password", refusal.words)
    if not reading.ok:
        return reading.respond(request, "console/staff_new.html")
    messages.success(
        request, _("%(name)s can sign in now.") % {"name": reading.values["full_name"]}
    )
    return redirect("console-staff")


@require_http_methods(["GET", "POST"])
def staff_roles(request: Request, user_id: UUID) -> HttpResponse:
    """Give a member of staff other roles."""
    person = queries.staff_member(user_id=user_id, actor=request.actor)
    form = lists.roles_form()
    context = {
        "person": person,
        "may_change": request.actor.may("org.change_roles"),
        "may_give": request.actor.may("org.give_password"),
        "may_end": request.actor.may("org.end_sign_in") and user_id != request.actor.id,
    }
    if request.method == "GET":
        return form.blank(roles=list(person.roles)).respond(
            request, "console/staff_roles.html", context
        )
    reading = form.read(request.POST)
    if not reading.ok:
        return reading.respond(request, "console/staff_roles.html", context)
    reading.call(request, services.change_roles, user_id=user_id, at=timezone.now())
    messages.success(request, _("Saved. The new roles hold from the next click on."))
    return redirect("console-staff")


@require_POST
def staff_end(request: Request, user_id: UUID) -> HttpResponse:
    """A person who left signs in no more."""
    person = queries.staff_member(user_id=user_id, actor=request.actor)
    services.end_sign_in(
        user_id=user_id,
        reason=request.POST.get("reason", ""),
        actor=request.actor,
        at=timezone.now(),
    )
    messages.success(request, _("%(name)s signs in no more.") % {"name": person.full_name})
    return redirect("console-staff")


@require_http_methods(["GET", "POST"])
def staff_password(request: Request, user_id: UUID) -> HttpResponse:
    """Give a member of staff a new password."""
    if not request.actor.may("org.give_password"):
        raise NotPermitted(_("You may not give passwords."))
    person = queries.staff_member(user_id=user_id, actor=request.actor)
    form, context = lists.password_form(), {"person": person}
    if request.method == "GET":
        return form.blank().respond(request, "console/staff_password.html", context)
    reading = form.read(request.POST)
    if reading.ok:
        try:
            reading.call(request, services.give_password, user_id=user_id, at=timezone.now())
        except services.PasswordTooWeak as refusal:
            reading.refuse("password", refusal.words)
    if not reading.ok:
        return reading.respond(request, "console/staff_password.html", context)
    messages.success(request, _("%(name)s can sign in now.") % {"name": person.full_name})
    return redirect("console-staff")


@require_GET
def audit(request: Request) -> HttpResponse:
    """Who changed what, newest first."""
    if not request.actor.may("org.read_audit"):
        raise NotPermitted(_("You may not read the audit trail."))
    ask = lists.AUDIT.read(request.GET)
    found = queries.audit_page(
        table=ask.text("table"),
        act=ask.text("act"),
        row_id=ask.text("row_id"),
        since=ask.since("at"),
        until=ask.until("at"),
        before_id=int(ask.after) if ask.after.isdigit() else None,
        limit=ask.limit + 1,
        actor=request.actor,
    )
    lines = found[: ask.limit]
    names = queries.names_of(user_ids=lists.people_in(lines), actor=request.actor)
    part = Slice(
        rows=[lists.audit_row(line, names) for line in lines],
        next=str(lines[-1].id) if len(found) > len(lines) else "",
    )
    return lists.AUDIT.respond(request, ask, part, "console/audit.html")


@require_GET
def audit_line(request: Request, line_id: int) -> HttpResponse:
    """One change, value by value: a drawer in a list, a page of its own otherwise."""
    if not request.actor.may("org.read_audit"):
        raise NotPermitted(_("You may not read the audit trail."))
    line = queries.audit_line(line_id=line_id, actor=request.actor)
    names = queries.names_of(user_ids=lists.people_in([line]), actor=request.actor)
    context = {"line": lists.audit_row(line, names), "changes": lists.changes(line)}
    return render(request, "console/audit_line.html", context)


def _problem(request: HttpRequest, name: str, status: int) -> HttpResponse:
    context = {"reference": observe.reference.get()}
    return render(request, f"console/{name}.html", context, status=status)


def forbidden(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    return _problem(request, "403", 403)


def stale(request: HttpRequest, reason: str = "") -> HttpResponse:
    """Answer what was sent from a page of an earlier sign-in, as from a second tab: not done."""
    if request.path == reverse("sign-in"):
        return redirect(asking(request.path, following(request)))
    words = _(
        "This page was opened under an earlier sign-in, so nothing was done. Open it again and "
        "repeat. If this comes back, allow cookies for this address."
    )
    return refused(request, Refusal(words), status=403)


def not_found(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    return _problem(request, "404", 404)


def fault(request: HttpRequest) -> HttpResponse:
    """The page says what failed without asking the database for anything."""
    return _problem(request, "500", 500)
