"""Deciding a case on facts made by hand, as the paragraph states them: what the rules make of them, and no more."""

from decimal import Decimal

from infra_access.core.decision import Decision
from infra_access.core.i18n import plain
from infra_access.policy.afterwards import with_what_follows
from infra_access.policy.evaluator import evaluate
from infra_access.policy.facts import Fact, Facts
from tests.policy.cases.reading import CASE_CODE, NOW, Case, Person, groups_of, lines_of


def told(case: Case) -> list[str]:
    """Return the lines that the decision on a case comes to."""
    facts, action = _facts(case), case.asked[1]
    decision = _decided(case, facts, action)
    if action == "request":
        # Who asks is told the first day of a session, which comes after what booking it needs.
        decision = with_what_follows(decision, _decided(case, facts, "book"), NOW, written=True)
    start = decision.earliest_start
    return lines_of(
        decision.outcome,
        [(one.role, one.scope) for one in decision.approvals],
        start and (start.likely, start.safe),
        [plain(one.message) for one in (*decision.reasons, *decision.missing)],
    )


def _decided(case: Case, facts: Facts, action: str) -> Decision:
    return evaluate(case.place.rules, facts, action=action, as_of=NOW, policy_version="1.2", case=CASE_CODE)


def _fact(value: object) -> Fact:
    return Fact(value, "the case", "the case", NOW)  # type: ignore[arg-type]


def _facts(case: Case) -> Facts:
    place, (_name, _action, access_type, regime) = case.place, case.asked
    values: dict[str, object] = {
        "facility.country": place.country,
        "instrument.country": place.country,
        "instrument.tags": place.tags,
        "satisfied": case.met,
        "applicant.relation": "external",
    }
    if access_type != "-":
        values["request.access_type"] = access_type
    if regime != "-":
        values["request.regime"] = regime
    values |= {f"applicant.{name}": value for name, value in case.who.items()}
    if "country" in case.who:
        values["applicant.country_groups"] = groups_of(str(case.who["country"]))
    for path, text in case.beside.items():
        values[path] = Decimal(text) if path.startswith("programme.") else text
    collections = {}
    if case.team is not None:
        collections["participants"] = [_member(one, case.who.get("sector", "academic")) for one in case.team]
        collections["legs"] = [{"crosses": _fact(one.country != place.country)} for one in case.team]
    if case.samples is not None:
        collections["samples"] = [{name: _fact(value) for name, value in one.items()} for one in case.samples]
    return Facts.of({path: _fact(value) for path, value in values.items()}, collections)


def _member(person: Person, sector: object) -> dict[str, Fact]:
    return {
        "role": _fact(person.role),
        "country_of_work": _fact(person.country),
        "country_groups": _fact(groups_of(person.country)),
        "presence": _fact(person.presence),
        "sector": _fact(sector),
        "trainings": _fact(person.trainings),
    }
