"""Drafts, publication and the head, on both databases."""

from datetime import date, datetime

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from infra_access.audit.models import AuditEvent
from infra_access.core.authority import NETWORK, system_actor
from infra_access.core.errors import Conflict, Forbidden, Invalid, PreconditionFailed
from infra_access.outbox.models import OutboxEvent
from infra_access.policy.models import PolicyHead
from infra_access.policy.publishing import create_document, publish_document, set_country_group, withdraw_document
from tests.factories.catalogue import make_facility
from tests.factories.people import make_actor
from tests.factories.policy import make_country_group, make_document, make_policy, raw_rule

SYSTEM = system_actor("tests")


def head(session: Session) -> int:
    return session.scalars(select(PolicyHead.number)).one()


def events(session: Session, action: str) -> int:
    return session.scalar(select(func.count()).where(AuditEvent.action == action)) or 0


def test_a_draft_changes_nothing_that_is_in_force(session: Session) -> None:
    document = make_document(session)
    assert (document.state, document.number, head(session)) == ("draft", 1, 0)
    assert document.rules[0]["scope"] == "network"
    assert events(session, "policy.drafted") == 1


def test_publishing_supersedes_the_former_version_and_advances_the_head(session: Session) -> None:
    first = make_policy(session, name="House rules")
    other = make_policy(session, name="Other rules")
    second = make_document(session, name="House rules")
    assert second.number == 2
    publish_document(session, actor=SYSTEM, now=first.created_at, document=second)
    assert [document.state for document in (first, other, second)] == ["superseded", "published", "published"]
    assert head(session) == 3
    assert events(session, "policy.published") == 3
    kinds = session.scalars(select(OutboxEvent.kind).order_by(OutboxEvent.id)).all()
    assert kinds == ["policy.published"] * 3


def test_a_version_is_published_only_once(session: Session) -> None:
    document = make_policy(session)
    with pytest.raises(Conflict) as refused:
        publish_document(session, actor=SYSTEM, now=document.created_at, document=document)
    assert refused.value.code == "policy.not_draft"
    assert head(session) == 1


def test_it_refuses_to_publish_what_somebody_else_has_changed(session: Session) -> None:
    document = make_document(session)
    with pytest.raises(PreconditionFailed):
        publish_document(session, actor=SYSTEM, now=document.created_at, document=document, expected_version=7)


def test_withdrawing_leaves_nothing_in_force(session: Session) -> None:
    document = make_policy(session)
    withdraw_document(session, actor=SYSTEM, now=document.created_at, document=document)
    assert (document.state, head(session)) == ("superseded", 2)
    with pytest.raises(Conflict):
        withdraw_document(session, actor=SYSTEM, now=document.created_at, document=document)


def test_faults_are_named_by_their_place(session: Session) -> None:
    with pytest.raises(Invalid) as refused:
        make_document(session, rules=[raw_rule("a", {"type": "permit"}), raw_rule("b", {"type": "wish"})])
    assert list(refused.value.fields) == ["rules.1.effect.type"]


def test_a_rule_may_not_pretend_to_stand_elsewhere(session: Session) -> None:
    facility = make_facility(session)
    with pytest.raises(Invalid) as refused:
        make_document(
            session,
            scope_kind="facility",
            scope_key=facility.public_id,
            rules=[raw_rule("a", {"type": "permit"}, scope="network")],
        )
    assert list(refused.value.fields) == ["rules.0.scope"]


def test_unknown_roles_and_groups_are_refused_at_publishing(session: Session) -> None:
    named = {"op": "member_of", "fact": "applicant.country_groups", "value": "LDC:2024"}
    rules = [
        raw_rule("a", {"type": "approve", "role": "wizard", "scope": "facility"}),
        raw_rule("b", {"type": "deny"}, named, overridable_by="witch"),
    ]
    document = make_document(session, rules=rules)
    with pytest.raises(Invalid) as refused:
        publish_document(session, actor=SYSTEM, now=document.created_at, document=document)
    assert sorted(refused.value.fields) == ["rules.0.effect.role", "rules.1.overridable_by", "rules.1.when"]
    assert (document.state, head(session)) == ("draft", 0)


