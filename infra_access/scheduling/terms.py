"""On what terms an instrument is booked: the opening hours, the booking rules, and the ways in that are open to all."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import (
    CompoundSelect,
    Select,
    String,
    and_,
    bindparam,
    cast,
    literal_column,
    null,
    or_,
    select,
    union_all,
)
from sqlalchemy.orm import Session

from infra_access.access_requests.models import AccessRoute, AccessRouteInstrument
from infra_access.access_requests.routes import is_direct
from infra_access.accounting.models import AccessPeriod, AccessPool, AccessPoolInstrument
from infra_access.core.columns import JSON_DOCUMENT
from infra_access.core.timespan import TimeSpan
from infra_access.scheduling.booking_rules import BookingRules, from_json
from infra_access.scheduling.hours import CALENDAR, DATED, WEEKLY, Hours, hours_from, hours_wanted
from infra_access.scheduling.models import BookingRuleSet
from infra_access.scheduling.places import Place


@dataclass(frozen=True, slots=True)
class Terms:
    """The terms of an instrument; `ways` are the public ids of the routes to book by without a request.

    `way_keys` are the keys of those routes, `way_units` their access units.
    `pools` are the keys of those that share out its time around the window; `way_rules` is what each way changes of
    the booking rules.
    """

    hours: Hours
    levels: tuple[Mapping[str, object], ...]
    ways: tuple[str, ...]
    pools: tuple[int, ...] = ()
    way_rules: Mapping[str, Mapping[str, object]] = field(default_factory=dict)
    way_keys: Mapping[str, int] = field(default_factory=dict)
    way_units: Mapping[str, str] = field(default_factory=dict)

    def rules(self, route_rules: Mapping[str, object] | None = None) -> BookingRules:
        """Return the rules in force: the facility's defaults, then the instrument's, then the route's."""
        return from_json(*self.levels, route_rules or {})


_nothing = [null(), null(), null(), null()]
_RULES: Select[*tuple[Any, ...]] = select(
    literal_column("'rules'"), BookingRuleSet.facility_id, BookingRuleSet.instrument_id, *_nothing
).add_columns(null(), BookingRuleSet.rules, null())
_WAYS: Select[*tuple[Any, ...]] = select(literal_column("'way'"), null(), AccessRoute.id, *_nothing).add_columns(
    AccessRoute.public_id, AccessRoute.booking_rules, AccessRoute.access_unit
)
_POOLS: Select[*tuple[Any, ...]] = (
    select(literal_column("'pool'"), null(), AccessPoolInstrument.pool_id, *_nothing)
    .add_columns(null(), null(), null())
    .join(AccessPool, AccessPool.id == AccessPoolInstrument.pool_id)
    .join(AccessPeriod, AccessPeriod.id == AccessPool.period_id)
    .where(
        AccessPoolInstrument.instrument_id == bindparam("instrument"),
        AccessPeriod.starts < bindparam("window_end"),
        AccessPeriod.ends > bindparam("window_start"),
    )
)
_TERMS: CompoundSelect[*tuple[Any, ...]] = union_all(
    WEEKLY.add_columns(
        cast(null(), String).label("way"),
        cast(null(), JSON_DOCUMENT).label("rules"),
        cast(null(), String).label("unit"),
    ),
    DATED.add_columns(null(), null(), null()),
    CALENDAR.add_columns(null(), null(), null()),
    _RULES.where(
        or_(
            BookingRuleSet.facility_id.in_(bindparam("facilities", expanding=True)),
            BookingRuleSet.instrument_id == bindparam("instrument"),
        )
    ),
    _WAYS.join(AccessRouteInstrument, AccessRouteInstrument.route_id == AccessRoute.id).where(
        and_(AccessRouteInstrument.instrument_id == bindparam("instrument"), is_direct())
    ),
    _POOLS,
)


def terms_of(session: Session, place: Place, window: TimeSpan) -> Terms:
    """Return the terms of an instrument, with the hours that matter to the window. One statement."""
    facilities = {place.facility.id: place.facility.timezone}
    asked = {**hours_wanted(facilities, window), "instrument": place.instrument.id}
    asked |= {"window_start": window.start, "window_end": window.end}
    rows = session.execute(_TERMS, asked).all()
    rules = sorted((row for row in rows if row.kind == "rules"), key=lambda row: row.number is not None)
    ways = sorted((row for row in rows if row.kind == "way"), key=lambda row: int(row.number))
    return Terms(
        hours_from(rows, facilities)[place.facility.id],
        tuple(row.rules for row in rules),
        tuple(row.way for row in ways),
        tuple(sorted(row.number for row in rows if row.kind == "pool")),
        {row.way: row.rules for row in ways},
        {row.way: int(row.number) for row in ways},
        {row.way: row.unit for row in ways},
    )
