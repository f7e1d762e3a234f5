"""Who decides an approval, who does not, and what happens when two decide at once."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import event, func, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from infra_access.access_requests.approvals.verdicts import approval_by_public_id, inbox
from infra_access.access_requests.models import AccessRequest, Approval
from infra_access.audit.models import AuditEvent
from infra_access.catalogue.models import Organisation
from infra_access.core.authority import Actor
from infra_access.core.db import Database
from infra_access.core.errors import Conflict, DomainError, Forbidden, Invalid, NotFound, PreconditionFailed
from infra_access.core.i18n import plain
from infra_access.people.actors import load_actor
from infra_access.people.models import Account
from tests.factories.access_requests import NOW, decide, make_submitted, make_world, pending
from tests.factories.people import make_account, make_actor, make_affiliation, make_grant
from tests.factories.policy import make_policy, raw_rule


def test_nobody_decides_on_a_request_of_their_own(session: Session) -> None:
    world = make_world(session)
    request = make_submitted(session, world)
    approval = pending(session, request)["facility_manager"]
    scope = {"role": "facility_manager", "scope_kind": "facility", "scope_key": world.facility.public_id}
    make_grant(session, account=world.applicant_account, **scope)
    applicant = load_actor(session, world.applicant_account.id, now=NOW)
    with pytest.raises(Forbidden) as refusal:
        decide(session, applicant, approval)
    assert refusal.value.code == "approval.own"
    assert inbox(session, actor=applicant, now=NOW).items == ()
    assert not approval_by_public_id(session, approval.public_id, actor=applicant).may_decide(applicant)


def test_the_database_itself_refuses_a_verdict_by_the_applicant(session: Session) -> None:
    world = make_world(session)
    approval = pending(session, make_submitted(session, world))["facility_manager"]
    own = {"state": "approved", "decided_by_id": world.applicant.account_id, "decided_at": NOW}
    with pytest.raises(IntegrityError, match="decided_by_another"):
        session.execute(update(Approval).where(Approval.id == approval.id).values(own))


def test_a_member_of_the_team_does_not_decide_either(session: Session) -> None:
    world = make_world(session)
    colleague = make_account(session, email="manager@facility.example")
    scope = {"role": "facility_manager", "scope_kind": "facility", "scope_key": world.facility.public_id}
    make_grant(session, account=colleague, **scope)
    member = {"email": colleague.email, "name": "M", "role": "member", "country_of_work": "DE"}
    request = make_submitted(session, world, participants=[member])
    actor = load_actor(session, colleague.id, now=NOW)
    with pytest.raises(Forbidden) as refusal:
        decide(session, actor, pending(session, request)["facility_manager"])
    assert refusal.value.code == "approval.own"
    assert inbox(session, actor=actor, now=NOW).items == ()


def test_only_the_role_within_the_scope_decides_and_sees_it(session: Session) -> None:
    world = make_world(session)
    approval = pending(session, make_submitted(session, world))["facility_manager"]
    elsewhere = make_actor(session, ("facility_manager", ("country", "FR")), ("auditor", ("network", "")))
    with pytest.raises(Forbidden):
        decide(session, elsewhere, approval)
    with pytest.raises(NotFound):
        approval_by_public_id(session, approval.public_id, actor=elsewhere)
    assert inbox(session, actor=elsewhere, now=NOW).items == ()
    wider = make_actor(session, ("facility_manager", ("country", "DE")))
    assert [one.approval.id for one in inbox(session, actor=wider, now=NOW).items] == [approval.id]
    assert decide(session, wider, approval).state == "approved"


def test_a_verdict_on_an_older_version_is_refused(session: Session) -> None:
    world = make_world(session)
    approval = pending(session, make_submitted(session, world))["facility_manager"]
    with pytest.raises(PreconditionFailed):
        decide(session, world.manager, approval, expected_version=approval.version + 1)
    decide(session, world.manager, approval, expected_version=approval.version)
    with pytest.raises(Conflict) as refusal:
        decide(session, world.manager, approval)
    assert refusal.value.code == "approval.decided"


@pytest.mark.parametrize("verdict", ["refuse", "request_changes", "pause"])
def test_whoever_does_not_approve_says_why(session: Session, verdict: str) -> None:
    world = make_world(session)
    approval = pending(session, make_submitted(session, world))["facility_manager"]
    with pytest.raises(Invalid) as refusal:
        decide(session, world.manager, approval, verdict, reason="  ")
    assert list(refusal.value.fields) == ["reason"]


def test_the_inbox_lists_the_earliest_deadline_first_in_few_statements(session: Session) -> None:
    world = make_world(session)
    for number in range(3):
        make_submitted(session, world, title=f"Request {number}")
    everyone = make_actor(session, ("facility_manager", ("country", "DE")), ("access_administrator", ("network", "")))
    session.flush()
    statements: list[str] = []
    connection = session.connection()
    event.listen(connection, "before_cursor_execute", lambda *args: statements.append(args[2]))
    page = inbox(session, actor=everyone, now=NOW, limit=4)
    assert len(statements) == 3
    roles = [one.approval.role for one in page.items]
    assert roles == ["facility_manager"] * 3 + ["access_administrator"]
    first = page.items[0]
    assert (first.title, first.organisation, first.country) == ("Request 0", world.startup.name, "KE")
    assert first.instruments == (world.instrument.name,)
    assert first.approval.message["en"].startswith("Staff check")
    rest = inbox(session, actor=everyone, now=NOW, limit=4, cursor=page.next)
    assert len(rest.items) == 2
    assert rest.next is None
    with pytest.raises(Invalid):
        inbox(session, actor=everyone, now=NOW, state="lost")


def test_of_two_verdicts_at_once_one_counts(database: Database) -> None:
    with database.writer() as session:
        world = make_world(session)
        other = make_actor(session, ("facility_manager", ("facility", world.facility.public_id)))
        request = make_submitted(session, world)
        approval_id = pending(session, request)["facility_manager"].id
        request_id = request.id

    def give(actor: Actor, verdict: str) -> str:
        try:
            with database.writer() as session:
                approval = session.get_one(Approval, approval_id)
                decide(session, actor, approval, verdict, now=NOW + timedelta(hours=1))
        except DomainError as error:
            return error.code
        return "done"

    with ThreadPoolExecutor(2) as pool:
        results = sorted(pool.map(give, [world.manager, other], ["approve", "refuse"]))
    assert results == ["approval.decided", "done"]
    with database.reader() as session:
        approval = session.get_one(Approval, approval_id)
        assert (session.get_one(AccessRequest, request_id).state == "refused") is (approval.state == "refused")
        decided = select(func.count()).where(AuditEvent.action == "access_request.decided")
        assert session.scalar(decided) == 1


def test_the_host_country_decides_also_where_its_administrator_serves_the_network_too(session: Session) -> None:
    world = make_world(session)
    account = session.get_one(Account, world.administrator.account_id)
    make_grant(session, account=account, role="access_administrator")
    approval = pending(session, make_submitted(session, world))["access_administrator"]
    assert (approval.scope_kind, approval.scope_key) == ("country", world.facility.country)


def test_nobody_decides_on_a_request_of_their_own_organisation_from_outside(session: Session) -> None:
    world = make_world(session)
    account = make_account(session)
    make_grant(session, account=account, role="access_administrator", scope_kind="country", scope_key="DE")
    approval = pending(session, make_submitted(session, world))["access_administrator"]
    make_affiliation(session, account=account, organisation=world.startup)
    colleague = load_actor(session, account.id, now=NOW)
    assert inbox(session, actor=colleague, now=NOW).items == ()
    with pytest.raises(Forbidden) as refused:
        decide(session, colleague, approval)
    assert refused.value.code == "approval.own"
    assert decide(session, world.administrator, approval).state == "approved"


def test_the_office_of_a_house_decides_on_requests_of_the_house(session: Session) -> None:
    world = make_world(session)
    house = session.get_one(Organisation, world.facility.organisation_id)
    for actor in (world.applicant, world.manager):
        make_affiliation(session, account=session.get_one(Account, actor.account_id), organisation=house)
    applicant = load_actor(session, world.applicant.account_id, now=NOW)
    manager = load_actor(session, world.manager.account_id, now=NOW)
    world = replace(world, applicant=applicant, manager=manager)
    approval = pending(session, make_submitted(session, world, acting_for=house.public_id))["facility_manager"]
    assert [one.approval.id for one in inbox(session, actor=manager, now=NOW).items] == [approval.id]
    assert decide(session, manager, approval).state == "approved"


def test_where_only_colleagues_hold_the_role_nobody_does(session: Session) -> None:
    world = make_world(session)
    account = session.get_one(Account, world.administrator.account_id)
    make_affiliation(session, account=account, organisation=world.startup)
    with pytest.raises(Conflict) as refused:
        make_submitted(session, world)
    assert refused.value.code == "approval.nobody"


@pytest.mark.parametrize(
    ("disclosure", "told", "details"),
    [
        (
            "full",
            "Safety officer (of the organisation that runs it)",
            {"role": "safety_officer", "scope": "organisation"},
        ),
        ("generic", "nobody is named for it at present", {}),
        ("none", "nobody is named for it at present", {}),
    ],
)
def test_where_nobody_could_decide_the_role_is_told_in_words_unless_its_rule_is_hidden(
    session: Session, disclosure: str, told: str, details: dict[str, str]
) -> None:
    world = make_world(session)
    effect = {"type": "approve", "role": "safety_officer", "scope": "organisation"}
    make_policy(session, raw_rule("safe", effect, disclosure=disclosure))
    with pytest.raises(Conflict) as refused:
        make_submitted(session, world)
    assert told in plain(refused.value.message)
    assert ("afety" in plain(refused.value.message)) is bool(details)
    assert refused.value.details == details


def test_whoever_has_an_address_of_the_team_decides_nothing_however_late_they_came(session: Session) -> None:
    world = make_world(session)
    li = {"email": "li@nyota.example", "name": "Li", "role": "member", "country_of_work": "DE"}
    approval = pending(session, make_submitted(session, world, participants=[li]))["facility_manager"]
    account = make_account(session, email="li@nyota.example")
    facility = world.facility.public_id
    late = make_actor(session, ("facility_manager", ("facility", facility)), account=account)
    assert inbox(session, actor=late, now=NOW).items == ()
    with pytest.raises(Forbidden):
        decide(session, late, approval)
    with pytest.raises(NotFound):
        approval_by_public_id(session, approval.public_id, actor=late)


def test_the_last_yes_asks_again_where_who_said_yes_before_has_joined_the_organisation(session: Session) -> None:
    world = make_world(session)
    request = make_submitted(session, world)
    waiting = pending(session, request)
    first = decide(session, world.manager, waiting["facility_manager"])
    account = session.get_one(Account, world.manager.account_id)
    make_affiliation(session, account=account, organisation=world.startup)

    with pytest.raises(Conflict) as refused, session.begin_nested():
        decide(session, world.administrator, waiting["access_administrator"])
    assert refused.value.code == "approval.nobody"
    colleague = make_actor(session, ("facility_manager", ("facility", world.facility.public_id)))
    decide(session, world.administrator, waiting["access_administrator"])

    assert (request.state, first.state, first.decided_by_id) == ("under_review", "pending", None)
    decide(session, colleague, pending(session, request)["facility_manager"])
    assert request.state == "agreement_pending"
