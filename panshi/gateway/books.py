"""What the gateway has to write down: sessions and refused input, collected without a database."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from django.utils import timezone

SAMPLES = 3
SAMPLE_BYTES = 256
SOURCES = 2_000
"""Distinct sources and reasons kept between two writings; a flood of more is summed up."""
FLOOD = "*"


@dataclass(frozen=True, slots=True)
class Opened:
    device_id: UUID
    epoch: int
    peer: str
    opened_at: datetime


@dataclass(frozen=True, slots=True)
class Ended:
    device_id: UUID
    epoch: int
    closed_at: datetime
    reason: str
    frames: int


@dataclass(slots=True)
class Refused:
    count: int = 0
    samples: list[bytes] = field(default_factory=list)


@dataclass(slots=True)
class Page:
    """What happened since the last writing."""

    opened: dict[UUID, Opened] = field(default_factory=dict)
    ended: list[Ended] = field(default_factory=list)
    refused: dict[tuple[datetime, str, str], Refused] = field(default_factory=dict)

    @property
    def empty(self) -> bool:
        return not (self.opened or self.ended or self.refused)


class Books:
    """Collected in the event loop; `panshi.gateway.desk` writes the pages, in a thread."""

    def __init__(self) -> None:
        self._page = Page()

    def opened(self, *, device_id: UUID, epoch: int, peer: str) -> None:
        self._page.opened[device_id] = Opened(device_id, epoch, peer, timezone.now())

    def ended(self, *, device_id: UUID, epoch: int, reason: str, frames: int) -> None:
        self._page.ended.append(
            Ended(
                device_id=device_id,
                epoch=epoch,
                closed_at=timezone.now(),
                reason=reason,
                frames=frames,
            )
        )

    def refused(self, *, source: str, reason: str, sample: bytes = b"", count: int = 1) -> None:
        hour = timezone.now().replace(minute=0, second=0, microsecond=0)
        key = (hour, source, reason)
        if key not in self._page.refused and len(self._page.refused) >= SOURCES:
            key = (hour, FLOOD, reason)
        known = self._page.refused.setdefault(key, Refused())
        known.count += count
        if sample and len(known.samples) < SAMPLES:
            known.samples.append(sample[:SAMPLE_BYTES])

    def turn(self) -> Page:
        """The page that was filled; a new one begins. Called in the loop."""
        page, self._page = self._page, Page()
        return page

    def put_back(self, page: Page) -> None:
        """Keep a page that could not be written. Called in the loop."""
        newer = self._page
        page.opened.update(newer.opened)
        page.ended.extend(newer.ended)
        for key, refused in newer.refused.items():
            known = page.refused.setdefault(key, Refused())
            known.count += refused.count
            known.samples = [*known.samples, *refused.samples][:SAMPLES]
        self._page = page
