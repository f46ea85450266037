"""Releasing the maker's service … tells the fleet, so that the next interval counts from then."""

from datetime import timedelta

from panshi.fleet.models import Vehicle
from panshi.kit.clock import local_day
from panshi.service import services
from panshi.service.models import Visit
from panshi.service.services import Reading
from panshi.service.tests import make


def test_a_routine_service_is_a_maintenance_of_the_vehicle() -> None:
    where = make.city()
    booked = make.booking(where)
    visit = Visit.objects.get(id=booked.visit_id)
    assert visit.engineer_id is not None
    assert visit.starts_at is not None
    engineer = make.engineer_actor(where, visit.engineer_id)
    at, order_id = visit.starts_at, booked.work_order_id
    services.accept_visit(visit_id=visit.id, actor=engineer, at=make.NOON)
    services.start_travel(visit_id=visit.id, actor=engineer, at=at)
    services.arrive(visit_id=visit.id, lon=make.PLACE[0], lat=make.PLACE[1], actor=engineer, at=at)
    services.record_diagnosis(work_order_id=order_id, outcome="CONFIRMED", actor=engineer, at=at)
    services.sign_visit(
        work_order_id=order_id, content=make.PNG, signed_by="陈国强", actor=engineer, at=at
    )
    done = at + timedelta(hours=1)
    services.complete_visit(visit_id=visit.id, actor=engineer, at=done)
    services.self_check(
        work_order_id=order_id,
        readings=[Reading(code="BATTERY_12V", value=12.6)],
        actor=engineer,
        at=done,
    )
    services.release_work_order(work_order_id=order_id, actor=engineer, at=done)
    vehicle = Vehicle.objects.get(id=booked.vehicle_id)
    assert (vehicle.serviced_on, vehicle.serviced_km) == (local_day(done), vehicle.odometer_km)
