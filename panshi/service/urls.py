from django.urls import path

from panshi.service import talk_pages, views

urlpatterns = [
    path("service/orders/", views.orders, name="service-orders"),
    path("service/orders/<uuid:id>/", views.order, name="service-order"),
    path("service/orders/<uuid:id>/release/", views.release, name="service-release"),
    path("service/orders/<uuid:id>/cancel/", views.cancel, name="service-cancel"),
    path("service/photos/<uuid:id>/", views.photo, name="service-photo"),
    path("service/board/", views.board, name="service-board"),
    path("service/visits/<uuid:id>/move/", views.move, name="service-move"),
    *talk_pages.URLS,
    path("service/catalogue/", views.catalogue, name="service-catalogue"),
    path("service/prices/", views.prices, name="service-prices"),
    path("service/prices/new/", views.new_price, name="service-new-price"),
]
