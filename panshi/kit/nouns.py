"""The base of every noun that belongs to a node of the organisation tree."""

from typing import ClassVar, Self, TypeVar

from django.db import models
from django.db.models.functions import Now

from panshi.kit.ids import uuid7
from panshi.kit.tenancy import Actor

M = TypeVar("M", bound=models.Model)


class OwnedManager(models.Manager[M]):
    def visible_to(self, actor: Actor) -> models.QuerySet[M]:
        """Open a read: the actor's own node and below.

        Row-level security holds the line; the literal only lets one org's pages use its index.
        """
        rows = self.get_queryset()
        if actor.customer_id is None and actor.single_org_id is not None:
            return rows.filter(org_id=actor.single_org_id)
        return rows


class OwnedModel(models.Model):
    """A row that belongs to one node of the organisation tree."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    org = models.ForeignKey("org.OrgNode", on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField(db_default=Now(), editable=False)

    objects: ClassVar[OwnedManager[Self]] = OwnedManager()

    class Meta:
        abstract = True

    org_id: int
