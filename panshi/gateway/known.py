"""The terminals a gateway lets in, in memory and in a file: neither waits for the database.

Plain Python, so that a gateway that was killed takes frames again before Django has even loaded.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

CODE_BYTES = 8


@dataclass(frozen=True, slots=True)
class Known:
    """A terminal of the archive; `code_generation` grows with each new code it is given."""

    device_id: UUID
    identity: str
    active: bool
    code_generation: int


Archive = dict[tuple[int, str], Known]


def save(archive: Archive, path: Path) -> None:
    """Keep what a gateway needs to let terminals in while the database is away."""
    rows = [
        [code, identity, str(known.device_id), known.active, known.code_generation]
        for (code, identity), known in archive.items()
    ]
    growing = path.with_suffix(".part")
    growing.write_text(json.dumps(rows))
    growing.replace(path)


def restore(path: Path) -> Archive | None:
    """The archive as it was last kept; None when there is none to read."""
    try:
        rows = json.loads(path.read_text())
        return {
            (code, identity): Known(UUID(device_id), identity, active, generation)
            for code, identity, device_id, active, generation in rows
        }
    except (FileNotFoundError, ValueError):
        return None


def auth_code(*, secret: bytes, known: Known, generation: int | None = None) -> str:
    """The code that a JT/T 808 terminal is given, 16 hex digits; it holds for its phone alone."""
    number = known.code_generation if generation is None else generation
    words = f"terminal {known.identity} {number}".encode()
    return hmac.new(secret, words, hashlib.sha256).digest()[:CODE_BYTES].hex()


def code_is_right(*, secret: bytes, known: Known, code: str) -> bool:
    """Whether `code` is the terminal's newest, or the one before it; takes the same time always."""
    given = code.encode("utf-8", "replace")
    generations = (known.code_generation, known.code_generation - 1)
    codes = [auth_code(secret=secret, known=known, generation=number) for number in generations]
    right = [hmac.compare_digest(given, wanted.encode()) for wanted in codes]
    return any(right)
