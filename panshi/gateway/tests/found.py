"""Found an operator with connected vehicles, and commit it: python -m panshi.gateway.tests.found N

Prints the VINs, one a line, and the phone of one JT/T 808 terminal last.
"""

import os
import sys
from datetime import UTC, datetime

import django


def found(count: int) -> list[str]:
    from django.db import transaction

    from panshi.fleet import services as fleet
    from panshi.fleet.services import NewVehicle
    from panshi.fleet.tests import make as fleet_make
    from panshi.kit.tenancy import acting, hq_actor
    from panshi.org.tests import make as org_make
    from panshi.telematics import services
    from panshi.telematics.services import NewDevice

    at = datetime.now(UTC)
    with transaction.atomic(), acting(hq_actor()):
        org = org_make.operator()
        actor = hq_actor(org.id)
        model = fleet_make.model()
        vins = [fleet_make.vin(number) for number in range(1, count + 1)]
        received = fleet.receive_vehicles(
            vehicles=[
                NewVehicle(org_id=org.id, vin=vin, model_code=model.code, city="杭州", use="LEASE")
                for vin in vins
            ],
            actor=actor,
            at=at,
        )
        devices = [
            NewDevice(protocol="GB32960", identity=vin, vehicle_id=vehicle_id)
            for vin, vehicle_id in zip(vins, received.vehicle_ids, strict=True)
        ]
        phone = "13912345678"
        devices.append(
            NewDevice(protocol="JTT808", identity=phone, vehicle_id=received.vehicle_ids[0])
        )
        services.register_devices(devices=devices, actor=actor, at=at)
    return [*vins, phone]


if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "panshi.config.settings")
    django.setup()
    sys.stdout.write("\n".join(found(int(sys.argv[1]))) + "\n")
