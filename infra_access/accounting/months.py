"""Months of a facility's own calendar, written "YYYY-MM"."""

import re
from datetime import datetime
from zoneinfo import ZoneInfo

from infra_access.catalogue import fields
from infra_access.catalogue.models import Facility
from infra_access.core.i18n import _

_MONTH = re.compile(r"(?:19[7-9][0-9]|20[0-9]{2}|21[0-9]{2})-(?:0[1-9]|1[0-2])", re.ASCII)


def month_of(facility: Facility, instant: datetime) -> str:
    """Return the month in which an instant lies where the facility is."""
    return f"{instant.astimezone(ZoneInfo(facility.timezone)):%Y-%m}"


def clean_month(text: str) -> str:
    """Return a month as it is stored. Raises Invalid `month.format`."""
    if not _MONTH.fullmatch(text):
        raise fields.fault("month.format", "month", _('Give a month as year and month, such as "2026-03".'))
    return text


def neighbours(month: str) -> tuple[str, str]:
    """Return the month before and the month after.

    >>> neighbours("2026-12")
    ('2026-11', '2027-01')
    """
    number = int(month[:4]) * 12 + int(month[5:]) - 1
    before, after = (f"{one // 12:04d}-{one % 12 + 1:02d}" for one in (number - 1, number + 1))
    return before, after
