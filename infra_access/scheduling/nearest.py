"""What is free instead: the refusal of a taken time names the nearest spans that could be booked.

They are looked for in the days around the time that was asked for, of which the booking has read everything already.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from infra_access.catalogue.models import Resource
from infra_access.core.errors import Conflict
from infra_access.core.i18n import _
from infra_access.core.timespan import TimeSpan, subtract
from infra_access.core.zones import named_zone
from infra_access.scheduling.availability import alternatives
from infra_access.scheduling.booking_rules import BookingRules, broken
from infra_access.scheduling.occupancies import Held
from infra_access.scheduling.quotas import Tally

MOST = 3


@dataclass(frozen=True, slots=True)
class Ground:
    """What a booking is decided on: the rules, the open spans of a window, and all that is taken in it.

    `tally` is what quotas leave to whoever asks, where there are any.
    """

    rules: BookingRules
    zone: str
    now: datetime
    window: TimeSpan
    opened: tuple[TimeSpan, ...]
    held: tuple[Held, ...]
    tally: Tally | None = None

    def taken(self, row: Resource) -> list[TimeSpan]:
        """Return the spans at which the resource, or the plant that it needs, is taken."""
        return [one.span for one in self.held if one.resource_id in (row.id, row.plant_id)]

    def allows(self, span: TimeSpan) -> bool:
        """Tell whether the span keeps the rules and the quotas, whatever is open or taken."""
        if broken(self.rules, span, now=self.now, zone=self.zone):
            return False
        return self.tally is None or not self.tally.broken([span])

    def busy(self, row: Resource, span: TimeSpan) -> bool:
        """Tell whether the resource is taken at any instant of the span."""
        return any(one.overlaps(span) for one in self.taken(row))


def nearest_free(
    wanted: TimeSpan,
    rows: Sequence[Resource],
    companions: Sequence[Resource],
    ground: Ground,
    allowed: Callable[[TimeSpan], bool] = lambda span: True,
) -> list[TimeSpan]:
    """Return the nearest spans as long as `wanted` at which one of `rows` and every companion are free.

    Only those that `allowed` lets pass besides the rules.
    """
    rules = ground.rules
    before, after = timedelta(minutes=rules.buffer_before_minutes), timedelta(minutes=rules.buffer_after_minutes)
    shared = [span for row in companions for span in ground.taken(row)]
    # Whoever may work off hours and asked for them is also told of free time off hours.
    within_hours = any(one.contains(wanted) for one in ground.opened)
    bookable = _bookable(ground, ground.opened if within_hours else [ground.window])
    found: set[TimeSpan] = set()
    for row in rows:
        own = [TimeSpan(span.start - after, span.end + before) for span in ground.taken(row)]
        found.update(
            alternatives(
                subtract(bookable, [*own, *shared]),
                wanted.length,
                wanted.start,
                rules.granularity,
                MOST,
                allowed=lambda span: allowed(span) and ground.allows(span),
            )
        )
    nearest = sorted(found, key=lambda span: (abs(span.start - wanted.start), span.start < wanted.start))
    return sorted(nearest[:MOST])


def _bookable(ground: Ground, opened: Sequence[TimeSpan]) -> list[TimeSpan]:
    """Return the open spans between the shortest notice and the horizon, so that few steps are tried in vain."""
    first = ground.now + timedelta(minutes=ground.rules.lead_minutes)
    last = ground.now + timedelta(days=ground.rules.horizon_days + 2 + ground.rules.max_minutes // 1440)
    bounds = TimeSpan(first, last) if first < last else ground.window
    return [part for one in opened if (part := one.clip(bounds)) is not None]


def conflict(span: TimeSpan, nearest: Sequence[TimeSpan], zone: str) -> Conflict:
    """Return the refusal of a taken span: when, where in the facility's time, and what is free instead.

    It never tells whose booking stands there.
    """
    values = {"span": _local(span, zone), "zone": zone, "free": "; ".join(_local(one, zone) for one in nearest)}
    if nearest:
        message = _("Something else takes part of ${span} (${zone}). Free next: ${free}.", mapping=values)
    else:
        message = _("Something else takes part of ${span} (${zone}). Nothing as long is free nearby.", mapping=values)
    return Conflict(
        "booking.overlap",
        message,
        details={"alternatives": [{"start": _text(one.start), "end": _text(one.end)} for one in nearest]},
    )


def _text(moment: datetime) -> str:
    return moment.isoformat().replace("+00:00", "Z")


def _local(span: TimeSpan, zone: str) -> str:
    place = named_zone(zone)
    start, end = span.start.astimezone(place), span.end.astimezone(place)
    last = f"{end:%H:%M}" if start.date() == end.date() else f"{end:%Y-%m-%d %H:%M}"
    return f"{start:%Y-%m-%d %H:%M}-{last}"
