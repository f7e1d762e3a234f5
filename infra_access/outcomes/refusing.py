"""What was granted before and the policy refuses when it looks again: sessions and orders on it end with the grant.

It looks again when a changed request is sent, and when an exception ends while a change waits.
"""

from datetime import datetime

from sqlalchemy.orm import Session

from infra_access.access_requests.approvals.models import PolicyOverride
from infra_access.access_requests.models import AccessRequest
from infra_access.access_requests.override_queries import OverrideView
from infra_access.access_requests.overriding import withdraw_override
from infra_access.access_requests.submitting import submit
from infra_access.core.authority import Actor
from infra_access.outcomes.ending import with_all_on_it


def submit_access(
    session: Session,
    *,
    actor: Actor,
    now: datetime,
    access_request: AccessRequest,
    expected_version: int | None = None,
    exception: str = "",
) -> AccessRequest:
    """Send a request, or send it again; where the policy refuses a change, what is booked and ordered is cancelled.

    Raises as `submitting.submit` does.
    """

    def send() -> None:
        submit(
            session,
            actor=actor,
            now=now,
            access_request=access_request,
            expected_version=expected_version,
            exception=exception,
        )

    with_all_on_it(session, send, actor=actor, now=now, access_request=access_request)
    return access_request


def end_exception(
    session: Session,
    *,
    actor: Actor,
    now: datetime,
    override: PolicyOverride,
    reason: str,
    expected_version: int | None = None,
) -> OverrideView:
    """End an exception; where the policy refuses without it, what is booked and ordered on the request is cancelled.

    Raises as `overriding.withdraw_override` does.
    """
    ended: list[OverrideView] = []

    def withdraw() -> None:
        ended.append(
            withdraw_override(
                session,
                actor=actor,
                now=now,
                override=override,
                reason=reason,
                expected_version=expected_version,
            )
        )

    access_request = session.get_one(AccessRequest, override.access_request_id)
    with_all_on_it(session, withdraw, actor=actor, now=now, access_request=access_request)
    return ended[0]
