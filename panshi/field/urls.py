from django.urls import path

from panshi.field import views

urlpatterns = [
    path("field/", views.app, name="field"),
    path("field/day.json", views.day, name="field-day"),
    path("field/acts/", views.take_act, name="field-acts"),
    path("field/sw.js", views.worker, name="field-worker"),
    path("field/manifest.webmanifest", views.manifest, name="field-manifest"),
]
