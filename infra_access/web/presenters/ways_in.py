"""The ways in to an instrument: for whom, when requests are taken, how time is given, and at what price."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from babel.numbers import format_currency, get_currency_precision

from infra_access.access_requests.models import AccessRoute
from infra_access.access_requests.routes import RouteView
from infra_access.access_requests.vocabularies import OperatedBy, TimeGiven
from infra_access.catalogue.vocabularies import AccessMode, AccessType, AccessUnit, Regime, label
from infra_access.core.i18n import Text, _
from infra_access.http.localisation import cldr
from infra_access.orders.ordering import can_be_sent

_GIVEN: Mapping[str, Text] = {
    TimeGiven.TEAM_PICKS: _("You choose your time in the calendar."),
    TimeGiven.FACILITY_SCHEDULES: _("The facility proposes times, and you accept them."),
    TimeGiven.QUEUE: _("Your samples are measured in turn, without a fixed time."),
}
_OPERATED: Mapping[str, Text] = {
    OperatedBy.SELF: _("You work the instrument yourself."),
    OperatedBy.ASSISTED: _("Staff help you to work the instrument."),
    OperatedBy.STAFF: _("Staff work the instrument for you."),
}


@dataclass(frozen=True, slots=True)
class Price:
    """What one access unit costs under one regime; free where `amount` is None."""

    regime: Text
    amount: str | None
    per: Text | None


@dataclass(frozen=True, slots=True)
class WayIn:
    """One route as a reader meets it. `open` tells whether requests are taken now, `until` or `from` when."""

    public_id: str
    route: AccessRoute
    open: bool
    by_mail: bool
    until: datetime | None
    opens: datetime | None
    decided_by: datetime | None
    units_offered: Decimal | None
    mode: Text
    given: Text
    promise: Text | None
    operated: Text
    access_types: tuple[Text, ...]
    prices: tuple[Price, ...]


def ways_in(views: Sequence[RouteView], locale: str) -> list[WayIn]:
    """Return the routes ready to be shown, in the order given."""
    return [_way_in(view, locale) for view in views]


def _way_in(view: RouteView, locale: str) -> WayIn:
    route, call = view.route, view.open_round or view.next_round
    return WayIn(
        public_id=route.public_id,
        route=route,
        open=view.open_round is not None,
        by_mail=can_be_sent(route),
        until=view.open_round.closes_at if view.open_round else None,
        opens=view.next_round.opens_at if view.next_round and not view.open_round else None,
        decided_by=call.decided_by if call else None,
        units_offered=call.units_offered if call else None,
        mode=label(AccessMode(route.access_mode)),
        given=_GIVEN[route.time_given],
        promise=promise_of(route),
        operated=_OPERATED[route.operated_by],
        access_types=tuple(label(AccessType(one)) for one in route.access_types),
        prices=tuple(_price(route.tariff.get(regime), Regime(regime), locale) for regime in route.regimes),
    )


def promise_of(route: AccessRoute) -> Text | None:
    """Return when a queue promises its results, in a sentence."""
    if route.turnaround_days is None:
        return None
    mapping = {"days": route.turnaround_days}
    if route.turnaround_days == 1:
        return _("Results within a day from the arrival of your samples.")
    return _("Results within ${days} days from the arrival of your samples.", mapping=mapping)


def _price(entry: Mapping[str, Any] | None, regime: Regime, locale: str) -> Price:
    try:
        amount = Decimal(str(entry["amount"])) if entry else Decimal(0)
    except InvalidOperation:
        amount = Decimal(0)
    if not entry or not amount:
        return Price(label(regime), None, None)
    currency = str(entry["currency"])
    # "CHF 4,800", not "CHF 4,800.00": prices of instruments are round.
    digits = 0 if amount == amount.to_integral_value() else get_currency_precision(currency)
    shown = format_currency(amount, currency, format=_form(digits), locale=cldr(locale), currency_digits=False)
    return Price(label(regime), shown, label(AccessUnit(entry["per"])))


def _form(digits: int) -> str:
    return "¤¤ #,##0" + ("." + "0" * digits if digits else "")
