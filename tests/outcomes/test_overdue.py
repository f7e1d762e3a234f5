"""An overdue report is a fact for rules, counted exactly, and whoever owes it is told once."""

from datetime import timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from infra_access.access_requests.submitting import submit
from infra_access.access_requests.what_if import what_if
from infra_access.audit.models import AuditEvent
from infra_access.core.db import Database
from infra_access.core.decision import Outcome
from infra_access.notifications.compose import Letterhead, compose
from infra_access.outbox.events import Claimed
from infra_access.outbox.models import OutboxEvent
from infra_access.outcomes.overdue import remind_of_reports
from infra_access.outcomes.owing import report_of
from infra_access.outcomes.reporting import report_nothing
from infra_access.people.models import Account
from infra_access.policy.applicants import facts_of
from infra_access.policy.facts import Gap
from infra_access.policy.publishing import create_document
from infra_access.policy.rulebook import rulebook
from infra_access.policy.ruling import rule_on
from tests.factories.access_requests import SYSTEM, World, make_request, make_rules
from tests.factories.outcomes import ENDED, make_completed, make_free_world, make_outcome
from tests.factories.people import make_account, make_actor, make_affiliation
from tests.policy.statements import counted

DAY = timedelta(days=1)
DUE = ENDED + 90 * DAY
OVERDUE = {
    "id": "reports",
    "applies_to": ["request"],
    "effect": {"type": "deny"},
    "when": {"op": "gte", "fact": "applicant.reports_overdue", "value": 1},
    "grounds": "capacity",
    "message": {"en": "Report what came of your earlier access first."},
}
ONCE_MORE = OVERDUE | {
    "id": "twice",
    "effect": {"type": "approve", "role": "access_administrator", "scope": "country"},
    "expected_days": 3,
    "latest_days": 9,
}


def overdue(session: Session, world: World, now, *, organisation: bool = True, actor=None):
    """Return the count as rules read it."""
    acting_for = world.startup.id if organisation else None
    facts = facts_of(session, actor or world.applicant, acting_for_id=acting_for, now=now, book=rulebook(session))
    assert facts.value("project.report_overdue", now) in (
        facts.value("applicant.reports_overdue", now) > 0,
        Gap.UNKNOWN,
    )
    return facts.value("applicant.reports_overdue", now)


def test_it_counts_what_is_due_and_not_met_of_the_person_and_of_the_organisation(session: Session) -> None:
    world = make_free_world(session)
    make_rules(session, [OVERDUE], name="Reports")
    first, second = make_completed(session, world), make_completed(session, world, now=ENDED + DAY)
    # One that the person asked for without the organisation.
    report_of(session, make_completed(session, world)).organisation_id = None
    make_completed(session, world, regime="proprietary")
    assert overdue(session, world, DUE - timedelta(seconds=1)) == 0
    assert overdue(session, world, DUE) == 2
    assert overdue(session, world, DUE + DAY) == 3
    # Whoever acts for the same organisation has its two, somebody elsewhere has none.
    colleague = make_account(session)
    make_affiliation(session, account=colleague, organisation=world.startup)
    assert overdue(session, world, DUE + DAY, actor=make_actor(session, account=colleague)) == 2
    assert overdue(session, world, DUE + DAY, organisation=False, actor=make_actor(session)) == 0
    make_outcome(session, world, first, now=DUE + DAY)
    report_nothing(session, actor=world.applicant, now=DUE + 2 * DAY, access_request=second, reason="Broken")
    assert overdue(session, world, DUE + 2 * DAY) == 1
    # A decision of the past is made on what was so then.
    assert overdue(session, world, DUE + DAY - timedelta(seconds=1)) == 2


def test_it_is_gathered_in_the_same_statement_and_only_where_a_rule_reads_it(session: Session) -> None:
    world = make_free_world(session)
    sent = []
    for rules in ([], [OVERDUE]):
        if rules:
            make_rules(session, rules, name="Reports")
        book = rulebook(session)
        with counted(session) as statements:
            facts = facts_of(session, world.applicant, acting_for_id=world.startup.id, now=DUE, book=book)
        assert len(statements) == 1
        sent.append("owed_report" in statements[0])
        assert ("applicant.reports_overdue" in facts.values) is bool(rules)
    assert sent == [False, True]


def test_a_rule_may_deny_or_ask_for_approval_until_the_report_is_there(session: Session) -> None:
    world = make_free_world(session)

    def answered(now):
        applicant = facts_of(session, world.applicant, acting_for_id=None, now=now, book=rulebook(session))
        return rule_on(
            session, action="request", instrument_ids=[world.instrument.id], applicant=applicant, now=now
        ).decision

    request = make_completed(session, world)
    for rule, outcome in ((ONCE_MORE, Outcome.NEEDS_APPROVAL), (OVERDUE, Outcome.DENY)):
        make_rules(session, [rule], name="Reports")
        assert answered(DUE - timedelta(seconds=1)).outcome is Outcome.PERMIT
        assert answered(DUE).outcome is outcome
        assert "Report what came of your earlier access first." in str(answered(DUE))
    make_outcome(session, world, request, now=DUE)
    assert answered(DUE).outcome is Outcome.PERMIT


def test_a_request_of_whoever_owes_a_report_is_refused_in_the_words_of_the_rule(session: Session) -> None:
    world = make_free_world(session)
    make_rules(session, [OVERDUE], name="Reports")
    make_completed(session, world)
    period = (DUE + 40 * DAY, DUE + 80 * DAY)
    again = make_request(session, world, now=DUE, period=period)
    submit(session, actor=world.applicant, now=DUE, access_request=again)
    assert (again.state, again.state_reason) == ("refused", "Report what came of your earlier access first.")


def test_a_draft_that_reads_it_is_tried_on_what_was_so_then(session: Session) -> None:
    world = make_free_world(session)
    make_completed(session, world)
    again = make_request(session, world, now=DUE, period=(DUE + 40 * DAY, DUE + 80 * DAY))
    submit(session, actor=world.applicant, now=DUE, access_request=again)
    scope = {"scope_kind": "network", "scope_key": "", "name": "Reports"}
    draft = create_document(session, actor=SYSTEM, now=DUE, rules=[OVERDUE], **scope)
    tried = what_if(session, draft, now=DUE + DAY)
    assert [(one.public_id, one.before, one.after) for one in tried.requests] == [
        (again.public_id, Outcome.PERMIT, Outcome.DENY)
    ]


def test_whoever_owes_it_is_told_once_and_not_if_it_is_there(database: Database) -> None:
    with database.writer() as session:
        world = make_free_world(session)
        make_completed(session, world)
        make_outcome(session, world, make_completed(session, world))
    assert remind_of_reports(database, now=DUE - timedelta(seconds=1)) == 0
    assert remind_of_reports(database, now=DUE) == 1
    assert remind_of_reports(database, now=DUE + DAY) == 0
    with database.reader() as session:
        event = session.scalars(select(OutboxEvent).where(OutboxEvent.kind == "access_request.report_due")).one()
        letterhead = Letterhead("no-reply@access.example.org", "https://access.example.org", lambda text, _locale: text)
        (mail,) = compose(session, Claimed(1, event.kind, event.payload, 1), letterhead=letterhead, now=DUE)
        assert mail["To"].addresses[0].addr_spec == session.get_one(Account, world.applicant.account_id).email
        assert "nothing was reported yet" in mail.get_content()
        assert "Corrosion" not in mail.as_string()
        assert len(session.scalars(select(AuditEvent).where(AuditEvent.action == "report.reminded")).all()) == 1
