from django.urls import path

from panshi.supply import invoice_pages, place_pages, views

urlpatterns = [
    path("supply/stock/sheet/", views.sheet, name="supply-sheet"),
    *views.IMPORT.urls(),
    path("supply/locations/", views.locations, name="supply-locations"),
    *place_pages.URLS,
    *invoice_pages.URLS,
    path("supply/locations/<uuid:id>/", views.location, name="supply-location"),
]
