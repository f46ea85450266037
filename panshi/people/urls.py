from django.urls import path

from panshi.people import views

urlpatterns = [
    path("people/staff/sheet/", views.staff_sheet, name="people-staff-sheet"),
    *views.STAFF_IMPORT.urls(),
    path("people/engineers/", views.engineers, name="people-engineers"),
    path("people/shifts/", views.shifts, name="people-shifts"),
    path("people/shifts/new/", views.new_shift, name="people-new-shift"),
]
