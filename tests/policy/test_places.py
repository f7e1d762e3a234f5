"""Instruments as policy sees them, many in one statement."""

from sqlalchemy.orm import Session

from infra_access.core.authority import NETWORK
from infra_access.policy.places import facts_of_place, places_of
from tests.factories.catalogue import make_facility, make_instrument, make_organisation
from tests.factories.policy import NOW
from tests.policy.statements import counted


def test_it_tells_where_an_instrument_stands_and_what_it_is(session: Session) -> None:
    facility = make_facility(session, organisation=make_organisation(session), country="PT", timezone="Europe/Lisbon")
    instrument = make_instrument(
        session, facility=facility, techniques=["XANES", "Micro-XRF"], tags=["laser"], control_codes=["2B350"]
    )
    place = places_of(session, [instrument.id])[instrument.id]
    assert list(place.scopes()) == [
        NETWORK,
        ("country", "PT"),
        ("organisation", place.organisation),
        ("facility", facility.public_id),
        ("tag", "laser"),
        ("instrument", instrument.public_id),
    ]
    facts = facts_of_place(place, NOW)
    assert facts.value("instrument.techniques", NOW) == {"xanes", "micro xrf"}
    assert facts.value("instrument.control_codes", NOW) == {"2B350"}
    assert facts.value("facility.country", NOW) == "PT"
    assert facts.value("instrument.status", NOW) == "operating"


def test_many_cost_one_statement_and_keep_their_order(session: Session) -> None:
    facility = make_facility(session)
    keys = [make_instrument(session, facility=facility, techniques=[]).id for _number in range(5)][::-1]
    with counted(session) as statements:
        found = places_of(session, [*keys, keys[0], 999_999])
    assert list(found) == keys
    assert len(statements) == 1
    assert found[keys[0]].techniques == frozenset()
