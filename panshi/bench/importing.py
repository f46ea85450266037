"""Moving in by spreadsheet: reading and checking vehicles beside a plain reader of the same file.

Everything happens in one transaction that is rolled back, so a database in use keeps nothing of it.
"""

import io
import time
import zipfile
from collections.abc import Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any, Final
from xml.etree.ElementTree import iterparse

from django.db import transaction

from panshi.bench.billing import bench_books
from panshi.bench.company import plate, vin
from panshi.bench.machine import machine
from panshi.fleet import services
from panshi.kit import workbooks
from panshi.kit.tenancy import acting, hq_actor, lineage, system_actor

AT: Final = datetime(2027, 5, 31, 4, tzinfo=UTC)
SMALL: Final = 500
_CELL: Final = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"


def measure_import(rows: int, *, small: int = SMALL) -> dict[str, object]:
    """Check a sheet of `rows` vehicles for preview, then `small` through preview and commit.

    `ours.check_s` holds reading, every cell's form, the register and the rows kept for preview;
    `small_s` is `small` rows from file to register. The baseline `plain_reader` only reads the
    cells with the standard library, row by row, and judges nothing: no other reader of xlsx is
    among the packages here. Raises LookupError without a platform node.
    """
    with transaction.atomic():
        with acting(hq_actor()):
            (book,) = bench_books(1)
            _model(book)
        actor = system_actor(book)
        with acting(actor, to_write=True):
            content = _sheet(rows, first=small)
            start = time.perf_counter()
            staged = services.stage_vehicle_import(
                org_id=book, file_name="bench.xlsx", content=content, actor=actor, at=AT
            )
            checked = time.perf_counter()
            few = _sheet(small, first=0)
            begun = time.perf_counter()
            one = services.stage_vehicle_import(
                org_id=book, file_name="bench.xlsx", content=few, actor=actor, at=AT
            )
            entered = services.commit_vehicle_import(batch_id=one.batch_id, actor=actor, at=AT)
            done = time.perf_counter()
        transaction.set_rollback(True)
    started = time.perf_counter()
    cells = sum(len(row) for row in _plain_rows(content))
    read_s = time.perf_counter() - started
    return {
        "bench": "import",
        "machine": machine(),
        "ours": {
            "check_s": checked - start,
            "rows": staged.rows,
            "errors": staged.errors,
            "bytes": len(content),
            "small_s": done - begun,
            "small_rows": entered.created,
        },
        "baseline": {"plain_reader": {"read_s": read_s, "cells": cells}},
        "ratio": {"plain_reader.read_s": read_s / max(checked - start, 1e-9)},
    }


def _model(book: int) -> None:
    services.publish_vehicle_model(
        org_id=lineage(book)[-1],
        code="BENCH",
        maker="青原",
        name="轻运 B1",
        vehicle_class="VAN",
        battery_kwh=Decimal("41.86"),
        gvw_kg=2510,
        range_km=265,
        service_km=10_000,
        actor=hq_actor(),
        at=AT,
    )


def _sheet(count: int, *, first: int) -> bytes:
    """A filled sheet of vehicles that no register has, in the operator's own words."""
    rows: list[dict[str, Any]] = [
        {
            # Unlike those of a company that the same database may hold.
            "vin": vin(number, maker="11111111012"),
            "plate": plate(number, province="苏"),
            "model": "青原 轻运 B1",
            "motor_no": f"TZ{number:06d}",
            "cost": Decimal("86800.00"),
            "city": "杭州",
            "odometer_km": Decimal(number),
            "state": ("READY", "IDLE", "LEASED")[number % 3],
            "purchased_on": date(2026, 1, 5),
            "compulsory_on": date(2028, 5, 31),
            "inspection_on": date(2028, 4, 30),
        }
        for number in range(first, first + count)
    ]
    return workbooks.write(sheet=services.VEHICLES.sheet, rows=rows)


def _plain_rows(content: bytes) -> Iterator[list[str]]:
    """The cells of the first sheet as text, by the standard library alone."""
    with zipfile.ZipFile(io.BytesIO(content)) as packed:
        shared = []
        if "xl/sharedStrings.xml" in packed.namelist():
            with packed.open("xl/sharedStrings.xml") as file:
                for _event, node in iterparse(file):
                    if node.tag == f"{_CELL}si":
                        shared.append("".join(node.itertext()))
                        node.clear()
        with packed.open("xl/worksheets/sheet1.xml") as file:
            for _event, node in iterparse(file):
                if node.tag == f"{_CELL}row":
                    yield [_text(cell, shared) for cell in node.iter(f"{_CELL}c")]
                    node.clear()


def _text(cell: Any, shared: list[str]) -> str:
    value = cell.findtext(f"{_CELL}v") or "".join(cell.itertext())
    return shared[int(value)] if cell.get("t") == "s" else value
