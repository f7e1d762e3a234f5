"""Reading the table of cases: what stands in `cases.txt` is what people are told.

A case is a paragraph: its name; `ask` (place, action, access type, regime); `who` (sector, size or startup, country; or
nothing); `team` (role, country, presence of each, with + for a training); `bring` (kind, country, biosafety level of
each sample); `has` (what is met already); `also` (other facts); then `->` with the outcome, the approvals in the order
of their stages, the earliest start, and in quotation marks each sentence that the applicant reads, first what decided
and then what is missing.

The same paragraph is decided in two ways: `by_hand.py` makes the facts that it states, `stored.py` stores what they
follow from and sends the request.
"""

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from functools import cached_property
from pathlib import Path

from infra_access.catalogue.vocabularies import SizeBand
from tests.policy.cases.places import PLACES, Place

TABLE = Path(__file__).with_name("cases.txt")
NOW = datetime(2026, 5, 4, 12, tzinfo=UTC)
CASE_CODE = "AB12-CD34"
"""Stands in the table for the number of the case, which is another one each time."""
GROUPS = json.loads(
    (Path(__file__).parents[3] / "infra_access" / "demo" / "data" / "country_groups.json").read_text(encoding="utf-8")
)
_WORDS = ("ask", "who", "team", "bring", "has", "also")


@dataclass(frozen=True)
class Person:
    """One on the team."""

    role: str
    country: str
    presence: str
    trainings: frozenset[str]


@dataclass
class Case:
    """One paragraph; what it does not state is None."""

    name: str
    given: dict[str, str] = field(default_factory=dict)
    told: list[str] = field(default_factory=list)

    @cached_property
    def asked(self) -> tuple[str, ...]:
        """Return place, action, access type and regime; - stands for what is not stated."""
        return tuple(part.strip() for part in self.given["ask"].split(","))

    @property
    def place(self) -> Place:
        return PLACES[self.asked[0]]

    @cached_property
    def who(self) -> dict[str, str | bool]:
        """Return what is said of the organisation: sector, country, size, startup, relation."""
        said: dict[str, str | bool] = {}
        for word in filter(None, self.given.get("who", "").split(", ")):
            if word in frozenset(SizeBand):
                said["size"] = word
            elif word in ("startup", "no startup"):
                said["startup"] = word == "startup"
            elif word == "internal":
                said["relation"] = word
            else:
                said["country" if len(word) == 2 else "sector"] = word
        return said

    @cached_property
    def team(self) -> list[Person] | None:
        if "team" not in self.given:
            return None
        each = (text.split() for text in self.given["team"].split(","))
        return [Person(*words[:3], frozenset(one.removeprefix("+") for one in words[3:])) for words in each]

    @cached_property
    def samples(self) -> list[dict[str, str]] | None:
        if "bring" not in self.given:
            return None
        names = ("kind", "country", "biosafety")
        return [dict(zip(names, text.split(), strict=False)) for text in self.given["bring"].split(",")]

    @cached_property
    def met(self) -> frozenset[str]:
        return frozenset(self.given.get("has", "").split())

    @cached_property
    def beside(self) -> dict[str, str]:
        pairs = (pair.partition("=") for pair in self.given.get("also", "").split())
        return {path: text for path, _equals, text in pairs}


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
            if word in _WORDS:
                case.given[word] = rest.strip()
            else:
                case.told.append(line.strip())
        found.append(case)
    return found


def groups_of(country: str) -> frozenset[str]:
    """Return the groups of the demonstration's table that a country is in."""
    return frozenset(one["code"] for one in GROUPS if country in one["countries"])


def lines_of(
    outcome: str, approvals: Iterable[tuple[str, str]], start: tuple[date, date] | None, sentences: Iterable[str]
) -> list[str]:
    """Return a decision as the table tells it: approvals as (role, scope), the start as (likely, safe)."""
    first = f"-> {outcome}"
    if due := ", ".join(f"{role} of the {scope}" for role, scope in approvals):
        first += f"; approved by {due}"
    if start is not None:
        first += f"; from {start[0]:%-d %b}, at the latest {start[1]:%-d %b %Y}"
    return [first, *(f'"{sentence}"' for sentence in sentences)]
