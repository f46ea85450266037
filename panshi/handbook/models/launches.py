"""When the company began in a city."""

from django.db import models

from panshi.kit.nouns import OwnedModel


class CityLaunch(OwnedModel):
    """The day a city was opened, where it is known; its weeks are counted from there."""

    city = models.CharField(max_length=40)
    launched_on = models.DateField()
    noted_by_id = models.UUIDField()
    noted_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["org", "city"], name="city_launched_once")]
