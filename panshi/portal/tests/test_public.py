"""The price pages that anybody may read."""

import json
import re
from urllib.parse import unquote

from panshi.kit.tenancy import system_actor
from panshi.service import queries as service
from tests.town import CITY, Town
from tests.windows import Window


def test_every_released_service_stands_on_the_page_with_its_price(place: Town) -> None:
    page = Window().get(f"/services/{CITY}/QY-V42/").content.decode()

    rows = service.public_catalogue(
        org_id=place.org_id, city=CITY, model_code="QY-V42", actor=system_actor(place.org_id),
        at=place.at,
    )  # fmt: skip
    assert len(rows) > 5
    for row in rows:
        assert row.name in page
        assert f"{row.total:,.2f}" in page


def test_the_page_says_what_it_is_to_machines(place: Town) -> None:
    page = Window().get(f"/services/{CITY}/").content.decode()

    assert re.search(r"<title>[^<]*深圳[^<]*</title>", page)
    assert re.search(r'<meta name="description" content="[^"]*深圳', page)
    canonical = re.findall(r'<link rel="canonical" href="([^"]+)"', page)
    assert unquote(canonical[0]).endswith(f"/services/{CITY}/")
    text = re.findall(r'<script type="application/ld\+json">(.+?)</script>', page, re.DOTALL)[0]
    offers = json.loads(text)["itemListElement"]
    assert {offer["priceCurrency"] for offer in offers} == {"CNY"}
    assert all(float(offer["price"]) > 0 for offer in offers)


def test_the_sitemap_names_pages_that_open(place: Town) -> None:
    sitemap = Window().get("/sitemap.xml")

    addresses = re.findall(r"<loc>http://testserver([^<]+)</loc>", sitemap.content.decode())
    assert sitemap["Content-Type"] == "application/xml"
    assert len(addresses) >= 3
    for address in addresses:
        assert Window().get(address).status_code == 200


def test_robots_leave_the_rest_alone(place: Town) -> None:
    text = Window().get("/robots.txt").content.decode()

    assert "Disallow: /" in text
    assert "Allow: /services/" in text


def test_an_unknown_city_or_model_is_not_found(place: Town) -> None:
    assert Window().get("/services/不存在/").status_code == 404
    assert Window().get(f"/services/{CITY}/NO-SUCH/").status_code == 404
