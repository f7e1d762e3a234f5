"""Withdrawing a request with all that hangs on it: sessions and orders are given back, what was used is reported on."""

from datetime import datetime

from sqlalchemy.orm import Session

from infra_access.access_requests import allocations
from infra_access.access_requests.models import AccessRequest
from infra_access.access_requests.submitting import withdraw
from infra_access.core.authority import Actor
from infra_access.outcomes.ending import with_all_on_it
from infra_access.outcomes.owing import owe


def withdraw_access(
    session: Session,
    *,
    actor: Actor,
    now: datetime,
    access_request: AccessRequest,
    reason: str = "",
    expected_version: int | None = None,
) -> AccessRequest:
    """Withdraw a request and cancel what is booked and ordered on it; where any of it was used, its report falls due.

    Raises as `submitting.withdraw` does.
    """

    def take_back() -> None:
        withdraw(
            session,
            actor=actor,
            now=now,
            access_request=access_request,
            reason=reason,
            expected_version=expected_version,
        )

    with_all_on_it(session, take_back, actor=actor, now=now, access_request=access_request)
    granted = allocations.allocation_of(session, access_request)
    if granted is not None and granted.used > 0:
        owe(session, access_request, now, now)
    return access_request
