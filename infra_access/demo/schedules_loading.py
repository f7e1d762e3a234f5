"""Loading what a facility schedules in the demonstration: days of the teams, a wish, a proposal and a draft."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from infra_access.access_requests.date_preferences import set_dates
from infra_access.access_requests.models import AccessRequest, Allocation
from infra_access.core.timespan import TimeSpan
from infra_access.core.zones import day_start
from infra_access.people.actors import load_actor
from infra_access.scheduling.asking import ask_for_time
from infra_access.scheduling.drafts.models import SessionSchedule
from infra_access.scheduling.drafts.schedules import create_schedule
from infra_access.scheduling.drafts.sessions import draft_session
from infra_access.scheduling.places import place_of
from infra_access.scheduling.plan import Wish
from infra_access.scheduling.proposals import propose_to_team

if TYPE_CHECKING:
    from infra_access.demo.loading import World

OFFICE = "officer@demo.example"
FACILITY = "villigen-neutron-source"
_DATES = {
    "sensor-seals": [("impossible", 21, 27, "Teaching"), ("preferred", 35, 41, "")],
    "bone-mineral": [("impossible", 28, 31, "A conference")],
    "fossil-teeth": [("impossible", 21, 23, ""), ("impossible", 30, 34, "The museum is closed")],
}


def schedules(session: Session, world: World) -> None:
    """Load them, unless the facility has a schedule already."""
    facility = world.facilities[FACILITY]
    if (
        session.scalars(select(SessionSchedule.id).where(SessionSchedule.facility_id == facility.id)).first()
        is not None
    ):
        return
    # Yesterday's work is seen today: what is proposed now has not lapsed on the day that somebody looks.
    now = world.days_ago(0) - timedelta(days=1)
    office = load_actor(session, world.accounts[OFFICE], now=now)
    grants = {key: _granted(session, world, key) for key in _DATES}
    for key, listed in _DATES.items():
        _give_dates(session, world, grants[key][0], listed, now)

    def days(first: int, count: int) -> TimeSpan:
        start = world.monday + timedelta(days=first)
        return TimeSpan(
            day_start(start, facility.timezone), day_start(start + timedelta(days=count), facility.timezone)
        )

    _ask(session, world, grants["fossil-teeth"], "sinq-imaging", days(42, 7), now)
    propose_to_team(
        session,
        actor=office,
        now=now,
        place=place_of(session, world.instruments["sinq-imaging"].id),
        allocation=grants["sensor-seals"][1].public_id,
        wishes=[Wish(days(35, 1))],
        answer_by=days(10, 1).start,
    )
    schedule = create_schedule(
        session, actor=office, now=now, facility=facility, name="The next cycle", period=days(21, 35)
    )
    draft_session(
        session,
        actor=office,
        now=now,
        schedule=schedule,
        allocation=grants["bone-mineral"][1].public_id,
        place=place_of(session, world.instruments["sinq-powder-diffractometer"].id),
        span=days(30, 2),
        remark="Asked for load frames",
    )


def _granted(session: Session, world: World, key: str) -> tuple[AccessRequest, Allocation]:
    row = session.execute(
        select(AccessRequest, Allocation)
        .join(Allocation, Allocation.access_request_id == AccessRequest.id)
        .where(AccessRequest.public_id == world.requests[key])
    ).one()
    return row[0], row[1]


def _give_dates(
    session: Session,
    world: World,
    access_request: AccessRequest,
    listed: list[tuple[str, int, int, str]],
    now: datetime,
) -> None:
    dates: list[dict[str, Any]] = [
        {
            "kind": kind,
            "first_day": world.monday + timedelta(days=first),
            "last_day": world.monday + timedelta(days=last),
            "reason": reason,
        }
        for kind, first, last, reason in listed
    ]
    requester = load_actor(session, access_request.requester_id, now=now)
    set_dates(session, actor=requester, now=now, access_request=access_request, dates=dates)


def _ask(
    session: Session,
    world: World,
    granted: tuple[AccessRequest, Allocation],
    instrument: str,
    span: TimeSpan,
    now: datetime,
) -> None:
    ask_for_time(
        session,
        actor=load_actor(session, granted[0].requester_id, now=now),
        now=now,
        place=place_of(session, world.instruments[instrument].id),
        span=span,
        minutes=1440,
        allocation=granted[1].public_id,
        note="One tooth, one day",
    )
