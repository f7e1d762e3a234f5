"""The form of the days on which a team cannot come, or would rather come."""

from collections.abc import Iterable, Mapping
from typing import Any

from infra_access.access_requests.date_preferences import Days
from infra_access.core.i18n import _
from infra_access.web.forms import day_in

EMPTY_ROWS = 3
"""Rows to fill in beside those that are there."""
KINDS = (("impossible", _("We cannot come")), ("preferred", _("We would rather come")))


def rows_of(days: Iterable[Days]) -> list[dict[str, str]]:
    """Return the rows of the form: the days given so far, and some to fill in."""
    found = [
        {"kind": one.kind, "first": one.first.isoformat(), "last": one.last.isoformat(), "reason": one.reason}
        for one in days
    ]
    return found + [{"kind": "impossible", "first": "", "last": "", "reason": ""}] * EMPTY_ROWS


def dates_in(entered: Mapping[str, str]) -> list[dict[str, Any]]:
    """Return the days that were entered; a row without a first day counts for nothing."""
    found: list[dict[str, Any]] = []
    row = 0
    while f"days.{row}.kind" in entered:
        first = entered.get(f"days.{row}.first", "")
        if first:
            begins = day_in(first, f"days.{row}.first")
            last = entered.get(f"days.{row}.last", "")
            found.append(
                {
                    "kind": entered[f"days.{row}.kind"],
                    "first_day": begins,
                    "last_day": day_in(last, f"days.{row}.last") if last else begins,
                    "reason": entered.get(f"days.{row}.reason", ""),
                }
            )
        row += 1
    return found
