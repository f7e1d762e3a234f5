"""The ledger of reciprocity equals a calculation by hand, both ways, and shows no more than one's own scope."""

import csv
import io
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from infra_access.accounting.ledger import correct
from infra_access.audit.models import AuditEvent
from infra_access.catalogue.models import Organisation
from infra_access.core.authority import NETWORK, Actor
from infra_access.core.errors import Forbidden, Invalid, NotFound
from infra_access.ledger.models import Contribution, UsageLine
from infra_access.measurement.contributions import note_contribution
from infra_access.measurement.exchange import Side
from infra_access.measurement.reciprocity import HEADINGS, reciprocity, reciprocity_csv
from infra_access.scheduling.models import Booking
from infra_access.scheduling.places import Place, place_of
from tests.factories.access_requests import OPEN_TO_ALL, SYSTEM, World
from tests.factories.accounting import make_priced_world, make_usage
from tests.factories.catalogue import make_facility, make_organisation
from tests.factories.orders import OPEN_TO_SENDERS, make_order, make_queue
from tests.factories.people import make_account, make_actor, make_affiliation
from tests.factories.scheduling import make_booking, make_place, span

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
Row = tuple[str, str, str, str, str]


@pytest.fixture
def world(session: Session) -> World:
    """Return the German facility and the startup of Kenya, where everybody may book."""
    return make_priced_world(session, rules=[OPEN_TO_ALL])


def used(session: Session, place: Place, hours: int, actor: Actor, **line: Any) -> Booking:
    """Book an hour on a place and write a line of it."""
    booking = make_booking(session, place, span(hours, hours + 1), actor=actor)
    world: Any = place  # a line needs the facility and the instrument alone
    make_usage(session, world, booking.id, **line)
    return booking


def flows(session: Session, actor: Actor, side: Side = Side.COUNTRY, year: int = 2026) -> list[Row]:
    """Return who gave whom how much, as text."""
    found = reciprocity(session, actor=actor, year=year, side=side).flows
    return [
        (one.host.name or one.host.country, one.user.name or one.user.country, one.access_unit, f"{one.units:.2f}",
         f"{one.list_value:.2f}")
        for one in found
    ]  # fmt: skip


def test_what_was_given_and_received_equals_the_sums_by_hand(session: Session, world: World) -> None:
    auditor = make_actor(session, ("auditor", NETWORK))
    here = place_of(session, world.instrument.id)
    home = make_facility(session, organisation=world.startup, country="KE", timezone="Africa/Nairobi")
    there = make_place(session, facility=home)
    german = make_account(session)
    institute = make_organisation(session, name="Institute", country="DE")
    make_affiliation(session, account=german, organisation=institute)
    germans = make_actor(session, account=german)

    used(session, here, 9, world.applicant)  # 2 shifts, 2000.00
    booking = used(session, here, 11, world.applicant, units=Decimal("1.50"), list_value=Decimal("1500.50"))
    used(session, here, 13, world.applicant, units=Decimal(7), kind="lost")
    used(session, here, 14, world.applicant, units=Decimal(9), kind="no-show")
    used(session, here, 15, germans)  # in the same country
    used(session, here, 16, world.applicant, now=datetime(2025, 12, 31, 9, tzinfo=UTC))
    used(session, there, 9, germans, units=Decimal(3), access_unit="hour", list_value=Decimal("90.10"), currency="KES")
    used(session, there, 11, world.applicant, access_unit="hour")  # its own
    line = booked_line(session, booking)
    correct(session, actor=SYSTEM, now=NOW, line=line, units=Decimal("-0.50"), price=Decimal(0), note="Half")

    by_hand = [("DE", "KE", "shift", "3.00", "3000.33"), ("KE", "DE", "hour", "3.00", "90.10")]
    assert flows(session, auditor) == by_hand
    names = {"host": host_name(session, world), "startup": world.startup.name}
    assert sorted(flows(session, auditor, Side.ORGANISATION)) == sorted(
        [
            (names["host"], names["startup"], "shift", "3.00", "3000.33"),
            (names["host"], "Institute", "shift", "2.00", "2000.00"),
            (names["startup"], "Institute", "hour", "3.00", "90.10"),
        ]
    )
    balances = {
        (one.party.country, one.access_unit): (one.gave_units, one.gave_value, one.received_units, one.received_value)
        for one in reciprocity(session, actor=auditor, year=2026).balances
    }
    assert balances == {
        ("DE", "shift"): (Decimal(3), Decimal("3000.33"), 0, 0),
        ("KE", "shift"): (0, 0, Decimal(3), Decimal("3000.33")),
        ("KE", "hour"): (Decimal(3), Decimal("90.10"), 0, 0),
        ("DE", "hour"): (0, 0, Decimal(3), Decimal("90.10")),
    }
    assert flows(session, auditor, year=2025) == [("DE", "KE", "shift", "2.00", "2000.00")]
    written = reciprocity_csv(session, actor=auditor, year=2026).decode("utf-8-sig")
    rows = list(csv.DictReader(io.StringIO(written)))
    assert sum(Decimal(row["units"]) for row in rows if row["access_unit"] == "shift") == 5
    assert tuple(rows[0]) == HEADINGS


