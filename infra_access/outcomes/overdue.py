"""Reports that are due and not there: whoever owes one is told, once."""

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from infra_access.access_requests.models import AccessRequest
from infra_access.access_requests.standing import tell
from infra_access.audit.record import record
from infra_access.core.authority import system_actor
from infra_access.core.db import Database
from infra_access.people.models import OwedReport

_AT_ONCE = 100
_WORKER = system_actor("worker")


def remind_of_reports(database: Database, *, now: datetime) -> int:
    """Tell of each report that has fallen due and was not told of; return of how many."""
    done = 0
    while True:
        with database.writer() as session:
            found = session.scalars(
                select(OwedReport)
                .where(OwedReport.met_at.is_(None), OwedReport.reminded_at.is_(None), OwedReport.due_at <= now)
                .order_by(OwedReport.id)
                .limit(_AT_ONCE)
                .with_for_update(skip_locked=True, key_share=True)
            ).all()
            for owed in found:
                _tell(session, owed, now)
        done += len(found)
        if len(found) < _AT_ONCE:
            return done


def _tell(session: Session, owed: OwedReport, now: datetime) -> None:
    owed.reminded_at = now
    access_request = session.get_one(AccessRequest, owed.access_request_id)
    session.flush()
    record(
        session,
        actor=_WORKER,
        action="report.reminded",
        object_kind="access_request",
        object_id=access_request.public_id,
        now=now,
        details={"due": owed.due_at.isoformat()},
    )
    tell(session, access_request, "report_due", now)
