"""/facilities/{id}/booking-rules and /instruments/{id}/booking-rules: what bookings keep to, and where it is said."""

from typing import Any

from infra_access.api.contract import Call, resource
from infra_access.api.fields import Choice, Flag, Free, Integer, ListOf, Part
from infra_access.api.schemas import Body, Out
from infra_access.catalogue.vocabularies import Sector, SizeBand
from infra_access.core.authority import Permission
from infra_access.scheduling.booking_rules import RANGES, to_json
from infra_access.scheduling.rule_parts import MOST, Counted, Measure, OffHours, Period, Reach, Relation
from infra_access.scheduling.rule_sets import OwnRules, rules_at, set_booking_rules


class HorizonBody(Body):
    """How far ahead applicants may book of whom all that is stated here is known; state one thing at least."""

    days = Integer(low=1, high=3660, required=True)
    sector = Choice(Sector)
    size = Choice(SizeBand)
    startup = Flag()
    relation = Choice(Relation)


class QuotaBody(Body):
    """How much one person, team or organisation may book over a period; pending and held bookings count."""

    of = Choice(Counted, required=True)
    amount = Integer(low=1, high=1_000_000, required=True)
    measure = Choice(Measure, required=True)
    per = Choice(Period, "A local day, an ISO week, a month, or all that is still to come.", required=True)
    on = Choice(Reach, "Counts bookings of the instrument, by default, or of its whole facility.")


def _minutes(key: str, description: str) -> Integer:
    low, high = RANGES[key]
    return Integer(description, low=low, high=high)


class BookingRulesBody(Body):
    """The rules that a facility or an instrument sets itself; what is left out is as above it."""

    granularity_minutes = _minutes("granularity_minutes", "Bookings start and end on this grid from local midnight.")
    min_minutes = _minutes("min_minutes", "The shortest booking.")
    max_minutes = _minutes("max_minutes", "The longest booking.")
    lead_minutes = _minutes("lead_minutes", "How long before its start one books at the latest.")
    horizon_days = _minutes("horizon_days", "How many days ahead one may book.")
    horizons = ListOf(Part(HorizonBody), "Other horizons by applicant; the first that matches counts.", most=MOST)
    buffer_before_minutes = _minutes("buffer_before_minutes", "Kept free before each booking.")
    buffer_after_minutes = _minutes("buffer_after_minutes", "Kept free after each booking.")
    cancel_notice_minutes = _minutes("cancel_notice_minutes", "How long before its start one cancels at the latest.")
    off_hours = Choice(OffHours, "Outside the opening hours: nothing, with a person in the booking, or anything.")
    ask_for_time = Flag("Whether people may also ask the office for a time.")
    quotas = ListOf(Part(QuotaBody), most=MOST)
    no_show_grace_minutes = _minutes("no_show_grace_minutes", "Who is later than this is a no-show; 0 is never.")
    hold_minutes = _minutes("hold_minutes", "How long a hold keeps a time.")
    offer_minutes = _minutes("offer_minutes", "How long who waits for a time may take it once it is offered.")


class BookingRulesOut(Out):
    """The rules said here, those in force, and at which level each of these is said."""

    rules = Part(BookingRulesBody)
    effective = Part(BookingRulesBody)
    sources = Free("Each rule in force: instrument, facility or default.", values={"type": "string"})
    version = Integer("Raised by each change.", low=0)


def _read(call: Call) -> dict[str, Any]:
    return shown(call.row)


def _replace(call: Call) -> dict[str, Any]:
    subject = call.row.subject
    set_booking_rules(call.db, subject=subject, rules=call.body, **call.changes)
    return shown(rules_at(call.db, subject))


@resource("api.facility_booking_rules", "GET", permission=Permission.CATALOGUE_READ, out=BookingRulesOut, errors=(410,))
def read_of_facility(call: Call) -> dict[str, Any]:
    """Show the booking rules that a facility sets for its instruments."""
    return _read(call)


@resource(
    "api.facility_booking_rules",
    "PUT",
    permission=Permission.HOURS_WRITE,
    body=BookingRulesBody,
    out=BookingRulesOut,
    version="version",
    errors=(410,),
)
def replace_of_facility(call: Call) -> dict[str, Any]:
    """Replace the booking rules that a facility sets for its instruments; bookings already made stay."""
    return _replace(call)


@resource(
    "api.instrument_booking_rules", "GET", permission=Permission.CATALOGUE_READ, out=BookingRulesOut, errors=(410,)
)
def read_of_instrument(call: Call) -> dict[str, Any]:
    """Show an instrument's booking rules with those of its facility."""
    return _read(call)


@resource(
    "api.instrument_booking_rules",
    "PUT",
    permission=Permission.HOURS_WRITE,
    body=BookingRulesBody,
    out=BookingRulesOut,
    version="version",
    errors=(410,),
)
def replace_of_instrument(call: Call) -> dict[str, Any]:
    """Replace what an instrument changes of its facility's booking rules; bookings already made stay."""
    return _replace(call)


def shown(rules: OwnRules) -> dict[str, Any]:
    """Return booking rules as the contract shows them."""
    return {
        "rules": rules.said(),
        "effective": to_json(rules.effective()),
        "sources": rules.sources(),
        "version": rules.version,
    }
