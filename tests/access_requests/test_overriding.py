"""Exceptions from rules: who grants them, what they change, and when they end."""

import json
from dataclasses import replace
from datetime import timedelta
from functools import partial
from typing import Any

import pytest
from sqlalchemy import select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from infra_access.access_requests import drafting, submitting
from infra_access.access_requests.approvals.models import PolicyOverride
from infra_access.access_requests.models import AccessRequest, Participant
from infra_access.access_requests.override_queries import OverrideView, list_overrides, override_by_public_id
from infra_access.access_requests.overriding import askable
from infra_access.audit.models import AuditEvent
from infra_access.core.authority import NETWORK, Actor
from infra_access.core.errors import Conflict, Forbidden, Invalid, NotFound, PreconditionFailed
from infra_access.core.i18n import plain
from infra_access.people.accounts import disable_account
from infra_access.people.actors import load_actor
from infra_access.people.delegations import hand_over
from infra_access.people.models import Account
from infra_access.people.roles import grants_of
from infra_access.policy.canonical import restore_decision
from infra_access.policy.decisions import decisions_about, replay
from infra_access.policy.models import DecisionRecord
from infra_access.policy.rulebook import rulebook
from tests.factories.access_requests import (
    FEASIBILITY,
    HOST_COUNTRY,
    NOW,
    OPEN_TO_ALL,
    SYSTEM,
    decide,
    make_request,
    make_rules,
    make_submitted,
    make_world,
    pending,
)
from tests.factories.overrides import (
    LATER,
    SAFETY_COURSE,
    VERIFIED_ONLY,
    administrators,
    ask,
    confirm,
    grant,
    make_refused,
    withdraw,
)
from tests.factories.people import make_account, make_actor, make_affiliation


def asked_of(session: Session, request: AccessRequest, actor: Actor) -> list[str]:
    return [rule.id for rule in askable(session, request, actor=actor, book=rulebook(session), now=LATER)]


def records(session: Session, request: AccessRequest) -> list[DecisionRecord]:
    return list(decisions_about(session, subject_kind="access_request", subject_id=request.public_id))


def told(request: AccessRequest) -> list[str]:
    return [reason["message"] for reason in request.decision["reasons"]]


def test_what_the_policy_refused_is_sent_again_and_goes_through(session: Session) -> None:
    world, request = make_refused(session)
    other = make_submitted(session, world, title="Another one")
    view = grant(session, request)

    assert view.state == "in_force"
    assert request.state == "changes_requested"
    submitting.submit(session, actor=world.applicant, now=LATER, access_request=request)

    assert request.state == "under_review"
    assert "An exception from this rule was granted on 2026-03-03: The organisation must be verified first." in told(
        request
    )
    assert sorted(pending(session, request)) == ["access_administrator", "facility_manager"]
    drafting.amend(session, actor=world.applicant, now=LATER, access_request=request, changes={"quantity": "3"})
    assert request.state == "under_review"
    assert any("exception" in one.lower() for one in told(request))
    assert other.state == "refused"  # no other request gains by it
    assert make_submitted(session, world, title="A third one").state == "refused"


def test_the_decision_is_made_again_to_the_same_bytes_without_the_rule(session: Session) -> None:
    world, request = make_refused(session)
    grant(session, request)
    submitting.submit(session, actor=world.applicant, now=LATER, access_request=request)

    after, before = records(session, request)

    assert [replay(one) for one in (after, before)] == [one.decision.encode() for one in (after, before)]
    assert "verified-only" not in after.rules
    assert [entry["rule"]["id"] for entry in json.loads(after.overridden)] == ["verified-only"]
    assert (before.overridden, before.outcome) == ("[]", "deny")
    said = [plain(reason.message) for reason in restore_decision(after.decision).reasons]
    assert said[-1].startswith("An exception from this rule was granted on 2026-03-03")
    assert after.case == before.case == request.case


@pytest.mark.parametrize(
    ("disclosure", "words"),
    [("generic", "An exception was granted on 2026-03-03"), ("none", None)],
)
def test_an_applicant_reads_as_much_of_it_as_the_rule_discloses(session: Session, disclosure: str, words: str) -> None:
    world, request = make_refused(session, disclosure=disclosure)
    grant(session, request)
    submitting.submit(session, actor=world.applicant, now=LATER, access_request=request)

    said = [one for one in told(request) if "exception" in one.lower()]
    assert [one.partition(" (case")[0] for one in said] == ([words] if words else [])
    assert "verified" not in json.dumps(request.decision)
    officer = restore_decision(records(session, request)[0].decision)
    assert "must be verified" in plain(officer.reasons[-1].message)


