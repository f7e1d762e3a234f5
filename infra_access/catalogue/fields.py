"""The checks of single fields, and of all fields of a record at once, so that one answer names every fault."""

import math
import re
from collections.abc import Callable, Mapping
from decimal import Decimal, InvalidOperation
from enum import StrEnum
from typing import Any

from infra_access.catalogue.countries import valid_country, valid_zone
from infra_access.core.errors import Invalid, PreconditionFailed
from infra_access.core.i18n import Text, _
from infra_access.core.input_text import clean_line, clean_text

Cleaner = Callable[[Any, str], Any]
"""Takes a value and the name of its field, returns what is stored, or raises Invalid naming the field."""

MAX_ITEMS = 200
_WEB = re.compile(r"https?://[^\s/?#]+[^\s]*", re.IGNORECASE)
_EMAIL = re.compile(r"[^\s@<>,;]+@(?:[^\s@<>,;.]+\.)+[^\s@<>,;.]+")
_LOCALE = re.compile(r"[a-z]{2,3}(?:[-_][A-Za-z0-9]{2,8}){0,2}")


def cleaned(values: Mapping[str, Any], cleaners: Mapping[str, Cleaner]) -> dict[str, Any]:
    """Return the values as they are stored. Raises Invalid that names every field at fault."""
    stored: dict[str, Any] = {}
    faults: list[Invalid] = []
    for field, value in values.items():
        try:
            if field not in cleaners:
                raise fault("field.unknown", field, _("There is no such field."))
            stored[field] = cleaners[field](value, field)
        except Invalid as error:
            faults.append(error if error.fields else fault(error.code, field, error.message))
    if len(faults) == 1:
        raise faults[0]
    if faults:
        fields = {field: messages for error in faults for field, messages in error.fields.items()}
        raise Invalid("fields.invalid", _("Several fields need a correction."), fields=fields)
    return stored


def check_version(actual: int, expected: int | None) -> None:
    """Refuse a change that was made while looking at an older version. Raises PreconditionFailed `version.stale`."""
    if expected is not None and expected != actual:
        raise PreconditionFailed(
            "version.stale",
            _("Somebody changed this in the meantime. Load it again, look at the change, and repeat yours."),
            details={"version": actual},
        )


def fault(code: str, field: str, message: Text) -> Invalid:
    """Return the error of one field."""
    return Invalid(code, message, fields={field: [message]})


def line(max_length: int, *, required: bool = False) -> Cleaner:
    """Return the check of one line of text."""
    return lambda value, field: clean_line(_text(value, field), field=field, max_length=max_length, required=required)


def optional_line(max_length: int) -> Cleaner:
    """Return the check of one line of text that is stored as None where it is empty."""
    check = line(max_length)
    return lambda value, field: None if value is None else check(value, field) or None


def text(max_length: int) -> Cleaner:
    """Return the check of text of several lines."""
    return lambda value, field: clean_text(_text(value, field), field=field, max_length=max_length)


def address(value: Any, field: str) -> str | None:
    """Check the address of a web page, or nothing."""
    found: str | None = optional_line(500)(value, field)
    if found is not None and not _WEB.fullmatch(found):
        raise fault("address.invalid", field, _("This is not a web address. Write one that begins with https://."))
    return found


def email(value: Any, field: str) -> str | None:
    """Check an e-mail address, or nothing."""
    found: str | None = optional_line(254)(value, field)
    if found is not None and not _EMAIL.fullmatch(found):
        raise fault("email.invalid", field, _("This is not an e-mail address. One looks like office@example.org."))
    return found


def country(value: Any, field: str) -> str:
    """Check a country code."""
    return valid_country(_text(value, field))


def zone(value: Any, field: str) -> str:
    """Check the name of a time zone."""
    return valid_zone(_text(value, field))


def flag(value: Any, field: str) -> bool:
    """Check yes or no."""
    if not isinstance(value, bool):
        raise fault("value.type", field, _("This must be yes or no."))
    return value


def coordinate(most: float) -> Cleaner:
    """Return the check of a latitude (`most` 90) or longitude (180) in degrees."""

    def check(value: Any, field: str) -> float | None:
        if value is None:
            return None
        if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
            raise fault("value.type", field, _("This must be a number of degrees."))
        if not -most <= value <= most:
            raise fault("coordinate.range", field, _("This must lie from -${most} to ${most}.", mapping={"most": most}))
        return float(value)

    return check


def one_of(vocabulary: type[StrEnum]) -> Cleaner:
    """Return the check of a value of a closed vocabulary."""

    def check(value: Any, field: str) -> str:
        try:
            return vocabulary(value).value
        except ValueError:
            known = ", ".join(vocabulary)
            message = _("This is not one of the values known here: ${known}.", mapping={"known": known})
            raise fault("value.unknown", field, message) from None

    return check


def list_of(item: Cleaner) -> Cleaner:
    """Return the check of a list; repeated items are stored once."""

    def check(value: Any, field: str) -> list[Any]:
        if isinstance(value, str | bytes | Mapping) or not hasattr(value, "__iter__"):
            raise fault("value.type", field, _("This must be a list."))
        items = list(value)
        if len(items) > MAX_ITEMS:
            message = _("These are more than ${most}. Please shorten the list.", mapping={"most": MAX_ITEMS})
            raise fault("list.too_long", field, message)
        stored = [item(entry, f"{field}.{position}") for position, entry in enumerate(items)]
        return [entry for position, entry in enumerate(stored) if entry not in stored[:position]]

    return check


def names(value: Any, field: str) -> dict[str, str]:
    """Check names by language: a mapping of language tags to names."""
    if not isinstance(value, Mapping) or len(value) > MAX_ITEMS:
        raise fault("value.type", field, _("This must be names by their language, such as ja for Japanese."))
    stored: dict[str, str] = {}
    for language, name in value.items():
        if not isinstance(language, str) or not _LOCALE.fullmatch(language):
            raise fault("language.unknown", field, _("A language is written as two letters, such as ja for Japanese."))
        stored[language.replace("_", "-")] = line(300, required=True)(name, f"{field}.{language}")
    return stored


def capability(value: Any, field: str) -> dict[str, str | None]:
    """Check one capability: {quantity, min, max, unit} with decimal strings."""
    if not isinstance(value, Mapping) or not set(value) <= {"quantity", "min", "max", "unit"}:
        raise fault("value.type", field, _("This must have quantity, min, max and unit."))
    least = _decimal(value.get("min"), f"{field}.min")
    most = _decimal(value.get("max"), f"{field}.max")
    if least is not None and most is not None and Decimal(least) > Decimal(most):
        raise fault("capability.order", f"{field}.min", _("The smallest value is above the largest one."))
    return {
        "quantity": line(100, required=True)(value.get("quantity", ""), f"{field}.quantity"),
        "min": least,
        "max": most,
        "unit": line(40)(value.get("unit") or "", f"{field}.unit"),
    }


def _decimal(value: Any, field: str) -> str | None:
    if value is None or value == "":
        return None
    if isinstance(value, bool) or not isinstance(value, str | int | Decimal) or len(str(value)) > 40:
        raise fault("value.type", field, _('This must be a number written as text, such as "2.5".'))
    try:
        number = Decimal(str(value))
    except InvalidOperation:
        number = Decimal("NaN")
    if not number.is_finite():
        raise fault("value.type", field, _('This must be a number written as text, such as "2.5".'))
    return str(value).strip()


def _text(value: Any, field: str) -> str:
    if not isinstance(value, str):
        raise fault("value.type", field, _("This must be text."))
    return value
