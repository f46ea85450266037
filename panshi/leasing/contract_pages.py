"""Pages of contracts: the list, one contract with its evidence, offering, signing, the paper."""

from typing import Any, Final
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import path, reverse
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext, pgettext_lazy
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from panshi.kit import files, records
from panshi.kit.forms import Field, Form
from panshi.kit.records import Detail, Entry
from panshi.kit.tables import Column, Filter, Slice, Table
from panshi.kit.web import Request, needs, show_file
from panshi.leasing import queries, services
from panshi.leasing.models import ContractKind, ContractState

TONES: Final = {"OFFERED": "warn", "COUNTERSIGNING": "warn", "SIGNED": "ok", "VOID": "idle"}
PATH: Final[list[tuple[str, str | Promise]]] = [
    ("OFFERED", _("Offered")),
    ("COUNTERSIGNING", _("Signed by the customer")),
    ("SIGNED", pgettext_lazy("contract", "Signed by both")),
]
SIDES: Final[dict[str, str | Promise]] = {"LESSEE": _("Customer"), "LESSOR": _("Operator")}
COPIES: Final[dict[str, str | Promise]] = {
    "OFFERED": _("As offered"),
    "LESSEE": _("With the customer's signature"),
    "LESSOR": _("With both signatures"),
    "SCAN": _("Scan of the paper"),
}
PROOFS: Final[dict[str, str | Promise]] = {
    "PASSWORD": _("Password, asked once more"),
    "AUTHENTICATOR": _("Code of the authenticator"),
}
CONTRACTS: Final = Table(
    name="contracts",
    columns=(
        Column(key="lease_number", label=_("Lease"), kind="mono"),
        Column(key="customer_name", label=_("Customer")),
        Column(key="state", label=_("State"), kind="state", tones=TONES, choices=ContractState),
        Column(key="kind", label=_("Way of signing"), kind="state", choices=ContractKind),
        Column(key="offered_at", label=_("Offered"), kind="moment", sort=True),
        Column(
            key="signed_at",
            label=pgettext_lazy("contract", "Signed by both"),
            kind="moment",
            sort=True,
        ),
    ),
    filters=(
        Filter(key="text", label=_("Lease number")),
        Filter(key="state", label=_("State"), kind="choice", choices=ContractState),
        Filter(key="kind", label=_("Way of signing"), kind="choice", choices=ContractKind),
    ),
    sort="-offered_at",
    row_url="leasing-contract-record",
    export="contracts",
    empty=_("No contracts yet. Offer one from a reserved lease."),
    live=("leasing.*",),
)
SCAN: Final = Form(
    fields=[
        Field(
            name="scan",
            label=_("Scan of the signed contract"),
            kind="file",
            help=_("PDF, JPEG or PNG with both signatures."),
        )
    ]
)


@require_GET
@needs("leasing.view")
def contracts(request: Request) -> HttpResponse:
    ask = CONTRACTS.read(request.GET)
    page = queries.contracts(
        text=ask.text("text"),
        state=ask.text("state"),
        kind=ask.text("kind"),
        order_by=ask.order_by,
        offset=ask.offset,
        limit=ask.limit,
        actor=request.actor,
    )
    part = Slice(rows=page.rows, total=page.total)
    return CONTRACTS.respond(request, ask, part, "leasing/contracts.html")


@require_GET
@needs("leasing.view")
def record(request: Request, contract_id: UUID) -> HttpResponse:
    """One contract: its signatures and how they came about, its copies, who opened it."""
    return render(request, "leasing/contract.html", _shown(request, contract_id))


@require_POST
@needs("leasing.view")
def verify(request: Request, contract_id: UUID) -> HttpResponse:
    """Examine the kept bytes once more, now."""
    verdict = queries.contract_verdict(contract_id=contract_id, actor=request.actor)
    context = {
        **_shown(request, contract_id),
        "verdict": verdict,
        "checked_at": timezone.now(),
        "findings": [(SIDES[f.field], f) for f in verdict.findings],
    }
    return render(request, "leasing/contract.html", context)


