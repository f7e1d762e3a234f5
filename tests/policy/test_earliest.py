from datetime import UTC, date, datetime, timedelta, timezone

from infra_access.core.i18n import plain
from infra_access.policy.earliest import Due, earliest_start

AS_OF = datetime(2026, 5, 4, 12, tzinfo=UTC)


def due(because: str, *days: int, certain: bool = True) -> Due:
    return Due(lambda: because, *days, certain=certain)


def test_it_is_today_where_nothing_is_due():
    start = earliest_start([], AS_OF)
    assert (start.likely, start.safe) == (date(2026, 5, 4), date(2026, 5, 4))
    assert plain(start.because) == "Nothing has to be waited for."


def test_what_is_in_one_stage_runs_in_parallel_and_stages_add_up():
    dues = [due("a", 1, 3, 10), due("b", 1, 5, 8), due("visa", 2, 20, 30)]
    start = earliest_start(dues, AS_OF)
    assert (start.likely, start.safe) == (date(2026, 5, 29), date(2026, 6, 13))
    assert start.because == "visa"


def test_what_may_be_spared_counts_for_the_safe_date_only():
    start = earliest_start([due("a", 1, 3, 10), due("b", 1, 50, 80, certain=False)], AS_OF)
    assert (start.likely, start.safe) == (date(2026, 5, 7), date(2026, 7, 23))
    assert start.because == "b"


def test_days_are_counted_from_the_day_in_utc():
    late = datetime(2026, 5, 4, 23, tzinfo=timezone(timedelta(hours=-5)))
    assert earliest_start([], late).likely == date(2026, 5, 5)
