"""What both codecs need to cut a stream into frames."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Rejected:
    """A frame found by its delimiters or its length that must be refused, and why."""

    frame: bytes
    reason: str
    detail: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Split:
    """`rest` is to be put before the next bytes of the stream; `garbage` counts bytes that belonged
    to neither a frame nor a rejected one."""

    frames: list[bytes]
    rejected: list[Rejected]
    rest: bytes
    garbage: int


def xor_of(data: bytes) -> int:
    """XOR of all bytes, by folding one big integer: log n steps instead of n.

    What stands above the folded half is never looked at again, so nothing is masked off.
    """
    size = len(data)
    if not size:
        return 0
    folded = int.from_bytes(data, "big")
    half = 1 << (size - 1).bit_length()
    while half > 1:
        half >>= 1
        folded ^= folded >> (half << 3)
    return folded & 0xFF
