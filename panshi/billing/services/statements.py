"""Bank statements: a file is taken once and as a whole; its lines become payments by matching."""

import hashlib
from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal

from django.utils.translation import gettext as _

from panshi.billing import statements
from panshi.billing.events import StatementImported
from panshi.billing.models import BankLine, BankStatement
from panshi.billing.queries.outgoing import account_index
from panshi.billing.statements import DuplicateLine, StatementLine
from panshi.kit.money import ZERO
from panshi.kit.tenancy import Actor
from panshi.kit.verbs import verb


@verb
def import_statement(
    *,
    content: bytes,
    file_name: str,
    account: str,
    org_id: int,
    actor: Actor,
    at: datetime,
    opening: Decimal | None = None,
    closing: Decimal | None = None,
) -> StatementImported:
    """Take a bank's file of our own `account`, all of it or nothing.

    Raises SheetUnreadable, FileTooLarge, StatementDoesNotAdd or DuplicateLine, naming the line.
    """
    actor.must("billing.import_statement", org_id)
    account = "".join(account.split())
    sha256 = hashlib.sha256(content).hexdigest()
    if BankStatement.objects.filter(org_id=org_id, account=account, sha256=sha256).exists():
        raise DuplicateLine(_("This file was taken before."))
    read = statements.read(content=content, account=account, opening=opening, closing=closing)
    _must_be_new(read.lines, org_id)
    days = [line.value_on for line in read.lines]
    statement = BankStatement.objects.create(
        org_id=org_id,
        account=account,
        file_name=file_name[:200],
        sha256=sha256,
        first_on=min(days),
        last_on=max(days),
        opening=read.opening,
        closing=read.closing,
        lines=len(read.lines),
        at=at,
        by_id=actor.id,
    )
    # In one statement of SQL, which the database adds up.
    BankLine.objects.bulk_create(_row(line, statement) for line in read.lines)
    amounts = [line.amount for line in read.lines]
    return StatementImported(
        org_id=org_id,
        actor_id=actor.id,
        at=at,
        statement_id=statement.id,
        account=account,
        lines=len(amounts),
        money_in=sum((a for a in amounts if a > 0), ZERO),
        money_out=-sum((a for a in amounts if a < 0), ZERO),
    )


def _must_be_new(lines: Sequence[StatementLine], org_id: int) -> None:
    marks = {line.fingerprint: line.line for line in lines}
    known = BankLine.objects.filter(org_id=org_id, fingerprint__in=list(marks))
    found = known.select_related("statement").order_by("line").first()
    if found is not None:
        raise DuplicateLine(
            _("Line %(line)d was taken before, as line %(there)d of %(file)s.")
            % {
                "line": marks[found.fingerprint],
                "there": found.line,
                "file": found.statement.file_name,
            }
        )


def _row(line: StatementLine, statement: BankStatement) -> BankLine:
    return BankLine(
        org_id=statement.org_id,
        statement=statement,
        line=line.line,
        value_on=line.value_on,
        amount=line.amount,
        balance=line.balance,
        payer=line.payer,
        account=line.account,
        account_index=account_index(line.account),
        virtual_account=line.virtual_account,
        virtual_index=account_index(line.virtual_account),
        memo=line.memo,
        serial_no=line.serial_no,
        fingerprint=line.fingerprint,
    )
