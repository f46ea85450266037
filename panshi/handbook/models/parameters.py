"""The noun of an operator's own limits."""

from django.db import models

from panshi.kit.nouns import OwnedModel


class ParameterValue(OwnedModel):
    """An operator's own value of a parameter from a moment on, for all models or for one.

    Rows are only added: the latest that has begun counts, and one without a value gives the
    parameter back to the book.
    """

    name = models.CharField(max_length=60)
    model_code = models.CharField(max_length=40, blank=True)
    value = models.DecimalField(max_digits=14, decimal_places=4, null=True)
    effective_from = models.DateTimeField()
    reason = models.CharField(max_length=200)
    set_by_id = models.UUIDField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["org", "name", "model_code", "effective_from"],
                name="parameter_set_once_from_a_moment",
            )
        ]
