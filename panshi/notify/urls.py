from django.urls import path

from panshi.notify import views

urlpatterns = [
    path("messages/", views.messages, name="notify-messages"),
    path("messages/read/", views.mark_read, name="notify-mark-read"),
    path("messages/preferences/", views.preferences, name="notify-preferences"),
    path("messages/deliveries/", views.deliveries, name="notify-deliveries"),
    path("messages/deliveries/<uuid:message_id>/", views.delivery, name="notify-delivery"),
    path("messages/templates/", views.templates, name="notify-templates"),
    path("messages/templates/new/", views.publish, name="notify-publish"),
]