def test_a_request_that_waits_is_looked_at_at_once(session: Session) -> None:
    rule = {**HOST_COUNTRY, "overridable_by": "access_administrator"}
    world = make_world(session, rules=[OPEN_TO_ALL, FEASIBILITY, rule])
    request = make_submitted(session, world)
    first, second = administrators(session)

    view = confirm(session, second, ask(session, first, request, rule="host-country"))
    assert sorted(pending(session, request)) == ["facility_manager"]

    withdraw(session, first, view)
    assert sorted(pending(session, request)) == ["access_administrator", "facility_manager"]
    assert [replay(one) for one in records(session, request)] == [
        one.decision.encode() for one in records(session, request)
    ]


def test_the_last_approval_that_falls_away_grants_the_request(session: Session) -> None:
    rule = {**HOST_COUNTRY, "overridable_by": "access_administrator"}
    world = make_world(session, rules=[OPEN_TO_ALL, rule])
    request = make_submitted(session, world)

    grant(session, request, rule="host-country")

    assert request.state == "agreement_pending"


def test_withdrawn_while_a_request_waits_the_rule_refuses_it_again(session: Session) -> None:
    world, request = make_refused(session)
    view = grant(session, request)
    submitting.submit(session, actor=world.applicant, now=LATER, access_request=request)

    second = administrators(session, 1)[0]
    assert withdraw(session, second, view).state == "withdrawn"

    assert (request.state, request.state_reason) == ("refused", "The organisation must be verified first.")
    assert pending(session, request) == {}
    with pytest.raises(Conflict, match="not wait"):
        withdraw(session, second, view)
    events = session.scalars(
        select(AuditEvent).where(AuditEvent.object_id == view.override.public_id).order_by(AuditEvent.id)
    ).all()
    assert [one.action for one in events] == ["override.asked", "override.confirmed", "override.withdrawn"]
    assert {(one.details["access_request"], one.details["rule"]) for one in events} == {
        (request.public_id, "verified-only")
    }


def test_withdrawn_though_the_account_of_the_applicant_was_shut(session: Session) -> None:
    world, request = make_refused(session)
    view = grant(session, request)
    submitting.submit(session, actor=world.applicant, now=LATER, access_request=request)
    account = session.get_one(Account, request.requester_id)
    disable_account(session, actor=SYSTEM, now=LATER, account=account, reason="Left.")

    assert withdraw(session, administrators(session, 1)[0], view).state == "withdrawn"

    assert request.state == "refused"


def test_what_is_missing_again_after_a_withdrawal_is_asked_for(session: Session) -> None:
    world = make_world(session, rules=[OPEN_TO_ALL, FEASIBILITY, SAFETY_COURSE])
    request = make_request(session, world)
    with pytest.raises(Conflict):
        submitting.submit(session, actor=world.applicant, now=NOW, access_request=request)
    make_rules(session, [OPEN_TO_ALL, FEASIBILITY])
    submitting.submit(session, actor=world.applicant, now=NOW, access_request=request)
    make_rules(session, [OPEN_TO_ALL, FEASIBILITY, SAFETY_COURSE])
    view = grant(session, request, rule="safety-course")
    assert request.state == "under_review"

    withdraw(session, administrators(session, 1)[0], view)

    assert request.state == "changes_requested"
    assert pending(session, request) == {}


def test_a_change_of_the_rule_ends_it(session: Session) -> None:
    world, request = make_refused(session)
    view = grant(session, request)
    rules = [OPEN_TO_ALL, FEASIBILITY, HOST_COUNTRY]
    make_rules(session, [*rules, {**VERIFIED_ONLY, "version": 2}])

    submitting.submit(session, actor=world.applicant, now=LATER, access_request=request)
    assert request.state == "refused"
    auditor = make_actor(session, ("auditor", NETWORK))
    assert override_by_public_id(session, view.override.public_id, actor=auditor, now=LATER).state == "rule_changed"

    make_rules(session, [*rules, {**VERIFIED_ONLY, "grounds": "legal"}])
    again = grant(session, request)
    submitting.submit(session, actor=world.applicant, now=LATER, access_request=request)
    assert (request.state, again.state) == ("under_review", "in_force")


