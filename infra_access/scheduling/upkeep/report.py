"""What a closure comes to: its occurrences, and what becomes of everything that stands in its time."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import orjson

from infra_access.core.timespan import TimeSpan

OUTCOMES = ("moved", "moved_pending", "cancelled", "began", "stands")
"""Moved; moved and an approval is asked for anew; cancelled; its session has begun; it stays in the way."""


@dataclass(frozen=True, slots=True)
class Displaced:
    """One booking in the way: its old time, and the new one; none where it is cancelled or stays in the way."""

    booking: str
    instrument: str
    owner: str
    before: TimeSpan
    after: TimeSpan | None
    outcome: str


@dataclass(frozen=True, slots=True)
class Blocking:
    """What keeps the closure from being made: a drafted session, another closure, an event of a mirrored calendar."""

    kind: str
    span: TimeSpan


@dataclass(frozen=True, slots=True)
class Report:
    """The occurrences of a closure, the bookings that they displace, and what blocks them.

    `skipped` are the wall times of occurrences that a clock change leaves out.
    """

    spans: tuple[TimeSpan, ...]
    bookings: tuple[Displaced, ...]
    blocking: tuple[Blocking, ...]
    skipped: tuple[str, ...] = ()

    @property
    def possible(self) -> bool:
        """Tell whether the closure can be made: nothing blocks it, and no session in the way has begun."""
        return not self.blocking and not any(one.outcome == "began" for one in self.bookings)

    @property
    def token(self) -> str:
        """Return what names exactly this: what is done is what was previewed, or it is refused.

        The version of a booking is not in it, since a change that leaves it where it stood changes nothing here.
        """
        whole = [
            [_span(one) for one in self.spans],
            [[one.booking, one.outcome, _span(one.before), _span(one.after)] for one in self.bookings],
            [[one.kind, _span(one.span)] for one in self.blocking],
        ]
        return hashlib.sha256(orjson.dumps(whole)).hexdigest()[:32]

    def count(self, *outcomes: str) -> int:
        """Return how many bookings have one of the outcomes."""
        return sum(one.outcome in outcomes for one in self.bookings)

    def within(self, span: TimeSpan) -> Sequence[Displaced]:
        """Return the bookings that stand in one occurrence."""
        return [one for one in self.bookings if one.before.overlaps(span)]

    def as_json(self) -> dict[str, Any]:
        """Return it as plain JSON, for the audit and for a refusal."""
        return {
            "preview": self.token,
            "possible": self.possible,
            "occurrences": [_span(one) for one in self.spans],
            "skipped": list(self.skipped),
            "bookings": [
                {
                    "booking": one.booking,
                    "instrument_name": one.instrument,
                    "before": _span(one.before),
                    "after": _span(one.after),
                    "outcome": one.outcome,
                }
                for one in self.bookings
            ],
            "blocking": [{"kind": one.kind, **(_span(one.span) or {})} for one in self.blocking],
        }


def _span(span: TimeSpan | None) -> dict[str, str] | None:
    if span is None:
        return None
    return {"start": _text(span.start.isoformat()), "end": _text(span.end.isoformat())}


def _text(moment: str) -> str:
    return moment.replace("+00:00", "Z")
