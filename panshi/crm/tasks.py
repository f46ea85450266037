"""What the worker does about customers by the clock."""

from datetime import datetime

from panshi.crm import services
from panshi.kit.schedule import every
from panshi.kit.tenancy import hq_actor


@every("20 16 * * *")
def lapse_qualifications(at: datetime) -> None:
    """Each night, twenty past midnight in Shanghai: end the qualifications that lapsed."""
    services.lapse_qualifications(actor=hq_actor(), at=at)