def test_a_change_of_what_the_rule_reads_of_the_request_ends_it(session: Session) -> None:
    def member(name: str, country: str) -> dict[str, str]:
        return {"email": f"{name}@team.example", "name": name, "role": "member", "country_of_work": country}

    abroad = {"op": "in", "fact": "participants[].country_of_work", "value": ["IR", "KP"]}
    embargo = {**VERIFIED_ONLY, "when": {"some": {"over": "participants", "when": abroad}}}
    world = make_world(session, rules=[OPEN_TO_ALL, FEASIBILITY, embargo])
    request = make_submitted(session, world, participants=[member("one", "IR")])
    first = grant(session, request)
    amend = partial(drafting.amend, session, actor=world.applicant, now=LATER, access_request=request)

    amend(changes={"title": "Another title", "quantity": "1"})
    assert [one.state for one in listed(session, request)] == ["in_force"]
    amend(changes={"participants": [member("two", "KP"), member("three", "KP")]})
    assert [one.state for one in listed(session, request)] == ["request_changed"]
    amended = select(AuditEvent.details).where(AuditEvent.action == "access_request.amended").order_by(AuditEvent.id)
    ended = [details.get("exceptions_ended") for details in session.scalars(amended)]
    assert ended == [None, [first.override.public_id]]
    submitting.submit(session, actor=world.applicant, now=LATER, access_request=request)
    assert request.state == "refused"

    asker, second = administrators(session)
    waiting = ask(session, asker, request)
    confirm(session, second, waiting)
    submitting.submit(session, actor=world.applicant, now=LATER, access_request=request)
    assert request.state == "under_review"
    with pytest.raises(Forbidden, match="would refuse"):
        amend(changes={"participants": [member("four", "IR")]})


ANOTHER = {"email": "another@team.example", "name": "Another", "role": "member", "country_of_work": "DE"}


@pytest.mark.parametrize(
    ("effect", "change"),
    [
        ({"type": "limit", "amount": 1}, {"quantity": "900"}),
        ({"type": "require", "kind": "training", "code": "site-safety"}, {"participants": [ANOTHER]}),
    ],
)
def test_so_does_a_change_of_what_the_rule_bounds(
    session: Session, effect: dict[str, Any], change: dict[str, Any]
) -> None:
    rule = {**SAFETY_COURSE, "id": "bound", "effect": effect, "applies_to": ["book"]}
    world = make_world(session, rules=[OPEN_TO_ALL, FEASIBILITY, rule])
    request = make_submitted(session, world)
    asker, second = administrators(session)
    waiting = ask(session, asker, request, rule="bound")

    drafting.amend(session, actor=world.applicant, now=LATER, access_request=request, changes=change)

    assert [one.state for one in listed(session, request, state="request_changed")] == ["request_changed"]
    with pytest.raises(Conflict, match="not wait"):
        confirm(session, second, waiting)


def listed(session: Session, request: AccessRequest, **query: Any) -> tuple[OverrideView, ...]:
    auditor = make_actor(session, ("auditor", NETWORK))
    return list_overrides(session, actor=auditor, now=LATER, access_request=request, **query).items


def test_it_ends_with_its_time(session: Session) -> None:
    world, request = make_refused(session)
    grant(session, request, valid_until=LATER + timedelta(days=2))
    later = LATER + timedelta(days=2)

    submitting.submit(session, actor=world.applicant, now=later, access_request=request)

    assert request.state == "refused"
    auditor = make_actor(session, ("auditor", NETWORK))
    assert [one.state for one in list_overrides(session, actor=auditor, now=later).items] == ["expired"]


def test_nor_does_any_other_rule(session: Session) -> None:
    twin = {**VERIFIED_ONLY, "id": "verified-for-security", "message": {"en": "Another rule says so too."}}
    world = make_world(session, rules=[OPEN_TO_ALL, VERIFIED_ONLY, twin])
    request = make_submitted(session, world)
    grant(session, request)

    submitting.submit(session, actor=world.applicant, now=LATER, access_request=request)

    assert request.state == "refused"
    assert told(request)[0] == "Another rule says so too."


def test_rules_of_one_name_are_told_apart_by_their_scope(session: Session) -> None:
    world, request = make_refused(session)
    key = world.facility.public_id
    own = {**VERIFIED_ONLY, "overridable_by": "facility_manager"}
    make_rules(session, [own], scope_kind="facility", scope_key=key, name="House rules")
    with pytest.raises(Invalid) as refused:
        ask(session, world.manager, request)
    assert list(refused.value.fields) == ["scope"]

    view = confirm(
        session,
        administrators(session)[0],
        ask(session, world.manager, request, scope=f"facility:{key}"),
    )
    submitting.submit(session, actor=world.applicant, now=LATER, access_request=request)

    assert (view.override.scope_kind, view.override.scope_key) == ("facility", key)
    assert request.state == "refused"  # by the network's rule of that name


