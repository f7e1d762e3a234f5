"""Setting up periods and pools: what is refused, and what of an unused set-aside goes where and when."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from sqlalchemy.orm import Session

from infra_access.accounting import drawing
from infra_access.accounting.falling_back import fall_back
from infra_access.accounting.models import AccessPeriod, AccessPool
from infra_access.accounting.pool_queries import periods_of, pool_by_public_id
from infra_access.accounting.pools import update_pool
from infra_access.catalogue.models import Facility
from infra_access.core.db import Database
from infra_access.core.errors import Conflict, Forbidden, Invalid, NotFound, PreconditionFailed
from tests.factories.accounting import NOW, SYSTEM, make_period, make_pool
from tests.factories.catalogue import make_facility, make_instrument
from tests.factories.people import make_actor
from tests.races.crowd import all_at_once

JULY = datetime(2026, 7, 1, tzinfo=UTC)
STARTUPS = {"purpose": "set-aside", "serves": {"startup": True}}
DAY = date(2026, 5, 1)


def test_periods_of_a_facility_touch_but_never_overlap(session: Session) -> None:
    facility = make_facility(session)
    make_period(session, facility)

    make_period(session, facility, name="Second half", starts=JULY, ends=JULY + timedelta(days=184))
    with pytest.raises(Conflict, match="overlaps First half"):
        make_period(session, facility, starts=JULY - timedelta(seconds=1), ends=JULY)
    with pytest.raises(Invalid):
        make_period(session, facility, starts=JULY, ends=JULY)
    make_period(session, make_facility(session))


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"access_unit": "sample"}, "access_unit"),
        ({"amount": Decimal(-1)}, "amount"),
        ({"amount": Decimal("0.001")}, "amount"),
        ({"purpose": "friends"}, "purpose"),
        ({"purpose": "set-aside"}, "serves"),
        ({"serves": {"startup": True}}, "serves"),
        ({"purpose": "set-aside", "serves": {"shoe_size": 41}}, "serves"),
        ({"falls_back_on": DAY}, "falls_back_on"),
        ({"name": ""}, "name"),
    ],
)
def test_a_pool_names_what_is_wrong_with_it(session: Session, values: dict[str, object], field: str) -> None:
    instrument = make_instrument(session)
    facility = session.get_one(Facility, instrument.facility_id)
    with pytest.raises(Invalid) as caught:
        make_pool(session, make_period(session, facility), instrument, **values)
    assert list(caught.value.fields) == [field]


def test_a_pool_is_for_instruments_of_its_facility_and_has_a_name_of_its_own(session: Session) -> None:
    facility = make_facility(session)
    period, instrument = make_period(session, facility), make_instrument(session, facility=facility)
    make_pool(session, period, instrument)
    for instruments in ([], [make_instrument(session)]):
        with pytest.raises(Invalid, match="of this facility"):
            make_pool(session, period, *instruments, name="Other")
    with pytest.raises(Invalid, match="of that name"):
        make_pool(session, period, instrument)
    with pytest.raises(Forbidden):
        make_pool(session, period, instrument, name="Other", actor=make_actor(session))


def test_the_rest_goes_to_a_pool_of_the_same_period_and_unit(session: Session) -> None:
    facility = make_facility(session)
    period, instrument = make_period(session, facility), make_instrument(session, facility=facility)
    shifts = make_pool(session, period, instrument, name="Shifts", access_unit="shift")
    for heir in (shifts, make_pool(session, period, instrument, **STARTUPS)):
        with pytest.raises(Invalid, match="same period and unit"):
            make_pool(session, period, instrument, name="More", falls_back_on=DAY, falls_back_to=heir, **STARTUPS)


def test_the_rest_goes_on_no_day_that_is_past_where_the_facility_stands(session: Session) -> None:
    pool, heir = _pools(session)

    def change(day: date) -> None:
        update_pool(
            session, actor=SYSTEM, now=NOW, pool=pool, amount=pool.amount, falls_back_on=day, falls_back_to=heir
        )

    with pytest.raises(Invalid, match="past"):
        change(NOW.date() - timedelta(days=1))
    change(NOW.date())
    pool.falls_back_on = NOW.date() - timedelta(days=9)
    change(NOW.date() - timedelta(days=9))  # what stands already may stay, whatever else changes
    assert pool.falls_back_on == NOW.date() - timedelta(days=9)


def test_a_pool_is_never_made_smaller_than_what_is_drawn(session: Session) -> None:
    pool, _open = _pools(session)
    pool.used = Decimal(4)

    def change(amount: str, version: int | None = None) -> None:
        values = {"falls_back_on": DAY, "falls_back_to": _open, "expected_version": version}
        update_pool(session, actor=SYSTEM, now=NOW, pool=pool, amount=Decimal(amount), **values)  # type: ignore[arg-type]

    with pytest.raises(Conflict, match="4"):
        change("3.99")
    with pytest.raises(PreconditionFailed):
        change("5", version=99)
    change("4")
    assert pool.amount == 4


def test_the_unused_falls_back_once_on_the_day_of_the_place(database: Database, session: Session) -> None:
    pool, heir = _pools(session)
    pool.used = Decimal(3)
    session.commit()

    assert fall_back(database, now=datetime(2026, 4, 30, 21, 59, tzinfo=UTC)) == 0
    assert fall_back(database, now=datetime(2026, 4, 30, 22, 0, tzinfo=UTC)) == 1, "it is May in Berlin"
    assert fall_back(database, now=datetime(2026, 5, 2, tzinfo=UTC)) == 0
    session.refresh(pool)
    session.refresh(heir)
    assert (pool.amount, pool.used, heir.amount) == (3, 3, 17)

    drawing.give_back(session, pool.id, Decimal(2))
    session.commit()
    assert (pool.amount, pool.used, heir.amount, heir.used) == (1, 1, 19, 0), "what comes back later goes on too"
    with pytest.raises(Conflict, match="gone to another pool"):
        update_pool(
            session, actor=SYSTEM, now=NOW, pool=pool, amount=Decimal(9), falls_back_on=None, falls_back_to=None
        )


def test_two_workers_move_it_once(database: Database, session: Session) -> None:
    pool, heir = _pools(session)
    session.commit()

    moved = all_at_once([lambda: fall_back(database, now=JULY)] * 2)

    assert sorted(moved) == [0, 1]  # type: ignore[type-var]
    session.refresh(pool)
    session.refresh(heir)
    assert (pool.amount, heir.amount) == (0, 20)


def test_periods_are_read_by_staff_with_what_is_left(session: Session) -> None:
    pool, heir = _pools(session)
    facility = _facility(session, pool)
    views = periods_of(session, actor=SYSTEM, facility=facility)

    assert [(view.pool.id, view.left) for view in views[0].pools] == [(heir.id, 10), (pool.id, 10)]
    assert views[0].pools[1].falls_back_to is heir
    assert pool_by_public_id(session, pool.public_id, facility=facility) is pool
    with pytest.raises(Forbidden):
        periods_of(session, actor=make_actor(session), facility=facility)
    with pytest.raises(NotFound):
        pool_by_public_id(session, pool.public_id, facility=make_facility(session))


def _pools(session: Session) -> tuple[AccessPool, AccessPool]:
    """Return a set-aside for startups, and the open call that its rest goes to."""
    facility = make_facility(session)
    period, instrument = make_period(session, facility), make_instrument(session, facility=facility)
    heir = make_pool(session, period, instrument)
    return make_pool(session, period, instrument, falls_back_on=DAY, falls_back_to=heir, **STARTUPS), heir


def _facility(session: Session, pool: AccessPool) -> Facility:
    return session.get_one(Facility, session.get_one(AccessPeriod, pool.period_id).facility_id)
