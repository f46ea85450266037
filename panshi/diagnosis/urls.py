from django.urls import path

from panshi.diagnosis import views

urlpatterns = [
    path("diagnosis/findings/", views.findings, name="diagnosis-findings"),
    path("diagnosis/findings/<uuid:finding_id>/", views.finding, name="diagnosis-finding"),
    path(
        "diagnosis/findings/<uuid:finding_id>/acknowledge/",
        views.acknowledge,
        name="diagnosis-acknowledge",
    ),
]
