"""Identifiers that sort by the moment they were made."""

import os
import time
from typing import Final
from uuid import UUID

# One more identifier in a SELECT without groups: what `id_prefix` gave as `_ids`, the number of its
# row, and random bits. Rows in the order of their keys enter an index at a fraction of the cost.
NEW_ID: Final = (
    "(%(_ids)s || lpad(to_hex(row_number() OVER ()), 5, '0')"
    " || substr(md5(random()::text), 1, 10))::uuid"
)


def uuid7() -> UUID:
    """Return a UUIDv7 (RFC 9562): 48 bits of Unix milliseconds, then 74 random bits."""
    millis = time.time_ns() // 1_000_000
    random = int.from_bytes(os.urandom(10), "big")
    return UUID(
        int=(millis & (1 << 48) - 1) << 80
        | 0x7 << 76
        | (random >> 62 & 0xFFF) << 64
        | 0b10 << 62
        | random & (1 << 62) - 1
    )


def id_prefix() -> str:
    """The moment of a UUIDv7 as text, for a statement that makes many by `NEW_ID`."""
    return str(uuid7())[:20]
