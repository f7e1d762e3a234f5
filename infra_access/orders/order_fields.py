"""The checks of what a service order says."""

from collections.abc import Mapping
from typing import Any

from infra_access.catalogue import fields
from infra_access.catalogue.vocabularies import Regime
from infra_access.core.i18n import _
from infra_access.core.input_text import clean_text

MOST_SAMPLES = 10_000
HIGHEST_PRIORITY = 9


def whole(least: int, most: int) -> fields.Cleaner:
    """Return the check of a whole number within bounds, both included."""

    def check(value: Any, field: str) -> int:
        if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
            message = _("Give a whole number from ${least} to ${most}.", mapping={"least": least, "most": most})
            raise fields.fault("number.range", field, message)
        return value

    return check


def filled_text(max_length: int) -> fields.Cleaner:
    """Return the check of text of several lines that may not be empty."""
    check = fields.text(max_length)
    return lambda value, field: clean_text(check(value, field), field=field, max_length=max_length, required=True)


ORDERED: Mapping[str, fields.Cleaner] = {
    "title": fields.line(300, required=True),
    "samples": whole(1, MOST_SAMPLES),
    "sample_description": filled_text(5_000),
    "hazards": fields.text(2_000),
    "return_samples": fields.flag,
    "regime": fields.one_of(Regime),
}
RECEIVED: Mapping[str, fields.Cleaner] = {
    "tracking": fields.line(200),
    "count": whole(1, MOST_SAMPLES),
    "condition": fields.text(2_000),
}
DELIVERED: Mapping[str, fields.Cleaner] = {
    "deliverable": filled_text(5_000),
    "tracking": fields.line(200),
}
PRIORITY: Mapping[str, fields.Cleaner] = {
    "priority": whole(0, HIGHEST_PRIORITY),
    "reason": filled_text(2_000),
}
REASON: Mapping[str, fields.Cleaner] = {"reason": filled_text(2_000)}
OPTIONAL_REASON: Mapping[str, fields.Cleaner] = {"reason": fields.text(2_000)}
