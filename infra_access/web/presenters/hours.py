"""Opening hours for people: open now or when next, and the week in sentences."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from infra_access.catalogue.countries import country_name
from infra_access.core.i18n import Text, _
from infra_access.core.timespan import TimeSpan, merge
from infra_access.core.zones import named_zone
from infra_access.http.localisation import cldr
from infra_access.scheduling.hours import Hours
from infra_access.scheduling.opening_hours import DatedException, clock_text, describe

AHEAD = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class Opening:
    """Whether it is open at this moment, until or from when, and its hours; `always` where it never closes."""

    open: bool
    changes_at: datetime | None
    lines: tuple[Text, ...]
    exceptions: tuple[tuple[DatedException, str], ...]
    always: bool


def opening(hours: Hours, now: datetime, locale: str) -> Opening:
    """Return the opening of a facility, looking a month ahead."""
    spans = merge(hours.open_within(TimeSpan(now, now + AHEAD)))
    is_open = bool(spans) and spans[0].start <= now
    changes = next((edge for span in spans for edge in (span.start, span.end) if now < edge < now + AHEAD), None)
    today = now.astimezone(named_zone(hours.zone)).date()
    dated = [one for one in hours.dated_within(TimeSpan(now, now + AHEAD)) if one.day >= today]
    return Opening(
        open=is_open,
        changes_at=changes,
        lines=tuple(describe(hours.weekly, cldr(locale))),
        exceptions=tuple((one, _times(one)) for one in dated),
        always=is_open and changes is None,
    )


def holidays_sentence(hours: Hours, locale: str) -> Text | None:
    """Return on whose public holidays it is closed, if on any."""
    country, region = hours.holidays.country, hours.holidays.region
    if country is None:
        return None
    name = country_name(country, cldr(locale))
    where = f"{name} ({region})" if region else name
    return _("Closed on the public holidays of ${where}, unless a date says otherwise.", mapping={"where": where})


def _times(exception: DatedException) -> str:
    return ", ".join(f"{clock_text(part.opens)}–{clock_text(part.closes)}" for part in exception.hours)
