from django.urls import path

from panshi.quality import views

urlpatterns = [
    path("quality/", views.nonconformities, name="quality-nonconformities"),
    path("quality/<uuid:nonconformity_id>/close/", views.close, name="quality-close"),
]
