"""What the gateway writes into the database, a second behind the lines: sessions and rejects."""

from __future__ import annotations

import logging
from dataclasses import dataclass, field
from datetime import UTC, datetime
from uuid import UUID

from django.db import DatabaseError, connection

from panshi.gateway.directory import let_go
from panshi.kit.tenancy import hq_actor
from panshi.org import queries as org
from panshi.telematics import services
from panshi.telematics.services import EndedSession, NewSession, Reject

_log = logging.getLogger(__name__)
SAMPLES = 3
SAMPLE_BYTES = 256
SOURCES = 2_000
"""Distinct sources and reasons kept between two writings; a flood of more is summed up."""
FLOOD = "*"


@dataclass(slots=True)
class _Refused:
    count: int = 0
    samples: list[bytes] = field(default_factory=list)


@dataclass(slots=True)
class Page:
    """What happened since the last writing."""

    opened: dict[UUID, NewSession] = field(default_factory=dict)
    ended: list[EndedSession] = field(default_factory=list)
    refused: dict[tuple[datetime, str, str], _Refused] = field(default_factory=dict)

    @property
    def empty(self) -> bool:
        return not (self.opened or self.ended or self.refused)


class Books:
    """Collected in the event loop, written by one thread; kept while the database is away."""

    def __init__(self, *, gateway: int) -> None:
        self._gateway = gateway
        self._page = Page()

    def opened(self, *, device_id: UUID, epoch: int, peer: str) -> None:
        self._page.opened[device_id] = NewSession(
            device_id=device_id, epoch=epoch, peer=peer, opened_at=datetime.now(UTC)
        )

    def ended(self, *, device_id: UUID, epoch: int, reason: str, frames: int) -> None:
        self._page.ended.append(
            EndedSession(
                device_id=device_id,
                epoch=epoch,
                closed_at=datetime.now(UTC),
                reason=reason,
                frames=frames,
            )
        )

    def refused(self, *, source: str, reason: str, sample: bytes = b"", count: int = 1) -> None:
        hour = datetime.now(UTC).replace(minute=0, second=0, microsecond=0)
        key = (hour, source, reason)
        if key not in self._page.refused and len(self._page.refused) >= SOURCES:
            key = (hour, FLOOD, reason)
        known = self._page.refused.setdefault(key, _Refused())
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
            known = page.refused.setdefault(key, _Refused())
            known.count += refused.count
            known.samples = [*known.samples, *refused.samples][:SAMPLES]
        self._page = page

    def write(self, page: Page) -> bool:
        """Write a page, in a thread; False when the database is away."""
        try:
            platform = org.platform_id()
            if platform is None:
                return True  # Nobody is founded yet, so no terminal is anybody's.
            actor, at = hq_actor(platform), datetime.now(UTC)
            if page.opened:
                services.open_sessions(
                    gateway=self._gateway,
                    sessions=list(page.opened.values()),
                    actor=actor,
                    at=at,
                )
            if page.ended:
                services.close_sessions(sessions=page.ended, actor=actor, at=at)
            if page.refused:
                services.count_rejects(
                    gateway=self._gateway,
                    rejects=[
                        Reject(
                            hour=hour,
                            source=source,
                            reason=reason,
                            count=refused.count,
                            samples=tuple(refused.samples),
                        )
                        for (hour, source, reason), refused in page.refused.items()
                    ],
                    actor=actor,
                    at=at,
                )
        except DatabaseError as error:
            _log.warning("sessions wait: %s", str(error).strip().split("\n")[0])
            let_go()
            return False
        finally:
            connection.close()
        return True

    def close_former(self, *, before_epoch: int) -> bool:
        """Close the sessions that a killed gateway left open; False when the database is away."""
        try:
            platform = org.platform_id()
            if platform is not None:
                services.close_gateway(
                    gateway=self._gateway,
                    before_epoch=before_epoch,
                    reason="GATEWAY_LOST",
                    actor=hq_actor(platform),
                    at=datetime.now(UTC),
                )
        except DatabaseError:
            let_go()
            return False
        finally:
            connection.close()
        return True
