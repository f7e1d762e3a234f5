"""How old the copies of a calendar are that is kept elsewhere, in words."""

from dataclasses import dataclass
from datetime import datetime

from babel.dates import format_timedelta
from pyramid.request import Request

from infra_access.catalogue.models import Instrument
from infra_access.catalogue.vocabularies import SchedulingAuthority
from infra_access.http.localisation import cldr
from infra_access.scheduling.mirrors.queries import mirrors_of


@dataclass(frozen=True, slots=True)
class Copy:
    """A copy: what people call its system, its `age` ("3 hours ago"), and whether that is too old."""

    source: str
    age: str
    stale: bool


def copies_for(request: Request, instrument: Instrument, *, now: datetime) -> list[Copy]:
    """Return the copies, the oldest first. No statement for an instrument that is scheduled here, else one."""
    if instrument.scheduling_authority != SchedulingAuthority.ELSEWHERE:
        return []
    locale = cldr(request.locale_name)
    return [
        Copy(
            view.mirror.source,
            format_timedelta(min(view.mirror.refreshed_at - now, -now.resolution), add_direction=True, locale=locale),
            view.is_stale(now),
        )
        for view in mirrors_of(request.db, instrument.id)
    ]


def left_over(request: Request, instrument: Instrument) -> bool:
    """Tell whether copies of another calendar remain although the instrument is scheduled here."""
    return instrument.scheduling_authority != SchedulingAuthority.ELSEWHERE and bool(
        mirrors_of(request.db, instrument.id)
    )
