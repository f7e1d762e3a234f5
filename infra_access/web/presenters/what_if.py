"""What a version of rules would change, in the reader's language, for the pages that tell it."""

from collections.abc import Sequence
from typing import Any

from infra_access.access_requests.what_if import KINDS, Reach, RequestChange
from infra_access.catalogue.countries import country_name
from infra_access.core.decision import Outcome
from infra_access.core.i18n import Text, _
from infra_access.http.localisation import cldr

SHOWN = 60
"""Rows of the comparison that a page shows; the API has all."""

OUTCOMES: dict[Outcome, Text] = {
    Outcome.PERMIT: _("Open"),
    Outcome.PERMIT_WITH_LIMITS: _("Open with limits"),
    Outcome.CONDITIONAL: _("Something is missing"),
    Outcome.NEEDS_APPROVAL: _("Needs approval"),
    Outcome.NOT_ELIGIBLE: _("Not open to them"),
    Outcome.DENY: _("Refused"),
}


def compared(
    instruments: int, rows: Sequence[Reach], requests: Sequence[RequestChange], changed: int, locale: str
) -> dict[str, Any]:
    """Return who could use more or fewer instruments, and which requests would be answered otherwise."""
    return {
        "instruments": instruments,
        "rows": [(KINDS[one.kind][1], *_countries(one, locale), one) for one in rows[:SHOWN]],
        "more": max(len(rows) - SHOWN, 0),
        "requests": [(one, OUTCOMES[one.before], OUTCOMES[one.after]) for one in requests[:SHOWN]],
        "more_requests": changed - len(requests[:SHOWN]),
    }


def _countries(one: Reach, locale: str) -> tuple[list[str], int]:
    """Return the names of the first countries, and how many more there are."""
    names = sorted(country_name(code, cldr(locale)) for code in one.countries)
    return names[:3], max(len(names) - 3, 0)
