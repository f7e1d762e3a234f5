"""The checks of what a route says: whom it serves, at what price, on which terms."""

import re
from collections.abc import Iterable, Mapping
from decimal import Decimal, InvalidOperation
from typing import Any

from infra_access.access_requests.terms.agreed import OF_TERMS, key_of
from infra_access.access_requests.terms.points import clean_points
from infra_access.access_requests.vocabularies import AgreementKind, Entry, OperatedBy, TimeGiven
from infra_access.catalogue import fields
from infra_access.catalogue.vocabularies import AccessMode, AccessType, AccessUnit, Regime, Sector, SizeBand
from infra_access.core.errors import Invalid
from infra_access.core.i18n import _

_MTA = AgreementKind.MTA.value
"""Where the terms of a route keep those that a request with samples has to accept as well."""

_MOST_UNITS = Decimal(9_999_999_999)
_HUNDREDTHS = Decimal("0.01")
_OF_RULES = re.compile(r"agreement:[a-z0-9][a-z0-9._-]{0,99}", re.ASCII)
"""Where they keep the text of an agreement that rules ask for by a code of their own."""

_CURRENCY = re.compile("[A-Z]{3}", re.ASCII)


def _country(value: Any, field: str) -> str:
    try:
        return fields.country(value, field)
    except Invalid as error:
        raise error if error.fields else fields.fault(error.code, field, error.message) from error


_REDUCED_FOR: Mapping[str, fields.Cleaner] = {
    "startup": fields.flag,
    "sector": fields.one_of(Sector),
    "size": fields.one_of(SizeBand),
    "country": _country,
    "country_group": fields.line(40, required=True),
}
"""What a reduction may depend on; all of it is the applicant's."""


def _whole(value: Any, field: str) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= 3_660:
        raise fields.fault("value.type", field, _("Give a whole number of days from 0 to 3660."))
    return value


def _turnaround(value: Any, field: str) -> int | None:
    if value is None:
        return None
    if _whole(value, field) == 0:
        raise fields.fault("value.type", field, _("Promise at least one day, or nothing."))
    return int(value)


def units(value: Any, field: str) -> Decimal | None:
    """Check how many access units there are, to hundredths; None where nobody says."""
    if value is None:
        return None
    try:
        amount = Decimal(str(value))
    except InvalidOperation:
        amount = Decimal(-1)
    if not amount.is_finite() or not 0 < amount <= _MOST_UNITS or amount != amount.quantize(_HUNDREDTHS):
        message = _("Give a number of access units above zero with at most two decimals, such as 12 or 7.5.")
        raise fields.fault("value.type", field, message)
    return amount


def _tariff(value: Any, field: str) -> dict[str, Any]:
    return {regime: _price(entry, f"{field}.{regime}") for regime, entry in _by_regime(value, field).items()}


def _price(entry: Mapping[str, Any], field: str) -> dict[str, Any]:
    try:
        amount = Decimal(str(entry.get("amount", "")))
    except InvalidOperation:
        amount = Decimal(-1)
    currency = str(entry.get("currency", ""))
    if not amount.is_finite() or not 0 <= amount <= 10**9 or not _CURRENCY.fullmatch(currency):
        message = _("A price has an amount, a currency such as EUR, and the access unit that it is for.")
        raise fields.fault("tariff.invalid", field, message)
    per = fields.one_of(AccessUnit)(entry.get("per", ""), f"{field}.per")
    price = {"amount": str(amount), "currency": currency, "per": per}
    if "reductions" in entry:
        price["reductions"] = fields.list_of(_reduction)(entry["reductions"], f"{field}.reductions")
    return price


def _reduction(value: Any, field: str) -> dict[str, Any]:
    """Check one reduction: for whom (every condition must be met), by how many percent, and on what ground."""
    if not isinstance(value, Mapping) or set(value) != {"when", "percent", "ground"}:
        raise fields.fault("tariff.reduction", field, _("A reduction has when, percent and ground."))
    try:
        percent = Decimal(str(value["percent"]))
    except InvalidOperation:
        percent = Decimal(-1)
    if not percent.is_finite() or not 0 < percent <= 100:
        raise fields.fault("tariff.percent", f"{field}.percent", _("Give a number above 0 and up to 100."))
    return {
        "when": conditions(value["when"], f"{field}.when"),
        "percent": str(percent),
        "ground": fields.line(200, required=True)(value["ground"], f"{field}.ground"),
    }


def conditions(value: Any, field: str) -> dict[str, Any]:
    """Check for whom something is: facts of the applicant, each of which must be met, and of `any` one of its parts."""
    return _met(value, field, {**_REDUCED_FOR, "any": _alternatives})


