"""What became of each occurrence of a series: booked, skipped, or kept as it was, and why."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from infra_access.core.errors import Conflict, DomainError, Invalid
from infra_access.core.i18n import Text
from infra_access.core.timespan import TimeSpan

WALL = "%Y-%m-%dT%H:%M"


class OnConflict(StrEnum):
    """What a series does about an occurrence that cannot be booked: leave it out, or refuse everything."""

    SKIP = "skip"
    FAIL = "fail"


class Scope(StrEnum):
    """How much of a series a change is about; nothing that has begun is ever changed."""

    ONE = "one"
    FOLLOWING = "following"
    ALL = "all"


class OccurrenceState(StrEnum):
    """Where an occurrence stands; `kept` is that of one which a change of the series left as it was."""

    BOOKED = "booked"
    SKIPPED = "skipped"
    KEPT = "kept"
    CANCELLED = "cancelled"


@dataclass(frozen=True, slots=True)
class Reported:
    """One line of a report. `recurrence` is the occurrence's name, the wall time by its rule; `booking` a public id.

    A span is absent where the clocks skip the time; `repeated` tells that they show it twice.
    """

    recurrence: str
    wall_start: datetime
    wall_end: datetime
    span: TimeSpan | None
    state: OccurrenceState
    code: str | None = None
    message: Text | None = None
    booking: str | None = None
    repeated: bool = False


def shown(one: Reported) -> dict[str, Any]:
    """Return a line as answers and refusals carry it."""
    return {
        "recurrence_id": one.recurrence,
        "local_start": one.wall_start.strftime(WALL),
        "local_end": one.wall_end.strftime(WALL),
        "start": _utc(one.span.start) if one.span else None,
        "end": _utc(one.span.end) if one.span else None,
        "state": str(one.state),
        "code": one.code,
        "message": one.message,
        "booking": one.booking,
        "repeated": one.repeated,
    }


def refuse(code: str, message: Text, report: Sequence[Reported], faults: Iterable[DomainError]) -> DomainError:
    """Return the refusal of a whole series with the report of every occurrence: 422 only where all faults are input."""
    details = {"occurrences": [shown(one) for one in report]}
    listed = list(faults)
    if listed and all(isinstance(one, Invalid) for one in listed):
        return Invalid(code, message, fields={"recurrence": [message]}, details=details)
    return Conflict(code, message, details=details)


def _utc(moment: datetime) -> str:
    return moment.isoformat().replace("+00:00", "Z")
