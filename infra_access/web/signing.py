"""Who may accept the terms of a request, and who still has to."""

from dataclasses import dataclass
from datetime import datetime

from pyramid.request import Request
from sqlalchemy import select

from infra_access.access_requests.agreement_queries import APPLICANT, SIDES, applicant_signatories, sides_of
from infra_access.access_requests.lifecycle import RequestState
from infra_access.access_requests.request_queries import RequestView
from infra_access.people.models import Account


@dataclass(frozen=True, slots=True)
class Signing:
    """`missing` are the sides that have not accepted; `mine` tells whether the reader may for one of them.

    `signatories` are the names of those who may accept for the applicant's side.
    """

    missing: tuple[str, ...]
    mine: bool
    signatories: tuple[str, ...]


def signing_of(request: Request, view: RequestView, *, now: datetime) -> Signing | None:
    """Return how the terms of a request stand; None where there are none."""
    if view.agreement is None:
        return None
    done = {one.side for one in view.agreement.accepted}
    missing = tuple(side for side in SIDES if side not in done)
    if view.access_request.state != RequestState.AGREEMENT_PENDING or not missing:
        return Signing(missing, False, ())
    keys = applicant_signatories(request.db, view.access_request, now) if APPLICANT in missing else frozenset()
    names = request.db.scalars(select(Account.name).where(Account.id.in_(sorted(keys))).order_by(Account.name))
    sides = sides_of(request.db, view.access_request, request.actor, now)
    return Signing(missing, bool(sides & set(missing)), tuple(names))