def test_orders_count_and_persons_without_an_organisation_are_of_their_country(session: Session) -> None:
    world = make_queue(session, rules=[OPEN_TO_SENDERS, OPEN_TO_ALL])
    make_order(session, world, "delivered")
    auditor = make_actor(session, ("auditor", NETWORK))
    assert flows(session, auditor) == [("DE", "KE", "sample", "8.00", "200.00")]
    place = make_place(session, facility=make_facility(session))
    used(session, place, 9, make_actor(session, account=make_account(session, country_of_work="FR")))
    assert ("DE", "FR", "shift", "2.00", "2000.00") in flows(session, auditor)
    nameless = [one for one in reciprocity(session, actor=auditor, year=2026, side=Side.ORGANISATION).flows
                if not one.user.organisation]  # fmt: skip
    assert [(one.user.country, one.user.name) for one in nameless] == [("FR", "")]


def test_each_sees_the_exchange_of_their_own_scope(session: Session, world: World) -> None:
    used(session, place_of(session, world.instrument.id), 9, world.applicant)
    contribute(session, SYSTEM, world)
    for scope, sees in (
        (NETWORK, True), (("country", "DE"), True), (("country", "KE"), True), (("country", "FR"), False),
    ):  # fmt: skip
        actor = make_actor(session, ("access_administrator", scope))
        found = reciprocity(session, actor=actor, year=2026)
        assert bool(found.flows) is sees
        assert bool(found.contributions) is (scope in (NETWORK, ("country", "KE")))
    auditor = make_actor(session, ("auditor", ("organisation", world.startup.public_id)))
    assert len(reciprocity(session, actor=auditor, year=2026).flows) == 1
    for nobody in (world.applicant, world.manager, make_actor(session)):
        with pytest.raises(Forbidden):
            reciprocity(session, actor=nobody, year=2026)
    with pytest.raises(Invalid):
        reciprocity(session, actor=auditor, year=999)


def test_a_contribution_in_kind_is_put_right_only_by_a_further_line(session: Session, world: World) -> None:
    administrator = make_actor(session, ("access_administrator", ("country", "KE")))
    first = contribute(session, administrator, world)
    contribute(session, administrator, world, value=Decimal("-100.50"), corrects=first.public_id)
    (total,) = reciprocity(session, actor=administrator, year=2026).contributed
    assert (total.organisation.id, total.currency, total.value) == (world.startup.id, "EUR", Decimal("899.50"))
    faults: list[tuple[str, dict[str, Any]]] = [
        ("value", {"value": Decimal(-1)}),
        ("value", {"value": Decimal(0)}),
        ("value", {"value": Decimal("0.001")}),
        ("value", {"value": Decimal(-900), "corrects": first.public_id}),
        ("currency", {"currency": "euro"}),
        ("currency", {"currency": "USD", "corrects": first.public_id}),
        ("given_on", {"given_on": date(2026, 3, 9)}),
        ("reason", {"reason": " "}),
        ("what", {"what": ""}),
    ]
    for field, values in faults:
        with pytest.raises(Invalid) as refused:
            contribute(session, administrator, world, **values)
        assert list(refused.value.fields) == [field]
    with pytest.raises(NotFound):
        contribute(session, administrator, world, corrects="0" * 16)
    for other in (world.administrator, world.manager, world.applicant):
        with pytest.raises(Forbidden):
            contribute(session, other, world)
    assert len(session.scalars(select(Contribution)).all()) == 2
    events = session.scalars(select(AuditEvent).where(AuditEvent.action == "contribution.noted")).all()
    assert [event.details["value"] for event in events] == ["1000", "-100.50"]


def contribute(session: Session, actor: Actor, world: World, **overrides: Any) -> Contribution:
    """Note a detector of the startup, worth 1000 EUR."""
    values: dict[str, Any] = {
        "now": NOW,
        "organisation": world.startup,
        "what": "A detector, on loan",
        "value": Decimal(1000),
        "currency": "EUR",
        "given_on": date(2026, 3, 1),
        "reason": "Its price when new, for a year of ten",
    }
    return note_contribution(session, actor=actor, **values | overrides)


def booked_line(session: Session, booking: Booking) -> UsageLine:
    """Return the line of a booking."""
    return session.scalars(select(UsageLine).where(UsageLine.booking_id == booking.id)).one()


def host_name(session: Session, world: World) -> str:
    """Return the name of the organisation that runs the German facility."""
    return session.get_one(Organisation, world.facility.organisation_id).name
