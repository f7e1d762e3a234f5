from collections.abc import Callable, Iterator
from itertools import count

import pytest
from sqlalchemy import select, text
from sqlalchemy.orm import Session

from infra_access.catalogue.facilities import update_facility
from infra_access.catalogue.importing import import_uniquip
from infra_access.catalogue.instruments import update_instrument
from infra_access.catalogue.models import Facility, Instrument, Organisation
from infra_access.catalogue.organisations import update_organisation
from infra_access.catalogue.search import search
from infra_access.catalogue.search_cache import Latest, shelf_of
from infra_access.catalogue.standards.uniquip import COLUMNS
from infra_access.core.authority import system_actor
from infra_access.core.db import Database
from infra_access.core.errors import Unavailable
from tests.factories.catalogue import NOW, make_facility, make_instrument, make_organisation

SYSTEM = system_actor("tests")

QUERIES: tuple[dict[str, object], ...] = ({}, {"q": "spectro"}, {"country": "DE"}, {"technique": "xanes"})


def answers(database: Database) -> list[object]:
    """Return what a visitor is shown, twice, since the second answer is the kept one."""
    with database.reader() as session:
        first = [search(session, **query) for query in QUERIES]  # type: ignore[arg-type]
    with database.reader() as session:
        assert [search(session, **query) for query in QUERIES] == first  # type: ignore[arg-type]
    return list(first)


@pytest.fixture
def elsewhere(database_url: str, database: Database) -> Iterator[Database]:
    """Give the same database as another process sees it: with a pool, and so with kept answers, of its own."""
    other = Database.connect(database_url)
    with database.writer() as session:
        organisation = make_organisation(session)
        facility = make_facility(session, organisation=organisation, name="Lab")
        make_instrument(session, facility=facility, name="Spectrometer 1")
        make_instrument(session, facility=facility, name="Draft", publication="draft")
    yield other
    other.dispose()


def a_file() -> bytes:
    cells = {"Type": "equipment", "Name": "Spectrometer 9", "Technique": "XANES", "Service Level": "Operational"}
    cells |= {"Contact Name": "User office", "Contact URL": "https://x.example/"}
    return f"{','.join(COLUMNS)}\r\n{','.join(cells.get(column, '') for column in COLUMNS)}".encode()


def create(session: Session) -> None:
    make_instrument(
        session, facility=session.scalars(select(Facility)).first(), name="Spectrometer 2", techniques=["EXAFS"]
    )


def change(session: Session, **changes: object) -> None:
    instrument = session.scalars(select(Instrument).where(Instrument.name == "Spectrometer 1")).one()
    update_instrument(session, actor=SYSTEM, now=NOW, instrument=instrument, changes=changes)


def publish(session: Session) -> None:
    instrument = session.scalars(select(Instrument).where(Instrument.name == "Draft")).one()
    update_instrument(session, actor=SYSTEM, now=NOW, instrument=instrument, changes={"publication": "published"})


def change_place(session: Session, **changes: object) -> None:
    facility = session.scalars(select(Facility)).one()
    update_facility(session, actor=SYSTEM, now=NOW, facility=facility, changes=changes)


def rename_organisation(session: Session) -> None:
    organisation = session.scalars(select(Organisation)).one()
    changes = {"name": "Spectroscopy institute"}
    update_organisation(session, actor=SYSTEM, now=NOW, organisation=organisation, changes=changes)


def bring_in(session: Session) -> None:
    import_uniquip(
        session,
        actor=SYSTEM,
        now=NOW,
        content=a_file(),
        filename="file.csv",
        organisation_name_or_ror="Nairobi Light Source",
        country="KE",
    )


CHANGES: dict[str, Callable[[Session], None]] = {
    "create": create,
    "rename": lambda session: change(session, name="Spectrograph"),
    "status": lambda session: change(session, status="closed"),
    "techniques": lambda session: change(session, techniques=["EXAFS"]),
    "access types": lambda session: change(session, access_types=["remote"]),
    "scheduling": lambda session: change(session, scheduling_authority="none"),
    "publish": publish,
    "retire": lambda session: change(session, publication="retired"),
    "retire the facility": lambda session: change_place(session, publication="retired"),
    "move the facility": lambda session: change_place(session, country="FR", timezone="Europe/Paris"),
    "rename the organisation": rename_organisation,
    "import": bring_in,
}


@pytest.mark.parametrize("change_", CHANGES.values(), ids=CHANGES)
def test_no_process_shows_what_was_before_a_change(
    database: Database, elsewhere: Database, change_: Callable[[Session], None]
) -> None:
    before = answers(database)
    assert answers(elsewhere) == before
    with elsewhere.writer() as session:
        change_(session)
    after = answers(database)
    assert after != before
    assert answers(elsewhere) == after
    shelf = shelf_in(database)
    fresh = Database.connect(database.engine.url.render_as_string(hide_password=False))
    assert answers(fresh) == after
    fresh.dispose()
    assert shelf_in(database) is shelf


def shelf_in(database: Database) -> object:
    with database.reader() as session:
        return shelf_of(session)


def test_what_was_rolled_back_is_never_shown_even_under_its_number(database: Database, elsewhere: Database) -> None:
    before = answers(database)
    with Session(database.writers) as session:
        create(session)
        assert search(session).total == 2
        number = shelf_of(session).head.number
        session.rollback()
    assert answers(database) == before
    with elsewhere.writer() as session:
        change(session, status="closed")
        assert shelf_of(session).head.number == number
    facets = answers(database)[0].facets  # type: ignore[attr-defined]
    assert {value.value: value.count for value in facets.status} == {"closed": 1}


def test_what_a_transaction_has_not_committed_is_shown_to_itself_only(database: Database, session: Session) -> None:
    make_instrument(session, name="Spectrometer 1")
    session.commit()
    create(session)
    assert search(session).total == 2
    assert [page.total for page in answers(database)[:1]] == [1]  # type: ignore[attr-defined]
    savepoint = session.begin_nested()
    change(session, publication="retired")
    assert search(session).total == 1
    savepoint.rollback()
    assert search(session).total == 2
    session.commit()
    assert [page.total for page in answers(database)[:1]] == [2]  # type: ignore[attr-defined]


def test_queries_of_the_same_words_share_their_facets(session: Session) -> None:
    make_instrument(session, name="Spectrometer 1")
    first = search(session, q="1 spectrometer")
    assert search(session, q="  1 SPECTROMETER").facets is first.facets
    assert search(session, q="1 spectrometer ").facets == first.facets
    assert len(shelf_of(session).facets) == 2


def test_what_is_kept_is_bounded_and_the_oldest_goes_first() -> None:
    latest = Latest[int](2)
    numbers = count()
    for key in ("a", "b", "a", "c", "a", "b"):
        latest.get_or_make(key, lambda: next(numbers))
    assert len(latest) == 2
    assert (latest.get("a"), latest.get("b"), latest.get("c")) == (0, 3, None)


def test_a_database_without_its_head_says_that_it_was_not_set_up(session: Session) -> None:
    session.execute(text("DELETE FROM catalogue_head"))
    with pytest.raises(Unavailable) as refusal:
        search(session)
    assert refusal.value.code == "catalogue.no_head"
