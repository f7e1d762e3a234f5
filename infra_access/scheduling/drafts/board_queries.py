"""The sessions of a schedule as its office sees them: whose, where, when, and how the team answered."""

from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from infra_access.access_requests.models import AccessRequest, AccessRoute, Allocation
from infra_access.catalogue.models import Instrument, Resource
from infra_access.core.timespan import TimeSpan
from infra_access.people.models import Account
from infra_access.scheduling.drafts.models import SessionDraft, SessionSchedule
from infra_access.scheduling.models import Booking


@dataclass(frozen=True, slots=True)
class BoardSession:
    """One session with what it is for; `booking` is what it became when the schedule was published."""

    draft: SessionDraft
    instrument: Instrument
    resource: Resource
    allocation: Allocation
    access_request: AccessRequest
    route: AccessRoute
    requester: str
    booking: Booking | None

    @property
    def span(self) -> TimeSpan:
        """Return when it is."""
        return TimeSpan(self.draft.starts, self.draft.ends)


def sessions_of(session: Session, schedule: SessionSchedule) -> list[BoardSession]:
    """Return the sessions of a schedule by start. One statement; the caller checks the right."""
    rows = session.execute(
        select(SessionDraft, Instrument, Resource, Allocation, AccessRequest, AccessRoute, Account.name, Booking)
        .join(Instrument, Instrument.id == SessionDraft.instrument_id)
        .join(Resource, Resource.id == SessionDraft.resource_id)
        .join(Allocation, Allocation.id == SessionDraft.allocation_id)
        .join(AccessRequest, AccessRequest.id == Allocation.access_request_id)
        .join(AccessRoute, AccessRoute.id == AccessRequest.route_id)
        .join(Account, Account.id == AccessRequest.requester_id)
        .outerjoin(Booking, Booking.id == SessionDraft.booking_id)
        .where(SessionDraft.schedule_id == schedule.id)
        .order_by(SessionDraft.starts, SessionDraft.id)
    )
    return [BoardSession(*row) for row in rows]
