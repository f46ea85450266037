"""The phone of a customer who has a lease."""

from uuid import UUID

from panshi.kit.tenancy import hq_actor
from panshi.leasing.models import Lease
from panshi.leasing.tests import make
from panshi.org import services
from panshi.org.models import User
from tests.windows import Window


def phone_of(lease: Lease, customer_id: UUID) -> Window:
    """A customer of a lease's operator, signed in to the portal."""
    user = services.create_user(
        org_id=lease.org_id,
        username=f"customer-{customer_id.hex[-8:]}",
        full_name="顺达城配物流有限公司",
        roles=["CUSTOMER"],
        password="Lvtu-2027-wuliu",
        customer_id=customer_id,
        actor=hq_actor(lease.org_id),
        at=make.NOON,
    )
    return Window(User.objects.get(id=user.user_id))
