"""The checks of what a request says, alone and against the route that it takes."""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from infra_access.access_requests import nested_fields
from infra_access.access_requests.content import Content, Member
from infra_access.access_requests.models import AccessRoute, AccessRouteInstrument
from infra_access.access_requests.vocabularies import ParticipantRole, Presence
from infra_access.catalogue import fields
from infra_access.catalogue.models import Instrument, Organisation
from infra_access.catalogue.vocabularies import AccessType, AccessUnit, PublicationState, Regime
from infra_access.core.authority import Actor
from infra_access.core.i18n import Text, _
from infra_access.core.timespan import TimeSpan
from infra_access.people.models import Account

MAX_QUANTITY = Decimal(1_000_000)
MAX_INSTRUMENTS = 50
_ACTING_FOR = "-"
"""Stands for the organisation acted for, which no public id can."""

LONGEST = timedelta(days=5 * 366)
_PRESENCE = {AccessType.PHYSICAL: Presence.ON_SITE, AccessType.MAIL_IN: Presence.NONE}


def cleaned(values: Mapping[str, Any]) -> dict[str, Any]:
    """Check each field for itself. Raises Invalid naming every field at fault."""
    return fields.cleaned(values, _CLEANERS)


def _quantity(value: Any, field: str) -> Decimal:
    try:
        amount = value if isinstance(value, Decimal) else Decimal(str(value)[:40])
    except InvalidOperation:
        amount = Decimal(0)
    if isinstance(value, bool) or not amount.is_finite() or not 0 < amount <= MAX_QUANTITY:
        message = _("Ask for more than 0 and at most ${most} access units.", mapping={"most": int(MAX_QUANTITY)})
        raise fields.fault("quantity.range", field, message)
    if amount != amount.quantize(Decimal("0.01")):
        raise fields.fault("quantity.decimals", field, _("Give at most two decimals."))
    return amount.quantize(Decimal("0.01"))


def _period(value: Any, field: str) -> tuple[datetime, datetime]:
    if isinstance(value, TimeSpan):
        ends: tuple[Any, ...] = (value.start, value.end)
    elif isinstance(value, Mapping):
        ends = (value.get("start"), value.get("end"))
    else:
        ends = tuple(value) if isinstance(value, list | tuple) else ()
    if len(ends) != 2 or not all(isinstance(instant, datetime) for instant in ends):
        raise fields.fault("value.type", field, _("A period has a start and an end."))
    start, end = ends
    if start.tzinfo is None or end.tzinfo is None:
        raise fields.fault("time.naive", field, _("Give both times with their offset from UTC."))
    if start >= end:
        raise fields.fault("time.order", f"{field}.end", _("The period ends before it starts. Change one of the two."))
    if end - start > LONGEST:
        raise fields.fault("period.too_long", field, _("A request covers five years at most. Choose a shorter period."))
    return start.astimezone(UTC), end.astimezone(UTC)


_CLEANERS: Mapping[str, fields.Cleaner] = {
    "route": fields.line(40, required=True),
    "title": fields.line(300, required=True),
    "summary": fields.text(20_000),
    "regime": fields.one_of(Regime),
    "access_type": fields.one_of(AccessType),
    "acting_for": fields.optional_line(40),
    "instruments": fields.list_of(fields.line(40, required=True)),
    "quantity": _quantity,
    "access_unit": fields.one_of(AccessUnit),
    "period": _period,
    "project": nested_fields.project,
    "participants": nested_fields.participants,
}


def check_period(period: tuple[datetime, datetime], now: datetime) -> None:
    """Refuse a period that is over, or further away than anyone plans."""
    if period[1] <= now:
        raise fields.fault("period.over", "period.end", _("This period is over. Choose one that is still to come."))
    if period[1] > now + LONGEST:
        raise fields.fault("period.too_far", "period.end", _("Requests reach five years ahead at most."))


def check_route(content: Content, route: AccessRoute, access_unit: str) -> None:
    """Refuse what the route does not offer. Raises Invalid naming every field at fault."""
    faults: dict[str, list[Text]] = {}
    for field, value, offered in (
        ("regime", content.regime, route.regimes),
        ("access_type", content.access_type, route.access_types),
        ("access_unit", access_unit, [route.access_unit]),
    ):
        if value not in offered:
            faults[field] = [_("This route offers: ${offered}.", mapping={"offered": ", ".join(offered)})]
    if faults:
        fault = fields.fault("route.not_offered", next(iter(faults)), next(iter(faults.values()))[0])
        raise fault.__class__(fault.code, _("The route does not offer this. Each field is named."), fields=faults)


