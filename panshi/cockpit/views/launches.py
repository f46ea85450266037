"""The page of one city that is being opened, for the one who opens it."""

from uuid import UUID

from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_GET

from panshi.cockpit import queries
from panshi.cockpit.views.figures import LAUNCHES, permitted
from panshi.kit.web import Request


@require_GET
def launch(request: Request, plan_id: UUID) -> HttpResponse:
    """Every node of the playbook with its day and its run, and what the gate asks."""
    permitted(request, LAUNCHES)
    page = queries.launch_page(plan_id=plan_id, actor=request.actor, at=timezone.now())
    return render(request, "cockpit/launch.html", {"page": page})
