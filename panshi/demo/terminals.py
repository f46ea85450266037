"""Terminals of the demo fleet: each vehicle has one, sixty of them drive live."""

from datetime import datetime

from panshi.demo.founding import Company
from panshi.fleet import queries as fleet
from panshi.kit.clock import local_day
from panshi.kit.tenancy import hq_actor
from panshi.telematics import services as telematics
from panshi.telematics.services import NewDevice


def fit(company: Company, at: datetime) -> None:
    """Enter a GB/T 32960 terminal for every vehicle, of a make that takes orders."""
    for operator in company.operators:
        ids = tuple(vehicle_id for vehicle_id, _model in operator.vehicles)
        refs = fleet.vehicle_refs(vehicle_ids=ids, actor=operator.actor)
        fact = telematics.register_devices(
            devices=[
                NewDevice(protocol="GB32960", identity=refs[i].vin, vehicle_id=i) for i in ids
            ],
            actor=operator.actor,
            at=at,
        )
        telematics.set_device_model(
            device_ids=fact.device_ids,
            maker="磐石",
            name="T1",
            protocol="GB32960",
            adapter="PANSHI_GB",
            bench_proof_on=local_day(at),
            actor=hq_actor(),
            at=at,
        )