def test_only_a_rule_that_stands_in_the_way_and_says_who_has_exceptions(session: Session) -> None:
    effects: list[dict[str, Any]] = [{"type": "mask", "fields": ["price"]}, {"type": "prefer", "weight": 3}]
    aside = [{**VERIFIED_ONLY, "id": f"aside-{effect['type']}", "effect": effect} for effect in effects]
    world = make_world(session, rules=[OPEN_TO_ALL, FEASIBILITY, HOST_COUNTRY, *aside, VERIFIED_ONLY])
    request, asker = make_submitted(session, world), administrators(session, 1)[0]
    for rule in ("all", "feasibility", "aside-mask", "aside-prefer"):
        with pytest.raises(Invalid, match="no exception") as refused:
            ask(session, asker, request, rule=rule)
        assert (refused.value.code, list(refused.value.fields)) == ("override.not_allowed", ["rule"])
    with pytest.raises(Invalid) as refused:
        ask(session, asker, request, rule="no-such-rule")
    assert (refused.value.code, list(refused.value.fields)) == ("rule.unknown", ["rule"])


def test_only_the_role_that_the_rule_names_asks(session: Session) -> None:
    world, request = make_refused(session)
    for actor in (world.manager, world.administrator, make_actor(session, ("platform_admin", NETWORK))):
        with pytest.raises(Forbidden) as refused:
            ask(session, actor, request)
        assert refused.value.code == "override.role"
        assert asked_of(session, request, actor) == []
    network = administrators(session)[0]
    assert asked_of(session, request, network) == ["verified-only"]


def test_it_takes_two_people(session: Session) -> None:
    world, request = make_refused(session)
    first, second = administrators(session)
    view = ask(session, first, request)
    assert (view.state, request.state) == ("waiting", "refused")
    assert (view.may_confirm(first), view.may_confirm(second)) == (False, True)
    version = view.override.version
    for actor, code in ((first, "override.own"), (world.manager, "override.role")):
        with pytest.raises(Forbidden) as refused:
            confirm(session, actor, view)
        assert refused.value.code == code
    confirm(session, second, view, expected_version=version)
    third = administrators(session, 1)[0]
    with pytest.raises(PreconditionFailed):
        confirm(session, third, view, expected_version=version)
    with pytest.raises(Conflict):
        confirm(session, third, view)
    with pytest.raises(Conflict) as twice:
        ask(session, third, request)
    assert twice.value.code == "override.exists"


def test_a_stand_in_is_no_second_person(session: Session) -> None:
    _world, request = make_refused(session)
    asking, third = administrators(session)
    view = ask(session, asking, request)
    (grant_of_theirs,) = grants_of(session, asking.account_id or 0, now=LATER)
    account = make_account(session)
    until = LATER + timedelta(days=5)
    hand_over(session, actor=asking, now=LATER, grant=grant_of_theirs, to=account, until=until)
    stand_in = load_actor(session, account.id, now=LATER)
    assert not view.may_confirm(stand_in)
    with pytest.raises(Forbidden) as refused:
        confirm(session, stand_in, view)
    assert refused.value.code == "override.own"
    withdraw(session, third, view)

    asked_for_them = ask(session, stand_in, request)
    with pytest.raises(Forbidden) as refused:  # who is back confirms nothing that was asked in their place
        confirm(session, load_actor(session, asking.account_id or 0, now=until), asked_for_them, now=until)
    assert refused.value.code == "override.own"
    assert confirm(session, third, asked_for_them, now=until).state == "in_force"


def test_an_administrator_of_the_scope_confirms_what_another_role_asked(session: Session) -> None:
    world, request = make_refused(session, overridable_by="export_control_officer")
    officer = make_actor(session, ("export_control_officer", NETWORK))
    view = ask(session, officer, request)
    with pytest.raises(Forbidden):
        confirm(session, world.administrator, view)  # of the country only, and the rule is the network's

    assert confirm(session, administrators(session)[0], view).state == "in_force"


def test_whoever_is_near_neither_asks_nor_confirms(session: Session) -> None:
    world = make_world(session, rules=[OPEN_TO_ALL, VERIFIED_ONLY])
    person, colleague = make_account(session, email="near@startup.example"), make_account(session)
    make_affiliation(session, account=colleague, organisation=world.startup)
    member = {"email": person.email, "name": "N", "role": "member", "country_of_work": "KE"}
    request = make_submitted(session, world, participants=[member])
    view = ask(session, administrators(session)[0], request)
    grants = administrators(session)[0].grants
    of_team = replace(make_actor(session, account=person), grants=grants)
    of_organisation = replace(make_actor(session, account=colleague), grants=grants)

    for actor in (replace(world.applicant, grants=grants), of_team, of_organisation, "address"):
        if actor == "address":  # somebody who came after their address was entered
            session.execute(update(Participant).where(Participant.email == person.email).values(account_id=None))
            actor = of_team
        assert asked_of(session, request, actor) == []
        for refused in (partial(ask, session, actor, request), partial(confirm, session, actor, view)):
            with pytest.raises(Forbidden) as refusal:
                refused()
            assert refusal.value.code == "override.own"
        with pytest.raises(Forbidden):
            withdraw(session, actor, view)