def _alternatives(value: Any, field: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = fields.list_of(lambda one, at: _met(one, at, _REDUCED_FOR))(value, field)
    if not found:
        raise fields.fault("tariff.when", field, _("Name one or more alternatives, or leave this out."))
    return found


def _met(value: Any, field: str, cleaners: Mapping[str, fields.Cleaner]) -> dict[str, Any]:
    if not isinstance(value, Mapping) or not value or not set(value) <= set(cleaners):
        known = ", ".join(cleaners)
        raise fields.fault(
            "tariff.when", field, _("Say for whom, by one or more of: ${known}.", mapping={"known": known})
        )
    return {name: cleaners[name](wanted, f"{field}.{name}") for name, wanted in value.items()}


def _terms(value: Any, field: str) -> dict[str, Any]:
    """Check the terms by regime, under mta those for samples, and others under agreement: and their code."""
    further = {key: entry for key, entry in value.items() if _is_further(key)} if isinstance(value, Mapping) else {}
    for key, entry in further.items():
        if not isinstance(entry, Mapping):
            raise fields.fault("value.type", f"{field}.{key}", _("This must be an object with its parts."))
        if key in OF_TERMS or key == key_of(_MTA):
            message = _("This is met by the terms of each regime, or by those under mta. Give it there.")
            raise fields.fault("terms.kind", f"{field}.{key}", message)
    by_regime = {key: entry for key, entry in value.items() if key not in further} if further else value
    return {
        **{
            regime: terms(entry, f"{field}.{regime}", [regime])
            for regime, entry in _by_regime(by_regime, field).items()
        },
        **{part: terms(entry, f"{field}.{part}") for part, entry in further.items()},
    }


def _is_further(key: Any) -> bool:
    return isinstance(key, str) and (key == _MTA or _OF_RULES.fullmatch(key) is not None)


def terms(entry: Mapping[str, Any], field: str, regimes: Iterable[str] = ()) -> dict[str, Any]:
    """Check one text of terms: title, version, Markdown, and its points where it states any."""
    unknown = set(entry) - {"title", "version", "text", "points"}
    if unknown:
        raise fields.fault("field.unknown", f"{field}.{min(unknown)}", _("There is no such field."))
    said = {
        "title": fields.line(200, required=True)(entry.get("title", ""), f"{field}.title"),
        "version": fields.line(40, required=True)(str(entry.get("version", "")), f"{field}.version"),
        "text": fields.text(50_000)(entry.get("text", ""), f"{field}.text"),
    }
    points = clean_points(entry.get("points") or {}, f"{field}.points", regimes)
    return {**said, "points": points} if points else said


def _by_regime(value: Any, field: str) -> Mapping[str, Mapping[str, Any]]:
    if not isinstance(value, Mapping) or not all(isinstance(entry, Mapping) for entry in value.values()):
        raise fields.fault("value.type", field, _("This must say something for each regime."))
    return {fields.one_of(Regime)(regime, field): entry for regime, entry in value.items()}


def _rules(value: Any, field: str) -> dict[str, Any]:
    if not isinstance(value, Mapping) or not all(
        isinstance(limit, int | bool | str | list) for limit in value.values()
    ):
        raise fields.fault("value.type", field, _("Booking rules are numbers, words or lists by their name."))
    return dict(value)


def _sentences(value: Any, field: str) -> dict[str, str]:
    if not isinstance(value, Mapping):
        raise fields.fault("value.type", field, _("This must be sentences by their language."))
    return {
        fields.line(10, required=True)(language, field): fields.text(2_000)(sentence, f"{field}.{language}")
        for language, sentence in value.items()
    }


CLEANERS: Mapping[str, fields.Cleaner] = {
    "name": fields.line(200, required=True),
    "names": fields.names,
    "serves": _sentences,
    "access_mode": fields.one_of(AccessMode),
    "entry": fields.one_of(Entry),
    "time_given": fields.one_of(TimeGiven),
    "operated_by": fields.one_of(OperatedBy),
    "access_unit": fields.one_of(AccessUnit),
    "access_types": fields.list_of(fields.one_of(AccessType)),
    "regimes": fields.list_of(fields.one_of(Regime)),
    "stages": fields.list_of(fields.line(100, required=True)),
    "tariff": _tariff,
    "terms": _terms,
    "booking_rules": _rules,
    "report_due_days": _whole,
    "turnaround_days": _turnaround,
}
"""One check for each field of a route; `fields.cleaned` takes them."""