def instruments_on(session: Session, route: AccessRoute, public_ids: Iterable[str]) -> tuple[int, ...]:
    """Return the keys of published instruments of a route, ascending. Raises Invalid `instruments`."""
    wanted = list(public_ids)
    if not 1 <= len(wanted) <= MAX_INSTRUMENTS:
        message = _("Name from 1 to ${most} instruments.", mapping={"most": MAX_INSTRUMENTS})
        raise fields.fault("instruments.count", "instruments", message)
    rows = session.execute(
        select(Instrument.id, Instrument.public_id)
        .join(AccessRouteInstrument, AccessRouteInstrument.instrument_id == Instrument.id)
        .where(
            AccessRouteInstrument.route_id == route.id,
            Instrument.public_id.in_(wanted),
            Instrument.publication == PublicationState.PUBLISHED,
        )
    ).all()
    found = {row.public_id: row.id for row in rows}
    for position, public_id in enumerate(wanted):
        if public_id not in found:
            message = _("This route leads to no such instrument. Choose among those of the route.")
            raise fields.fault("instrument.not_on_route", f"instruments.{position}", message)
    return tuple(sorted(found.values()))


def organisation_for(session: Session, actor: Actor, public_id: str | None) -> int | None:
    """Return the organisation acted for: the one named, else the actor's own, else none.

    A person acts for an organisation that they stated to belong to, or that they entered themselves.
    """
    if public_id is None:
        return min(actor.organisation_ids, default=None)
    row = session.execute(
        select(Organisation.id, Organisation.created_by).where(Organisation.public_id == public_id)
    ).one_or_none()
    if row is None:
        raise fields.fault("organisation.unknown", "acting_for", _("There is no such organisation."))
    if row.id not in actor.organisation_ids and (row.created_by is None or row.created_by != actor.account_id):
        message = _("You do not belong to this organisation. State in your profile that you do, then ask for it.")
        raise fields.fault("organisation.not_yours", "acting_for", message)
    return int(row.id)


def team(
    session: Session, given: list[dict[str, Any]], *, requester_id: int, acting_for: int | None, access_type: str
) -> tuple[Member, ...]:
    """Return the team with the requester on it; people with an account are known by the address they confirmed."""
    requester = session.get_one(Account, requester_id)
    entries = list(given)
    if all(entry["email"] != requester.email for entry in entries):
        principal = {"email": requester.email, "name": requester.name, "role": ParticipantRole.PRINCIPAL}
        entries.insert(0, principal | {"phone": requester.phone, "organisation": _ACTING_FOR})
    if len(entries) > nested_fields.MAX_PARTICIPANTS:
        message = _("A team has ${most} people at most, with you.", mapping={"most": nested_fields.MAX_PARTICIPANTS})
        raise fields.fault("list.too_long", "participants", message)
    accounts = {
        row.email: row
        for row in session.execute(
            select(Account.id, Account.email, Account.country_of_work).where(
                Account.email.in_([entry["email"] for entry in entries]),
                # Anyone may sign up with anyone's address: it names a person once they confirmed it.
                or_(Account.email_confirmed_at.is_not(None), Account.id == requester_id),
            )
        )
    }
    organisations = _organisations(session, entries, acting_for)
    members = []
    for position, entry in enumerate(entries):
        account = accounts.get(entry["email"])
        own = account.country_of_work if account is not None and account.id == requester_id else None
        organisation_id, home = organisations.get(entry.get("organisation"), (None, None))
        country = entry.get("country_of_work") or own or (home if entry["email"] == requester.email else None)
        if country is None:
            message = _("Say in which country this person works.")
            raise fields.fault("country.missing", f"participants.{position}.country_of_work", message)
        presence = Presence(entry.get("presence") or _PRESENCE.get(AccessType(access_type), Presence.REMOTE))
        members.append(
            Member(
                email=entry["email"],
                name=entry["name"],
                role=ParticipantRole(entry["role"]).value,
                country_of_work=country,
                presence=presence.value,
                remote_from=(entry.get("remote_from") or country) if presence is Presence.REMOTE else None,
                organisation_id=organisation_id,
                phone=entry.get("phone"),
                account_id=account.id if account is not None else None,
            )
        )
    return tuple(members)


def _organisations(
    session: Session, entries: list[dict[str, Any]], acting_for: int | None
) -> dict[str | None, tuple[int | None, str | None]]:
    """Return key and country of the organisations named, by public id, and of the one acted for."""
    named = [entry["organisation"] for entry in entries if entry.get("organisation")]
    rows = session.execute(
        select(Organisation.id, Organisation.public_id, Organisation.country).where(
            Organisation.public_id.in_(named) | (Organisation.id == acting_for)
        )
    ).all()
    found: dict[str | None, tuple[int | None, str | None]] = {row.public_id: (row.id, row.country) for row in rows}
    found[_ACTING_FOR] = next(((row.id, row.country) for row in rows if row.id == acting_for), (None, None))
    for position, organisation in enumerate(entry.get("organisation") for entry in entries):
        if organisation and organisation not in found:
            message = _("There is no such organisation.")
            raise fields.fault("organisation.unknown", f"participants.{position}.organisation", message)
    return found
