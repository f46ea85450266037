from django.urls import path

from panshi.fleet import views

urlpatterns = [
    path("fleet/vehicles/", views.vehicles, name="fleet-vehicles"),
    path("fleet/vehicles/new/", views.register, name="fleet-register"),
    path("fleet/vehicles/sheet/", views.sheet, name="fleet-sheet"),
    path("fleet/vehicles/<uuid:vehicle_id>/", views.vehicle, name="fleet-vehicle"),
    path("fleet/vehicles/<uuid:vehicle_id>/papers/", views.file_paper, name="fleet-file-paper"),
    path("fleet/vehicles/<uuid:vehicle_id>/<slug:name>/", views.act, name="fleet-act"),
    path("fleet/papers/<uuid:document_id>/", views.paper, name="fleet-paper"),
    path("fleet/calendar/", views.calendar, name="fleet-calendar"),
    *views.IMPORT.urls(),
]
