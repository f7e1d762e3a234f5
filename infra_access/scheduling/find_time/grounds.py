"""The truth about some instruments: hours, rules and what is taken, for all of them in four statements."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Any

from sqlalchemy import CompoundSelect, Row, bindparam, select, union_all
from sqlalchemy.orm import Session, aliased

from infra_access.catalogue.models import Facility, Instrument, InstrumentCompanion, Resource
from infra_access.catalogue.vocabularies import ResourceKind
from infra_access.core.timespan import TimeSpan
from infra_access.policy.facts import Facts
from infra_access.scheduling.applicant_facts import known_at
from infra_access.scheduling.booking_rules import BookingRules, from_json
from infra_access.scheduling.find_time.fitting import Copy, Ground
from infra_access.scheduling.hours import hours_of
from infra_access.scheduling.limits import NO_LIMITS, Limits
from infra_access.scheduling.models import BookingRuleSet
from infra_access.scheduling.occupancies import occupied
from infra_access.scheduling.quotas import Holder, Tally, tallies_of

_MINUTE = timedelta(minutes=1)
_Row = Row[*tuple[Any, ...]]
_UNLIMITED: Mapping[int, Limits] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Subject:
    """An instrument as a slot names it, and the rules by which it is booked."""

    id: int
    public_id: str
    name: str
    names: Mapping[str, str]
    facility_id: int
    facility: str
    facility_name: str
    facility_names: Mapping[str, str]
    city: str
    country: str
    timezone: str
    latitude: float | None
    longitude: float | None
    rules: BookingRules


_SHOWN = tuple(field.name for field in fields(Subject) if field.name != "rules")
# Built once: making a statement anew costs as much as running it.
_of_facility, _of_instrument = aliased(BookingRuleSet), aliased(BookingRuleSet)
_SUBJECTS = (
    select(
        Instrument.id,
        Instrument.public_id,
        Instrument.name,
        Instrument.names,
        Facility.id.label("facility_id"),
        Facility.public_id.label("facility"),
        Facility.name.label("facility_name"),
        Facility.names.label("facility_names"),
        Facility.city,
        Facility.country,
        Facility.timezone,
        Facility.latitude,
        Facility.longitude,
        Facility.organisation_id,
        _of_facility.rules.label("default_rules"),
        _of_instrument.rules.label("own_rules"),
    )
    .join(Facility, Facility.id == Instrument.facility_id)
    .outerjoin(_of_facility, _of_facility.facility_id == Facility.id)
    .outerjoin(_of_instrument, _of_instrument.instrument_id == Instrument.id)
    .where(Instrument.id.in_(bindparam("instruments", expanding=True)))
)
_resource = (
    Resource.id,
    Resource.public_id,
    Resource.name,
    Resource.kind,
    Resource.plant_id,
    Resource.instrument_id.label("owner"),
)
_RESOURCES: CompoundSelect[*tuple[Any, ...]] = union_all(
    select(Resource.instrument_id.label("instrument"), *_resource).where(
        Resource.instrument_id.in_(bindparam("instruments", expanding=True)), Resource.active.is_(True)
    ),
    select(InstrumentCompanion.instrument_id, *_resource)
    .join(Resource, Resource.id == InstrumentCompanion.resource_id)
    .where(
        InstrumentCompanion.instrument_id.in_(bindparam("instruments", expanding=True)),
        Resource.active.is_(True),
    ),
)


def subjects_of(
    session: Session,
    by_way: Mapping[int, Mapping[str, Any]],
    applicant: Facts,
    now: datetime,
    limits: Mapping[int, Limits] = _UNLIMITED,
) -> dict[int, Subject]:
    """Return the instruments by key, with the rules as they hold for the applicant. One statement.

    `by_way` is what the way in to each instrument changes of its rules, `limits` what the access rules leave of them.
    """
    found = {}
    for row in session.execute(_SUBJECTS, {"instruments": list(by_way)}):
        rules = from_json(row.default_rules or {}, row.own_rules or {}, by_way[row.id])
        if rules.horizons:
            rules = rules.seen_by(known_at(applicant, row.organisation_id, now))
        rules = limits.get(row.id, NO_LIMITS).of_one_session(rules)
        found[row.id] = Subject(**{name: getattr(row, name) for name in _SHOWN}, rules=rules)
    return found


def grounds_of(
    session: Session,
    subjects: Mapping[int, Subject],
    spans: Mapping[int, TimeSpan],
    now: datetime,
    holder: Holder | None = None,
) -> dict[int, Ground]:
    """Return the ground of each instrument within its own span. Three statements, however many there are.

    What a hold or a proposal kept that nobody answered in time is free. Quotas are counted where it is known for whom
    (`holder`) and there are any, which takes one statement more.
    """
    if not spans:
        return {}
    resources: dict[int, dict[int, _Row]] = {key: {} for key in spans}
    for row in session.execute(_RESOURCES, {"instruments": list(spans)}):
        resources[row.instrument][row.id] = row
    reach = _reach(subjects, spans)
    keys = {row.id for rows in resources.values() for row in rows.values()}
    keys |= {row.plant_id for rows in resources.values() for row in rows.values() if row.plant_id is not None}
    facilities = {subjects[key].facility_id: subjects[key].timezone for key in spans}
    hours = hours_of(session, facilities, reach)
    taken: dict[int, list[Any]] = {}
    for held in occupied(session, keys, reach):
        if not held.has_lapsed(now):
            taken.setdefault(held.resource_id, []).append(held)
    tallies = tallies_of(session, holder, [subjects[key] for key in spans], reach=reach, now=now) if holder else {}
    return {
        key: _ground(
            subjects[key],
            span,
            resources[key],
            hours[subjects[key].facility_id].open_within(span),
            taken,
            tallies.get(key),
        )
        for key, span in spans.items()
    }


def _reach(subjects: Mapping[int, Subject], spans: Mapping[int, TimeSpan]) -> TimeSpan:
    """Return the time that decides: the spans, and as far around them as any change-over reaches."""
    before = max(subjects[key].rules.buffer_before_minutes for key in spans)
    after = max(subjects[key].rules.buffer_after_minutes for key in spans)
    return TimeSpan(
        min(span.start for span in spans.values()) - before * _MINUTE,
        max(span.end for span in spans.values()) + after * _MINUTE,
    )


def _ground(
    subject: Subject,
    window: TimeSpan,
    rows: Mapping[int, _Row],
    opened: Sequence[TimeSpan],
    taken: Mapping[int, Sequence[Any]],
    tally: Tally | None,
) -> Ground:
    copies, shared, companions = [], [], {}
    for row in rows.values():
        # A resource is taken when its plant is.
        own = [one.span for key in (row.id, row.plant_id) for one in taken.get(key, ())]
        if row.owner == subject.id and row.kind == ResourceKind.INSTRUMENT:
            copies.append(Copy(row.public_id, tuple(own)))
        else:
            shared += own
            companions[row.id] = row.name
    return Ground(
        window, subject.rules, subject.timezone, tuple(opened), tuple(copies), tuple(shared), companions, tally
    )
