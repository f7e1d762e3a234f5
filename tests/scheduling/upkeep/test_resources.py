"""What a facility has: rooms, persons, plants and copies, what depends on what, and when it may go out of use."""

from datetime import timedelta

import pytest
from sqlalchemy import func, select

from infra_access.audit.models import AuditEvent
from infra_access.catalogue.models import Resource
from infra_access.catalogue.resource_queries import companions_of, resource_by_public_id, resources_at
from infra_access.catalogue.resources import MAX_COPIES, add_resource, set_companions
from infra_access.core.errors import Conflict, DomainError, Forbidden, Invalid, NotFound
from infra_access.scheduling.upkeep.closures import close, withdraw_closure
from infra_access.scheduling.upkeep.resources import update_resource
from tests.factories.catalogue import make_facility, make_instrument, manager_of
from tests.factories.policy import make_policy
from tests.factories.scheduling import MONDAY, SYSTEM, copies_of, make_booking, make_place, span


@pytest.fixture
def place(session):
    """Return a bookable instrument in Berlin."""
    make_policy(session)
    return make_place(session)


def added(session, place, kind, name, **more):
    return add_resource(
        session, actor=manager_of(place.facility), now=MONDAY, facility=place.facility, kind=kind, name=name, **more
    )


def changed(session, resource, **changes):
    return update_resource(session, actor=SYSTEM, now=MONDAY, resource=resource, changes=changes)


def closed(session, place, resource, taken):
    return close(
        session, actor=SYSTEM, now=MONDAY, facility=place.facility, resource=resource, span=taken, label="Service"
    )[0]


def test_a_facility_has_rooms_persons_plants_and_copies(session, place):
    actor = manager_of(place.facility)
    ring = added(session, place, "plant", "Ring")
    room = added(session, place, "room", "Hutch", plant=ring)
    person = added(session, place, "person", "Local contact")
    second = added(session, place, "instrument", "The second one", instrument=place.instrument)
    set_companions(session, actor=actor, now=MONDAY, instrument=place.instrument, resources=[room, person, room])
    changed(session, second, plant=ring, name="  Two ")
    views = resources_at(session, place.facility)
    assert [view.resource.kind for view in views] == ["plant", "room", "person", "instrument", "instrument"]
    by_name = {view.resource.name: view for view in views}
    assert by_name["Hutch"].plant is ring
    assert by_name["Hutch"].accompanies == by_name["Local contact"].accompanies == (place.instrument,)
    assert (by_name["Two"].plant, by_name["Two"].instrument) == (ring, place.instrument)
    assert resource_by_public_id(session, second.public_id, actor=actor) == by_name["Two"]
    set_companions(session, actor=actor, now=MONDAY, instrument=place.instrument, resources=[person])
    assert list(companions_of(session, place.instrument)) == [person]
    changed(session, second, plant=None)
    assert second.plant_id is None


def test_what_belongs_to_nothing_or_to_others_is_refused(session, place):
    ring, linac, room = (added(session, place, kind, kind) for kind in ("plant", "plant", "room"))
    elsewhere = make_facility(session)
    foreign = make_instrument(session, facility=elsewhere)
    events = session.scalar(select(func.count(AuditEvent.id)))
    wrong = {
        "a room that is a copy": lambda: added(session, place, "room", "A", instrument=place.instrument),
        "a copy of nothing": lambda: added(session, place, "instrument", "A"),
        "a copy of another facility's": lambda: added(session, place, "instrument", "A", instrument=foreign),
        "an unknown kind": lambda: added(session, place, "rocket", "A"),
        "without a name": lambda: added(session, place, "room", "  "),
        "closed by a room": lambda: added(session, place, "room", "A", plant=room),
        "a plant on a plant": lambda: changed(session, ring, plant=linac),
        "a plant on itself": lambda: changed(session, ring, plant=ring),
        "unknown field": lambda: changed(session, room, kind="plant"),
        "no yes or no": lambda: changed(session, room, active="no"),
        "no name": lambda: changed(session, room, name=""),
        "a plant with every session": lambda: set_companions(
            session, actor=SYSTEM, now=MONDAY, instrument=place.instrument, resources=[ring]
        ),
        "a room of another facility": lambda: set_companions(
            session, actor=SYSTEM, now=MONDAY, instrument=foreign, resources=[room]
        ),
    }
    for name, run in wrong.items():
        with pytest.raises(DomainError) as refused:
            run()
        assert isinstance(refused.value, Invalid | Conflict), name
    assert session.scalar(select(func.count(AuditEvent.id))) == events
    assert session.scalar(select(func.count(Resource.id)).where(Resource.facility_id == place.facility.id)) == 4
    with pytest.raises(NotFound):
        resource_by_public_id(session, room.public_id, actor=manager_of(elsewhere))
    with pytest.raises(Forbidden):
        update_resource(session, actor=manager_of(elsewhere), now=MONDAY, resource=room, changes={"name": "Mine"})


def test_an_instrument_has_so_many_copies_and_no_more(session):
    place = make_place(session, copies=MAX_COPIES)
    with pytest.raises(Invalid) as refused:
        added(session, place, "instrument", "One more", instrument=place.instrument)
    assert refused.value.code == "copies.range"


def test_what_is_booked_or_closed_stays_in_use(session, place):
    (copy,) = copies_of(session, place)
    spare = added(session, place, "room", "Spare room")
    make_booking(session, place, span(10, 12))
    with pytest.raises(Conflict) as refused:
        changed(session, copy, active=False)
    assert (refused.value.code, refused.value.details["entries"]) == ("resource.in_use", 1)
    assert changed(session, spare, active=False).active is False
    closure = closed(session, place, copy, span(14, 15))
    with pytest.raises(Conflict) as refused:
        changed(session, copy, active=False)
    assert refused.value.details["entries"] == 2
    withdraw_closure(session, actor=SYSTEM, now=MONDAY, closure=closure)
    later = span(10, 12).end + timedelta(minutes=1)
    assert not update_resource(session, actor=SYSTEM, now=later, resource=copy, changes={"active": False}).active
    with pytest.raises(Conflict) as refused:
        make_booking(session, place, span(16, 17))
    assert refused.value.code == "instrument.no_resource"
    changed(session, copy, active=True)
    make_booking(session, place, span(16, 17))


def test_a_plant_stays_in_use_while_anything_depends_on_it(session, place):
    ring = added(session, place, "plant", "Ring")
    (copy,) = copies_of(session, place)
    changed(session, copy, plant=ring)
    with pytest.raises(Conflict) as refused:
        changed(session, ring, active=False)
    assert refused.value.details == {"dependants": 1}
    changed(session, copy, plant=None)
    assert changed(session, ring, active=False).active is False
    with pytest.raises(Invalid):
        changed(session, copy, plant=ring)


def test_bookings_are_not_put_into_the_closures_of_a_new_plant(session, place):
    ring = added(session, place, "plant", "Ring")
    (copy,) = copies_of(session, place)
    make_booking(session, place, span(10, 12))
    closure = closed(session, place, ring, span(11, 15))
    with pytest.raises(Conflict) as refused:
        changed(session, copy, plant=ring)
    assert (refused.value.code, refused.value.details) == ("plant.bookings", {"bookings": 1})
    withdraw_closure(session, actor=SYSTEM, now=MONDAY, closure=closure)
    closed(session, place, ring, span(12, 15))
    changed(session, copy, plant=ring)
    with pytest.raises(Conflict):
        make_booking(session, place, span(13, 14))
