"""Running numbers that people read: L-2027-000123. Gaps may occur when a transaction fails."""

from django.db import connection


def next_numbers(*, org_id: int, series: str, count: int = 1) -> range:
    """Reserve `count` consecutive numbers of a series in an org, in the running transaction."""
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO kit_number (org_id, series, last) VALUES (%s, %s, %s)"
            " ON CONFLICT (org_id, series) DO UPDATE SET last = kit_number.last + EXCLUDED.last"
            " RETURNING last",
            [org_id, series, count],
        )
        last: int = cursor.fetchone()[0]
    return range(last - count + 1, last + 1)


def next_number(*, org_id: int, series: str) -> str:
    """Reserve one number and write it as people read it: `series`-000123."""
    return f"{series}-{next_numbers(org_id=org_id, series=series)[0]:06d}"
