"""What the worker does by the clock."""

from datetime import datetime

from panshi.handbook import services
from panshi.kit.schedule import every
from panshi.kit.tenancy import acting, hq_actor
from panshi.org import queries as org


@every("* * * * *")
def climb_ladders(at: datetime) -> None:
    """Ask first, so that a quiet minute writes nothing."""
    platform = org.platform_id()
    if platform is None:
        return
    with acting(hq_actor(platform)):
        due = services.anything_due(at)
    if due:
        services.escalate_due(actor=hq_actor(platform), at=at)


@every("7-59/15 * * * *")
def end_waits(at: datetime) -> None:
    """A run waits for something outside no longer than its step allows: then its time goes on."""
    platform = org.platform_id()
    if platform is None:
        return
    actor = hq_actor(platform)
    with acting(actor):
        over = services.waits_over(actor, at)
    for run_id, moment in over:
        services.resume_run(run_id=run_id, actor=actor, at=moment)


@every("40 18 * * *")
def propose_cases(at: datetime) -> None:
    """At twenty to three in the morning, Shanghai time."""
    platform = org.platform_id()
    if platform is not None:
        services.propose_cases(actor=hq_actor(platform), at=at)


@every("20 * * * *")
def count_adherence(at: datetime) -> None:
    platform = org.platform_id()
    if platform is not None:
        services.roll_up_adherence(actor=hq_actor(platform), at=at)


@every("1-59/15 * * * *")
def start_what_the_calendar_asks(at: datetime) -> None:
    """Ask first, as a period begins a few times a day."""
    platform = org.platform_id()
    if platform is None:
        return
    actor = hq_actor(platform)
    with acting(actor):
        begun = services.any_period_begun(actor=actor, at=at)
    if begun:
        services.start_scheduled(actor=actor, at=at)


@every("*/10 * * * *")
def close_late_attempts(at: datetime) -> None:
    """Ask first, so that ten minutes without an exam write nothing."""
    platform = org.platform_id()
    if platform is None:
        return
    with acting(hq_actor(platform)):
        late = services.any_late_attempt(at)
    if late:
        services.close_late_attempts(actor=hq_actor(platform), at=at)


@every("35 * * * *")
def suspend_unread(at: datetime) -> None:
    """Ask first, so that an hour in which all is read writes nothing."""
    platform = org.platform_id()
    if platform is None:
        return
    with acting(hq_actor(platform)):
        overdue = services.anything_unread(at)
    if overdue:
        services.suspend_unread(actor=hq_actor(platform), at=at)
