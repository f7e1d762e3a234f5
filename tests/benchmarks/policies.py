"""How long the policy takes: one decision under many rules against a row read, and many instruments for one person."""

import statistics
import time
from collections.abc import Callable
from datetime import UTC, datetime

from sqlalchemy import select

from infra_access.catalogue.models import Organisation
from infra_access.core.authority import NETWORK
from infra_access.core.db import Database
from infra_access.policy.classes import Classes
from infra_access.policy.documents import load_rules
from infra_access.policy.evaluator import evaluate
from infra_access.policy.facts import Fact, Facts
from infra_access.policy.places import InstrumentPlace
from infra_access.policy.rulebook import RuleBook
from tests.factories.policy import raw_rule

RULES = 200
CLASSES = 500
INSTRUMENTS = 100_000
_TIMES = 200
_SECTORS = ("academic", "company", "public", "non-profit")
_EFFECTS = (
    {"type": "permit"},
    {"type": "approve", "role": "safety_officer", "scope": "facility"},
    {"type": "require", "kind": "document", "code": "plan"},
    {"type": "limit", "amount": 9},
)
_ABROAD = {
    "some": {
        "over": "participants",
        "when": {"op": "ne", "fact": "participants[].country_of_work", "other": "facility.country"},
    }
}


def measure(database: Database) -> str:
    """Return the lines that tell what each took."""
    now = datetime.now(UTC)
    return f"{_decision(database, now)}\n{_classes(now)}"


def _decision(database: Database, now: datetime) -> str:
    rules = load_rules([_rule(number) for number in range(RULES)])
    facts = _facts(
        now,
        {"applicant.sector": "company", "applicant.country": "KE", "facility.country": "CH", "request.quantity": 4},
        participants=3,
    )
    with database.reader() as session:

        def read() -> None:
            session.expire_all()
            session.scalars(select(Organisation).limit(1)).one()

        row = _median(read)
    taken = _median(lambda: evaluate(rules, facts, action="book", as_of=now, policy_version="1.2", case="AB12-CD34"))
    return f"one decision under {RULES} rules: {taken:.2f} ms, {taken / row:.1f} times a row read ({row:.2f} ms)"


def _classes(now: datetime) -> str:
    named = [f"facility-{number}" for number in range(CLASSES)]
    rule = raw_rule("these", {"type": "permit"}, {"op": "in", "fact": "facility.id", "value": named[:300]})
    book = RuleBook(1, "bench", {NETWORK: load_rules([rule])}, {}, frozenset())
    person = Classes(book, _facts(now, {"applicant.sector": "company"}), "book", now)
    places = [_place(name) for name in named]
    began = time.perf_counter()
    for number in range(INSTRUMENTS):
        person.decide(places[number % CLASSES], None)
    seconds = time.perf_counter() - began
    return f"{INSTRUMENTS} instruments for one person: {len(person.decided)} evaluations, {seconds:.1f} s"


def _rule(number: int) -> dict[str, object]:
    parts = [
        {"op": "in", "fact": "applicant.sector", "value": [_SECTORS[number // 4 % 4], "company"]},
        {"op": "gte", "fact": "request.quantity", "value": number % 8},
        _ABROAD,
    ]
    return raw_rule(f"rule-{number}", _EFFECTS[number % 4], {"all": parts})


def _facts(now: datetime, values: dict[str, object], participants: int = 0) -> Facts:
    def fact(value: object) -> Fact:
        return Fact(value, "bench", "bench", now)  # type: ignore[arg-type]

    team = [{"country_of_work": fact("KE")} for _number in range(participants)]
    return Facts.of({path: fact(value) for path, value in values.items()}, {"participants": team})


def _place(facility: str) -> InstrumentPlace:
    nothing: frozenset[str] = frozenset()
    return InstrumentPlace("instrument", facility, "organisation", 1, "DE", nothing, nothing, nothing, "operating")


def _median(call: Callable[[], object]) -> float:
    """Return the median of many calls in milliseconds."""
    seconds = []
    for _time in range(_TIMES):
        began = time.perf_counter()
        call()
        seconds.append(time.perf_counter() - began)
    return statistics.median(seconds) * 1000
