"""Where the gateway's books meet the database; called in one thread."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from django.db import DatabaseError, connection
from django.utils import timezone

from panshi.gateway.books import Ended, Page
from panshi.gateway.directory import let_go
from panshi.gateway.orders import Heard, Order
from panshi.kit.tenancy import Actor, hq_actor
from panshi.org import queries as org
from panshi.telematics import queries, services
from panshi.telematics.services import CommandAnswer, EndedSession, NewSession, Reject
from panshi.wire.adapters import SPEED_LIMIT, START_INHIBIT

_log = logging.getLogger(__name__)


def write(page: Page, *, gateway: int) -> bool:
    """Write a page; False when the database is away, and the page must wait."""
    try:
        platform = org.platform_id()
        if platform is None:
            return True  # Nobody is founded yet, so no terminal is anybody's.
        actor, at = hq_actor(platform), timezone.now()
        # An end that was seen must not be overtaken by the sign-in that came after it.
        _close(page.ended, actor, at)
        if page.opened:
            services.open_sessions(
                gateway=gateway,
                sessions=[
                    NewSession(
                        device_id=one.device_id,
                        epoch=one.epoch,
                        peer=one.peer,
                        opened_at=one.opened_at,
                    )
                    for one in page.opened.values()
                ],
                actor=actor,
                at=at,
            )
        briefly = [one for one in page.ended if _opened_here(page, one)]
        _close(briefly, actor, at)
        if page.refused:
            services.count_rejects(
                gateway=gateway,
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


def _opened_here(page: Page, ended: Ended) -> bool:
    opened = page.opened.get(ended.device_id)
    return opened is not None and opened.epoch == ended.epoch


def _close(ended: Sequence[Ended], actor: Actor, at: datetime) -> None:
    if ended:
        services.close_sessions(
            sessions=[
                EndedSession(
                    device_id=one.device_id,
                    epoch=one.epoch,
                    closed_at=one.closed_at,
                    reason=one.reason,
                    frames=one.frames,
                )
                for one in ended
            ],
            actor=actor,
            at=at,
        )


def pass_orders(*, gateway: int, heard: Sequence[Heard]) -> list[Order] | None:
    """Tell what became of orders and take those that may be written now.

    None when the database is away: what was heard must wait, and nothing may be written.
    """
    try:
        platform = org.platform_id()
        if platform is None:
            return []
        actor, at = hq_actor(platform), timezone.now()
        if heard:
            services.record_command_answers(
                answers=[
                    CommandAnswer(
                        command_id=UUID(one.command_id),
                        outcome=one.outcome,
                        taken=one.taken,
                        state=one.state,
                        hex=one.data.hex(),
                    )
                    for one in heard
                ],
                actor=actor,
                at=at,
            )
        if not queries.orders_wait(actor=actor):
            return []
        fact = services.hand_over_commands(gateway=gateway, actor=actor, at=at)
        return [
            Order(
                command_id=str(one.command_id),
                code=queries.CODES[one.protocol],
                identity=one.identity.encode(),
                adapter=one.adapter,
                data=bytes.fromhex(one.hex),
                still=one.kind in (SPEED_LIMIT, START_INHIBIT),
            )
            for one in fact.orders
        ]
    except DatabaseError as error:
        _log.warning("orders wait: %s", str(error).strip().split("\n")[0])
        let_go()
        return None
    finally:
        connection.close()


def close_former(*, gateway: int, before_epoch: int) -> bool:
    """Close the sessions that a killed gateway left open; False when the database is away."""
    try:
        platform = org.platform_id()
        if platform is not None:
            services.close_gateway(
                gateway=gateway,
                before_epoch=before_epoch,
                reason="GATEWAY_LOST",
                actor=hq_actor(platform),
                at=timezone.now(),
            )
    except DatabaseError:
        let_go()
        return False
    finally:
        connection.close()
    return True
