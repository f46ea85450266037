from django.urls import path

from panshi.telematics import command_pages, views

urlpatterns = [
    path("telematics/map/", views.live_map, name="telematics-map"),
    path("telematics/map/points/", views.points, name="telematics-points"),
    path("telematics/vehicles/<uuid:vehicle_id>/", views.vehicle, name="telematics-vehicle"),
    path("telematics/vehicles/<uuid:vehicle_id>/now/", views.now, name="telematics-now"),
    path("telematics/vehicles/<uuid:vehicle_id>/frame/", views.frame, name="telematics-frame"),
    path("telematics/vehicles/<uuid:vehicle_id>/track/", views.track, name="telematics-track"),
    path(
        "telematics/vehicles/<uuid:vehicle_id>/track/points/",
        views.track_points,
        name="telematics-track-points",
    ),
    path("telematics/devices/", views.devices, name="telematics-devices"),
    path("telematics/devices/<uuid:device_id>/", views.device, name="telematics-device"),
    *command_pages.URLS,
]
