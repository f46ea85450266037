"""What the forms of leasing offer to choose from: vehicles, customers, products."""

from django.utils import timezone

from panshi.billing import queries as billing
from panshi.crm import queries as crm
from panshi.kit.clock import local_day
from panshi.kit.tenancy import Actor
from panshi.leasing import queries

_CUSTOMERS = 500


def vehicle_choices(actor: Actor) -> list[tuple[str, str]]:
    """Vehicles that are ready and promised to nobody."""
    return [
        (str(v.id), f"{v.plate} · {v.model_name} · {v.city}")
        for v in queries.free_vehicles(actor=actor)
    ]


def customer_choices(actor: Actor, *, qualified: bool | None = None) -> list[tuple[str, str]]:
    """Customers, or only those whose qualification is approved."""
    found = crm.customer_list(limit=_CUSTOMERS, qualified=qualified, actor=actor)
    return [(str(c.id), f"{c.name} · {c.city}") for c in found.rows]


def product_choices(actor: Actor) -> list[tuple[str, str]]:
    """The products of rent that are sold today."""
    found = billing.rental_products(on=local_day(timezone.now()), actor=actor)
    return [(product.code, product.name) for product in found]
