from django.urls import path

from panshi.portal.views import bills, booking, home, leases, orders, public

urlpatterns = [
    path("portal/", home.home, name="portal-home"),
    path("portal/vehicles/", home.vehicles, name="portal-vehicles"),
    path("portal/vehicles/<uuid:vehicle_id>/", home.vehicle, name="portal-vehicle"),
    path("portal/messages/", home.mail, name="portal-messages"),
    path("portal/messages/read/", home.mail_read, name="portal-messages-read"),
    path("portal/me/", home.me, name="portal-me"),
    path("portal/me/colours/", home.theme, name="portal-theme"),
    path("portal/book/", booking.vehicle, name="portal-book"),
    path("portal/book/service/", booking.services, name="portal-book-service"),
    path("portal/book/place/", booking.place, name="portal-book-place"),
    path("portal/book/time/", booking.slot, name="portal-book-slot"),
    path("portal/book/confirm/", booking.confirm, name="portal-book-confirm"),
    path("portal/orders/", orders.orders, name="portal-orders"),
    path("portal/orders/<uuid:work_order_id>/", orders.order, name="portal-order"),
    path("portal/orders/<uuid:work_order_id>/cancel/", orders.cancel, name="portal-order-cancel"),
    path("portal/orders/<uuid:work_order_id>/review/", orders.review, name="portal-review"),
    path("portal/leases/", leases.leases, name="portal-leases"),
    path("portal/leases/<uuid:lease_id>/", leases.lease, name="portal-lease"),
    path("portal/leases/<uuid:lease_id>/return/", leases.ask_return, name="portal-lease-return"),
    path("portal/bills/", bills.bills, name="portal-bills"),
    path("portal/bills/pay/", bills.pay, name="portal-pay"),
    path("portal/bills/<uuid:bill_id>/", bills.bill, name="portal-bill"),
    path("p/<str:token>/", public.progress, name="portal-progress"),
    path("services/", public.catalogue, name="portal-catalogue"),
    path("services/<str:city>/", public.catalogue, name="portal-catalogue-city"),
    path("services/<str:city>/<str:model>/", public.catalogue, name="portal-catalogue-model"),
    path("sitemap.xml", public.sitemap, name="portal-sitemap"),
    path("robots.txt", public.robots, name="portal-robots"),
]
