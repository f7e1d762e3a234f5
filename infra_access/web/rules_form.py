"""The form of booking rules: a field for each number, and rows of horizons and quotas; empty is as above."""

import re
from collections.abc import Mapping
from typing import Any

from pyramid.request import Request

from infra_access.catalogue.vocabularies import Sector, SizeBand, label
from infra_access.core.i18n import Text, _
from infra_access.scheduling.booking_rules import RANGES
from infra_access.web.presenters import booking_rules as words

SPARE = 2
"""So many empty rows for further horizons and quotas."""
ROWS: Mapping[str, tuple[str, ...]] = {
    "horizons": ("days", "sector", "size", "startup", "relation"),
    "quotas": ("of", "amount", "measure", "per", "on"),
}
NUMBERS: Mapping[str, tuple[Text, Text]] = {
    "granularity_minutes": (
        _("Steps (minutes)"),
        _("Bookings begin and end on this grid, counted from midnight at the facility. It must divide a day evenly."),
    ),
    "min_minutes": (_("Shortest booking (minutes)"), _("Nobody can book less than this.")),
    "max_minutes": (_("Longest booking (minutes)"), _("Nobody can book more than this at once.")),
    "lead_minutes": (_("Lead time (minutes)"), _("One must book so long before the start at the latest.")),
    "horizon_days": (_("Horizon (days)"), _("One can book so many days ahead, the whole last day included.")),
    "buffer_before_minutes": (_("Preparation (minutes)"), _("Kept free before each booking.")),
    "buffer_after_minutes": (_("Cleaning up (minutes)"), _("Kept free after each booking.")),
    "cancel_notice_minutes": (
        _("Notice to cancel (minutes)"),
        _("Until so long before the start people can cancel or move a booking themselves; the office always can."),
    ),
    "no_show_grace_minutes": (
        _("Grace for latecomers (minutes)"),
        _("Who has not checked in by then loses the time. With 0 nobody does."),
    ),
    "hold_minutes": (_("Length of a hold (minutes)"), _("A time that somebody holds without booking is free again.")),
    "offer_minutes": (
        _("Time to answer an offer (minutes)"),
        _("Who waits for a time and is offered one must take it within this, or the next in line is asked."),
    ),
}
_ROW = re.compile(r"(horizons|quotas)\.([0-9]{1,3})\.([a-z]+)")
_TRUTH = {"yes": True, "no": False}


def filled_in(said: Mapping[str, Any]) -> dict[str, str]:
    """Return the fields that say what is said here."""
    fields = {key: str(said[key]) for key in RANGES if key in said}
    fields["off_hours"] = said.get("off_hours", "")
    fields["ask_for_time"] = _answer(said["ask_for_time"]) if "ask_for_time" in said else ""
    for name in ROWS:
        fields[f"no_{name}"] = "yes" if said.get(name) == [] else ""
        for index, row in enumerate(said.get(name, ())):
            for key, value in row.items():
                fields[f"{name}.{index}.{key}"] = _answer(value) if isinstance(value, bool) else str(value)
    return fields


def closed_up(values: Mapping[str, str]) -> dict[str, str]:
    """Return what was typed without empty rows, so that the others are numbered as they are judged.

    A row counts as empty without its number.
    """
    kept = {key: value.strip() for key, value in values.items() if not _ROW.fullmatch(key)}
    for name, keys in ROWS.items():
        rows = sorted({int(found[2]) for key in values if (found := _ROW.fullmatch(key)) and found[1] == name})
        number = "days" if name == "horizons" else "amount"
        filled = [row for row in rows if values.get(f"{name}.{row}.{number}", "").strip()]
        for index, row in enumerate(filled):
            for key in keys:
                kept[f"{name}.{index}.{key}"] = values.get(f"{name}.{row}.{key}", "").strip()
    return kept


def rows_in(values: Mapping[str, str], name: str) -> int:
    """Return how many rows are filled in, those of `closed_up` values."""
    return len({found[2] for key in values if (found := _ROW.fullmatch(key)) and found[1] == name})


def entered(values: Mapping[str, str]) -> dict[str, Any]:
    """Return the rules that `closed_up` values say; what is no number stays text, which the command refuses."""
    rules: dict[str, Any] = {key: _number(values[key]) for key in RANGES if values.get(key)}
    if values.get("off_hours"):
        rules["off_hours"] = values["off_hours"]
    if values.get("ask_for_time"):
        rules["ask_for_time"] = _TRUTH.get(values["ask_for_time"], values["ask_for_time"])
    for name, keys in ROWS.items():
        rows = [
            {key: _value(key, text) for key in keys if (text := values[f"{name}.{index}.{key}"])}
            for index in range(rows_in(values, name))
        ]
        if rows or values.get(f"no_{name}"):
            rules[name] = rows
    return rules


def at_their_fields(errors: Mapping[str, str]) -> dict[str, str]:
    """Return the command's faults at the fields of this form: one of a whole row at its first field."""
    whole = re.compile(r"(horizons|quotas)\.[0-9]+")
    return {
        (f"{path}.{ROWS[found[1]][0]}" if (found := whole.fullmatch(path)) else path): text
        for path, text in errors.items()
    }


def spare_rows(values: Mapping[str, str], name: str) -> range:
    """Return the rows to show: those filled in, and some for more."""
    return range(rows_in(values, name) + SPARE)


def numbers_of(said: Mapping[str, Any]) -> list[tuple[str, Text, Text, Any, str]]:
    """Return the numbers of a way in as the form lists them: key, name, effect, what is said, and where ("way")."""
    return [(key, name, effect, said.get(key), "way") for key, (name, effect) in NUMBERS.items()]


def options(request: Request) -> dict[str, list[tuple[str, str]]]:
    """Return what can be chosen in each field."""

    def listed(pairs: Any) -> list[tuple[str, str]]:
        return [(str(value), request.localize(text)) for value, text in pairs]

    startup: list[tuple[str, Text]] = [("yes", _("startup")), ("no", _("no startup"))]
    asking: list[tuple[str, Text]] = [
        ("yes", _("People may also ask the office for a time")),
        ("no", _("People choose a free time themselves")),
    ]
    return {
        "sector": listed((one, label(one)) for one in Sector),
        "size": listed((one, label(one)) for one in SizeBand),
        "startup": listed(startup),
        "ask_for_time": listed(asking),
        "relation": listed(words.RELATIONS.items()),
        "off_hours": listed(words.OFF_HOURS.items()),
        "of": listed(words.COUNTED.items()),
        "measure": listed(words.MEASURES.items()),
        "per": listed(words.PERIODS.items()),
        "on": listed(words.REACHES.items()),
    }


def _answer(value: bool) -> str:
    return "yes" if value else "no"


def _value(key: str, text: str) -> Any:
    if key in ("days", "amount"):
        return _number(text)
    return _TRUTH.get(text, text) if key == "startup" else text


def _number(text: str) -> int | str:
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 10 else text
