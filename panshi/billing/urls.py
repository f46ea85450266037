from django.urls import path

from panshi.billing import close_pages, views

urlpatterns = [
    path("finance/bills/", views.bills, name="billing-bills"),
    path("finance/bills/<uuid:bill_id>/", views.bill, name="billing-bill"),
    path("finance/bills/<uuid:bill_id>/pdf/", views.bill_pdf, name="billing-bill-pdf"),
    path("finance/bills/<uuid:bill_id>/pay/", views.pay_link, name="billing-pay-link"),
    path("finance/bills/<uuid:bill_id>/payment/", views.record, name="billing-record"),
    path("finance/receivables/", views.receivables, name="billing-receivables"),
    path("finance/board/", views.board, name="billing-board"),
    path("finance/payments/", views.payments, name="billing-payments"),
    path("finance/recognition/", close_pages.recognition, name="billing-recognition"),
    path("finance/runs/", views.runs, name="billing-runs"),
    path("finance/runs/run/", views.run, name="billing-run"),
    path("finance/runs/issue/", views.issue, name="billing-issue"),
    path("finance/statements/<uuid:customer_id>/", views.statement, name="billing-statement"),
    path("pay/callback/<str:channel>/", views.callback, name="billing-callback"),
    path("pay/<str:token>/", views.pay, name="billing-pay"),
]
