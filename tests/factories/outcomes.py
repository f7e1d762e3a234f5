"""Requests whose access has ended, and what came of them, for tests, made through the commands."""

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy.orm import Session

from infra_access.access_requests.models import AccessRequest
from infra_access.outcomes.completing import complete
from infra_access.outcomes.models import Outcome
from infra_access.outcomes.reporting import add_outcome
from tests.factories.access_requests import NOW, OPEN_TO_ALL, World, make_submitted, make_world

ENDED = NOW + timedelta(days=60)
"""When the work of `make_completed` is done."""

REGIMES = ["open", "embargoed", "proprietary"]
DATASET = {
    "kind": "dataset",
    "title": "Rust on sensors",
    "identifier": "10.5555/rust.1",
    "licence": "CC-BY-4.0",
}


def make_free_world(session: Session, **route: Any) -> World:
    """Make a facility where whoever asks is granted access at once; a report is due after 90 days."""
    return make_world(session, rules=[OPEN_TO_ALL], **({"regimes": REGIMES, "terms": {}} | route))


def make_granted(session: Session, world: World, **overrides: Any) -> AccessRequest:
    """Return an active request."""
    return make_submitted(session, world, **overrides)


def make_completed(session: Session, world: World, *, now: datetime = ENDED, **overrides: Any) -> AccessRequest:
    """Return a request that its team has completed without a report."""
    request = make_granted(session, world, **overrides)
    return complete(session, actor=world.applicant, now=now, access_request=request)


def make_outcome(session: Session, world: World, request: AccessRequest, **overrides: Any) -> Outcome:
    """Add a data set of the team."""
    values: dict[str, Any] = {"actor": world.applicant, "now": ENDED}
    outcome = DATASET | {key: value for key, value in overrides.items() if key not in values}
    values |= {key: value for key, value in overrides.items() if key in values}
    return add_outcome(session, access_request=request, outcome=outcome, **values)
