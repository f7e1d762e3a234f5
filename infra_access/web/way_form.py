"""The form of a way in: what it says, its price, and the days of a call; empty is left out."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from pyramid.request import Request

from infra_access.access_requests.models import AccessRound, AccessRoute
from infra_access.access_requests.vocabularies import Entry, OperatedBy, TimeGiven
from infra_access.catalogue.models import Instrument
from infra_access.catalogue.vocabularies import AccessMode, AccessType, AccessUnit, Regime, label
from infra_access.core.i18n import Text, _
from infra_access.core.zones import day_start, named_zone
from infra_access.web.forms import day_in, many

ENTRIES: Mapping[str, Text] = {
    Entry.CONTINUOUS: _("Always"),
    Entry.ROUNDS: _("In calls, each with a last day"),
}
GIVEN: Mapping[str, Text] = {
    TimeGiven.TEAM_PICKS: _("The team, in the calendar"),
    TimeGiven.FACILITY_SCHEDULES: _("The facility proposes times"),
    TimeGiven.QUEUE: _("Nobody: samples are measured in turn"),
}
OPERATED: Mapping[str, Text] = {
    OperatedBy.SELF: _("The team"),
    OperatedBy.ASSISTED: _("The team, with help"),
    OperatedBy.STAFF: _("Staff"),
}
MANY = ("access_types", "regimes", "instruments")
_CALL = ("opens_at", "closes_at", "decided_by", "period_start", "period_end")
_LASTS = frozenset({"closes_at", "decided_by", "period_end"})
"""Days that count to their end."""


def filled_in(route: AccessRoute, instruments: Sequence[Instrument]) -> dict[str, Any]:
    """Return the fields that say what a way in is; lists stay lists."""
    prices = {f"price.{regime}": str(entry["amount"]) for regime, entry in route.tariff.items()}
    currency = next((str(entry["currency"]) for entry in route.tariff.values()), "EUR")
    return {
        "name": route.name,
        "access_mode": route.access_mode,
        "time_given": route.time_given,
        "operated_by": route.operated_by,
        "stages": ", ".join(route.stages),
        "turnaround_days": "" if route.turnaround_days is None else str(route.turnaround_days),
        "currency": currency,
        "active": "yes" if route.active else "",
        "access_types": list(route.access_types),
        "regimes": list(route.regimes),
        "instruments": [one.public_id for one in instruments],
        **prices,
    }


def chosen(request: Request) -> dict[str, list[str]]:
    """Return what was ticked in the lists of the form."""
    return {name: many(request, name) for name in MANY}


def entered(request: Request, values: Mapping[str, str], before: AccessRoute | None = None) -> dict[str, Any]:
    """Return what the form says of a way in, without where it leads; what is no number stays text, to be refused.

    A price keeps the reductions of `before`.
    """
    unit = before.access_unit if before else values.get("access_unit", "")
    tariff: dict[str, Any] = {}
    for regime in many(request, "regimes"):
        if amount := values.get(f"price.{regime}", "").strip():
            known = dict(before.tariff.get(regime, {})) if before else {}
            tariff[regime] = {"per": unit, **known, "amount": amount, "currency": values.get("currency", "").strip()}
    turnaround = values.get("turnaround_days", "").strip()
    said: dict[str, Any] = {
        "name": values.get("name", ""),
        "access_mode": values.get("access_mode", ""),
        "time_given": values.get("time_given", ""),
        "operated_by": values.get("operated_by", ""),
        "access_types": many(request, "access_types"),
        "regimes": many(request, "regimes"),
        "stages": [one.strip() for one in values.get("stages", "").split(",") if one.strip()],
        "tariff": tariff,
        "turnaround_days": (int(turnaround) if turnaround.isascii() and turnaround.isdecimal() else turnaround) or None,
    }
    if before is None:
        said |= {"entry": values.get("entry", ""), "access_unit": unit}
    return said


def call_in(values: Mapping[str, str], zone: str) -> dict[str, datetime]:
    """Return the instants of a call from days of the facility; last days count to their end. Raises Invalid."""
    found: dict[str, datetime] = {}
    for name in _CALL:
        if text := values.get(name, "").strip():
            day = day_in(text, name)
            found[name] = day_start(day + timedelta(days=1) if name in _LASTS else day, zone)
    return found


def units_in(values: Mapping[str, str]) -> str | None:
    """Return how many access units a call has to give as the form says it; None where the field is empty."""
    return values.get("units_offered", "").strip() or None


def units_out(call: AccessRound) -> str:
    """Return the same as the form shows it."""
    return "" if call.units_offered is None else f"{call.units_offered.normalize():f}"


def call_filled_in(now: datetime, zone: str) -> dict[str, str]:
    """Return the fields of a new call: it opens today."""
    return {"opens_at": now.astimezone(named_zone(zone)).date().isoformat()}


def at_their_fields(errors: Mapping[str, str]) -> dict[str, str]:
    """Return the command's faults at the fields of this form: one of a tariff at its price."""
    return {
        (f"price.{path.split('.')[1]}" if path.startswith("tariff.") else path): text for path, text in errors.items()
    }


def options(request: Request, instruments: Sequence[tuple[str, str]]) -> dict[str, list[tuple[str, str]]]:
    """Return what can be chosen in each field."""

    def listed(pairs: Any) -> list[tuple[str, str]]:
        return [(str(value), request.localize(text)) for value, text in pairs]

    return {
        "access_mode": listed((one, label(one)) for one in AccessMode),
        "entry": listed(ENTRIES.items()),
        "time_given": listed(GIVEN.items()),
        "operated_by": listed(OPERATED.items()),
        "access_unit": listed((one, label(one)) for one in AccessUnit),
        "access_types": listed((one, label(one)) for one in AccessType),
        "regimes": listed((one, label(one)) for one in Regime),
        "instruments": [(key, name) for key, name in instruments],
    }
