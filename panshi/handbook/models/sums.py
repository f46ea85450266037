"""Sums kept beside the counts of days, so that a page over the whole business adds up little."""

from django.db import models

from panshi.handbook.models.states import AlertKind
from panshi.handbook.models.text import Edition, Node
from panshi.kit.nouns import OwnedModel


class _Counts(OwnedModel):
    """The counts that adherence is made of, added up."""

    edition = models.ForeignKey(Edition, on_delete=models.PROTECT, related_name="+", db_index=False)
    city = models.CharField(max_length=40, blank=True)
    expected = models.IntegerField()
    voided = models.IntegerField()
    by_hand = models.IntegerField()
    closed = models.IntegerField()
    on_time = models.IntegerField()
    steps_due = models.IntegerField()
    steps_done = models.IntegerField()
    evidence_due = models.IntegerField()
    evidence_valid = models.IntegerField()

    class Meta:
        abstract = True


class AdherenceCity(_Counts):
    """The days of one organisation, edition and city over all nodes."""

    day = models.DateField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["org", "edition", "city", "day"], name="adherence_city_once"
            )
        ]


class AdherenceSpan(_Counts):
    """The days [since, until) of one node, edition and city below a node of the tree.

    Kept for the platform and regional centres, for the spans that pages ask for.
    """

    node = models.ForeignKey(Node, on_delete=models.PROTECT, related_name="+", db_index=False)
    since = models.DateField()
    until = models.DateField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["org", "since", "until", "node", "edition", "city"],
                name="adherence_span_once",
            )
        ]


class AdherenceAlert(OwnedModel):
    """That a node is followed markedly less in a city, or that many of its runs are struck there.

    It stands from the count that found it to the first that no longer does.
    """

    kind = models.CharField(max_length=8, choices=AlertKind)
    node = models.ForeignKey(Node, on_delete=models.PROTECT, related_name="+")
    city = models.CharField(max_length=40, blank=True)
    found_at = models.DateTimeField()
    over_at = models.DateTimeField(null=True)
    before_percent = models.DecimalField(max_digits=5, decimal_places=1, null=True)
    percent = models.DecimalField(max_digits=5, decimal_places=1)
    runs = models.IntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["org", "kind", "node", "city"],
                name="adherence_alert_stands_once",
                condition=models.Q(over_at=None),
            )
        ]
