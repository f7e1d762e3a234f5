"""Reading posted forms: plain values out, and back into the page with each error beside its field."""

from collections.abc import Mapping
from datetime import UTC, date, datetime
from typing import Any

from pyramid.httpexceptions import HTTPSeeOther
from pyramid.request import Request

from infra_access.core.errors import Conflict, DomainError, Invalid
from infra_access.core.i18n import Text, _
from infra_access.core.zones import FIRST_YEAR, LAST_YEAR, local_to_instant
from infra_access.http.input_floor import read_form

ENTERED = (Invalid, Conflict)
"""Refusals that belong beside the form that caused them, with what was typed kept."""


def values_of(request: Request) -> dict[str, str]:
    """Return the posted fields as text; of a repeated one the last. Unknown fields are the command's to ignore."""
    return {key: value for key, value in read_form(request).items() if isinstance(value, str) and key != "csrf_token"}


def many(request: Request, name: str) -> list[str]:
    """Return every posted value of a field, without empty ones."""
    return [value for value in read_form(request).getall(name) if isinstance(value, str) and value]


def errors_of(error: DomainError, request: Request) -> dict[str, str]:
    """Return field -> message in the reader's language; the empty key holds the message of the whole form."""
    found = {path: " ".join(request.localize(text) for text in texts) for path, texts in error.fields.items()}
    found[""] = request.localize(error.message)
    return found


def day_in(text: str, field: str) -> date:
    """Return the day that was entered. Raises Invalid naming the field, also for a year that no calendar here reaches.

    With a year to spare at either end, so that the days beside it can be named too.
    """
    try:
        day = date.fromisoformat(text)
    except ValueError:
        message = _("Give a day such as 2026-03-02.")
        raise Invalid("form.day", message, fields={field: [message]}) from None
    if not FIRST_YEAR < day.year < LAST_YEAR:
        message = _("Give a day from ${first} to ${last}.", mapping={"first": FIRST_YEAR + 1, "last": LAST_YEAR - 1})
        raise Invalid("form.day", message, fields={field: [message]})
    return day


def days_in(first: str, last: str, fields: tuple[str, str] = ("first", "last")) -> tuple[date, date]:
    """Return the first and the last day that were entered. Raises Invalid naming the field."""
    begins, ends = day_in(first, fields[0]), day_in(last, fields[1])
    if ends < begins:
        message = _("The last day lies before the first.")
        raise Invalid("time.order", message, fields={fields[1]: [message]})
    return begins, ends


def seen_version(entered: Mapping[str, str]) -> int | None:
    """Return the version of what the form showed, or None where it names none; one that is no number is nobody's."""
    text = entered.get("version", "")
    if not text:
        return None
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 10 else -1


def local_instant(day: str, clock_time: str, zone: str, *, field: str) -> datetime:
    """Return the instant of a posted date and local time. Raises Invalid naming the field."""
    try:
        wall = datetime.combine(date.fromisoformat(day), datetime.strptime(clock_time, "%H:%M").time())  # noqa: DTZ007
    except ValueError:
        message: Text = _("Give a date and a time such as 2026-03-02 and 09:00.")
        raise Invalid("form.time", message, fields={field: [message]}) from None
    return local_to_instant(wall, zone).astimezone(UTC)


def to(request: Request, route: str, /, **values: Any) -> HTTPSeeOther:
    """Return the redirect after a change, so that loading the page again does not repeat it."""
    query: Mapping[str, str] | None = values.pop("_query", None)
    anchor: str | None = values.pop("_anchor", None)
    extra: dict[str, Any] = {key: value for key, value in (("_query", query), ("_anchor", anchor)) if value}
    return HTTPSeeOther(location=request.route_path(route, **values, **extra))


def local_path(value: str | None) -> str:
    """Return a path of this site, or the start page: a form may not send people elsewhere."""
    if value and value.startswith("/") and not value.startswith(("//", "/\\")) and value.isprintable():
        return value
    return "/"
