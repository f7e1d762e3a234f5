"""The booking rules as they hold for the reader: by what was granted to them, and by who they are."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from pyramid.request import Request
from sqlalchemy import select

from infra_access.access_requests.models import AccessRequest, AccessRoute, Allocation
from infra_access.core.i18n import Text
from infra_access.policy.rulebook import rulebook
from infra_access.scheduling.applicant_facts import known_at
from infra_access.scheduling.booking_rules import BookingRules
from infra_access.scheduling.places import Place
from infra_access.scheduling.plan import rules_of
from infra_access.web.eligibility import applicant
from infra_access.web.presenters.booking_rules import sentences
from infra_access.web.visitor import Said

_NOBODY = Said()


def rules_in_force(
    request: Request, place: Place, *, now: datetime, said: Said = _NOBODY, by: Mapping[str, Any] | None = None
) -> BookingRules:
    """Return the rules for a reader; `by` is what the way in that they come by changes of them.

    One statement, and a few more where the horizon depends on who books.
    """
    rules = rules_of(request.db, place.instrument, by)
    if not rules.horizons:
        return rules
    known = applicant(request, said, rulebook(request.db), now=now)
    # Of whom nothing is known, every horizon is told.
    return rules if known is None else rules.seen_by(known_at(known, place.facility.organisation_id, now))


def rules_of_grant(request: Request, allocation: str) -> Mapping[str, Any]:
    """Return what the way in by which something was granted changes of the rules. One statement, none without one."""
    if not allocation:
        return {}
    of_grant = (
        select(AccessRoute.booking_rules)
        .join(AccessRequest, AccessRequest.route_id == AccessRoute.id)
        .join(Allocation, Allocation.access_request_id == AccessRequest.id)
        .where(Allocation.public_id == allocation)
    )
    found: Mapping[str, Any] | None = request.db.scalar(of_grant)
    return found or {}


def told_by_way(
    request: Request, place: Place, routes: Iterable[AccessRoute], general: Sequence[Text], *, now: datetime, said: Said
) -> list[tuple[AccessRoute, list[Text]]]:
    """Return what the rules of each way in say that the general ones do not; nothing of a way that changes none."""
    told = {_key(one) for one in general}
    found = []
    for route in routes:
        if route.booking_rules:
            rules = rules_in_force(request, place, now=now, said=said, by=route.booking_rules)
            own = [one for one in sentences(rules, request.locale_name) if _key(one) not in told]
            found += [(route, own)] if own else []
    return found


def _key(text: Text) -> tuple[str, str]:
    return str(text), str(getattr(text, "mapping", None))
