"""Exceptions from rules for tests, granted through the commands."""

from datetime import timedelta
from typing import Any

from sqlalchemy.orm import Session

from infra_access.access_requests.models import AccessRequest
from infra_access.access_requests.override_queries import OverrideView
from infra_access.access_requests.overriding import ask_override, confirm_override, withdraw_override
from infra_access.core.authority import NETWORK, Actor
from tests.factories.access_requests import (
    FEASIBILITY,
    HOST_COUNTRY,
    NOW,
    OPEN_TO_ALL,
    World,
    make_submitted,
    make_world,
)
from tests.factories.people import make_actor

VERIFIED_ONLY = {
    "id": "verified-only",
    "applies_to": ["request", "book"],
    "effect": {"type": "deny"},
    "when": {"op": "ne", "fact": "applicant.organisation_trust", "value": "verified"},
    "grounds": "security",
    "message": {"en": "The organisation must be verified first."},
    "overridable_by": "access_administrator",
}
SAFETY_COURSE = {
    "id": "safety-course",
    "applies_to": ["request"],
    "effect": {"type": "require", "kind": "training", "code": "site-safety"},
    "grounds": "safety",
    "message": {"en": "Everybody takes the safety course."},
    "expected_days": 1,
    "latest_days": 5,
    "overridable_by": "access_administrator",
}
LATER = NOW + timedelta(days=1)


def make_refused(session: Session, **more: Any) -> tuple[World, AccessRequest]:
    """Make a request that the policy refused, since the organisation is not verified."""
    world = make_world(session, rules=[OPEN_TO_ALL, FEASIBILITY, HOST_COUNTRY, {**VERIFIED_ONLY, **more}])
    request = make_submitted(session, world)
    assert request.state == "refused"
    return world, request


def administrators(session: Session, count: int = 2) -> list[Actor]:
    return [make_actor(session, ("access_administrator", NETWORK)) for _number in range(count)]


def ask(session: Session, actor: Actor, request: AccessRequest, **overrides: Any) -> OverrideView:
    values = {"now": LATER, "rule": "verified-only", "reason": "The registry is closed for a month."} | overrides
    return ask_override(session, actor=actor, access_request=request, **values)


def confirm(session: Session, actor: Actor, view: OverrideView, **overrides: Any) -> OverrideView:
    return confirm_override(session, actor=actor, override=view.override, **{"now": LATER} | overrides)


def withdraw(session: Session, actor: Actor, view: OverrideView, **overrides: Any) -> OverrideView:
    values = {"now": LATER, "reason": "It was found to be a mistake."} | overrides
    return withdraw_override(session, actor=actor, override=view.override, **values)


def grant(session: Session, request: AccessRequest, **overrides: Any) -> OverrideView:
    first, second = administrators(session)
    when = {key: value for key, value in overrides.items() if key == "now"}
    return confirm(session, second, ask(session, first, request, **overrides), **when)
