from django.urls import path

from panshi.fleet.views import assets, compliance, inspections, lots, models, vehicles, yard

urlpatterns = [
    path("fleet/vehicles/", vehicles.vehicles, name="fleet-vehicles"),
    path("fleet/vehicles/new/", vehicles.register, name="fleet-register"),
    path("fleet/models/", models.models, name="fleet-models"),
    path("fleet/models/new/", models.publish, name="fleet-model-new"),
    path("fleet/vehicles/sheet/", vehicles.sheet, name="fleet-sheet"),
    path("fleet/vehicles/sample/", vehicles.sample, name="fleet-sample"),
    path("fleet/vehicles/<uuid:vehicle_id>/", vehicles.vehicle, name="fleet-vehicle"),
    path("fleet/vehicles/<uuid:vehicle_id>/papers/", vehicles.file_paper, name="fleet-file-paper"),
    path("fleet/vehicles/<uuid:vehicle_id>/asset/", assets.enter, name="fleet-asset"),
    path(
        "fleet/vehicles/<uuid:vehicle_id>/maintenance/",
        compliance.maintenance,
        name="fleet-maintenance",
    ),
    path(
        "fleet/vehicles/<uuid:vehicle_id>/inspection/",
        inspections.start,
        name="fleet-inspection-new",
    ),
    path("fleet/vehicles/<uuid:vehicle_id>/keys/", lots.keys, name="fleet-keys"),
    path(
        "fleet/vehicles/<uuid:vehicle_id>/transfer/", lots.new_transfer, name="fleet-transfer-new"
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
    path("fleet/lots/", lots.lots, name="fleet-lots"),
    path("fleet/lots/new/", lots.new_lot, name="fleet-lot-new"),
    path("fleet/lots/<uuid:lot_id>/", lots.lot, name="fleet-lot"),
    path("fleet/lots/<uuid:lot_id>/park/", lots.park, name="fleet-park"),
    path("fleet/lots/<uuid:lot_id>/count/", lots.start_stocktake, name="fleet-stocktake-start"),
    path("fleet/counts/<uuid:stocktake_id>/", lots.stocktake, name="fleet-stocktake"),
    path(
        "fleet/counts/<uuid:stocktake_id>/close/",
        lots.close_stocktake,
        name="fleet-stocktake-close",
    ),
    path(
        "fleet/counts/<uuid:stocktake_id>/variances/<uuid:variance_id>/",
        lots.settle_variance,
        name="fleet-variance-settle",
    ),
    path("fleet/keys/<uuid:custody_id>/return/", lots.return_key, name="fleet-key-return"),
    path("fleet/transfers/<uuid:transfer_id>/", lots.transfer, name="fleet-transfer"),
    path(
        "fleet/transfers/<uuid:transfer_id>/<slug:name>/",
        lots.transfer_act,
        name="fleet-transfer-act",
    ),
    path(
        "fleet/inspections/<uuid:inspection_id>/",
        inspections.inspection,
        name="fleet-inspection",
    ),
    path(
        "fleet/inspections/<uuid:inspection_id>/marks/",
        inspections.mark,
        name="fleet-inspection-mark",
    ),
    path(
        "fleet/inspections/<uuid:inspection_id>/photos/",
        inspections.photo,
        name="fleet-inspection-photo",
    ),
    path(
        "fleet/inspections/<uuid:inspection_id>/sign/",
        inspections.sign,
        name="fleet-inspection-sign",
    ),
    path(
        "fleet/inspections/pictures/<uuid:photo_id>/",
        inspections.picture,
        name="fleet-inspection-picture",
    ),
    path("fleet/standards/", inspections.standards, name="fleet-standards"),
    path(
        "fleet/standards/<uuid:standard_id>/publish/",
        inspections.publish_standard,
        name="fleet-standard-publish",
    ),
    *vehicles.IMPORT.urls(),
]