def _shown(request: Request, contract_id: UUID) -> dict[str, Any]:
    card = queries.contract_card(contract_id=contract_id, actor=request.actor)
    row = card.row
    looks = [
        Entry(
            at=look.at,
            title=pgettext_lazy("contract", "Opened"),
            text=f"{look.by_name} · {look.sha256[:12]}",
            icon="eye",
        )
        for look in card.looks
    ]
    acts = [
        Entry(
            at=copy.at,
            title=COPIES[copy.what],
            text=f"sha256 {copy.sha256[:16]}…",
            icon="file-certificate",
            tone="ok",
        )
        for copy in card.copies
    ]
    if card.voided_at:
        acts.append(
            Entry(
                at=card.voided_at,
                title=pgettext_lazy("contract", "Withdrawn"),
                text=card.void_reason,
                icon="x",
            )
        )
    if card.effective_at:
        acts.append(Entry(at=card.effective_at, title=_("In force"), icon="truck", tone="ok"))
    return {
        "card": card,
        "row": row,
        "tone": TONES[row.state],
        "stages": []
        if row.state == ContractState.VOID
        else records.stages(
            path=PATH,
            state=row.state,
            dates={
                name: at
                for name, at in (
                    ("OFFERED", row.offered_at),
                    ("COUNTERSIGNING", card.customer_signed_at),
                    ("SIGNED", row.signed_at),
                )
                if at
            },
        ),
        "signatures": [
            (
                SIDES[e.field],
                e,
                PROOFS.get(e.proof, ""),
                next((f for f in card.report if f.field == e.field), None),
            )
            for e in card.evidence
        ],
        "copies": [(COPIES[copy.what], copy) for copy in card.copies],
        "details": [
            Detail(
                label=_("Lease"),
                value=row.lease_number,
                kind="mono",
                url=reverse("leasing-lease", args=[row.lease_id]),
            ),
            Detail(
                label=_("Customer"),
                value=row.customer_name,
                url=reverse("crm-customer", args=[card.customer_id]),
            ),
            Detail(label=_("Way of signing"), value=row.kind.label),
            Detail(label=_("Version of the text"), value=card.text_version, kind="mono"),
            Detail(label="sha256", value=card.sha256, kind="mono"),
        ],
        "timeline": sorted([*acts, *looks], key=lambda entry: entry.at, reverse=True),
    }


@require_GET
def paper(request: Request, contract_id: UUID) -> HttpResponse:
    """The present copy, shown; that it was opened is noted."""
    services.open_contract(contract_id=contract_id, actor=request.actor, at=timezone.now())
    found = queries.contract_paper(contract_id=contract_id, actor=request.actor)
    return show_file(found.content, found.media_type, name=found.name)


@require_GET
def of_lease(request: Request, lease_id: UUID) -> HttpResponse:
    """The contract of a lease: what was offered or signed, else what it would say."""
    queries.lease_card(lease_id=lease_id, actor=request.actor)
    row = queries.contract_of(lease_id=lease_id, actor=request.actor)
    if row is not None:
        return paper(request, row.id)
    found = queries.contract_draft(lease_id=lease_id, actor=request.actor)
    return show_file(found.content, found.media_type, name=found.name)


@require_POST
def make(request: Request, lease_id: UUID) -> HttpResponse:
    """Fix the paper and offer it to the customer."""
    services.make_contract(lease_id=lease_id, actor=request.actor, at=timezone.now())
    messages.success(request, gettext("Offered. The customer signs it in the portal."))
    return redirect("leasing-lease", lease_id)


@require_POST
def countersign(request: Request, contract_id: UUID) -> HttpResponse:
    fact = services.countersign_contract(
        contract_id=contract_id, actor=request.actor, at=timezone.now()
    )
    return redirect("leasing-lease", fact.lease_id)


@require_POST
def void(request: Request, contract_id: UUID) -> HttpResponse:
    fact = services.void_contract(
        contract_id=contract_id,
        reason=request.POST.get("reason", ""),
        actor=request.actor,
        at=timezone.now(),
    )
    return redirect("leasing-lease", fact.lease_id)


@require_http_methods(["GET", "POST"])
def scan(request: Request, lease_id: UUID) -> HttpResponse:
    """Keep the scan of a contract that was signed on paper."""
    card = queries.lease_card(lease_id=lease_id, actor=request.actor)
    context = {
        "row": card.row,
        "submit": _("Both have signed this paper"),
        "cancel_url": reverse("leasing-lease", args=[lease_id]),
    }
    if request.method == "GET":
        return SCAN.blank().respond(request, "leasing/scan.html", context)
    form = SCAN.read(request.POST, request.FILES)
    if form.ok:
        sent = form.values["scan"]
        try:
            services.file_paper_contract(
                lease_id=lease_id,
                scan=sent.read(),
                name=sent.name or "contract",
                actor=request.actor,
                at=timezone.now(),
            )
        except (files.FileTooLarge, files.FileNotAccepted) as refusal:
            form.refuse("scan", refusal.words)
        else:
            return redirect("leasing-lease", lease_id)
    return form.respond(request, "leasing/scan.html", context)


URLS = [
    path("leasing/contracts/", contracts, name="leasing-contracts"),
    path("leasing/contracts/<uuid:contract_id>/", record, name="leasing-contract-record"),
    path("leasing/contracts/<uuid:contract_id>/paper/", paper, name="leasing-contract-paper"),
    path("leasing/contracts/<uuid:contract_id>/verify/", verify, name="leasing-contract-verify"),
    path(
        "leasing/contracts/<uuid:contract_id>/countersign/",
        countersign,
        name="leasing-countersign",
    ),
    path("leasing/contracts/<uuid:contract_id>/void/", void, name="leasing-contract-void"),
    path("leasing/leases/<uuid:lease_id>/contract/", of_lease, name="leasing-contract"),
    path("leasing/leases/<uuid:lease_id>/contract/make/", make, name="leasing-contract-make"),
    path("leasing/leases/<uuid:lease_id>/contract/scan/", scan, name="leasing-contract-scan"),
]
