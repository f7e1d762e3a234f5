"""What those who write rules on a programme's share are told of its calls, which lie above policy."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, or_, select, true
from sqlalchemy.orm import Session

from infra_access.access_requests.models import AccessRound, AccessRoute, AccessRouteInstrument
from infra_access.access_requests.programme import SHARE
from infra_access.catalogue.models import Facility, Instrument, Organisation
from infra_access.core.i18n import Text, _
from infra_access.policy.conditions import reads
from infra_access.policy.documents import load_rules
from infra_access.policy.models import PolicyDocument
from infra_access.policy.rulebook import scope_text


def warnings_on_programme(session: Session, document: PolicyDocument, now: datetime) -> list[tuple[str, Text]]:
    """Return each place that reads a share of a programme where no call within its scope states what it has to give.

    One statement, and none where no rule reads the share.
    """
    rules = load_rules(document.rules, scope=scope_text(document.scope_kind, document.scope_key))
    places = [f"rules.{number}.when" for number, rule in enumerate(rules) if SHARE in reads(rule.when)]
    if not places or _is_stated(session, document, now):
        return []
    message = _(
        "No call of this programme states how many access units it has to give, so that the share is of what was "
        "granted and asked for so far: the first team from outside has all of it. State it at the way in."
    )
    return [(place, message) for place in places]


def _is_stated(session: Session, document: PolicyDocument, now: datetime) -> bool:
    stated = (
        select(AccessRound.id)
        .join(AccessRoute, AccessRoute.id == AccessRound.route_id)
        .join(Facility, Facility.id == AccessRoute.facility_id)
        .join(Organisation, Organisation.id == Facility.organisation_id)
        .where(
            AccessRoute.active,
            AccessRound.units_offered.is_not(None),
            or_(AccessRound.closes_at.is_(None), AccessRound.closes_at > now),
            _within(document.scope_kind, document.scope_key),
        )
    )
    return session.scalar(stated.limit(1)) is not None


def _within(kind: str, key: str) -> ColumnElement[bool]:
    """Return the condition for ways in that rules of a scope can reach."""
    if kind == "instrument":
        leading = (
            select(AccessRouteInstrument.route_id)
            .join(Instrument, Instrument.id == AccessRouteInstrument.instrument_id)
            .where(Instrument.public_id == key)
        )
        return AccessRoute.id.in_(leading)
    columns: Mapping[str, Any] = {
        "route": AccessRoute.public_id,
        "facility": Facility.public_id,
        "organisation": Organisation.public_id,
        "country": Facility.country,
    }
    return columns[kind] == key if kind in columns else true()  # the network, and tags, which lie in it
