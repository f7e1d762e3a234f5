"""The booking rules that are more than a number: what holds off hours, horizons by applicant, and quotas."""

from collections.abc import Mapping, Sequence
from dataclasses import MISSING, dataclass, fields
from enum import StrEnum
from typing import Any, TypeVar

from infra_access.catalogue.vocabularies import Sector, SizeBand
from infra_access.core.i18n import Text, _

Problems = dict[str, list[Text]]
MOST = 20
"""So many horizons or quotas at most; nobody could follow more."""


class OffHours(StrEnum):
    """What may be booked outside the opening hours: nothing, whatever an escort covers, or anything."""

    FORBIDDEN = "forbidden"
    ESCORT = "escort"
    ALLOWED = "allowed"


class Relation(StrEnum):
    """How an applicant stands to the facility."""

    INTERNAL = "internal"
    PARTNER = "partner"
    EXTERNAL = "external"


class Counted(StrEnum):
    """Whose bookings a quota counts; whoever has no team, or no organisation, counts alone."""

    PERSON = "person"
    TEAM = "team"
    ORGANISATION = "organisation"


class Measure(StrEnum):
    """What a quota counts: minutes of booked time, or bookings."""

    MINUTES = "minutes"
    BOOKINGS = "bookings"


class Period(StrEnum):
    """Over which time a quota counts, in the facility's zone; a week is that of ISO 8601, from Monday.

    `upcoming` is all that is not over yet.
    """

    DAY = "day"
    WEEK = "week"
    MONTH = "month"
    UPCOMING = "upcoming"


class Reach(StrEnum):
    """Which bookings a quota counts: those of the instrument that is booked, or of all at its facility."""

    INSTRUMENT = "instrument"
    FACILITY = "facility"


@dataclass(frozen=True, slots=True)
class Horizon:
    """How many days ahead applicants may book of whom all that is stated here is known."""

    days: int
    sector: Sector | None = None
    size: SizeBand | None = None
    startup: bool | None = None
    relation: Relation | None = None

    def matches(self, facts: Mapping[str, object]) -> bool | None:
        """Tell whether it is for an applicant with these facts; None where too little is known."""
        answer: bool | None = True
        for name in ("sector", "size", "startup", "relation"):
            wanted, known = getattr(self, name), facts.get(name)
            if wanted is None or wanted == known:
                continue
            if known is not None:
                return False
            answer = None
        return answer


@dataclass(frozen=True, slots=True)
class Quota:
    """How much of an instrument, or of a facility, one person, team or organisation may book over a period."""

    of: Counted
    amount: int
    measure: Measure
    per: Period
    on: Reach = Reach.INSTRUMENT


_P = TypeVar("_P", Horizon, Quota)

_CHOICES: Mapping[str, type[StrEnum]] = {
    "sector": Sector,
    "size": SizeBand,
    "relation": Relation,
    "of": Counted,
    "measure": Measure,
    "per": Period,
    "on": Reach,
}
_RANGES = {"days": (1, 3660), "amount": (1, 1_000_000)}


def parsed_off_hours(value: object, key: str, problems: Problems) -> OffHours | None:
    """Return what holds off hours; `true` and `false` are "allowed" and "forbidden" as they were once written."""
    if key != "off_hours":
        if isinstance(value, bool):
            return OffHours.ALLOWED if value else OffHours.FORBIDDEN
        problems[key] = [_("Say true or false.")]
    elif value in list(OffHours):
        return OffHours(str(value))
    else:
        problems[key] = [_one_of(OffHours)]
    return None


def parsed_list(kind: type[_P], value: object, key: str, problems: Problems) -> tuple[_P, ...]:
    """Return a list of horizons or quotas, naming each key of each entry that is not right."""
    if not isinstance(value, Sequence) or isinstance(value, str):
        problems[key] = [_("Give a list.")]
        return ()
    if len(value) > MOST:
        problems[key] = [_("Give at most ${most} of them.", mapping={"most": MOST})]
        return ()
    found = [_parsed(kind, each, f"{key}.{index}", problems) for index, each in enumerate(value)]
    return tuple(one for one in found if one is not None)


def _parsed(kind: type[_P], value: object, path: str, problems: Problems) -> _P | None:
    if not isinstance(value, Mapping):
        problems[path] = [_("Give an object with keys and values.")]
        return None
    own: Problems = {}
    known = {field.name: field for field in fields(kind)}
    values: dict[str, Any] = {}
    for name, each in value.items():
        if name not in known:
            own[f"{path}.{name}"] = [_("There is no such key here.")]
        elif problem := _problem(name, each):
            own[f"{path}.{name}"] = [problem]
        else:
            values[name] = _CHOICES[name](each) if name in _CHOICES else each
    for name, field in known.items():
        if field.default is MISSING and name not in value:
            own[f"{path}.{name}"] = [_("This is missing.")]
    if kind is Horizon and not own and set(values) == {"days"}:
        own[path] = [_("Say for whom: a sector, a size, a startup or a relation. For everyone, set horizon_days.")]
    problems.update(own)
    return None if own else kind(**values)


def _problem(name: str, value: object) -> Text | None:
    if name in _CHOICES:
        return None if value in list(_CHOICES[name]) else _one_of(_CHOICES[name])
    if name == "startup":
        return None if isinstance(value, bool) else _("Say true or false.")
    low, high = _RANGES[name]
    if not isinstance(value, int) or isinstance(value, bool) or not low <= value <= high:
        return _("Give a whole number from ${low} to ${high}.", mapping={"low": low, "high": high})
    return None


def _one_of(choices: type[StrEnum]) -> Text:
    return _("Give one of: ${choices}.", mapping={"choices": ", ".join(choices)})
