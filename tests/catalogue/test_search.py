import pytest
from sqlalchemy.orm import Session

from infra_access.catalogue.facilities import update_facility
from infra_access.catalogue.instruments import update_instrument
from infra_access.catalogue.organisations import update_organisation
from infra_access.catalogue.search import search, summaries_of
from infra_access.core.authority import system_actor
from infra_access.core.db import Database
from infra_access.core.errors import Invalid
from tests.factories.catalogue import NOW, make_facility, make_instrument, make_organisation
from tests.statements import count_statements

SYSTEM = system_actor("tests")


def found(session: Session, **filters: object) -> list[str]:
    return [item.name for item in search(session, **filters).items]  # type: ignore[arg-type]


@pytest.fixture
def catalogue(session: Session) -> Session:
    tokyo = make_facility(
        session,
        organisation=make_organisation(session, name="The University of Tokyo", names={"ja": "東京大学"}, country="JP"),
        name="Institute for Solid State Physics",
        names={"ja": "物性研究所"},
        country="JP",
        city="Kashiwa",
        timezone="Asia/Tokyo",
    )
    pohang = make_facility(
        session,
        name="Pohang Light Source",
        names={"ko": "포항가속기연구소"},
        country="KR",
        city="Pohang",
        timezone="Asia/Seoul",
    )
    luebeck = make_facility(session, name="Ångström Labor", city="Lübeck")
    make_instrument(session, facility=tokyo, name="Spectrometer 10", techniques=["EXAFS", "micro-XANES"])
    make_instrument(
        session, facility=tokyo, name="Spectrometer 2", techniques=["XANES"], access_types=["remote", "mail-in"]
    )
    make_instrument(session, facility=pohang, name="7D XAFS", names={"ko": "엑스선 빔라인"}, techniques=["Micro XANES"])
    make_instrument(
        session, facility=luebeck, name="Élan", manufacturer="Zeiß", model="EVO-50", status="closed", techniques=[]
    )
    make_instrument(session, facility=luebeck, name="Draft", publication="draft")
    return session


def test_it_lists_published_instruments_by_name_with_numbers_in_their_order(catalogue: Session) -> None:
    assert found(catalogue) == ["7D XAFS", "Élan", "Spectrometer 2", "Spectrometer 10"]


@pytest.mark.parametrize(
    ("q", "names"),
    [
        ("EXAFS", ["Spectrometer 10"]),
        ("東京", ["Spectrometer 2", "Spectrometer 10"]),
        ("tokyo", ["Spectrometer 2", "Spectrometer 10"]),
        ("東京 spectrometer 10", ["Spectrometer 10"]),
        ("日本", ["Spectrometer 2", "Spectrometer 10"]),
        ("japan", ["Spectrometer 2", "Spectrometer 10"]),
        ("포항", ["7D XAFS"]),
        ("빔라인", ["7D XAFS"]),
        ("대한민국", ["7D XAFS"]),
        ("angstrom", ["Élan"]),
        ("LUBECK", ["Élan"]),
        ("elan", ["Élan"]),
        ("zeiss evo", ["Élan"]),
        ("Deutschland", ["Élan"]),
        ("spectrom", ["Spectrometer 2", "Spectrometer 10"]),
        ("spectrom ", []),
        ("spect tokyo", []),
        ("tokyo NOT exafs", []),
        ('"', []),
        ("東京 AND", []),
        ("nothing like it", []),
        ("   ", ["7D XAFS", "Élan", "Spectrometer 2", "Spectrometer 10"]),
    ],
)
def test_it_finds_alike_on_both_databases(catalogue: Session, q: str, names: list[str]) -> None:
    assert found(catalogue, q=q) == names


@pytest.mark.parametrize(
    ("filters", "names"),
    [
        ({"country": "kr"}, ["7D XAFS"]),
        ({"technique": "Micro-XANES"}, ["7D XAFS", "Spectrometer 10"]),
        ({"access_type": "mail-in"}, ["Spectrometer 2"]),
        ({"status": "closed"}, ["Élan"]),
        ({"bookable": True}, ["7D XAFS", "Spectrometer 2", "Spectrometer 10"]),
        ({"country": "JP", "technique": "xanes", "q": "tokyo"}, ["Spectrometer 2"]),
        ({"facility": "unknown"}, []),
    ],
)
def test_it_narrows(catalogue: Session, filters: dict[str, object], names: list[str]) -> None:
    assert found(catalogue, **filters) == names


