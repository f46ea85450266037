from django.urls import path

from panshi.notify import views

urlpatterns = [
    path("messages/", views.messages, name="notify-messages"),
    path("messages/read/", views.mark_read, name="notify-mark-read"),
]
