from django.urls import path

from panshi.fleet.views import compliance, vehicles, yard

urlpatterns = [
    path("fleet/vehicles/", vehicles.vehicles, name="fleet-vehicles"),
    path("fleet/vehicles/new/", vehicles.register, name="fleet-register"),
    path("fleet/vehicles/sheet/", vehicles.sheet, name="fleet-sheet"),
    path("fleet/vehicles/<uuid:vehicle_id>/", vehicles.vehicle, name="fleet-vehicle"),
    path("fleet/vehicles/<uuid:vehicle_id>/papers/", vehicles.file_paper, name="fleet-file-paper"),
    path(
        "fleet/vehicles/<uuid:vehicle_id>/maintenance/",
        compliance.maintenance,
        name="fleet-maintenance",
    ),
    path("fleet/vehicles/<uuid:vehicle_id>/<slug:name>/", vehicles.act, name="fleet-act"),
    path("fleet/papers/<uuid:document_id>/", compliance.paper, name="fleet-paper"),
    path(
        "fleet/papers/<uuid:document_id>/record/",
        compliance.paper_record,
        name="fleet-paper-record",
    ),
    path(
        "fleet/papers/<uuid:document_id>/verify/",
        compliance.verify_paper,
        name="fleet-verify-paper",
    ),
    path("fleet/days/", vehicles.days, name="fleet-days"),
    path("fleet/calendar/", compliance.calendar, name="fleet-calendar"),
    path("fleet/calendar/rules/", compliance.rules, name="fleet-rules"),
    path("fleet/calendar/rules/<slug:code>/", compliance.rule, name="fleet-rule"),
    path("fleet/idle/", yard.idle, name="fleet-idle"),
    path("fleet/upkeep/", yard.tasks, name="fleet-upkeep"),
    path("fleet/upkeep/<uuid:task_id>/", yard.task, name="fleet-upkeep-task"),
    *vehicles.IMPORT.urls(),
]