def test_the_database_itself_keeps_the_three_apart(session: Session) -> None:
    world, request = make_refused(session)
    first = administrators(session)[0]
    view = ask(session, first, request)
    applicant, asker = world.applicant.account_id, first.account_id
    for values, constraint in (
        ({"asked_by_id": applicant}, "asked_by_another"),
        ({"confirmed_by_id": applicant, "confirmed_at": LATER}, "confirmed_by_a_third"),
        ({"confirmed_by_id": asker, "confirmed_at": LATER}, "confirmed_by_a_third"),
        ({"confirmed_at": LATER}, "confirmation_has_a_person"),
        ({"withdrawn_at": LATER}, "withdrawal_has_a_person"),
        ({"valid_until": NOW}, "ends_after_it_begins"),
    ):
        with pytest.raises(IntegrityError, match=constraint), session.begin_nested():
            session.execute(update(PolicyOverride).where(PolicyOverride.id == view.override.id).values(values))


def test_what_is_wrong_is_named_and_nothing_is_written(session: Session) -> None:
    _world, request = make_refused(session)
    asker = administrators(session, 1)[0]
    wrong: list[dict[str, Any]] = [{"reason": "  "}, {"valid_until": NOW}, {"rule": ""}]
    for given in wrong:
        with pytest.raises(Invalid) as refused:
            ask(session, asker, request, **given)
        assert list(refused.value.fields) == list(given)
    assert session.scalar(select(PolicyOverride.id)) is None


def test_nothing_is_granted_where_no_decision_is_to_come(session: Session) -> None:
    world, request = make_refused(session)
    draft = make_request(session, world)
    withdrawn = submitting.withdraw(
        session, actor=world.applicant, now=LATER, access_request=make_request(session, world)
    )
    make_rules(session, [OPEN_TO_ALL, FEASIBILITY, HOST_COUNTRY])
    by_a_person = make_submitted(session, world)
    decide(session, world.manager, pending(session, by_a_person)["facility_manager"], "refuse")
    make_rules(session, [OPEN_TO_ALL, FEASIBILITY, HOST_COUNTRY, VERIFIED_ONLY])
    for one in (draft, withdrawn, by_a_person):
        with pytest.raises(Conflict) as refused:
            ask(session, administrators(session)[0], one)
        assert refused.value.code == "override.over"
    assert ask(session, administrators(session)[0], request).state == "waiting"


def test_the_report_lists_those_of_ones_scope_by_state(session: Session) -> None:
    world, request = make_refused(session)
    first, second = administrators(session)
    waiting = ask(session, first, request)
    other = make_submitted(session, world, title="Another one")
    in_force = confirm(session, second, ask(session, first, other))
    auditor = make_actor(session, ("auditor", NETWORK))
    elsewhere = make_actor(session, ("facility_manager", ("country", "FR")), ("signatory", NETWORK))

    def listed(actor: Actor, **query: Any) -> list[str]:
        return [one.override.public_id for one in list_overrides(session, actor=actor, now=LATER, **query).items]

    both = [in_force.override.public_id, waiting.override.public_id]
    for actor in (auditor, first, world.manager, world.administrator):
        assert listed(actor) == both
    assert listed(elsewhere) == listed(world.applicant) == []
    assert listed(auditor, state="waiting") == both[1:]
    assert listed(auditor, state="in_force") == both[:1]
    assert listed(auditor, state="withdrawn") == listed(auditor, state="expired") == []
    assert listed(auditor, access_request=request) == both[1:]
    make_rules(session, [OPEN_TO_ALL])
    assert listed(auditor, state="rule_changed") == both
    assert listed(auditor, state="waiting") == []
    page = list_overrides(session, actor=auditor, now=LATER, limit=1)
    assert [one.override.public_id for one in list_overrides(
        session, actor=auditor, now=LATER, limit=1, cursor=page.next
    ).items] == both[1:]  # fmt: skip
    team = replace(world.applicant, grants=world.manager.grants)
    assert listed(team) == []
    for stranger in (elsewhere, team):
        with pytest.raises(NotFound):
            override_by_public_id(session, both[0], actor=stranger, now=LATER)
