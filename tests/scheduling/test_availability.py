"""Free time against a model of minutes, and the nearest alternatives against a search of all of them."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from infra_access.core.timespan import TimeSpan
from infra_access.scheduling.availability import Availability, BusySpan, alternatives, availability

ORIGIN = datetime(2026, 3, 28, 22, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


def at(minute: int) -> datetime:
    return ORIGIN + minute * MINUTE


def span(start: int, end: int) -> TimeSpan:
    return TimeSpan(at(start), at(end))


def minutes(spans: list[TimeSpan]) -> set[int]:
    return {m for s in spans for m in range((s.start - ORIGIN) // MINUTE, (s.end - ORIGIN) // MINUTE)}


spans = st.lists(st.tuples(st.integers(0, 80), st.integers(1, 30)).map(lambda p: span(p[0], p[0] + p[1])), max_size=6)


def test_free_is_open_without_occupied() -> None:
    taken = BusySpan(span(20, 30), "booking", "Anna")
    shut = BusySpan(span(55, 90), "maintenance")
    found = availability([span(0, 60)], [shut, taken], span(10, 70))
    assert found == Availability(free=(span(10, 20), span(30, 55)), busy=(taken, BusySpan(span(55, 70), "maintenance")))


@given(spans, spans)
def test_free_is_exactly_the_open_minutes_not_occupied(opened: list[TimeSpan], taken: list[TimeSpan]) -> None:
    window = span(15, 75)
    found = availability(opened, [BusySpan(one, "booking") for one in taken], window)
    assert minutes(list(found.free)) == (minutes(opened) - minutes(taken)) & minutes([window])
    assert minutes([one.span for one in found.busy]) == minutes(taken) & minutes([window])
    assert list(found.busy) == sorted(found.busy)


def test_alternatives_are_the_nearest_on_both_sides() -> None:
    free = [span(0, 60), span(120, 300)]
    found = alternatives(free, 30 * MINUTE, at(60), 15 * MINUTE)
    assert found == [span(15, 45), span(30, 60), span(120, 150)]


def test_alternatives_keep_the_grid_of_the_wanted_start_and_begin_not_before() -> None:
    found = alternatives([span(7, 200)], 30 * MINUTE, at(60), 30 * MINUTE, not_before=at(45))
    assert found == [span(60, 90), span(90, 120), span(120, 150)]


def test_alternatives_pass_what_is_allowed() -> None:
    found = alternatives([span(0, 200)], 10 * MINUTE, at(60), 10 * MINUTE, 2, allowed=lambda s: s.start.minute == 30)
    assert found == [span(30, 40), span(90, 100)]


def test_there_may_be_no_alternative() -> None:
    assert alternatives([span(0, 29)], 30 * MINUTE, at(0), 15 * MINUTE) == []
    with pytest.raises(ValueError, match="positive"):
        alternatives([span(0, 29)], timedelta(), at(0), 15 * MINUTE)


@given(spans, st.integers(1, 25), st.integers(-20, 120), st.integers(1, 20), st.integers(0, 60))
def test_alternatives_equal_a_search_of_all(
    opened: list[TimeSpan], length: int, wanted: int, step: int, not_before: int
) -> None:
    free = list(availability(opened, [], span(0, 120)).free)
    found = alternatives(free, length * MINUTE, at(wanted), step * MINUTE, 3, not_before=at(not_before))
    every = [
        start
        for start in range(not_before, 140)
        if (start - wanted) % step == 0 and any(one.contains(span(start, start + length)) for one in free)
    ]
    nearest = sorted(every, key=lambda start: (abs(start - wanted), -start))[:3]
    assert found == [span(start, start + length) for start in sorted(nearest)]
