"""Taking a list in, in place of the former one, and what the search in it finds."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from infra_access.audit.models import AuditEvent
from infra_access.core.authority import NETWORK
from infra_access.core.db import Database
from infra_access.core.errors import Forbidden, Invalid, NotFound
from infra_access.screening.loading import lists_in_use, remove_list
from infra_access.screening.matching import Party, candidates_for
from infra_access.screening.models import ScreeningEntry, ScreeningList, ScreeningWord
from infra_access.screening.names import Kind, may_be_same, words_of
from tests.factories.access_requests import NOW, SYSTEM
from tests.factories.people import make_actor
from tests.factories.screening import ALT, ENTRIES, make_list, ofac, simple_csv


def found(session: Session, name: str, kind: Kind = Kind.PERSON) -> list[str]:
    return [one.listed for one in candidates_for(session, [Party(kind, "somebody", "participant", (name,))])]


def counts(session: Session) -> tuple[int | None, ...]:
    tables = (ScreeningList, ScreeningEntry, ScreeningWord, AuditEvent)
    return tuple(session.scalar(select(func.count()).select_from(table)) for table in tables)


def test_a_list_is_taken_in_with_its_hash_and_who_loaded_it(session: Session) -> None:
    row = make_list(session)
    assert (row.name, row.format, row.state, row.entries, row.compared) == (
        "OpenSanctions",
        "opensanctions",
        "current",
        4,
        3,
    )
    assert (len(row.sha256), row.loaded_at, row.loaded_by) == (64, NOW, "tests")
    event = session.scalars(select(AuditEvent).where(AuditEvent.action == "screening_list.loaded")).one()
    assert (event.object_id, event.details["sha256"]) == (row.public_id, row.sha256)


def test_what_the_search_finds(session: Session) -> None:
    make_list(session)
    make_list(session, ofac(), aliases=ofac(ALT))
    assert found(session, "TESTMANN, Omer") == ["Ömer Testmann"]
    assert found(session, "Omer Xaver Testmann") == ["Ömer Testmann"]
    assert found(session, "Омер Тестманн") == ["Тестманн Омер"]
    assert found(session, "Ada Example") == ["EXAMPLE, Ada"]
    assert found(session, "Adele Beispiel") == ["BEISPIEL, Adele"]
    assert found(session, "Testmann") == found(session, "Ada") == found(session, "...") == []
    assert found(session, "Nowhere Shipping", Kind.ORGANISATION) == ["NOWHERE SHIPPING CO."]
    assert found(session, "Nowhere Sensors Ltd.", Kind.ORGANISATION) == ["Sensors of Nowhere LLC"]
    assert found(session, "Ada Example", Kind.ORGANISATION) == []
    assert found(session, "Sensors Nowhere") == []
    for kind in Kind:
        assert found(session, "Quiet Harbour", kind) == ["Quiet Harbour, Trading"]
    assert found(session, "Ada Example", Kind.EITHER) == ["EXAMPLE, Ada"]


def test_a_list_of_the_same_name_takes_the_place_of_the_former(session: Session) -> None:
    first = make_list(session)
    second = make_list(session, simple_csv(ENTRIES[1:]))
    other = make_list(session, simple_csv(ENTRIES[:1]), name="Our own")
    assert [one.id for one in lists_in_use(session)] == [second.id, other.id]
    assert (first.state, first.ended_at, first.sha256 == second.sha256) == ("superseded", NOW, False)
    keys = session.scalars(select(ScreeningEntry.list_id).distinct()).all()
    assert sorted(keys) == [second.id, other.id]
    assert found(session, "Ömer Testmann") == ["Ömer Testmann"]
    assert remove_list(session, actor=SYSTEM, now=NOW, name="Our own").state == "removed"
    assert found(session, "Ömer Testmann") == []
    with pytest.raises(NotFound):
        remove_list(session, actor=SYSTEM, now=NOW, name="Our own")


def test_a_list_with_a_fault_at_its_end_changes_nothing(database: Database) -> None:
    with database.writer() as session:
        make_list(session)
        before = counts(session)
    many = [f"T-{number},Person,Somebody {number} Else,,,,,,,,,,,," for number in range(600)]
    with pytest.raises(Invalid, match="Line 602"), database.writer() as session:
        make_list(session, simple_csv([*many, "short,row"]))
    with database.reader() as session:
        assert counts(session) == before
        assert found(session, "Ömer Testmann") == ["Ömer Testmann"]


def test_only_who_runs_the_platform_loads_and_removes(session: Session) -> None:
    roles = ("organisation_admin", "export_control_officer", "auditor")
    actor = make_actor(session, *((role, NETWORK) for role in roles))
    with pytest.raises(Forbidden):
        make_list(session, actor=actor)
    with pytest.raises(Forbidden):
        remove_list(session, actor=actor, now=NOW, name="OpenSanctions")


NAMES = st.lists(st.sampled_from(["ann", "ben", "cem", "dee"]), min_size=1, max_size=4).map(" ".join)


@settings(max_examples=10, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(listed=st.lists(NAMES, min_size=1, max_size=6), name=NAMES)
def test_the_search_finds_exactly_what_may_be_the_same(session: Session, listed: list[str], name: str) -> None:
    with session.begin_nested() as undone:
        make_list(session, simple_csv([f"T-{at},Person,{one},,,,,,,,,,,," for at, one in enumerate(listed)]))
        expected = [one for one in listed if may_be_same(words_of(one), words_of(name))]
        assert found(session, name) == expected
        undone.rollback()
