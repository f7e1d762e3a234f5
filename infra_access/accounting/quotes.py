"""Quotes: numbered offers of a price, made of the tariff and the applicant's facts, and never changed once given."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Select, func, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session, aliased

from infra_access.access_requests.models import AccessRoute, AccessRouteInstrument
from infra_access.accounting.models import Quote, QuoteNumber
from infra_access.accounting.pricing import facts_shown, price_of
from infra_access.audit.record import record
from infra_access.catalogue import fields
from infra_access.catalogue.models import Facility, Instrument, Organisation
from infra_access.catalogue.scopes import facility_scopes
from infra_access.catalogue.vocabularies import Regime, Sector
from infra_access.core.authority import Actor, Permission, may, require
from infra_access.core.columns import table_of
from infra_access.core.errors import Conflict, Invalid, NotFound
from infra_access.core.i18n import Text, _, plain
from infra_access.core.ids import new_public_id
from infra_access.core.paging import clean_limit, decode_cursor, encode_cursor
from infra_access.people.models import Account
from infra_access.policy.applicants import Applicant, facts_of
from infra_access.policy.rulebook import rulebook

VALID = timedelta(days=30)
MOST_UNITS = Decimal(100_000)
_NUMBERS = table_of(QuoteNumber)
_PROVIDER, _CLIENT = aliased(Organisation), aliased(Organisation)


@dataclass(frozen=True, slots=True)
class QuoteView:
    """A quote with those it names: what is quoted, by whom, to whom."""

    quote: Quote
    instrument: Instrument
    facility: Facility
    route: AccessRoute
    account: Account
    provider: Organisation
    acting_for: Organisation | None


@dataclass(frozen=True, slots=True)
class QuotePage:
    """One page of quotes, newest first; `next` is the cursor of the following page, or None."""

    items: tuple[QuoteView, ...]
    next: str | None


def give_quote(
    session: Session,
    *,
    actor: Actor,
    now: datetime,
    instrument: Instrument,
    facility: Facility,
    route: AccessRoute,
    regime: str,
    units: Decimal,
    acting_for: Organisation | None = None,
) -> Quote:
    """Give the actor a numbered price for units of an instrument by a way in, valid for thirty days.

    `units` are counted in the route's access unit. Raises Invalid naming what does not fit the route.
    """
    require(actor, Permission.QUOTE_CREATE)
    _refuse_unfit(session, instrument, facility, route, regime, units)
    organisation_id = _organisation(actor, acting_for)
    facts = facts_of(session, actor, acting_for_id=organisation_id, now=now, book=rulebook(session))
    price = price_of(route.tariff, regime=regime, access_unit=route.access_unit, units=units, facts=facts, now=now)
    quote = Quote(
        public_id=new_public_id(),
        number=_next_number(session, facility, now),
        facility_id=facility.id,
        instrument_id=instrument.id,
        route_id=route.id,
        account_id=actor.account_id,
        acting_for_id=organisation_id,
        regime=regime,
        access_unit=route.access_unit,
        units=units,
        unit_price=price.unit_price,
        list_price=price.list_price,
        price=price.price,
        currency=price.currency,
        ground=price.ground,
        vat_note=plain(_vat_note(facility, facts, now)),
        facts=facts_shown(facts, now),
        tariff=dict(price.tariff),
        valid_until=now + VALID,
        created_at=now,
    )
    session.add(quote)
    session.flush()
    details = {"number": quote.number, "price": str(quote.price), "currency": quote.currency}
    record(
        session,
        actor=actor,
        action="quote.given",
        object_kind="quote",
        object_id=quote.public_id,
        now=now,
        details=details,
    )
    return quote


def lock_quote(session: Session, public_id: str, *, actor: Actor, now: datetime, instrument_id: int) -> Quote:
    """Lock a quote that the actor uses: it is theirs, for this instrument, and has not run out.

    Raises NotFound `quote.unknown`, Conflict `quote.expired` or `quote.instrument`.
    """
    quote = session.scalars(
        select(Quote)
        .where(Quote.public_id == public_id, Quote.account_id == actor.account_id)
        .with_for_update(key_share=True)
        .execution_options(populate_existing=True)
    ).one_or_none()
    if quote is None:
        raise NotFound("quote.unknown", _("There is no such quote, or it was given to somebody else."))
    if quote.valid_until <= now:
        message = _("Quote ${number} has run out. Ask for a new one.", mapping={"number": quote.number})
        raise Conflict("quote.expired", message, details={"until": quote.valid_until.isoformat()})
    if quote.instrument_id != instrument_id:
        message = _("Quote ${number} is for another instrument.", mapping={"number": quote.number})
        raise Conflict("quote.instrument", message)
    return quote


def quote_by_public_id(session: Session, public_id: str, *, actor: Actor) -> QuoteView:
    """Return a quote that the actor may read: their own, or of a facility whose ledger they keep."""
    row = session.execute(_views().where(Quote.public_id == public_id)).one_or_none()
    view = QuoteView(*row) if row else None
    if view is None or not _may_read(session, actor, view):
        raise NotFound("quote.unknown", _("There is no such quote."))
    return view


def _may_read(session: Session, actor: Actor, view: QuoteView) -> bool:
    own = {"owner"} if view.account.id == actor.account_id else set()
    return may(actor, Permission.QUOTE_READ, facility_scopes(session, view.facility), own)


def quotes_of(session: Session, *, actor: Actor, limit: int | None = None, cursor: str | None = None) -> QuotePage:
    """Return the quotes given to the actor, newest first. One statement."""
    require(actor, Permission.QUOTE_CREATE)
    size = clean_limit(limit)
    query = _views().where(Quote.account_id == actor.account_id)
    if cursor:
        query = query.where(Quote.id < decode_cursor(cursor, (int,))[0])
    rows = session.execute(query.order_by(Quote.id.desc()).limit(size + 1)).all()
    items = tuple(QuoteView(*row) for row in rows[:size])
    return QuotePage(items, encode_cursor([items[-1].quote.id]) if len(rows) > size else None)


def quotes_for(session: Session, *, actor: Actor, instrument: Instrument, now: datetime) -> Sequence[Quote]:
    """Return the quotes for an instrument that the actor was given and that have not run out, newest first."""
    return session.scalars(
        select(Quote)
        .where(Quote.account_id == actor.account_id, Quote.instrument_id == instrument.id, Quote.valid_until > now)
        .order_by(Quote.id.desc())
        .limit(fields.MAX_ITEMS)
    ).all()


def _views() -> Select[*tuple[Any, ...]]:
    return (
        select(Quote, Instrument, Facility, AccessRoute, Account, _PROVIDER, _CLIENT)
        .join(Instrument, Instrument.id == Quote.instrument_id)
        .join(Facility, Facility.id == Quote.facility_id)
        .join(AccessRoute, AccessRoute.id == Quote.route_id)
        .join(Account, Account.id == Quote.account_id)
        .join(_PROVIDER, _PROVIDER.id == Facility.organisation_id)
        .outerjoin(_CLIENT, _CLIENT.id == Quote.acting_for_id)
    )


def _refuse_unfit(
    session: Session, instrument: Instrument, facility: Facility, route: AccessRoute, regime: str, units: Decimal
) -> None:
    leads = session.scalar(
        select(func.count()).where(
            AccessRouteInstrument.route_id == route.id, AccessRouteInstrument.instrument_id == instrument.id
        )
    )
    if not leads or instrument.facility_id != facility.id or not route.active:
        raise fields.fault("quote.route", "route", _("This way in does not lead to this instrument."))
    if fields.one_of(Regime)(regime, "regime") not in route.regimes:
        raise fields.fault("quote.regime", "regime", _("This way in does not offer this regime."))
    if not units.is_finite() or not 0 < units <= MOST_UNITS or units != round(units, 2):
        message = _(
            "Give an amount above 0 and up to ${most}, with at most two decimals.", mapping={"most": str(MOST_UNITS)}
        )
        raise fields.fault("quote.units", "units", message)


def _organisation(actor: Actor, acting_for: Organisation | None) -> int | None:
    if acting_for is None:
        return min(actor.organisation_ids, default=None)
    if acting_for.id not in actor.organisation_ids and acting_for.created_by != actor.account_id:
        message = _("You do not belong to this organisation. State in your profile that you do, then ask for it.")
        raise Invalid("organisation.not_yours", message, fields={"acting_for": [message]})
    return acting_for.id


def _next_number(session: Session, facility: Facility, now: datetime) -> str:
    """Return the next number of the facility's year; its row is locked until the transaction ends, so none is lost."""
    year = now.astimezone(ZoneInfo(facility.timezone)).year
    insert = sqlite.insert if session.get_bind().dialect.name == "sqlite" else postgresql.insert
    taken = session.scalar(
        insert(_NUMBERS)
        .values(facility_id=facility.id, year=year, last=1)
        .on_conflict_do_update(
            index_elements=[_NUMBERS.c.facility_id, _NUMBERS.c.year], set_={"last": _NUMBERS.c.last + 1}
        )
        .returning(_NUMBERS.c.last)
    )
    return f"{year}-{taken:04d}"


def _vat_note(facility: Facility, facts: Applicant, now: datetime) -> Text:
    country = facts.value("applicant.country", now)
    private = facts.value("applicant.sector", now) == Sector.PERSON
    if country == facility.country:
        return _("For information: value added tax of ${country} is added.", mapping={"country": facility.country})
    if private or not isinstance(country, str):
        return _("For information: value added tax may be added, by the country in which you live.")
    return _("For information: without value added tax; the recipient accounts for it (reverse charge).")
