"""What somebody may ask of find-time, checked: how long, between when, on which instruments, near which place."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import ROUND_UP, Decimal
from math import asin, cos, radians, sin, sqrt

from infra_access.catalogue.filters import Filters
from infra_access.catalogue.vocabularies import AccessType, AccessUnit
from infra_access.core.errors import Invalid
from infra_access.core.i18n import Text, _
from infra_access.core.timespan import TimeSpan
from infra_access.scheduling.calendar_queries import window_of
from infra_access.scheduling.find_time.standings import Step

MOST_SLOTS = 50
MOST_NAMED = 20
MOST_TOGETHER = 5
MOST_KM = 20_038
MOST_GAP = 92 * 1440
_LONGEST = 92 * 1440
_MINUTES = {AccessUnit.HOUR: 60, AccessUnit.SHIFT: 480, AccessUnit.DAY: 1440}
_EARTH_KM = 6371.0


@dataclass(frozen=True, slots=True)
class Near:
    """A place on the globe and how far around it."""

    latitude: float
    longitude: float
    km: float

    def distance(self, latitude: float, longitude: float) -> float:
        """Return the distance to a point along the surface, in kilometres.

        >>> round(Near(52.52, 13.405, 1).distance(48.8566, 2.3522))
        877
        """
        here, there = radians(self.latitude), radians(latitude)
        across = radians(longitude - self.longitude)
        chord = sin((there - here) / 2) ** 2 + cos(here) * cos(there) * sin(across / 2) ** 2
        return 2 * _EARTH_KM * asin(sqrt(min(1.0, chord)))


@dataclass(frozen=True, slots=True)
class Together:
    """How several instruments belong together: at the same time, or one after the other with gaps in minutes."""

    order: str = "same"
    min_gap: timedelta = timedelta()
    max_gap: timedelta | None = None


@dataclass(frozen=True, slots=True)
class Question:
    """A checked question; no instruments means all that the filters match, or all of the allocation that is named."""

    length: timedelta
    window: TimeSpan
    instruments: tuple[str, ...] = ()
    filters: Filters = field(default_factory=Filters)
    near: Near | None = None
    access_type: str | None = None
    count: int = 10
    step: Step | None = None
    together: Together | None = None
    allocation: str | None = None


def question(
    *,
    now: datetime,
    start: datetime,
    end: datetime,
    minutes: int | None = None,
    quantity: Decimal | None = None,
    access_unit: str | None = None,
    instruments: tuple[str, ...] = (),
    filters: Filters | None = None,
    near: tuple[float, float, float] | None = None,
    access_type: str | None = None,
    count: int = 10,
    step: str | None = None,
    together: tuple[str, int, int | None] | None = None,
    allocation: str | None = None,
) -> Question:
    """Return the checked question; what lies in the past of its window is left out. Raises Invalid naming the field."""
    window = window_of(start, end)
    if end <= now:
        raise _fault("window.past", "end", _("This time is over. Ask for a later one."))
    length = _length(minutes, quantity, access_unit)
    if length > window.length:
        raise _fault("window.too_short", "end", _("The session is longer than the time in which to look for it."))
    if not 1 <= count <= MOST_SLOTS:
        raise _fault("count.invalid", "count", _("Ask for 1 to ${most} slots.", mapping={"most": MOST_SLOTS}))
    if len(instruments) > MOST_NAMED:
        message = _("Name at most ${most} instruments, or narrow the search by filters.", mapping={"most": MOST_NAMED})
        raise _fault("instruments.too_many", "instruments", message)
    if access_type is not None and access_type not in frozenset(AccessType):
        raise _fault("access_type.unknown", "access_type", _("There is no such access type."))
    if step is not None and step not in frozenset(Step):
        raise _fault("action.unknown", "action", _("Choose to book or to request."))
    if instruments and filters not in (None, Filters()):
        raise _fault("filters.beside", "filters", _("Give either instruments or filters; not both."))
    if allocation is not None and (near or filters not in (None, Filters()) or step == Step.REQUEST):
        message = _("An allocation says where you can book. Leave out filters, the place and what is to be requested.")
        raise _fault("allocation.beside", "allocation", message)
    return Question(
        length=length,
        window=TimeSpan(max(window.start, now), window.end),
        instruments=tuple(dict.fromkeys(instruments)),
        filters=filters or Filters(),
        near=_near(*near) if near else None,
        access_type=access_type,
        count=count,
        step=Step(step) if step else None,
        together=_together(instruments, *together) if together else None,
        allocation=allocation,
    )


def _length(minutes: int | None, quantity: Decimal | None, access_unit: str | None) -> timedelta:
    if (minutes is None) == (quantity is None):
        message = _("Say how long: either in minutes, or as a quantity of an access unit.")
        raise _fault("duration.form", "duration_minutes", message)
    if quantity is not None:
        each = _MINUTES.get(AccessUnit(access_unit)) if access_unit in frozenset(AccessUnit) else None
        if each is None:
            message = _("A slot is found for hours, shifts or days. For other units give the duration in minutes.")
            raise _fault("duration.unit", "access_unit", message)
        minutes = int((quantity * each).to_integral_value(ROUND_UP))
    assert minutes is not None, "one of the two was given"
    if not 1 <= minutes <= _LONGEST:
        message = _("A session lasts from 1 to ${most} minutes.", mapping={"most": _LONGEST})
        raise _fault("duration.invalid", "duration_minutes", message)
    return timedelta(minutes=minutes)


def _near(latitude: float, longitude: float, km: float) -> Near:
    for name, value, low, high in (("lat", latitude, -90, 90), ("lon", longitude, -180, 180), ("km", km, 0, MOST_KM)):
        if not low <= value <= high:
            message = _("Give a number from ${low} to ${high}.", mapping={"low": low, "high": high})
            raise _fault("near.invalid", f"near.{name}", message)
    return Near(latitude, longitude, km)


def _together(instruments: tuple[str, ...], order: str, min_gap: int, max_gap: int | None) -> Together:
    if not 2 <= len(set(instruments)) == len(instruments) <= MOST_TOGETHER:
        message = _("Name 2 to ${most} different instruments to use together.", mapping={"most": MOST_TOGETHER})
        raise _fault("together.instruments", "instruments", message)
    if order not in ("same", "sequence"):
        raise _fault("together.order", "together.order", _("Say same, or sequence for one after the other."))
    if order == "same" and (min_gap or max_gap is not None):
        raise _fault("together.gap", "together", _("Sessions at the same time have no gap."))
    if not 0 <= min_gap <= MOST_GAP or (max_gap is not None and not min_gap <= max_gap <= MOST_GAP):
        message = _("The gap goes from a shortest to a longest time, of which none is negative.")
        raise _fault("together.gap", "together.max_gap_minutes", message)
    return Together(order, timedelta(minutes=min_gap), None if max_gap is None else timedelta(minutes=max_gap))


def _fault(code: str, name: str, message: Text) -> Invalid:
    return Invalid(code, message, fields={name: [message]})
