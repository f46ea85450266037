"""`python -m panshi.console.tests.serve PORT`: the pages with those of `site` beside them."""

import os
import sys
from decimal import Decimal

import django
import uvicorn

os.environ["DJANGO_SETTINGS_MODULE"] = "panshi.console.tests.site_settings"
django.setup()


def offer_panels() -> None:
    """Panels and hits as a room would offer them."""
    from panshi.console.tests.company import COMPANY
    from panshi.kit import home, search
    from panshi.kit.records import Tile

    home.register(
        home.Panel(
            name="try-figures",
            zone="figures",
            title="我的数据",
            rows=lambda actor: [
                Tile(label="在租车辆", value=1284, kind="number", unit="辆", trend=[3, 4, None, 5]),
                Tile(label="本月应收", value=Decimal("3862140.50"), kind="money", url="/staff/"),
                Tile(label="逾期金额", value=Decimal("46200.00"), kind="money", tone="bad"),
                Tile(label="在线率", value=0.953, kind="percent", hint="近 24 小时"),
            ],
        )
    )
    search.register(
        "try",
        "车辆",
        lambda actor, text, limit: [
            search.Hit(title=f"粤B·{text}", url="/staff/", detail=COMPANY, icon="truck")
        ],
    )


def main(port: int) -> None:
    from django.core.handlers.asgi import ASGIHandler

    offer_panels()
    uvicorn.run(ASGIHandler(), port=port, lifespan="off", log_level="warning")


if __name__ == "__main__":
    main(int(sys.argv[1]))
