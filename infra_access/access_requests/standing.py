"""How a request moves from state to state: the row follows the table of the lifecycle, and remembers since when."""

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from infra_access.access_requests.lifecycle import RequestState, RequestTransition, move
from infra_access.access_requests.models import AccessRequest, Participant
from infra_access.access_requests.vocabularies import Outcome
from infra_access.catalogue.fields import check_version
from infra_access.core.authority import Actor
from infra_access.outbox.events import publish
from infra_access.policy.canonical import case_code


def locked(session: Session, access_request: AccessRequest, expected_version: int | None = None) -> AccessRequest:
    """Lock a request, so that what is decided on it stays true. Raises PreconditionFailed `version.stale`."""
    session.flush()
    row = session.scalars(
        select(AccessRequest)
        .where(AccessRequest.id == access_request.id)
        .with_for_update(key_share=True)
        .execution_options(populate_existing=True)
    ).one()
    check_version(row.version, expected_version)
    return row


def case_number(access_request: AccessRequest) -> str:
    """Return the one number by which people refer to a request, from its draft on, whatever is decided of it.

    It tells nothing of the request. What was sent before requests had one keeps what its last decision had.
    """
    return access_request.case or case_code(b"access request " + access_request.public_id.encode())


def advance(access_request: AccessRequest, transition: RequestTransition, now: datetime, reason: str = "") -> None:
    """Move a locked request by the table. Raises Conflict `access_request.state`."""
    before = RequestState(access_request.state)
    after = move(before, transition)
    if after is not before:
        access_request.state, access_request.state_since = after, now
        access_request.state_reason = reason or None


def tell(
    session: Session,
    access_request: AccessRequest,
    what: str,
    now: datetime,
    *,
    outcome: Outcome | None = None,
    role: str | None = None,
    **about: str,
) -> None:
    """Publish what happened to a request and where it stands then; its title stays here, as it may be confidential.

    `outcome` says what was decided, where its state does not, and `role` in which role somebody did.
    """
    said = {"outcome": outcome, "role": role, **about}
    payload = {"access_request": access_request.public_id, "state": str(access_request.state)}
    payload |= {name: str(value) for name, value in said.items() if value is not None}
    publish(session, f"access_request.{what}", payload, now=now)


def team_of(session: Session, access_request: AccessRequest) -> frozenset[int]:
    """Return the keys of the accounts on the team, the requester's with them. One statement."""
    accounts = session.scalars(
        select(Participant.account_id).where(
            Participant.access_request_id == access_request.id, Participant.account_id.is_not(None)
        )
    )
    return frozenset(key for key in accounts if key is not None) | {access_request.requester_id}


def own_relations(access_request: AccessRequest, actor: Actor) -> frozenset[str]:
    """Return "requester" where the actor is the one."""
    own = actor.account_id is not None and actor.account_id == access_request.requester_id
    return frozenset({"requester"} if own else ())
