from django.urls import path

from panshi.leasing import (
    change_pages,
    claim_pages,
    contract_pages,
    holding_pages,
    import_pages,
    owning_pages,
    quote_pages,
    restraint_pages,
    settle_pages,
    views,
    violation_pages,
)

urlpatterns = [
    path("leasing/leases/", views.leases, name="leasing-leases"),
    path("leasing/leases/new/", views.draft, name="leasing-draft"),
    path("leasing/leases/<uuid:lease_id>/", views.lease, name="leasing-lease"),
    path("leasing/leases/<uuid:lease_id>/handover/", views.handover, name="leasing-handover"),
    path(
        "leasing/leases/<uuid:lease_id>/pictures/<uuid:file_id>/",
        views.picture,
        name="leasing-picture",
    ),
    path("leasing/leases/<uuid:lease_id>/activate/", views.activate, name="leasing-activate"),
    path("leasing/leases/<uuid:lease_id>/return/", views.ask_return, name="leasing-return"),
    path("leasing/leases/<uuid:lease_id>/cancel/", views.cancel, name="leasing-cancel"),
    *owning_pages.URLS,
    *contract_pages.URLS,
    *quote_pages.URLS,
    *change_pages.URLS,
    *settle_pages.URLS,
    *import_pages.URLS,
    *restraint_pages.URLS,
    *violation_pages.URLS,
    *holding_pages.URLS,
    *claim_pages.URLS,
]
