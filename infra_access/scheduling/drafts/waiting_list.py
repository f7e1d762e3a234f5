"""What waits to be given a time: grants of the ways in where the facility schedules, with the days of each team."""

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

from sqlalchemy import select
from sqlalchemy.orm import Session

from infra_access.access_requests.date_preferences import Days, dates_of
from infra_access.access_requests.models import AccessRequest, AccessRequestInstrument, AccessRoute, Allocation
from infra_access.access_requests.vocabularies import AllocationState, TimeGiven
from infra_access.catalogue.models import Facility, Instrument
from infra_access.core.timespan import TimeSpan
from infra_access.ledger.units import units_of
from infra_access.people.models import Account
from infra_access.scheduling.drafts.models import SessionDraft, SessionSchedule
from infra_access.scheduling.drafts.states import ScheduleState


@dataclass(frozen=True, slots=True)
class Waiting:
    """A grant, how much of it has no time yet, neither taken nor drafted, and what the team said of days."""

    allocation: Allocation
    access_request: AccessRequest
    route: AccessRoute
    requester: str
    instruments: tuple[Instrument, ...]
    days: tuple[Days, ...]
    drafted: Decimal

    @property
    def left(self) -> Decimal:
        """Return the access units that have no time yet."""
        return self.allocation.amount - self.allocation.used - self.drafted


def waiting_at(session: Session, facility: Facility, period: TimeSpan) -> list[Waiting]:
    """Return what waits at a facility and could be used within a period, oldest first. Four statements."""
    rows = session.execute(
        select(Allocation, AccessRequest, AccessRoute, Account.name)
        .join(AccessRequest, AccessRequest.id == Allocation.access_request_id)
        .join(AccessRoute, AccessRoute.id == AccessRequest.route_id)
        .join(Account, Account.id == AccessRequest.requester_id)
        .where(
            AccessRoute.facility_id == facility.id,
            AccessRoute.time_given == TimeGiven.FACILITY_SCHEDULES,
            Allocation.state == AllocationState.ACTIVE,
            Allocation.used < Allocation.amount,
            Allocation.valid_from < period.end,
            Allocation.valid_until > period.start,
        )
        .order_by(Allocation.id)
    ).all()
    requests = [access_request.id for _grant, access_request, _route, _name in rows]
    days = dates_of(session, requests)
    instruments = _instruments(session, requests)
    drafted = drafted_units(session, {grant.id: grant.access_unit for grant, *_rest in rows})
    found = [
        Waiting(
            grant,
            access_request,
            route,
            name,
            tuple(instruments.get(access_request.id, ())),
            tuple(days[access_request.id]),
            drafted.get(grant.id, Decimal(0)),
        )
        for grant, access_request, route, name in rows
    ]
    return [one for one in found if one.left > 0]


def drafted_units(session: Session, units: dict[int, str]) -> dict[int, Decimal]:
    """Return what the drafts of all schedules would draw on allocations (key -> access unit). One statement."""
    spans: dict[int, list[TimeSpan]] = {}
    for key, starts, ends in session.execute(
        select(SessionDraft.allocation_id, SessionDraft.starts, SessionDraft.ends)
        .join(SessionSchedule, SessionSchedule.id == SessionDraft.schedule_id)
        .where(SessionSchedule.state == ScheduleState.DRAFT, SessionDraft.allocation_id.in_(units))
    ):
        spans.setdefault(key, []).append(TimeSpan(starts, ends))
    # Each is rounded by itself, as each becomes a booking.
    return {key: sum((units_of([one], units[key]) for one in own), Decimal(0)) for key, own in spans.items()}


def _instruments(session: Session, access_request_ids: Iterable[int]) -> dict[int, list[Instrument]]:
    found: dict[int, list[Instrument]] = {}
    for key, instrument in session.execute(
        select(AccessRequestInstrument.access_request_id, Instrument)
        .join(Instrument, Instrument.id == AccessRequestInstrument.instrument_id)
        .where(
            AccessRequestInstrument.access_request_id.in_(list(access_request_ids)),
            AccessRequestInstrument.left_out.is_(False),
        )
        .order_by(Instrument.id)
    ):
        found.setdefault(key, []).append(instrument)
    return found
