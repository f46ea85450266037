"""Pages without sign-in: services with their prices, the sitemap, and the progress of one job."""

import json
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET

from panshi.fleet import queries as fleet
from panshi.kit.tenancy import hq_actor, system_actor
from panshi.org import queries as org
from panshi.org.middleware import public
from panshi.portal import stages
from panshi.service import queries as service


@dataclass(frozen=True, slots=True)
class City:
    """A city with the operator whose prices hold there."""

    name: str
    org_id: int
    operator: str


def _cities() -> dict[str, City]:
    """Cities in which somebody operates; where several do, the first by name speaks."""
    found: dict[str, City] = {}
    for row in org.operators(actor=hq_actor()):
        if row.city and row.city not in found:
            found[row.city] = City(row.city, row.id, row.name)
    return dict(sorted(found.items()))


def _models(city: City) -> list[fleet.ModelRow]:
    return fleet.vehicle_models(actor=system_actor(city.org_id))


def _linked_data(
    request: HttpRequest, city: City, model: str, rows: list[service.ServiceRow]
) -> SafeString:
    """The same prices for machines, as schema.org says them."""
    document: dict[str, Any] = {
        "@context": "https://schema.org",
        "@type": "OfferCatalog",
        "name": _("Services for electric vans in %(city)s") % {"city": city.name},
        "url": request.build_absolute_uri(request.path),
        "itemListElement": [
            {
                "@type": "Offer",
                "price": str(row.total),
                "priceCurrency": "CNY",
                "areaServed": city.name,
                "seller": {"@type": "Organization", "name": city.operator},
                "itemOffered": {
                    "@type": "Service",
                    "name": f"{row.name} · {model}" if model else row.name,
                    "serviceType": row.code,
                },
            }
            for row in rows
        ],
    }
    # No text may end the script element that holds it.
    return mark_safe(json.dumps(document, ensure_ascii=False).replace("<", "\\u003c"))


@public
@require_GET
def catalogue(request: HttpRequest, city: str = "", model: str = "") -> HttpResponse:
    """Every released service with its whole price in a city, for a model or for any."""
    cities = _cities()
    if city and city not in cities:
        raise Http404
    chosen = cities[city] if city else next(iter(cities.values()), None)
    if chosen is None:
        return render(request, "portal/catalogue.html", {"cities": {}, "groups": []})
    models = _models(chosen)
    named = next((m for m in models if m.code == model), None)
    if model and named is None:
        raise Http404
    rows = [
        row
        for row in service.public_catalogue(
            org_id=chosen.org_id,
            city=chosen.name,
            model_code=model,
            actor=system_actor(chosen.org_id),
            at=timezone.now(),
        )
        if row.total is not None
    ]
    context = {
        "cities": cities,
        "city": chosen,
        "models": models,
        "model": named,
        "groups": [(str(c.label), list(g)) for c, g in groupby(rows, key=lambda r: r.category)],
        "canonical": request.build_absolute_uri(_address(chosen.name, model)),
        "linked": _linked_data(request, chosen, named.name if named else "", rows),
        "cheapest": min((row.total for row in rows if row.total is not None), default=None),
    }
    return render(request, "portal/catalogue.html", context)


def _address(city: str, model: str = "") -> str:
    if model:
        return reverse("portal-catalogue-model", args=[city, model])
    return reverse("portal-catalogue-city", args=[city])


@public
@require_GET
def sitemap(request: HttpRequest) -> HttpResponse:
    """Every price page."""
    pages = [reverse("portal-catalogue")]
    for city in _cities().values():
        pages.append(_address(city.name))
        pages += [_address(city.name, row.code) for row in _models(city)]
    addresses = [request.build_absolute_uri(page) for page in pages]
    return render(
        request, "portal/sitemap.xml", {"addresses": addresses}, content_type="application/xml"
    )


@public
@require_GET
def robots(request: HttpRequest) -> HttpResponse:
    """Searchers read the price pages and nothing else."""
    lines = [
        "User-agent: *",
        f"Allow: {reverse('portal-catalogue')}",
        "Allow: /static/",
        "Disallow: /",
        f"Sitemap: {request.build_absolute_uri(reverse('portal-sitemap'))}",
    ]
    return HttpResponse("\n".join(lines) + "\n", content_type="text/plain; charset=utf-8")


@public
@never_cache
@require_GET
def progress(request: HttpRequest, token: str) -> HttpResponse:
    """How one job stands, for whoever holds its link."""
    try:
        found = service.live_progress(token=token, actor=hq_actor(), at=timezone.now())
    except service.LinkExpired as refusal:
        return render(request, "portal/link_over.html", {"words": refusal.words}, status=410)
    context = {"progress": found, "way": stages.way_of(found), "eta": stages.eta_of(found)}
    return render(request, "portal/progress.html", context)