def test_the_staff_of_a_facility_write_only_its_rules(session: Session, now: datetime) -> None:
    mine, theirs = make_facility(session), make_facility(session)
    manager = make_actor(session, ("facility_manager", ("facility", mine.public_id)))
    rules = [raw_rule("open", {"type": "permit"})]
    own = create_document(
        session, actor=manager, now=now, scope_kind="facility", scope_key=mine.public_id, name="Ours", rules=rules
    )
    assert publish_document(session, actor=manager, now=now, document=own).state == "published"
    for kind, key in (("facility", theirs.public_id), ("network", ""), ("tag", "laser"), ("country", "DE")):
        with pytest.raises(Forbidden):
            create_document(session, actor=manager, now=now, scope_kind=kind, scope_key=key, name="Theirs", rules=rules)


def test_the_rules_of_a_route_are_written_where_the_route_lies(session: Session, now: datetime) -> None:
    facility = make_facility(session)
    scope = ("facility", facility.public_id)
    manager = make_actor(session, ("facility_manager", scope))
    given = {"actor": manager, "now": now, "scope_kind": "route", "scope_key": "r1", "name": "Route", "rules": []}
    with pytest.raises(Forbidden):
        create_document(session, **given)
    document = create_document(session, **given, scopes=(scope, NETWORK))
    assert (document.scope_kind, document.scope_key) == ("route", "r1")


@pytest.mark.parametrize(
    ("kind", "key"), [("planet", "mars"), ("facility", "nowhere"), ("tag", "a b"), ("country", "QQ")]
)
def test_a_scope_must_exist(session: Session, kind: str, key: str) -> None:
    with pytest.raises(Invalid):
        make_document(session, scope_kind=kind, scope_key=key)


def test_a_group_of_countries_is_corrected_only_for_a_reason_that_is_kept(session: Session, now: datetime) -> None:
    make_country_group(session, "LDC:2024", "KH", "ET")
    make_country_group(session, "LDC:2024", "ET", "KH", "ET")
    assert head(session) == 1  # the same again is none
    with pytest.raises(Conflict) as refused:
        make_country_group(session, "LDC:2024", "ET", "NP")
    assert refused.value.code == "group.exists"
    group = make_country_group(session, "LDC:2024", "ET", "ET", "NP", reason="Typed from the wrong page.")
    assert group.countries == ["ET", "NP"]
    assert head(session) == 2
    assert events(session, "policy.country_group_set") == 2
    of_it = AuditEvent.action == "policy.country_group_set"
    details = session.scalars(select(AuditEvent.details).where(of_it).order_by(AuditEvent.id)).all()[-1]
    assert (details["in"], details["out"], details["reason"]) == (["NP"], ["KH"], "Typed from the wrong page.")


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"code": "LDC"}, "code"),
        ({"countries": ["ZZ"]}, "countries"),
        ({"countries": []}, "countries"),
        ({"name": ""}, "name"),
    ],
)
def test_a_group_of_countries_is_checked(session: Session, now: datetime, changed: dict, field: str) -> None:
    values = {
        "code": "LDC:2024",
        "name": "Least developed",
        "as_of": date(2024, 1, 1),
        "source": "UN",
        "countries": ["ET"],
    }
    with pytest.raises(Invalid) as refused:
        set_country_group(session, actor=SYSTEM, now=now, **values | changed)
    assert list(refused.value.fields) == [field]


def test_only_the_network_enters_groups_of_countries(session: Session, now: datetime) -> None:
    actor = make_actor(session, ("access_administrator", ("country", "KE")))
    with pytest.raises(Forbidden):
        set_country_group(
            session, actor=actor, now=now, code="X:2024", name="X", as_of=date(2024, 1, 1), source="X", countries=["KE"]
        )
