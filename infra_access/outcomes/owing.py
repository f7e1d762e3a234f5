"""The report that an access owes once it has ended: when it is due, and what meets it."""

from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from infra_access.access_requests.models import AccessRequest, AccessRoute
from infra_access.catalogue.vocabularies import Regime
from infra_access.outcomes.models import Outcome
from infra_access.people.models import OwedReport


def owe(session: Session, access_request: AccessRequest, ended_at: datetime, now: datetime) -> OwedReport | None:
    """Let the report of a locked request fall due as its route says; None where none is owed.

    Results that stay private need none, nor do routes that give no days for it.
    """
    days = session.get_one(AccessRoute, access_request.route_id).report_due_days
    if access_request.regime == Regime.PROPRIETARY or not days:
        return None
    owed = OwedReport(
        access_request_id=access_request.id,
        account_id=access_request.requester_id,
        organisation_id=access_request.acting_for_id,
        due_at=ended_at + timedelta(days=days),
    )
    session.add(owed)
    session.flush()
    settle(session, access_request, now)
    return owed


def report_of(session: Session, access_request: AccessRequest) -> OwedReport | None:
    """Return the report that a request owes or owed, if any. One statement."""
    return session.scalars(select(OwedReport).where(OwedReport.access_request_id == access_request.id)).one_or_none()


def is_overdue(owed: OwedReport, now: datetime) -> bool:
    """Tell whether a report is due and not there."""
    return owed.met_at is None and owed.due_at <= now


def settle(session: Session, access_request: AccessRequest, now: datetime) -> None:
    """Say of a locked request's report whether it is met: by any outcome that stands, or by a reason for none."""
    owed = report_of(session, access_request)
    if owed is None:
        return
    is_met = owed.nothing_reason is not None or has_outcomes(session, access_request)
    owed.met_at = (owed.met_at or now) if is_met else None
    session.flush()


def has_outcomes(session: Session, access_request: AccessRequest) -> bool:
    """Tell whether anything is reported of a request. One statement."""
    standing = select(Outcome.id).where(Outcome.access_request_id == access_request.id, Outcome.removed_at.is_(None))
    return session.scalar(standing.limit(1)) is not None
