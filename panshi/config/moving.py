"""`panshi import` and `panshi export`: an operator moves in, and takes everything along again."""

import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

Prepare = Callable[[], None]
# A workbook holds several sheets; the others are one sheet each, the ledger is beancount text.
SHEETS = ("vehicles", "customers", "leases", "rents", "violations", "staff", "parts", "costs")
WORKBOOK = "workbook"
LEDGER = "ledger"
_ERRORS_SHOWN = 50


@dataclass(frozen=True)
class _Kind:
    """One kind of sheet: its importer, its verbs, and the question that lists all rows."""

    importer: Any
    stage: Callable[..., Any]
    commit: Callable[..., Any]
    rows: Callable[..., Any]


def _kinds() -> dict[str, _Kind]:
    from panshi.billing import queries as billing_queries
    from panshi.billing import services as billing
    from panshi.crm import queries as crm_queries
    from panshi.crm import services as crm
    from panshi.fleet import queries as fleet_queries
    from panshi.fleet import services as fleet
    from panshi.leasing import queries as leasing_queries
    from panshi.leasing import services as leasing
    from panshi.people import queries as people_queries
    from panshi.people import services as people
    from panshi.supply import queries as supply_queries
    from panshi.supply import services as supply

    return {
        "vehicles": _Kind(
            fleet.VEHICLES,
            fleet.stage_vehicle_import,
            fleet.commit_vehicle_import,
            fleet_queries.vehicle_sheet_rows,
        ),
        "customers": _Kind(
            crm.CUSTOMERS,
            crm.stage_customer_import,
            crm.commit_customer_import,
            crm_queries.customer_sheet_rows,
        ),
        "leases": _Kind(
            leasing.LEASES,
            leasing.stage_lease_import,
            leasing.commit_lease_import,
            leasing_queries.lease_sheet_rows,
        ),
        "rents": _Kind(
            leasing.RENTS,
            leasing.stage_rent_import,
            leasing.commit_rent_import,
            leasing_queries.rent_sheet_rows,
        ),
        "violations": _Kind(
            leasing.VIOLATIONS,
            leasing.stage_violation_import,
            leasing.commit_violation_import,
            leasing_queries.violation_sheet_rows,
        ),
        "staff": _Kind(
            people.STAFF,
            people.stage_staff_import,
            people.commit_staff_import,
            people_queries.staff_sheet_rows,
        ),
        "costs": _Kind(
            billing.COSTS,
            billing.stage_cost_import,
            billing.commit_cost_import,
            billing_queries.cost_sheet_rows,
        ),
        "parts": _Kind(
            supply.PARTS,
            supply.stage_part_import,
            supply.commit_part_import,
            supply_queries.part_sheet_rows,
        ),
    }


def commands(prepare: Prepare) -> list[click.Command]:
    """Both commands; `prepare` sets Django up."""
    return [_import(prepare), _export(prepare)]


@contextmanager
def _told() -> Iterator[None]:
    """Say what was refused as one line; anything else stays a fault with its trace."""
    from panshi.kit.refusals import Refusal

    try:
        yield
    except Refusal as refusal:
        raise click.ClickException(refusal.words) from refusal


def _require_node(org: int) -> None:
    from panshi.kit.tenancy import hq_actor
    from panshi.org import queries

    if org not in {node.id for node in queries.nodes(actor=hq_actor())}:
        raise click.BadParameter(f"there is no node {org}", param_hint="--org")


def _import(prepare: Prepare) -> click.Command:
    @click.command(name="import")
    @click.argument("kind", type=click.Choice((*SHEETS, WORKBOOK)))
    @click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
    @click.option("--org", type=int, required=True, help="Number of the operator's node.")
    @click.option("--dry-run", is_flag=True, help="Do it all and take it back; nothing is kept.")
    @click.option("--json", "as_json", is_flag=True, help="One JSON document instead of lines.")
    def bring_in(kind: str, file: Path, org: int, dry_run: bool, as_json: bool) -> None:
        """Bring an operator's own spreadsheet in, all of it or nothing.

        Exits with 0 when everything is in (or would be), 1 when a row or the file is refused.
        """
        prepare()
        _require_node(org)
        with _told():
            outcome = _brought_in(kind, file, org, dry_run)
        if as_json:
            click.echo(json.dumps(outcome, ensure_ascii=False))
        else:
            _tell(outcome)
        sys.exit(1 if outcome["errors"] else 0)

    return bring_in


class _Rehearsed(Exception):
    """Ends a dry run, so that all it did is rolled back."""

    def __init__(self, outcome: dict[str, Any]) -> None:
        super().__init__()
        self.outcome = outcome