def test_it_counts_what_each_choice_would_leave(catalogue: Session) -> None:
    facets = search(catalogue).facets
    assert facets is not None
    assert facets.total == 4
    assert [(value.value, value.label, value.count) for value in facets.country] == [
        ("JP", "Japan", 2),
        ("DE", "Germany", 1),
        ("KR", "South Korea", 1),
    ]
    assert [(value.value, value.label, value.count) for value in facets.technique] == [
        ("micro xanes", "Micro XANES", 2),
        ("exafs", "EXAFS", 1),
        ("xanes", "XANES", 1),
    ]
    assert {value.value: value.count for value in facets.access_type} == {"physical": 3, "remote": 1, "mail-in": 1}
    assert {value.value: value.count for value in facets.status} == {"operating": 3, "closed": 1}
    narrowed = search(catalogue, q="tokyo", technique="exafs")
    assert narrowed.total == 1
    assert narrowed.facets is not None
    assert [value.value for value in narrowed.facets.country] == ["JP"]


def test_a_page_goes_on_where_the_last_one_ended(catalogue: Session) -> None:
    for filters in ({}, {"q": "spec"}, {"q": "東京"}, {"q": "Spectrometer 10"}, {"bookable": True}):
        whole = found(catalogue, **filters)
        names: list[str] = []
        cursor = None
        while True:
            page = search(catalogue, **filters, limit=1, cursor=cursor, facets=False)  # type: ignore[arg-type]
            names += [item.name for item in page.items]
            assert page.facets is None
            cursor = page.next
            if cursor is None:
                break
        assert names == whole


def test_an_exact_name_comes_first(session: Session) -> None:
    facility = make_facility(session)
    for name in ("Alpha microscope", "Microscope", "Zeta microscope"):
        make_instrument(session, facility=facility, name=name)
    assert found(session, q="microscope") == ["Microscope", "Alpha microscope", "Zeta microscope"]


def test_it_finds_by_the_new_words_after_each_change(session: Session) -> None:
    facility = make_facility(session)
    instrument = make_instrument(session, facility=facility, name="Alpha")
    organisation = make_organisation(session)
    moved = make_instrument(session, facility=make_facility(session, organisation=organisation), name="Gamma")
    update_instrument(session, actor=SYSTEM, now=NOW, instrument=instrument, changes={"name": "Beta"})
    update_facility(session, actor=SYSTEM, now=NOW, facility=facility, changes={"city": "Potsdam"})
    update_organisation(
        session, actor=SYSTEM, now=NOW, organisation=organisation, changes={"names": {"ja": "大阪大学"}}
    )
    assert found(session, q="alpha") == []
    assert found(session, q="beta potsdam") == ["Beta"]
    assert found(session, q="大阪") == [moved.name]


def test_an_instrument_of_a_facility_that_is_no_longer_published_is_not_found(session: Session) -> None:
    facility = make_facility(session)
    make_instrument(session, facility=facility, name="Alpha")
    update_facility(session, actor=SYSTEM, now=NOW, facility=facility, changes={"publication": "retired"})
    assert found(session) == []


def test_a_summary_tells_what_can_be_done(session: Session) -> None:
    facility = make_facility(session, names={"de": "Anlage"}, demo=True)
    instrument = make_instrument(session, facility=facility, techniques=["XES", "EXAFS"], publication="draft")
    summary = summaries_of(session, [instrument.id])[instrument.id]
    assert summary.offer == "book"
    assert summary.techniques == (("exafs", "EXAFS"), ("xes", "XES"))
    assert (summary.facility_public_id, summary.facility_names, summary.city, summary.timezone, summary.demo) == (
        facility.public_id,
        {"de": "Anlage"},
        "Berlin",
        "Europe/Berlin",
        True,
    )


@pytest.mark.parametrize(
    ("filters", "code"),
    [
        ({"country": "XX"}, "country.unknown"),
        ({"access_type": "by post"}, "value.unknown"),
        ({"status": "fine"}, "value.unknown"),
        ({"limit": 0}, "limit.invalid"),
        ({"limit": 201}, "limit.invalid"),
        ({"cursor": "WyJhIl0"}, "cursor.invalid"),
        ({"q": "x\0y"}, "text.unsafe"),
        ({"q": "x" * 2_000}, "text.too_long"),
    ],
)
def test_it_refuses_what_cannot_be(session: Session, filters: dict[str, object], code: str) -> None:
    with pytest.raises(Invalid) as refusal:
        search(session, **filters)  # type: ignore[arg-type]
    assert refusal.value.code == code


def test_a_page_costs_five_statements_whatever_it_holds_and_three_once_it_is_known(
    database: Database, catalogue: Session
) -> None:
    for filters in ({"q": "spec"}, {"country": "JP", "technique": "xanes"}, {}):
        for limit in (1, 4):
            with count_statements(database) as sent:
                search(catalogue, **filters, limit=limit)  # type: ignore[arg-type]
            # The facets are those of the page before, whatever its size.
            assert sent.count == (5 if limit == 1 else 4)
            with count_statements(database) as sent:
                search(catalogue, **filters, limit=limit)  # type: ignore[arg-type]
            assert sent.count == 3
