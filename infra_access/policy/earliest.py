"""When a session is realistic, from the days that everything due takes.

What stands in the same stage runs in parallel, so a stage takes as long as its longest part; stages add up.
`likely` counts what is certainly due, by the expected days; `safe` counts also what may turn out to be due, by
the latest days: a slot in three days is a lie when a visa takes thirty.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from infra_access.core.decision import EarliestStart
from infra_access.core.i18n import Text, _


@dataclass(frozen=True, slots=True)
class Due:
    """One thing that takes days before a session, and the sentence that says so where it is the longest.

    `certain` is false where a missing fact may spare it.
    """

    because: Callable[[], Text]
    stage: int
    expected_days: int
    latest_days: int
    certain: bool = True


def earliest_start(dues: Iterable[Due], as_of: datetime) -> EarliestStart:
    """Return the first days a session is realistic, counted from the UTC day of `as_of`."""
    found = list(dues)
    today = as_of.astimezone(UTC).date()
    likely = today + timedelta(days=_days((due.stage, due.expected_days) for due in found if due.certain))
    safe = today + timedelta(days=_days((due.stage, due.latest_days) for due in found))
    return EarliestStart(likely, safe, _because(found))


def one_after_the_other(first: EarliestStart, then: EarliestStart, as_of: datetime) -> EarliestStart:
    """Return when a session is realistic if what `then` counts can only begin once `first` is done.

    Both count from the UTC day of `as_of`.
    """
    today = as_of.astimezone(UTC).date()
    longer = first if first.safe >= then.safe else then
    return EarliestStart(first.likely + (then.likely - today), first.safe + (then.safe - today), longer.because)


def _days(stages: Iterable[tuple[int, int]]) -> int:
    longest: dict[int, int] = defaultdict(int)
    for stage, days in stages:
        longest[stage] = max(longest[stage], days)
    return sum(longest.values())


def _because(dues: list[Due]) -> Text:
    if not any(due.latest_days for due in dues):
        return _("Nothing has to be waited for.")
    return max(dues, key=lambda due: (due.latest_days, due.expected_days, due.certain)).because()
