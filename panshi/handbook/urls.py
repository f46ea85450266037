from django.urls import path

from panshi.handbook import (
    case_pages,
    city_pages,
    edit_pages,
    exam_pages,
    note_pages,
    parameter_pages,
    views,
    word_pages,
)

RUN = "handbook/runs/<uuid:run_id>/"
CASE = "handbook/cases/<uuid:case_id>/"

urlpatterns = [
    path("handbook/tasks/", views.inbox, name="handbook-inbox"),
    path("handbook/supervision/", views.supervision, name="handbook-supervision"),
    path("handbook/evidence/", views.watch, name="handbook-watch"),
    path(RUN, views.run, name="handbook-run"),
    path(f"{RUN}take/", views.take, name="handbook-take"),
    path(f"{RUN}steps/<str:step_id>/<int:iteration>/", views.complete, name="handbook-complete"),
    path(f"{RUN}act/<str:name>/", views.act, name="handbook-act"),
    path("handbook/evidence/<uuid:file_id>/", views.evidence, name="handbook-evidence"),
    path("handbook/", views.panorama, name="handbook-panorama"),
    path("handbook/changed-tiles/", views.changed_tiles, name="handbook-changed-tiles"),
    path("handbook/tiles/<slug:slug>/", views.tile, name="handbook-tile"),
    path("handbook/nodes/<slug:slug>/start/", views.start, name="handbook-start"),
    path("handbook/search/", views.search, name="handbook-search"),
    path("handbook/cases/", case_pages.cases, name="handbook-cases"),
    path("handbook/cases/<uuid:case_id>/", case_pages.case, name="handbook-case"),
    path("handbook/cases/<uuid:case_id>/<str:name>/", case_pages.act, name="handbook-case-act"),
    path(f"{CASE}photos/<uuid:source_id>/", case_pages.photo, name="handbook-case-photo"),
    path(f"{CASE}pictures/<uuid:source_id>/", case_pages.source, name="handbook-case-picture"),
    path(f"{CASE}take/<uuid:photo_id>/", case_pages.take_photo, name="handbook-take-case-photo"),
    path("handbook/case-photos/<uuid:photo_id>/", case_pages.shown, name="handbook-covered"),
    path(f"{RUN}case/", case_pages.propose, name="handbook-propose-case"),
    path("handbook/parameters/", parameter_pages.parameters, name="handbook-parameters"),
    path("handbook/parameters/<slug:name>/", parameter_pages.parameter, name="handbook-parameter"),
    path("handbook/editions/", views.editions, name="handbook-editions"),
    *city_pages.urlpatterns,
    *exam_pages.urlpatterns,
    *edit_pages.urlpatterns,
    *note_pages.urlpatterns,
    *word_pages.urlpatterns,
]
