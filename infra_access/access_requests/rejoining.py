"""Requests that were moved to a later round come back when it opens."""

from datetime import datetime

from sqlalchemy import select

from infra_access.access_requests import review
from infra_access.access_requests.lifecycle import RequestState
from infra_access.access_requests.models import AccessRequest, AccessRound
from infra_access.access_requests.standing import tell
from infra_access.access_requests.vocabularies import Outcome
from infra_access.audit.record import record
from infra_access.core.authority import system_actor
from infra_access.core.db import Database

_AT_ONCE = 100
_WORKER = system_actor("worker")


def rejoin(database: Database, *, now: datetime) -> int:
    """Take up the requests that were moved to a round which has opened, and return how many."""
    done = 0
    while True:
        with database.writer() as session:
            found = session.scalars(
                select(AccessRequest)
                .join(AccessRound, AccessRound.id == AccessRequest.round_id)
                .where(AccessRequest.state == RequestState.DEFERRED, AccessRound.opens_at <= now)
                .order_by(AccessRequest.id)
                .limit(_AT_ONCE)
                .with_for_update(skip_locked=True, key_share=True, of=AccessRequest)
            ).all()
            for access_request in found:
                review.go_on(session, access_request, now)
                tell(session, access_request, "decided", now, outcome=Outcome.TAKEN_UP)
                session.flush()
                record(
                    session,
                    actor=_WORKER,
                    action="access_request.taken_up",
                    object_kind="access_request",
                    object_id=access_request.public_id,
                    now=now,
                    details={"round": access_request.round_id},
                )
        done += len(found)
        if len(found) < _AT_ONCE:
            return done
