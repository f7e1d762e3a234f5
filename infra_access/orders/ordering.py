"""From a quote to an order, or to its end: what the team does before the samples arrive."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from infra_access.access_requests import allocations
from infra_access.access_requests.allocations import Granted
from infra_access.access_requests.models import AccessRoute, Allocation
from infra_access.access_requests.request_fields import organisation_for
from infra_access.access_requests.routes import current_round, route_by_public_id
from infra_access.access_requests.terms.agreed import OF_TERMS
from infra_access.access_requests.terms.agreements import hash_of
from infra_access.access_requests.terms.points import with_points
from infra_access.access_requests.vocabularies import TimeGiven
from infra_access.accounting import funding as sources
from infra_access.accounting.models import FundingSource, Quote
from infra_access.accounting.quotes import give_quote
from infra_access.catalogue import fields
from infra_access.catalogue.models import Facility, Instrument, Organisation
from infra_access.catalogue.offers import WORKING
from infra_access.catalogue.vocabularies import AccessType, AccessUnit, Listing, PublicationState
from infra_access.core.authority import Actor, Permission, require
from infra_access.core.errors import Conflict
from infra_access.core.i18n import _
from infra_access.core.ids import new_public_id
from infra_access.core.timespan import TimeSpan
from infra_access.orders import order_fields
from infra_access.orders.lifecycle import OrderState, OrderTransition, move
from infra_access.orders.models import ServiceOrder
from infra_access.orders.permission import Sending, refuse_order, refuse_quote, ruling_on
from infra_access.orders.standing import Locked, advance, lock_order, require_team, trace
from infra_access.policy.decisions import record_decision
from infra_access.policy.facts import Gap


def quote_order(
    session: Session,
    *,
    actor: Actor,
    now: datetime,
    instrument: Instrument,
    route: str,
    samples: int,
    sample_description: str,
    title: str,
    regime: str,
    hazards: str = "",
    acting_for: str | None = None,
    allocation: str | None = None,
    return_samples: bool = False,
) -> ServiceOrder:
    """Give a numbered quote for work on samples by a way in with a queue; nothing is ordered yet.

    `allocation` is the public id of what an access request granted; ordering draws on it. Raises Invalid naming the
    fields, Forbidden with the Decision, Conflict where nothing can be sent there at present.
    """
    require(actor, Permission.ORDER_CREATE)
    values = fields.cleaned(
        {
            "title": title,
            "samples": samples,
            "sample_description": sample_description,
            "hazards": hazards,
            "return_samples": return_samples,
            "regime": regime,
        },
        order_fields.ORDERED,
    )
    way = route_by_public_id(session, route)
    instrument, facility = _held(session, instrument.id)
    granted = allocations.lock(session, allocation, actor=actor, now=now) if allocation else None
    acting_for_id = _acting_for(session, actor, acting_for, granted)
    _refuse_unfit(session, instrument, way, values, granted, now)
    sending = Sending(instrument, facility, way, values["regime"], values["samples"], acting_for_id, granted)
    ruling = ruling_on(session, actor=actor, sending=sending, given=(), now=now)
    refuse_quote(ruling, sending)
    quote = give_quote(
        session,
        actor=actor,
        now=now,
        instrument=instrument,
        facility=facility,
        route=way,
        regime=values["regime"],
        units=Decimal(values["samples"]),
        acting_for=session.get(Organisation, acting_for_id) if acting_for_id else None,
    )
    order = ServiceOrder(
        public_id=new_public_id(),
        instrument_id=instrument.id,
        route_id=way.id,
        account_id=actor.account_id,
        acting_for_id=acting_for_id,
        allocation_id=granted.id if granted else None,
        quote_id=quote.id,
        terms=_offered(way, values["regime"]),
        case=ruling.decision.case,
        state=OrderState.QUOTED,
        priority=0,
        created_at=now,
        changed_at=now,
        **values,
    )
    session.add(order)
    session.flush()
    record_decision(
        session, subject_kind="service_order", subject_id=order.public_id, action="mail_in", ruling=ruling, now=now
    )
    trace(session, actor, order, "quoted", now, {"quote": quote.number, "samples": order.samples, "case": order.case})
    return order


def place_order(
    session: Session,
    *,
    actor: Actor,
    now: datetime,
    order: ServiceOrder,
    text_hash: str | None = None,
    funding: str | None = None,
    expected_version: int | None = None,
) -> ServiceOrder:
    """Order at the quoted price: the terms are accepted, what was granted is drawn on, the money is reserved.

    `text_hash` is that of the terms that were read, `funding` the public id of who pays. Raises Conflict
    `quote.expired`, `order.terms`, `allocation.overdrawn`, `funding.overdrawn`; Forbidden with the Decision.
    """
    found = lock_order(session, order, expected_version)
    require_team(actor, found)
    order = found.order
    move(OrderState(order.state), OrderTransition.ORDER)
    quote = session.get_one(Quote, order.quote_id)
    _refuse_expired(quote, now)
    given = _accepted(order, text_hash)
    instrument, facility = _held(session, order.instrument_id)
    way = session.get_one(AccessRoute, order.route_id)
    _refuse_closed(session, instrument, way, now)
    granted = _granted_again(session, actor, order, now)
    paid_by = _funding(session, actor, funding, quote, now)
    if paid_by is not None:
        given |= {f"funding:{paid_by.kind}"}
    sending = Sending(instrument, facility, way, order.regime, order.samples, order.acting_for_id, granted)
    ruling = ruling_on(session, actor=actor, sending=sending, given=given, now=now)
    refuse_order(ruling, sending)
    if granted is not None:
        at_once = TimeSpan(now, now + timedelta(microseconds=1))
        allocations.draw(session, granted, instrument_id=instrument.id, span=at_once, units=Decimal(order.samples))
    if paid_by is not None:
        sources.reserve(session, paid_by, quote.price)
        order.funding_id = paid_by.id
    advance(found, OrderTransition.ORDER, now)
    order.case = ruling.decision.case
    record_decision(
        session, subject_kind="service_order", subject_id=order.public_id, action="mail_in", ruling=ruling, now=now
    )
    details = {"quote": quote.number, "samples": order.samples, "case": order.case, "terms": text_hash or ""}
    trace(session, actor, order, "ordered", now, details)
    return order


def cancel_order(
    session: Session,
    *,
    actor: Actor,
    now: datetime,
    order: ServiceOrder,
    reason: str = "",
    expected_version: int | None = None,
) -> ServiceOrder:
    """Give up a quote or an order before the work began; what it drew and reserved goes back.

    The facility may do so too, such as for samples that it cannot take, and says why.
    """
    found = lock_order(session, order, expected_version)
    of_team = found.relations(actor)
    require(actor, Permission.ORDER_CANCEL, found.scopes, of_team)
    checks = order_fields.OPTIONAL_REASON if of_team else order_fields.REASON
    reason = fields.cleaned({"reason": reason}, checks)["reason"]
    call_off(session, actor, found, reason, now)
    return found.order


def call_off(session: Session, actor: Actor, found: Locked, reason: str, now: datetime, **details: Any) -> None:
    """Cancel a locked order whose work did not begin, and give back what it drew and reserved."""
    before = OrderState(found.order.state)
    advance(found, OrderTransition.CANCEL, now)
    found.order.state_reason = reason or None
    if before is not OrderState.QUOTED:
        _give_back(session, found, now)
    trace(session, actor, found.order, "cancelled", now, {"from": before.value, "reason": reason, **details})


def can_be_sent(route: AccessRoute) -> bool:
    """Tell whether a way in takes orders: samples by mail, counted as such, worked on in turn."""
    return (
        route.active
        and route.time_given == TimeGiven.QUEUE
        and route.access_unit == AccessUnit.SAMPLE
        and AccessType.MAIL_IN in route.access_types
    )


def takes_work(instrument: Instrument) -> bool:
    """Tell whether an instrument works and somebody stands behind its record."""
    return instrument.listing != Listing.UNCLAIMED and instrument.status in WORKING


def _held(session: Session, instrument_id: int) -> tuple[Instrument, Facility]:
    """Return the instrument and its facility as they stand now, and keep them so until the transaction ends."""
    return tuple(  # type: ignore[return-value]
        session.execute(
            select(Instrument, Facility)
            .join(Facility, Facility.id == Instrument.facility_id)
            .where(Instrument.id == instrument_id)
            .with_for_update(read=True, of=(Instrument, Facility))
            .execution_options(populate_existing=True)
        ).one()
    )


def _acting_for(session: Session, actor: Actor, public_id: str | None, granted: Granted | None) -> int | None:
    if granted is None:
        return organisation_for(session, actor, public_id)
    if public_id is not None and organisation_for(session, actor, public_id) != granted.acting_for_id:
        message = _("What was granted is for another organisation. Leave this out, or order without the grant.")
        raise fields.fault("order.acting_for", "acting_for", message)
    return granted.acting_for_id


def _refuse_unfit(
    session: Session,
    instrument: Instrument,
    way: AccessRoute,
    values: Mapping[str, Any],
    granted: Granted | None,
    now: datetime,
) -> None:
    if values["regime"] not in way.regimes:
        offered = ", ".join(way.regimes)
        message = _("This way in offers: ${offered}.", mapping={"offered": offered})
        raise fields.fault("order.regime", "regime", message)
    if granted is not None:
        if granted.route != way.public_id:
            message = _("What was granted is for another way in. Order by that one.")
            raise fields.fault("order.allocation", "allocation", message)
        asked = granted.facts.value("request.regime", now)
        if not isinstance(asked, Gap) and asked != values["regime"]:
            message = _("What was granted is for results that are: ${regime}.", mapping={"regime": str(asked)})
            raise fields.fault("order.regime", "regime", message)
    _refuse_closed(session, instrument, way, now)


def _refuse_closed(session: Session, instrument: Instrument, way: AccessRoute, now: datetime) -> None:
    if not can_be_sent(way):
        message = _("This way in takes no samples by mail. Choose another one.")
        raise Conflict("order.route", message)
    if instrument.publication != PublicationState.PUBLISHED or not takes_work(instrument):
        message = _("${name} takes no samples at present. Ask its facility.", mapping={"name": instrument.name})
        raise Conflict("order.instrument", message)
    if current_round(session, way, now) is None:
        raise Conflict(
            "order.round", _("No call is open on this way in at present. Its page says when the next opens.")
        )


def _offered(way: AccessRoute, regime: str) -> dict[str, Any]:
    """Return the terms that go with a quote, as they read on this day."""
    terms = way.terms.get(regime)
    if not terms:
        return {}
    text = with_points(terms["text"], terms.get("points", {}))
    return {"title": terms["title"], "version": terms["version"], "text": text, "text_hash": hash_of(text)}


def _accepted(order: ServiceOrder, text_hash: str | None) -> set[str]:
    """Return what accepting the terms meets. Raises Conflict `order.terms` where others were read, or none."""
    if not order.terms:
        return set()
    if text_hash != order.terms["text_hash"]:
        message = _("Ordering needs your agreement to the terms that came with the quote. Read and accept them.")
        raise Conflict("order.terms", message, details={"text_hash": order.terms["text_hash"]})
    return set(OF_TERMS)


def _refuse_expired(quote: Quote, now: datetime) -> None:
    if quote.valid_until <= now:
        message = _("Quote ${number} has run out. Ask for a new one.", mapping={"number": quote.number})
        raise Conflict("quote.expired", message, details={"until": quote.valid_until.isoformat()})


def _granted_again(session: Session, actor: Actor, order: ServiceOrder, now: datetime) -> Granted | None:
    if order.allocation_id is None:
        return None
    granted = session.get_one(Allocation, order.allocation_id)
    return allocations.lock(session, granted.public_id, actor=actor, now=now)


def _funding(
    session: Session, actor: Actor, public_id: str | None, quote: Quote, now: datetime
) -> FundingSource | None:
    if public_id is None:
        return None
    return sources.lock_funding(
        session, public_id, actor=actor, now=now, currency=quote.currency, day=now.astimezone(UTC).date()
    )


def _give_back(session: Session, found: Locked, now: datetime) -> None:
    order = found.order
    if order.allocation_id is not None:
        granted = allocations.lock_by_key(session, order.allocation_id, now=now)
        allocations.give_back(session, granted, Decimal(order.samples))
    if order.funding_id is not None:
        sources.give_back(session, order.funding_id, session.get_one(Quote, order.quote_id).price)
