from django.urls import path

from panshi.supply import views

urlpatterns = [
    path("supply/stock/sheet/", views.sheet, name="supply-sheet"),
    *views.IMPORT.urls(),
    path("supply/locations/", views.locations, name="supply-locations"),
    path("supply/locations/<uuid:id>/", views.location, name="supply-location"),
]
