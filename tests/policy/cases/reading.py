"""Reading the table of cases, and deciding each: what stands in `cases.txt` is what people are told.

A case is a paragraph: its name; `ask` (place, action, access type, regime); `who` (sector, size or startup, country; or
nothing); `team` (role, country, presence of each, with + for a training); `bring` (kind, country, biosafety level of
each sample); `has` (what is met already); `also` (other facts); then `->` with the outcome, the approvals in the order
of their stages, the earliest start, and in quotation marks each sentence that the applicant reads, first what decided
and then what is missing.
"""

import json
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

from infra_access.core.decision import Decision
from infra_access.core.i18n import plain
from infra_access.policy.evaluator import evaluate
from infra_access.policy.facts import Fact, Facts
from tests.policy.cases.places import PLACES, Place

TABLE = Path(__file__).with_name("cases.txt")
NOW = datetime(2026, 5, 4, 12, tzinfo=UTC)
GROUPS = Path(__file__).parents[3] / "infra_access" / "demo" / "data" / "country_groups.json"


@dataclass
class Case:
    """One paragraph."""

    name: str
    given: dict[str, str] = field(default_factory=dict)
    told: list[str] = field(default_factory=list)


def cases(text: str) -> list[Case]:
    """Return the cases of a table; lines that begin with # are for its readers."""
    found = []
    for paragraph in text.split("\n\n"):
        lines = [line for line in paragraph.split("\n") if line.strip() and not line.startswith("#")]
        if not lines:
            continue
        case = Case(lines[0])
        for line in lines[1:]:
            word, _space, rest = line.strip().partition(" ")
            if word in ("ask", "who", "team", "bring", "has", "also"):
                case.given[word] = rest.strip()
            else:
                case.told.append(line.strip())
        found.append(case)
    return found


def groups_of(country: str) -> frozenset[str]:
    """Return the groups of the demonstration's table that a country is in."""
    return frozenset(one["code"] for one in json.loads(GROUPS.read_text()) if country in one["countries"])


def decided(case: Case) -> Decision:
    """Return the decision on a case."""
    name, action, access_type, regime = (part.strip() for part in case.given["ask"].split(","))
    place = PLACES[name]
    return evaluate(
        place.rules,
        _facts(case, place, access_type, regime),
        action=action,
        as_of=NOW,
        policy_version="1.2",
        case="AB12-CD34",
    )


def told(decision: Decision) -> list[str]:
    """Return the lines that a decision comes to."""
    approvals = ", ".join(f"{one.role} of the {one.scope}" for one in decision.approvals)
    start = decision.earliest_start
    first = f"-> {decision.outcome}"
    if approvals:
        first += f"; approved by {approvals}"
    if start is not None:
        first += f"; from {start.likely:%-d %b}, at the latest {start.safe:%-d %b %Y}"
    sentences = [plain(one.message) for one in decision.reasons] + [plain(one.message) for one in decision.missing]
    return [first, *(f'"{sentence}"' for sentence in sentences)]


def _fact(value: object) -> Fact:
    return Fact(value, "the case", "the case", NOW)  # type: ignore[arg-type]


def _facts(case: Case, place: Place, access_type: str, regime: str) -> Facts:
    values: dict[str, object] = {
        "facility.country": place.country,
        "instrument.country": place.country,
        "instrument.tags": place.tags,
        "satisfied": frozenset(case.given.get("has", "").split()),
        "applicant.relation": "external",
    }
    if access_type != "-":
        values["request.access_type"] = access_type
    if regime != "-":
        values["request.regime"] = regime
    for word in case.given.get("who", "").split(", "):
        if word in ("micro", "small", "medium", "large"):
            values["applicant.size"] = word
        elif word in ("startup", "no startup"):
            values["applicant.startup"] = word == "startup"
        elif word == "internal":
            values["applicant.relation"] = word
        elif len(word) == 2:
            values["applicant.country"] = word
            values["applicant.country_groups"] = groups_of(word)
        elif word:
            values["applicant.sector"] = word
    for pair in case.given.get("also", "").split():
        path, _equals, text = pair.partition("=")
        values[path] = Decimal(text) if path.startswith("programme.") else text
    team = [_member(text.strip(), values) for text in case.given["team"].split(",")] if "team" in case.given else None
    legs = [{"crosses": _fact(one["country_of_work"].value != place.country)} for one in team or ()]
    collections = {"participants": team, "legs": legs} if team is not None else {}
    if "bring" in case.given:
        collections["samples"] = [_sample(text) for text in case.given["bring"].split(",")]
    return Facts.of({path: _fact(value) for path, value in values.items()}, collections)


def _member(text: str, values: dict[str, object]) -> dict[str, Fact]:
    role, country, presence, *trainings = text.split()
    return {
        "role": _fact(role),
        "country_of_work": _fact(country),
        "country_groups": _fact(groups_of(country)),
        "presence": _fact(presence),
        "sector": _fact(values.get("applicant.sector", "academic")),
        "trainings": _fact(frozenset(one.removeprefix("+") for one in trainings)),
    }


def _sample(text: str) -> dict[str, Fact]:
    return {name: _fact(value) for name, value in zip(("kind", "country", "biosafety"), text.split(), strict=False)}


def first_day(case: Case) -> date | None:
    """Return the day from which a case is realistic."""
    start = decided(case).earliest_start
    return start.likely if start else None
