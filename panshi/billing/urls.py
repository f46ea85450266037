from django.urls import path

from panshi.billing import (
    close_pages,
    invoice_pages,
    pay_pages,
    payment_pages,
    refund_pages,
    share_pages,
    views,
)

urlpatterns = [
    path("finance/bills/", views.bills, name="billing-bills"),
    path("finance/bills/<uuid:bill_id>/", views.bill, name="billing-bill"),
    path("finance/bills/<uuid:bill_id>/pdf/", views.bill_pdf, name="billing-bill-pdf"),
    path("finance/bills/<uuid:bill_id>/pay/", pay_pages.pay_link, name="billing-pay-link"),
    path("finance/bills/<uuid:bill_id>/payment/", views.record, name="billing-record"),
    path("finance/receivables/", views.receivables, name="billing-receivables"),
    path("finance/board/", views.board, name="billing-board"),
    path("finance/payments/", payment_pages.payments, name="billing-payments"),
    path("finance/recognition/", close_pages.recognition, name="billing-recognition"),
    path("finance/payments/order/", payment_pages.order, name="billing-allocation-order"),
    path("finance/payments/<uuid:payment_id>/", payment_pages.payment, name="billing-payment"),
    path(
        "finance/payments/<uuid:payment_id>/query/",
        payment_pages.query,
        name="billing-payment-query",
    ),
    path(
        "finance/payments/<uuid:payment_id>/close/",
        payment_pages.close,
        name="billing-payment-close",
    ),
    path(
        "finance/payments/<uuid:payment_id>/allocate/",
        payment_pages.allocate,
        name="billing-allocate",
    ),
    path(
        "finance/payments/<uuid:payment_id>/customer/",
        payment_pages.reassign,
        name="billing-payment-reassign",
    ),
    path(
        "finance/allocations/<uuid:allocation_id>/undo/",
        payment_pages.unallocate,
        name="billing-unallocate",
    ),
    path("finance/payments/<uuid:payment_id>/refund/", refund_pages.ask, name="billing-refund-ask"),
    path("finance/refunds/", refund_pages.refunds, name="billing-refunds"),
    path("finance/refunds/<uuid:refund_id>/", refund_pages.refund, name="billing-refund"),
    path(
        "finance/refunds/<uuid:refund_id>/approve/",
        refund_pages.approve,
        name="billing-refund-approve",
    ),
    path(
        "finance/refunds/<uuid:refund_id>/decline/",
        refund_pages.decline,
        name="billing-refund-decline",
    ),
    path("finance/refunds/<uuid:refund_id>/send/", refund_pages.send, name="billing-refund-send"),
    path(
        "finance/refunds/<uuid:refund_id>/query/", refund_pages.query, name="billing-refund-query"
    ),
    path(
        "finance/refunds/<uuid:refund_id>/conclude/",
        refund_pages.conclude,
        name="billing-refund-conclude",
    ),
    path("finance/shares/", share_pages.shares, name="billing-shares"),
    path("finance/shares/lines.csv", share_pages.lines, name="billing-share-lines"),
    path("finance/shares/accrue/", share_pages.accrue, name="billing-accrue-shares"),
    path("finance/shares/close/", share_pages.close, name="billing-close-settlement"),
    path(
        "finance/shares/<uuid:statement_id>/dispute/",
        share_pages.dispute,
        name="billing-dispute-settlement",
    ),
    path("finance/shares/schemes/", share_pages.schemes, name="billing-share-schemes"),
    path("finance/shares/schemes/new/", share_pages.new_scheme, name="billing-share-scheme-new"),
    path("finance/invoices/", invoice_pages.invoices, name="billing-invoices"),
    path("finance/invoices/<uuid:invoice_id>/", invoice_pages.invoice, name="billing-invoice"),
    path(
        "finance/invoices/<uuid:invoice_id>/red/",
        invoice_pages.take_back,
        name="billing-invoice-red",
    ),
    path(
        "finance/invoices/<uuid:invoice_id>/again/",
        invoice_pages.ask_again,
        name="billing-invoice-again",
    ),
    path(
        "finance/bills/<uuid:bill_id>/invoice/",
        invoice_pages.ask_invoice,
        name="billing-invoice-ask",
    ),
    path("finance/financings/", invoice_pages.financings, name="billing-financings"),
    path("finance/financings/new/", invoice_pages.finance, name="billing-finance"),
    path("finance/financings/<uuid:batch_id>/repay/", invoice_pages.repay, name="billing-repay"),
    path("finance/runs/", views.runs, name="billing-runs"),
    path("finance/runs/run/", views.run, name="billing-run"),
    path("finance/runs/issue/", views.issue, name="billing-issue"),
    path("finance/statements/<uuid:customer_id>/", views.statement, name="billing-statement"),
    path("pay/callback/<str:channel>/", pay_pages.callback, name="billing-callback"),
    path("pay/<str:token>/", pay_pages.pay, name="billing-pay"),
]
