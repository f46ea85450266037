"""The noun of what an operator writes beside the book's text."""

from django.db import models
from django.db.models import Q

from panshi.kit.nouns import OwnedModel


class LocalNote(OwnedModel):
    """A unit's own words beside a node, from a moment on.

    Rows are only added: a unit's latest counts, and one that is `taken_back` has no words. The
    book's text is in tables of its own, which a note never touches.
    """

    node = models.ForeignKey("handbook.Node", on_delete=models.PROTECT, related_name="+")
    words = models.CharField(max_length=1000, blank=True)
    taken_back = models.BooleanField(default=False)
    written_by_id = models.UUIDField()
    written_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(taken_back=True, words="")
                | Q(taken_back=False, words__regex=r"[^[:space:]]"),
                name="local_note_says_something",
            )
        ]
        indexes = [
            models.Index(fields=["node", "org", "-written_at"], name="local_note_latest"),
        ]
