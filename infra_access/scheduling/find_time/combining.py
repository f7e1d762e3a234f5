"""Several instruments together: at the same time, or one after the other within gaps. Pure."""

from collections.abc import Sequence
from datetime import datetime

from infra_access.core.timespan import TimeSpan
from infra_access.scheduling.find_time.fitting import Fitter
from infra_access.scheduling.find_time.questions import Together

_MOST_ROUNDS = 2_000


def together_from(
    fitters: Sequence[Fitter], bounds: Sequence[datetime], wanted: Together
) -> tuple[TimeSpan, ...] | None:
    """Return the earliest sessions of all that keep the order, none before its bound; None where there are none.

    Each session is moved to the earliest time that its own instrument has and that the others do not rule out, until
    nothing moves any more. A session is never moved further than it must, so what results is the earliest.
    """
    bounds = list(bounds)
    for _round in range(_MOST_ROUNDS):
        fits = [fitter.next_fit(bound) for fitter, bound in zip(fitters, bounds, strict=True)]
        sessions = [span for span in fits if span is not None]
        if len(sessions) < len(fitters):
            return None
        pushed = _pushed(sessions, wanted)
        if all(least <= span.start for least, span in zip(pushed, sessions, strict=True)):
            return tuple(sessions)
        bounds = [max(least, span.start) for least, span in zip(pushed, sessions, strict=True)]
    return None


def _pushed(sessions: Sequence[TimeSpan], wanted: Together) -> list[datetime]:
    """Return before when each session cannot begin, as the others stand now."""
    if wanted.order == "same":
        return [max(span.start for span in sessions)] * len(sessions)
    least = [span.start for span in sessions]
    for number in range(1, len(sessions)):
        before, after = sessions[number - 1], sessions[number]
        least[number] = max(least[number], before.end + wanted.min_gap)
        if wanted.max_gap is not None:
            waits_until = after.start - wanted.max_gap - before.length
            least[number - 1] = max(least[number - 1], waits_until)
    return least
