"""Pictures that the demo's people take: small, true PNG files, each one different."""

import struct
import zlib
from math import sin
from random import Random
from typing import Final

WIDTH: Final = 240
HEIGHT: Final = 160


def _png(rows: list[bytes], *, width: int, height: int) -> bytes:
    """An image of 8-bit RGB rows as a PNG file."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return (
            struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        )

    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    body = zlib.compress(b"".join(b"\0" + row for row in rows), 6)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", body) + chunk(b"IEND", b"")


def photo(random: Random) -> bytes:
    """A plain scene of a wall, a floor and a vehicle's side, in colours of their own."""
    wall, floor, side = (
        bytes(random.randrange(low, high) for _ in range(3))
        for low, high in ((150, 220), (70, 120), (30, 250))
    )
    left, top = random.randrange(10, 60), random.randrange(30, 60)
    right, ground = WIDTH - random.randrange(10, 60), HEIGHT - random.randrange(25, 45)
    rows = []
    for y in range(HEIGHT):
        behind = wall if y < ground else floor
        if top <= y < ground:
            rows.append(behind * left + side * (right - left) + behind * (WIDTH - right))
        else:
            rows.append(behind * WIDTH)
    return _png(rows, width=WIDTH, height=HEIGHT)


def signature(random: Random) -> bytes:
    """A stroke on white, as a finger draws on glass."""
    pixels = [bytearray(b"\xff" * 3 * WIDTH) for _ in range(HEIGHT)]
    waves = [(random.uniform(0.03, 0.2), random.uniform(5, 20)) for _ in range(3)]
    for x in range(20, WIDTH - 20):
        y = round(HEIGHT / 2 + sum(tall * sin(x * often) for often, tall in waves))
        for thick in (0, 1, 2):
            pixels[min(max(y + thick, 0), HEIGHT - 1)][x * 3 : x * 3 + 3] = b"\x20\x20\x60"
    return _png([bytes(row) for row in pixels], width=WIDTH, height=HEIGHT)
