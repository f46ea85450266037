from django.urls import path, re_path

from panshi.crm import views

urlpatterns = [
    path("crm/customers/", views.customers, name="crm-customers"),
    path("crm/customers/new/", views.register, name="crm-register"),
    path("crm/customers/sheet/", views.sheet, name="crm-sheet"),
    path("crm/customers/sheet/in-clear/", views.sheet_in_clear, name="crm-sheet-in-clear"),
    path("crm/customers/<uuid:customer_id>/", views.customer, name="crm-customer"),
    path("crm/customers/<uuid:customer_id>/change/", views.change, name="crm-change"),
    path("crm/customers/<uuid:customer_id>/qualify/", views.qualify, name="crm-qualify"),
    path("crm/customers/<uuid:customer_id>/blacklist/", views.blacklist, name="crm-blacklist"),
    path("crm/customers/<uuid:customer_id>/lift/", views.lift, name="crm-lift"),
    path("crm/customers/<uuid:customer_id>/complain/", views.complain, name="crm-complain"),
    re_path(
        r"^crm/customers/(?P<customer_id>[0-9a-f-]{36})/reveal/(?P<field>phone|id_no)/$",
        views.reveal,
        name="crm-reveal",
    ),
    path("crm/qualifications/", views.qualifications, name="crm-qualifications"),
    path(
        "crm/qualifications/<uuid:qualification_id>/",
        views.qualification,
        name="crm-qualification",
    ),
    path(
        "crm/qualifications/<uuid:qualification_id>/review/",
        views.review,
        name="crm-qualification-review",
    ),
    path("crm/complaints/", views.complaints, name="crm-complaints"),
    path("crm/complaints/<uuid:complaint_id>/", views.complaint, name="crm-complaint"),
    path(
        "crm/complaints/<uuid:complaint_id>/close/",
        views.close_complaint,
        name="crm-close-complaint",
    ),
    path(
        "crm/complaints/<uuid:complaint_id>/reopen/",
        views.reopen_complaint,
        name="crm-reopen-complaint",
    ),
    *views.IMPORT.urls(),
]
