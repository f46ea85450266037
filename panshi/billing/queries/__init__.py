"""Questions about what is billed, owed and paid."""

from panshi.billing.queries.bills import (
    BillCard,
    BillPage,
    BillRow,
    bill_card,
    bill_rows,
    customer_bills,
)
from panshi.billing.queries.charges import (
    Charge,
    ProductRow,
    charge_preview,
    charges_of_plan,
    rental_products,
)
from panshi.billing.queries.earnings import (
    earned_by_day,
    earned_page,
    earned_sums,
)
from panshi.billing.queries.figures import due_page, dues_by_day
from panshi.billing.queries.money import (
    AgeRow,
    BoardRow,
    FinanceBoard,
    Statement,
    finance_board,
    receivables_before,
    receivables_by_age,
    statement,
)
from panshi.billing.queries.owed import (
    OwedRow,
    Standing,
    accounts_in_use,
    bills_of_source,
    deposit_of,
    open_bills,
    standings,
)
from panshi.billing.queries.payments import (
    PaymentCard,
    PaymentRow,
    billing_runs,
    callback_rows,
    drafts_waiting,
    dunning_board,
    open_exceptions,
    payment_card,
    payment_rows,
)
from panshi.billing.queries.terms import CREDIT_TERMS

__all__ = [
    "CREDIT_TERMS",
    "AgeRow",
    "BillCard",
    "BillPage",
    "BillRow",
    "BoardRow",
    "Charge",
    "FinanceBoard",
    "OwedRow",
    "PaymentCard",
    "PaymentRow",
    "ProductRow",
    "Standing",
    "Statement",
    "accounts_in_use",
    "bill_card",
    "bill_rows",
    "billing_runs",
    "bills_of_source",
    "callback_rows",
    "charge_preview",
    "charges_of_plan",
    "customer_bills",
    "deposit_of",
    "drafts_waiting",
    "due_page",
    "dues_by_day",
    "dunning_board",
    "earned_by_day",
    "earned_page",
    "earned_sums",
    "finance_board",
    "open_bills",
    "open_exceptions",
    "payment_card",
    "payment_rows",
    "receivables_before",
    "receivables_by_age",
    "rental_products",
    "standings",
    "statement",
]