def _brought_in(kind: str, file: Path, org: int, dry_run: bool) -> dict[str, Any]:
    """Stage and, when all is right, commit; one transaction, rolled back for a dry run."""
    from panshi.kit.tenancy import acting, system_actor

    actor = system_actor(org)
    try:
        with acting(actor, to_write=True):
            outcome = _entered(kind, file, org, actor)
            outcome["dry_run"] = dry_run
            if dry_run:
                raise _Rehearsed(outcome)
            return outcome
    except _Rehearsed as rehearsed:
        return rehearsed.outcome


def _entered(kind: str, file: Path, org: int, actor: Any) -> dict[str, Any]:
    from django.utils import timezone

    from panshi.leasing import services as leasing

    content, at = file.read_bytes(), timezone.now()
    kinds = _kinds()
    if kind == WORKBOOK:
        batches = leasing.stage_workbook(
            org_id=org, file_name=file.name, content=content, actor=actor, at=at
        ).batches
    else:
        fact = kinds[kind].stage(
            org_id=org, file_name=file.name, content=content, actor=actor, at=at
        )
        batches = {kinds[kind].importer.kind: fact.batch_id}
    outcome = _checked(batches, actor)
    if not outcome["errors"]:
        # In the order of the kinds, in which they lean on each other.
        for entry in kinds.values():
            if entry.importer.kind in batches:
                entry.commit(batch_id=batches[entry.importer.kind], actor=actor, at=at)
    return outcome


def _checked(batches: dict[str, Any], actor: Any) -> dict[str, Any]:
    """What the staged sheets hold: counts by kind, and every cell that is wrong."""
    from panshi.kit import imports
    from panshi.kit.import_pages import shown_errors

    sheets, errors = {}, []
    for name, entry in _kinds().items():
        code = entry.importer.kind
        if code not in batches:
            continue
        card = imports.card(code, batch_id=batches[code], actor=actor)
        sheets[name] = {"rows": card.rows, "new": card.new, "there": card.there}
        errors += [
            {
                "kind": name,
                "cell": f"{error.column}{error.row}",
                "header": error.header,
                "value": value,
                "reason": error.reason,
            }
            for error, value in shown_errors(entry.importer.sheet, card, most=len(card.errors))
        ]
    return {"sheets": sheets, "errors": errors}


def _tell(outcome: dict[str, Any]) -> None:
    for error in outcome["errors"][:_ERRORS_SHOWN]:
        click.echo(
            f"{error['kind']} {error['cell']} {error['header']} “{error['value']}”: "
            f"{error['reason']}",
            err=True,
        )
    more = len(outcome["errors"]) - _ERRORS_SHOWN
    if more > 0:
        click.echo(f"… and {more} more", err=True)
    word = "would enter" if outcome["dry_run"] else "entered"
    for name, counts in outcome["sheets"].items():
        if outcome["errors"]:
            click.echo(f"{name}: {counts['rows']} rows read, nothing entered")
        else:
            click.echo(f"{name}: {word} {counts['new']}, {counts['there']} were there already")


def _export(prepare: Prepare) -> click.Command:
    @click.command()
    @click.argument("kind", type=click.Choice((*SHEETS, LEDGER)))
    @click.argument("file", type=click.Path(dir_okay=False, writable=True, path_type=Path))
    @click.option("--org", type=int, required=True, help="Number of the operator's node.")
    def export(kind: str, file: Path, org: int) -> None:
        """Write all of an operator's rows in the form of the import sheet (xlsx).

        The ledger is written as beancount text, for an outside checker. Numbers of persons are
        masked.
        """
        prepare()
        _require_node(org)
        content, rows = _written(kind, org)
        try:
            file.write_bytes(content)
        except OSError as error:
            raise click.ClickException(f"{file}: {error.strerror}") from error
        click.echo(f"{file}: {rows} rows" if kind != LEDGER else f"{file}")

    return export


def _written(kind: str, org: int) -> tuple[bytes, int]:
    from panshi.kit import workbooks
    from panshi.kit.sheets import as_rows
    from panshi.kit.tenancy import system_actor
    from panshi.ledger import queries as ledger

    actor = system_actor(org)
    if kind == LEDGER:
        text = ledger.export_beancount(org_id=org, actor=actor)
        return text.encode(), 0
    entry = _kinds()[kind]
    rows = as_rows(entry.rows(actor=actor))
    return workbooks.write(sheet=entry.importer.sheet, rows=rows), len(rows)
