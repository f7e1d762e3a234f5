"""Emergency revocation: what was granted ends at once, with what is booked and ordered on it."""

from datetime import datetime

from sqlalchemy.orm import Session

from infra_access.access_requests.models import AccessRequest
from infra_access.access_requests.revoking import revoke
from infra_access.core.authority import Actor
from infra_access.outcomes.ending import with_all_on_it
from infra_access.scheduling.models import Booking


def revoke_access(
    session: Session,
    *,
    actor: Actor,
    now: datetime,
    access_request: AccessRequest,
    reason: str,
    expected_version: int | None = None,
) -> list[Booking]:
    """Revoke a request and return the bookings behind it, each cancelled, or ended now where its session runs.

    Raises as `access_requests.revoking.revoke` does.
    """

    def take_away() -> None:
        revoke(
            session,
            actor=actor,
            now=now,
            access_request=access_request,
            reason=reason,
            expected_version=expected_version,
        )

    return with_all_on_it(session, take_away, actor=actor, now=now, access_request=access_request)
