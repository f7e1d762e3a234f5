"""The cache of published rules: never stale, and one statement while nothing changes."""

from dataclasses import replace
from datetime import date

import pytest
from sqlalchemy import delete, event, text
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from infra_access.core.authority import NETWORK, system_actor
from infra_access.core.db import Database
from infra_access.core.errors import Unavailable
from infra_access.policy.models import PolicyHead
from infra_access.policy.places import InstrumentPlace
from infra_access.policy.publishing import publish_document
from infra_access.policy.rulebook import rulebook
from tests import databases
from tests.factories.catalogue import make_facility
from tests.factories.policy import NOW, make_country_group, make_document, make_policy, raw_rule
from tests.policy.statements import counted

PLACE = InstrumentPlace(
    public_id="i1",
    facility="f1",
    organisation="o1",
    organisation_id=1,
    country="DE",
    tags=frozenset({"laser"}),
    techniques=frozenset(),
    control_codes=frozenset(),
    status="operating",
)


def ids(rules) -> list[str]:
    return sorted(rule.id for rule in rules)


def test_a_warm_book_costs_one_statement(session: Session) -> None:
    make_policy(session)
    book = rulebook(session)
    with counted(session) as statements:
        assert rulebook(session) is book
        assert rulebook(session, share_lock=True) is book
    assert len(statements) == 2


def test_a_publication_is_seen_at_once(session: Session) -> None:
    make_policy(session, raw_rule("old", {"type": "permit"}), name="One")
    assert ids(rulebook(session).for_instrument(PLACE)) == ["old"]
    make_policy(session, raw_rule("new", {"type": "permit"}), name="One")
    book = rulebook(session)
    assert ids(book.for_instrument(PLACE)) == ["new"]
    assert book.version == "2.3"


def test_another_session_keeps_seeing_what_is_committed(database: Database) -> None:
    with database.writer() as session:
        make_policy(session, raw_rule("old", {"type": "permit"}), name="One")
    with Session(database.writers) as unfinished:
        make_policy(unfinished, raw_rule("new", {"type": "permit"}), name="One")
        assert ids(rulebook(unfinished).for_instrument(PLACE)) == ["new"]
        unfinished.rollback()
    with database.reader() as session:
        assert ids(rulebook(session).for_instrument(PLACE)) == ["old"]


def test_a_rolled_back_publication_is_not_remembered_under_the_same_number(database: Database) -> None:
    with Session(database.writers) as unfinished:
        make_policy(unfinished, raw_rule("lost", {"type": "permit"}))
        assert ids(rulebook(unfinished).for_instrument(PLACE)) == ["lost"]
        unfinished.rollback()
    with database.writer() as session:
        make_policy(session, raw_rule("kept", {"type": "permit"}))
    with database.reader() as session:
        assert ids(rulebook(session).for_instrument(PLACE)) == ["kept"]


def test_rules_reach_an_instrument_through_every_scope_that_contains_it(session: Session) -> None:
    facility = make_facility(session)
    other = make_facility(session)
    scopes = [NETWORK, ("country", "DE"), ("facility", facility.public_id), ("tag", "laser"), ("route", "r1")]
    for kind, key in [*scopes, ("country", "FR"), ("facility", other.public_id), ("tag", "x-ray"), ("route", "r2")]:
        make_policy(session, raw_rule(f"{kind}-{key or 'all'}".lower(), {"type": "permit"}), scope=(kind, key))
    book = rulebook(session)
    place = replace(PLACE, facility=facility.public_id)
    reached = ["country-de", f"facility-{facility.public_id}", "network-all", "tag-laser"]
    assert ids(book.for_instrument(place)) == reached
    assert ids(book.for_instrument(place, "r1")) == sorted([*reached, "route-r1"])
    assert ids(book.for_instrument(None, "r1")) == ["network-all", "route-r1"]
    assert {rule.scope for rule in book.for_instrument(place)} >= {"network", "country:DE", "tag:laser"}


def test_rules_of_another_day_or_action_are_left_out(session: Session) -> None:
    make_policy(
        session,
        raw_rule("always", {"type": "permit"}),
        raw_rule("may", {"type": "deny"}, valid_from="2026-05-01", valid_to="2026-06-01"),
        raw_rule("mail", {"type": "permit"}, applies_to=["mail_in"]),
    )
    book = rulebook(session)
    assert ids(book.for_instrument(PLACE, at=date(2026, 5, 31))) == ["always", "mail", "may"]
    assert ids(book.for_instrument(PLACE, at=date(2026, 6, 1))) == ["always", "mail"]
    assert ids(book.rule_set(PLACE, at=NOW, action="mail_in").rules) == ["mail"]
    assert book.rule_set(PLACE, at=NOW, action="book") is book.rule_set(PLACE, at=NOW, action="book")


def test_groups_of_countries_come_with_the_book(session: Session) -> None:
    make_country_group(session, "ODA:2024", "KE", "ET")
    make_country_group(session, "LDC:2024", "ET")
    book = rulebook(session)
    assert book.groups_of("ET") == {"ODA:2024", "LDC:2024"}
    assert book.groups_of("KE") == {"ODA:2024"}
    assert book.groups_of("FR") == frozenset()


def test_a_publication_in_the_middle_of_reading_is_noticed(database: Database) -> None:
    with database.writer() as session:
        make_policy(session, raw_rule("old", {"type": "permit"}), name="One")
        draft = make_document(session, name="One", rules=[raw_rule("new", {"type": "permit"})])
    done: list[str] = []

    def meanwhile(_connection, _cursor, statement, *_rest) -> None:
        if "country_group" in statement and "policy_head" in statement and not done and not database.is_sqlite:
            done.append(statement)
            with database.writer() as other:
                publish_document(other, actor=system_actor("tests"), now=NOW, document=other.merge(draft))

    event.listen(database.engine, "before_cursor_execute", meanwhile)
    with Session(database.writers) as session:
        book = rulebook(session)
    event.remove(database.engine, "before_cursor_execute", meanwhile)
    expected = ("old", 1) if database.is_sqlite else ("new", 2)
    assert (ids(book.for_instrument(PLACE))[0], book.number) == expected


def test_a_database_without_a_head_says_so(session: Session) -> None:
    session.execute(delete(PolicyHead))
    with pytest.raises(Unavailable):
        rulebook(session)


def test_nothing_is_published_while_a_decision_relies_on_the_policy(postgresql_url: str) -> None:
    databases.set_back(postgresql_url)
    database = Database.connect(postgresql_url)
    with database.writer() as session:
        make_policy(session, name="One")
        draft = make_document(session, name="One")
    with database.writer() as booking:
        rulebook(booking, share_lock=True)
        with database.writer() as also_booking:
            assert rulebook(also_booking, share_lock=True).number == 1
        with Session(database.writers) as publishing:
            publishing.execute(text("SET LOCAL lock_timeout = '100ms'"))
            with pytest.raises(OperationalError, match="lock timeout"):
                publish_document(publishing, actor=system_actor("tests"), now=NOW, document=publishing.merge(draft))
    database.dispose()
