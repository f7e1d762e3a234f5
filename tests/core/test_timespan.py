"""Half-open spans: the interval relations as one table, set operations against a model of minutes."""

from datetime import UTC, datetime, timedelta, timezone
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from infra_access.core.timespan import TimeSpan, merge, subtract

ORIGIN = datetime(2026, 10, 25, tzinfo=UTC)


def span(start: int, end: int) -> TimeSpan:
    return TimeSpan(ORIGIN + timedelta(minutes=start), ORIGIN + timedelta(minutes=end))


def minutes(spans: list[TimeSpan]) -> set[int]:
    return {
        minute
        for one in spans
        for minute in range(
            int((one.start - ORIGIN).total_seconds()) // 60, int((one.end - ORIGIN).total_seconds()) // 60
        )
    }


# Allen's thirteen relations of a span to [10, 20): overlaps, contains (this one contains 10-20), is within.
RELATIONS = [
    ("before", (1, 5), False, False, False),
    ("meets", (5, 10), False, False, False),
    ("overlaps its start", (5, 15), True, False, False),
    ("is finished by", (5, 20), True, True, False),
    ("contains", (5, 25), True, True, False),
    ("starts", (10, 15), True, False, True),
    ("equals", (10, 20), True, True, True),
    ("is started by", (10, 25), True, True, False),
    ("during", (12, 18), True, False, True),
    ("finishes", (15, 20), True, False, True),
    ("overlaps its end", (15, 25), True, False, False),
    ("is met by", (20, 25), False, False, False),
    ("after", (22, 25), False, False, False),
]


@pytest.mark.parametrize(
    ("ends", "overlaps", "contains", "within"), [row[1:] for row in RELATIONS], ids=[r[0] for r in RELATIONS]
)
def test_it_tells_each_of_the_thirteen_relations(
    ends: tuple[int, int], overlaps: bool, contains: bool, within: bool
) -> None:
    this, other = span(*ends), span(10, 20)
    assert this.overlaps(other) is overlaps
    assert other.overlaps(this) is overlaps
    assert this.contains(other) is contains
    assert other.contains(this) is within
    assert (this.clip(other) is not None) is overlaps
    assert minutes([c for c in [this.clip(other)] if c]) == minutes([this]) & minutes([other])


def test_the_model_has_every_relation_once() -> None:
    assert len({row[0] for row in RELATIONS}) == 13


@pytest.mark.parametrize(("start", "end"), [(10, 10), (11, 10)])
def test_it_refuses_an_empty_or_reversed_span(start: int, end: int) -> None:
    with pytest.raises(ValueError, match="ends after it starts"):
        span(start, end)


def test_it_refuses_naive_ends() -> None:
    with pytest.raises(ValueError, match="aware"):
        TimeSpan(ORIGIN.replace(tzinfo=None), ORIGIN)


def test_it_holds_utc_whatever_the_offset() -> None:
    summer = timezone(timedelta(hours=2))
    one = TimeSpan(datetime(2026, 10, 25, 2, tzinfo=summer), datetime(2026, 10, 25, 3, tzinfo=summer))
    assert one == span(0, 60)
    assert one.start.tzinfo is UTC
    assert one.length == timedelta(hours=1)


spans = st.lists(
    st.tuples(st.integers(0, 60), st.integers(1, 20)).map(lambda pair: span(pair[0], pair[0] + pair[1])), max_size=8
)


def maximal(found: list[TimeSpan]) -> bool:
    return all(left.end < right.start for left, right in pairwise(found))


@given(spans)
def test_merge_keeps_the_same_minutes_in_maximal_spans(some: list[TimeSpan]) -> None:
    merged = merge(some)
    assert minutes(merged) == minutes(some)
    assert maximal(merged)
    assert merge(merged) == merged


@given(spans, spans)
def test_subtract_leaves_exactly_the_minutes_not_taken(some: list[TimeSpan], taken: list[TimeSpan]) -> None:
    left = subtract(some, taken)
    assert minutes(left) == minutes(some) - minutes(taken)
    assert maximal(left)
