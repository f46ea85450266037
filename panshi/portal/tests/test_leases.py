"""A lease on the phone: its contract is read by its customer alone."""

import io
from datetime import timedelta
from decimal import Decimal
from uuid import UUID

from pypdf import PdfReader

from panshi.crm.tests import make as crm_make
from panshi.fleet.tests import make as fleet_make
from panshi.kit.clock import local_day
from panshi.kit.tenancy import hq_actor
from panshi.leasing import services as leasing
from panshi.org.models import OrgNode, User
from tests.town import Town
from tests.windows import Window


def _lease(place: Town) -> UUID:
    org = OrgNode.objects.get(id=place.org_id)
    crm_make.qualify(place.customer_id, org=org, at=place.at)
    vehicle = fleet_make.vehicle(org=org, state="READY")
    return leasing.draft_lease(
        customer_id=place.customer_id,
        vehicle_id=vehicle.id,
        product_code="RENT_MONTHLY",
        monthly_rent=Decimal(3000),
        deposit=Decimal(6000),
        starts_on=local_day(place.at) + timedelta(days=1),
        months=6,
        actor=hq_actor(place.org_id),
        at=place.at,
    ).lease_id


def test_the_contract_is_read_by_its_customer_alone(place: Town) -> None:
    lease_id = _lease(place)
    own = Window(User.objects.get(id=place.customer_user))
    stranger = Window(User.objects.get(id=place.stranger_user))
    url = f"/portal/leases/{lease_id}/contract/"

    assert url in own.get(f"/portal/leases/{lease_id}/").content.decode()
    paper = PdfReader(io.BytesIO(own.get(url).content))
    text = "".join(page.extract_text() for page in paper.pages)
    assert "3,000.00" in text
    assert "深圳市绿途新能源物流车辆运营有限公司" in text
    assert stranger.get(url).status_code == 404
