"""Verbs of supply, one file per noun."""

from panshi.supply.services.counting import CountInvalid, count_stock, scrap_parts
from panshi.supply.services.credits import CreditInvalid, enter_supplier_credit
from panshi.supply.services.invoices import (
    InvoiceInvalid,
    OwnInvoice,
    ReceiptInvoiced,
    cancel_supplier_invoice,
    enter_supplier_invoice,
    pay_supplier_invoice,
)
from panshi.supply.services.opening import (
    PARTS,
    commit_part_import,
    stage_part_import,
    undo_part_import,
)
from panshi.supply.services.places import (
    NewItem,
    NotAVan,
    PlaceMissing,
    VanTaken,
    hand_over_van,
    load_items,
    open_location,
)
from panshi.supply.services.promising import count_invariants
from panshi.supply.services.refunds import RefundInvalid, receive_supplier_refund
from panshi.supply.services.stock import (
    AlreadyRecorded,
    InsufficientStock,
    OutOfStock,
    UnknownItem,
    confirm_reservation,
    consume_parts,
    issue_kit,
    move_stock,
    receive_stock,
    release_parts,
    reserve_parts,
)
from panshi.supply.services.worth import PriceMissing, WorthKnown, take_stock_into_books

__all__ = [
    "PARTS",
    "AlreadyRecorded",
    "CountInvalid",
    "CreditInvalid",
    "InsufficientStock",
    "InvoiceInvalid",
    "NewItem",
    "NotAVan",
    "OutOfStock",
    "OwnInvoice",
    "PlaceMissing",
    "PriceMissing",
    "ReceiptInvoiced",
    "RefundInvalid",
    "UnknownItem",
    "VanTaken",
    "WorthKnown",
    "cancel_supplier_invoice",
    "commit_part_import",
    "confirm_reservation",
    "consume_parts",
    "count_invariants",
    "count_stock",
    "enter_supplier_credit",
    "enter_supplier_invoice",
    "hand_over_van",
    "issue_kit",
    "load_items",
    "move_stock",
    "open_location",
    "pay_supplier_invoice",
    "receive_stock",
    "receive_supplier_refund",
    "release_parts",
    "reserve_parts",
    "scrap_parts",
    "stage_part_import",
    "take_stock_into_books",
    "undo_part_import",
]
