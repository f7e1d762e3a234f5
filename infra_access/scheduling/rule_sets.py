"""The booking rules of a facility or of one instrument: reading them with those above them, and setting them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from infra_access.access_requests.models import AccessRoute, AccessRouteInstrument
from infra_access.audit.record import record
from infra_access.catalogue.models import Facility, Instrument
from infra_access.catalogue.scopes import facility_scopes, instrument_scopes
from infra_access.core.authority import Actor, Permission, require
from infra_access.core.errors import PreconditionFailed
from infra_access.core.i18n import _
from infra_access.scheduling.booking_rules import BookingRules, from_json, to_json
from infra_access.scheduling.models import BookingRuleSet


@dataclass(frozen=True, slots=True)
class OwnRules:
    """What a facility or an instrument says of booking; above an instrument stand its facility's defaults.

    The version is 0 until something is said.
    """

    subject: Facility | Instrument
    own: Mapping[str, Any] = field(default_factory=dict)
    above: Mapping[str, Any] = field(default_factory=dict)
    version: int = 0

    @property
    def level(self) -> str:
        """Return of what these rules are: facility or instrument."""
        return "facility" if isinstance(self.subject, Facility) else "instrument"

    def effective(self) -> BookingRules:
        """Return the rules in force, unless a way in says otherwise."""
        return from_json(self.above, self.own)

    def said(self) -> dict[str, Any]:
        """Return what is said here, as it is written today."""
        return said_in(self.own)

    def sources(self) -> dict[str, str]:
        """Return for each rule in force where it is said: at the instrument, its facility, or nowhere (default)."""
        own, above = _keys(self.own), _keys(self.above)
        return {
            key: self.level if key in own else "facility" if key in above else "default"
            for key in to_json(self.effective())
        }


def _keys(rules: Mapping[str, Any]) -> frozenset[str]:
    return frozenset("off_hours" if key == "off_hours_allowed" else key for key in rules)


def said_in(rules: Mapping[str, Any]) -> dict[str, Any]:
    """Return what rules say, as it is written today."""
    return {key: value for key, value in to_json(from_json(rules)).items() if key in _keys(rules)}


def rules_at(session: Session, subject: Facility | Instrument) -> OwnRules:
    """Return the booking rules of a facility or an instrument with those above them. One statement."""
    instrument = isinstance(subject, Instrument)
    facility_id = subject.facility_id if isinstance(subject, Instrument) else subject.id
    mine = BookingRuleSet.instrument_id == subject.id if instrument else BookingRuleSet.facility_id == facility_id
    rows = session.execute(
        select(BookingRuleSet.rules, BookingRuleSet.version, mine.label("mine")).where(
            or_(mine, BookingRuleSet.facility_id == facility_id)
        )
    ).all()
    own = next((row for row in rows if row.mine), None)
    above: Mapping[str, Any] = next((row.rules for row in rows if not row.mine), {})
    return OwnRules(subject, own.rules, above, own.version) if own else OwnRules(subject, {}, above)


def set_booking_rules(
    session: Session,
    *,
    actor: Actor,
    now: datetime,
    subject: Facility | Instrument,
    rules: Mapping[str, Any],
    expected_version: int | None = None,
) -> BookingRuleSet:
    """Replace the rules of a facility (its defaults) or an instrument. Bookings already made stay.

    Raises Invalid naming each key that is not right, also where it does not go with what stands above or below, and
    PreconditionFailed where the rules are no longer those of `expected_version`.
    """
    facility = isinstance(subject, Facility)
    scopes = facility_scopes(session, subject) if isinstance(subject, Facility) else instrument_scopes(session, subject)
    require(actor, Permission.HOURS_WRITE, scopes)
    _check(session, subject, rules)
    column = BookingRuleSet.facility_id if facility else BookingRuleSet.instrument_id
    row = session.scalars(
        select(BookingRuleSet).where(column == subject.id).with_for_update(key_share=True)
    ).one_or_none()
    if expected_version is not None and expected_version != (row.version if row else 0):
        raise PreconditionFailed("version.stale", _("These rules have changed since you looked. Load them again."))
    if row is None:
        row = BookingRuleSet(**{column.key: subject.id}, rules=dict(rules), version=1)
        session.add(row)
    else:
        row.rules, row.version = dict(rules), row.version + 1
    session.flush()  # a second setting in the same transaction must find this row
    record(
        session,
        actor=actor,
        action="booking_rules.set",
        object_kind="facility" if facility else "instrument",
        object_id=subject.public_id,
        now=now,
        details=dict(rules),
    )
    return row


def check_route_rules(session: Session, instruments: Sequence[Instrument], rules: Mapping[str, Any]) -> None:
    """Raise Invalid for what a way in says of booking if it is wrong, or does not go with one of its instruments'."""
    from_json(rules)
    if not rules:
        return
    keys = [instrument.id for instrument in instruments]
    facilities = {instrument.facility_id for instrument in instruments}
    said: dict[tuple[int | None, int | None], Mapping[str, Any]] = {}
    for row in session.scalars(
        select(BookingRuleSet).where(
            or_(BookingRuleSet.instrument_id.in_(keys), BookingRuleSet.facility_id.in_(facilities))
        )
    ):
        said[row.facility_id, row.instrument_id] = row.rules
    for instrument in instruments:
        from_json(said.get((instrument.facility_id, None), {}), said.get((None, instrument.id), {}), rules)


def _check(session: Session, subject: Facility | Instrument, rules: Mapping[str, Any]) -> None:
    """Refuse rules that are wrong, or that do not go with those of the facility, of its instruments or of ways in."""
    above = rules_at(session, subject).above
    from_json(above, rules)
    own: dict[int, Mapping[str, Any]] = {}
    if isinstance(subject, Facility):
        below = (
            select(BookingRuleSet.instrument_id, BookingRuleSet.rules)
            .join(Instrument, Instrument.id == BookingRuleSet.instrument_id)
            .where(Instrument.facility_id == subject.id)
        )
        own = {key: said for key, said in session.execute(below) if key is not None}
        for said in own.values():
            from_json(rules, said)
    ways = (
        select(AccessRouteInstrument.instrument_id, AccessRoute.booking_rules)
        .join(AccessRoute, AccessRoute.id == AccessRouteInstrument.route_id)
        .join(Instrument, Instrument.id == AccessRouteInstrument.instrument_id)
        .where(
            AccessRoute.active.is_(True),
            Instrument.facility_id == subject.id if isinstance(subject, Facility) else Instrument.id == subject.id,
        )
    )
    for key, way in session.execute(ways):
        if way:
            from_json(above, rules, own.get(key, {}), way)


def levels_of(session: Session, facility_id: int, instruments: Sequence[int]) -> dict[int | None, Mapping[str, Any]]:
    """Return what a facility says for all its instruments, under None, and what each of some changes. One statement."""
    rows = session.execute(
        select(BookingRuleSet.instrument_id, BookingRuleSet.rules).where(
            or_(BookingRuleSet.facility_id == facility_id, BookingRuleSet.instrument_id.in_(instruments))
        )
    )
    found: dict[int | None, Mapping[str, Any]] = {None: {}}
    for key, rules in rows:
        found[key] = rules
    return found
