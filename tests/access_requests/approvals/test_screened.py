"""A yes of the export control officer needs a decision on each name like one on a list, and records the lists."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from infra_access.access_requests.approvals.queries import view_of
from infra_access.access_requests.approvals.screened import Sheet, approval_to_screen, decide_on_names, sheet
from infra_access.access_requests.drafting import amend
from infra_access.access_requests.end_use import documents_of
from infra_access.audit.models import AuditEvent
from infra_access.core.authority import NETWORK, Actor
from infra_access.core.errors import Conflict, Forbidden, Invalid, NotFound
from infra_access.people.actors import load_actor
from infra_access.screening.models import ScreeningDecision, ScreeningUse
from tests.factories.access_requests import (
    END_USE,
    NOW,
    OPEN_TO_ALL,
    decide,
    make_request,
    make_submitted,
    make_world,
    pending,
)
from tests.factories.people import make_actor, make_grant
from tests.factories.screening import (
    ENTRIES,
    OMER,
    SDN,
    Screened,
    make_list,
    make_officer,
    make_screened,
    ofac,
    simple_csv,
)

LATER = NOW + timedelta(days=1)


def seen(session: Session, screened: Screened, actor: Actor | None = None) -> Sheet:
    return sheet(session, actor=actor or screened.officer, view=view_of(session, screened.approval))


def candidates(session: Session, screened: Screened) -> list[str]:
    screening = seen(session, screened).screening
    assert screening is not None
    return [one.id for one in screening.candidates]


def find(session: Session, screened: Screened, verdict: str = "different", **overrides: Any) -> None:
    values = {
        "actor": screened.officer,
        "now": LATER,
        "approval": screened.approval,
        "verdict": verdict,
        "reason": "Born in another year.",
    }
    if "candidates" not in overrides:
        overrides["candidates"] = candidates(session, screened)
    decide_on_names(session, **values | overrides)


def refusal_of(session: Session, screened: Screened, **overrides: Any) -> str:
    with pytest.raises(Conflict) as refusal:
        decide(session, screened.officer, screened.approval, **overrides)
    return refusal.value.code


def test_a_yes_waits_for_a_decision_on_each_name(session: Session) -> None:
    screened = make_screened(session)
    assert refusal_of(session, screened) == "screening.undecided"
    find(session, screened)
    assert decide(session, screened.officer, screened.approval).state == "approved"
    (kept,) = session.scalars(select(ScreeningDecision)).all()
    assert (kept.party, kept.listed, kept.reference, kept.verdict) == (
        "Omer Testmann",
        "Ömer Testmann",
        "T-1",
        "different",
    )
    assert (kept.list_sha256, kept.decided_by_id, kept.decided_at) == (
        screened.list.sha256,
        screened.officer.account_id,
        LATER,
    )
    after = seen(session, screened)
    assert (after.screening, [one.id for one in after.decisions]) == (None, [kept.id])
    assert [one.id for one in after.lists] == [screened.list.id]


def test_whoever_is_on_the_list_is_refused_or_decided_on_anew(session: Session) -> None:
    screened = make_screened(session)
    find(session, screened, "same")
    assert refusal_of(session, screened) == "screening.same"
    find(session, screened, "different", reason="The passport says otherwise.")
    assert decide(session, screened.officer, screened.approval).state == "approved"
    assert session.scalar(select(func.count(ScreeningDecision.id))) == 2


def test_no_and_pause_need_no_decision_on_names(session: Session) -> None:
    screened = make_screened(session)
    assert decide(session, screened.officer, screened.approval, "pause").state == "paused"
    assert decide(session, screened.officer, screened.approval, "refuse").state == "refused"
    assert session.scalar(select(func.count(ScreeningUse.id))) == 0


def test_the_hashes_of_the_lists_are_recorded_also_where_nobody_is_like_anybody(session: Session) -> None:
    screened = make_screened(session, participants=[])
    other = make_list(session, ofac(SDN))
    decide(session, screened.officer, screened.approval)
    uses = session.execute(select(ScreeningUse.approval_public_id, ScreeningUse.sha256, ScreeningUse.candidates)).all()
    key = screened.approval.public_id
    assert sorted(map(tuple, uses)) == sorted((key, one.sha256, 0) for one in (other, screened.list))
    event = session.scalars(select(AuditEvent).where(AuditEvent.action == "access_request.decided")).one()
    assert event.details["lists"] == [{"name": one.name, "sha256": one.sha256} for one in (other, screened.list)]


def test_the_audit_that_everybody_who_oversees_reads_says_neither_the_verdict_nor_why(session: Session) -> None:
    screened = make_screened(session)
    find(session, screened, "same", reason="The same passport.")
    event = session.scalars(select(AuditEvent).where(AuditEvent.action == "screening.decided")).one()
    assert sorted(event.details) == ["candidates", "lists"]
    decided = session.scalars(select(ScreeningDecision)).one()
    assert decided.reason == "The same passport."


def test_an_approval_of_another_role_looks_into_no_list(session: Session) -> None:
    world = make_world(session)
    make_list(session)
    request = make_submitted(session, world, participants=[OMER])
    approval = pending(session, request)["facility_manager"]
    assert decide(session, world.manager, approval).state == "approved"
    assert session.scalar(select(func.count(ScreeningUse.id))) == 0


def test_a_decision_holds_for_the_same_entry_in_a_newer_list_and_for_no_changed_one(session: Session) -> None:
    screened = make_screened(session)
    find(session, screened)
    make_list(session, simple_csv(ENTRIES[:2]))
    assert seen(session, screened).screening.having(None) == []  # type: ignore[union-attr]
    make_list(session, simple_csv([ENTRIES[0].replace("1961", "1971")]))
    assert refusal_of(session, screened) == "screening.undecided"


def test_a_decision_does_not_hold_for_somebody_else_of_the_name(session: Session) -> None:
    screened = make_screened(session)
    find(session, screened)
    changes = {"participants": [OMER, OMER | {"email": "other@startup.example"}]}
    amend(session, actor=screened.world.applicant, now=LATER, access_request=screened.request, changes=changes)
    again = pending(session, screened.request)["export_control_officer"]
    with pytest.raises(Conflict) as refusal:
        decide(session, screened.officer, again)
    assert (refusal.value.code, refusal.value.details) == ("screening.undecided", {"undecided": 1})


def test_another_name_of_the_same_person_is_looked_at_again_after_a_yes(session: Session) -> None:
    screened = make_screened(session, participants=[OMER | {"name": "Somebody"}])
    decide(session, screened.officer, screened.approval)
    applicant, request = screened.world.applicant, screened.request
    for person, asked in ((OMER | {"name": "Somebody", "phone": "+254 20 1"}, False), (OMER, True)):
        amend(session, actor=applicant, now=LATER, access_request=request, changes={"participants": [person]})
        assert bool(pending(session, request)) is asked
    with pytest.raises(Conflict) as refusal:
        decide(session, screened.officer, pending(session, request)["export_control_officer"])
    assert refusal.value.code == "screening.undecided"


def test_the_organisation_the_end_user_and_the_funder_are_compared_too(session: Session) -> None:
    project = {
        "purpose": "research",
        "funder": "Quiet Harbour",
        "end_use": {"user": "Nowhere Sensors Inc.", "use": "Buoys", "countries": ["KE"], "peaceful": True},
    }
    screened = make_screened(session, project=project, participants=[])
    screened.world.startup.names = {"xx": "Sensors of Nowhere"}
    session.flush()
    screening = seen(session, screened).screening
    assert screening is not None
    assert {(one.party.part, one.entry.reference) for one in screening.candidates} == {
        ("acted-for", "T-2"),
        ("end-user", "T-2"),
        ("funder", "T-4"),
    }


def test_nobody_near_decides_and_nobody_else_sees(session: Session) -> None:
    screened = make_screened(session)
    world, account = screened.world, screened.world.applicant_account
    make_grant(session, account=account, role="export_control_officer", scope_kind="network", scope_key="")
    applicant = load_actor(session, account.id, now=NOW)
    with pytest.raises(Forbidden) as refusal:
        find(session, screened, actor=applicant)
    assert refusal.value.code == "approval.own"
    for actor in (
        applicant,
        world.manager,
        world.administrator,
        make_actor(session, ("platform_admin", NETWORK)),
        None,
    ):
        with pytest.raises(NotFound):
            approval_to_screen(session, screened.approval.public_id, actor=actor)
    for actor in (world.manager, make_actor(session, ("export_control_officer", ("country", "FR")))):
        with pytest.raises(Forbidden):
            seen(session, screened, actor)
        with pytest.raises(Forbidden):
            find(session, screened, actor=actor)
    auditor = make_actor(session, ("auditor", NETWORK))
    assert approval_to_screen(session, screened.approval.public_id, actor=auditor).approval is screened.approval
    assert seen(session, screened, auditor).screening is not None
    with pytest.raises(Forbidden):
        find(session, screened, actor=auditor)


def test_a_decision_names_its_reason_and_what_it_is_on(session: Session) -> None:
    screened = make_screened(session)
    for overrides, field in (
        ({"reason": " "}, "reason"),
        ({"verdict": "perhaps"}, "verdict"),
        ({"candidates": []}, "candidates"),
        ({"candidates": ["0" * 32]}, "candidates.0"),
    ):
        with pytest.raises(Invalid) as refusal:
            find(session, screened, **overrides)
        assert list(refusal.value.fields) == [field]
    keys = candidates(session, screened)
    find(session, screened)
    decide(session, screened.officer, screened.approval)
    with pytest.raises(Conflict) as late:
        find(session, screened, candidates=keys)
    assert late.value.code == "approval.decided"


ABROAD = {
    "id": "abroad",
    "applies_to": ["request"],
    "effect": {"type": "approve", "role": "export_control_officer", "scope": "organisation"},
    "when": {"some": {"over": "legs", "when": {"op": "eq", "fact": "legs[].to", "value": "BR"}}},
    "grounds": "security",
    "rests_on": ["project"],
    "message": {"en": "Results go to Brazil."},
    "expected_days": 5,
    "latest_days": 20,
}
WHOLE = {"user": "A firm", "use": "Better sensors", "countries": ["BR"], "peaceful": True}


def test_a_rule_that_requires_the_declaration_is_met_by_a_whole_one_alone(session: Session) -> None:
    world = make_world(session, rules=(OPEN_TO_ALL, END_USE, ABROAD))
    make_officer(session, world)
    for project in (
        {},
        {"documents": {"end-use-declaration": "Letter of May"}},
        {"end_use": {"user": "A firm", "use": "Better sensors", "peaceful": True}},
    ):
        with pytest.raises(Conflict) as refusal:
            make_submitted(session, world, project=project)
        (missing,) = refusal.value.details["missing"]
        assert (missing["code"], missing["how"][:20]) == ("end-use-declaration", "Declare the end use ")
    request = make_submitted(session, world, project={"end_use": WHOLE})
    assert list(pending(session, request)) == ["export_control_officer"]
    assert documents_of({"documents": {"ethics": "Vote 1"}, "end_use": WHOLE}) == {"ethics", "end-use-declaration"}


FAULTS: tuple[tuple[Any, str], ...] = (
    ("peace", "project.end_use"),
    ({"user": "x" * 301}, "project.end_use.user"),
    ({"countries": ["KE", "XX"]}, "project.end_use.countries"),
    ({"peaceful": "yes"}, "project.end_use.peaceful"),
    (WHOLE | {"peaceful": False}, "project.end_use.peaceful"),
    ({"weapons": False}, "project.end_use.weapons"),
)


def test_a_declaration_names_the_part_at_fault(session: Session) -> None:
    world = make_world(session, rules=(OPEN_TO_ALL,))
    for end_use, field in FAULTS:
        with pytest.raises(Invalid) as refusal:
            make_request(session, world, project={"end_use": end_use})
        assert list(refusal.value.fields) == [field]
