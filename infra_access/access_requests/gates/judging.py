"""The gates of a session: what must be met before it, by whom, until when, and how far each is.

A gate is worked out whenever it is read, from the rules of the session's day, what is known of its people and samples,
and the clearances that the facility gave. So whatever is supplied counts at once, and whatever expires before the
session does not count.
"""

import hashlib
import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from typing import Any

from infra_access.access_requests.terms.agreed import OF_TERMS
from infra_access.core.i18n import Text, _
from infra_access.people.models import Training
from infra_access.policy.demands import GRANT, Demand
from infra_access.policy.explanations import how_to_meet
from infra_access.policy.rules import Disclosure, Grounds, RequirementKind

SHORTEST = timedelta(days=1)
"""A gate is due so long before its session at least."""

NOT_CHECKED = OF_TERMS | {GRANT}
"""Gates that no clearance meets: what was granted, and the terms that both sides sign."""

_ROLES: Mapping[Grounds, str] = {
    Grounds.SAFETY: "safety_officer",
    Grounds.SECURITY: "export_control_officer",
}
_TEAM = frozenset({RequirementKind.DOCUMENT, RequirementKind.AGREEMENT, RequirementKind.FUNDING})


class GateState(StrEnum):
    """How far a gate is; one has expired where what met it ends before the session."""

    OPEN = "open"
    MET = "met"
    EXPIRED = "expired"


class Owner(StrEnum):
    """Whose move it is: the person's own, the team's, or that of a role of the facility."""

    PERSON = "person"
    TEAM = "team"
    ROLE = "role"


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who may have to meet something; without an account nothing can be recorded of them."""

    account_id: int | None
    public_id: str | None
    name: str


@dataclass(frozen=True, slots=True)
class Sample:
    """A sample by its number, from 1; `mark` is a fingerprint of what it is, apart from its papers."""

    number: int
    kind: str
    country: str | None
    documents: Mapping[str, str]
    mark: str


Subject = tuple[str, int | None, str | None]
"""What a clearance is for: the gate's key, the account and the mark of the sample that it is about."""


@dataclass(frozen=True, slots=True)
class Clearance:
    """That the facility holds a gate for met: who said so and when, and the paper that they saw."""

    by: str
    at: datetime
    note: str = ""
    title: str = ""
    number: str = ""
    sha256: str | None = None


@dataclass(frozen=True, slots=True)
class Gate:
    """One gate of a session. `role` may clear it beside the staff; `said` is how it was met, or what to do."""

    key: str
    kind: RequirementKind
    code: str
    state: GateState
    message: Text
    said: Text
    owner: Owner
    role: str
    due: datetime
    disclosure: Disclosure
    person: Person | None = None
    sample: Sample | None = None
    clearance: Clearance | None = None

    @property
    def open(self) -> bool:
        """Tell whether the session waits for it."""
        return self.state is not GateState.MET

    @property
    def about(self) -> Text:
        """Return whom or what it is asked of, where that is not the session as a whole."""
        if self.person is not None:
            return self.person.name
        return _("sample ${number}", mapping={"number": self.sample.number}) if self.sample is not None else ""

    @property
    def checkable(self) -> bool:
        """Tell whether a clearance may meet it."""
        known = self.person is None or self.person.account_id is not None
        return known and self.key not in NOT_CHECKED

    @property
    def subject(self) -> Subject:
        """Return what a clearance of it is for."""
        return (self.key, self.person.account_id if self.person else None, self.sample.mark if self.sample else None)


@dataclass(frozen=True, slots=True)
class Known:
    """What gates are judged by: the people and samples in their places, what is met, cleared, and held by whom."""

    people: Sequence[Person] = ()
    samples: Sequence[Sample] = ()
    met: Collection[str] = ()
    cleared: Mapping[Subject, Clearance] | None = None
    trainings: Mapping[int, Sequence[Training]] | None = None


def samples_of(project: Mapping[str, Any]) -> list[Sample]:
    """Return the samples that a request names."""
    return [
        Sample(number, str(one.get("kind", "")), one.get("country"), one.get("documents", {}), _mark(one))
        for number, one in enumerate(project.get("samples", []), 1)
    ]


def gates_from(found: Iterable[Demand], known: Known, *, start: datetime, at: datetime) -> list[Gate]:
    """Return the gates of what rules demand before a start: what is open first, and then what is due first.

    `at` is the instant on whose day trainings have to be valid.
    """
    gates: dict[tuple[object, ...], Gate] = {}
    for demand in found:
        gate = _gate(demand, known, start, at)
        key = (gate.key, gate.person, gate.sample and gate.sample.number)
        gates[key] = min((gate, gates.get(key, gate)), key=lambda one: (not one.open, one.due))
    return sorted(gates.values(), key=_order)


def _order(gate: Gate) -> tuple[object, ...]:
    person, sample = gate.person, gate.sample
    return (not gate.open, gate.due, gate.key, person.name if person else "", sample.number if sample else 0)


def _gate(demand: Demand, known: Known, start: datetime, at: datetime) -> Gate:
    effect, rule = demand.effect, demand.rule
    person = known.people[demand.person] if demand.person is not None else None
    sample = known.samples[demand.sample] if demand.sample is not None else None
    clearance = (known.cleared or {}).get(
        (effect.key, person.account_id if person else None, sample.mark if sample else None)
    )
    state, said = _judged(demand, person, sample, clearance, known, at)
    return Gate(
        key=effect.key,
        kind=effect.kind,
        code=effect.code,
        state=state,
        message=rule.message,
        said=said,
        owner=Owner.PERSON if person else Owner.TEAM if effect.kind in _TEAM else Owner.ROLE,
        role=_ROLES.get(rule.grounds, "facility_manager"),
        due=start - max(SHORTEST, timedelta(days=rule.latest_days)),
        disclosure=rule.disclosure,
        person=person,
        sample=sample,
        clearance=clearance,
    )


def _judged(
    demand: Demand,
    person: Person | None,
    sample: Sample | None,
    clearance: Clearance | None,
    known: Known,
    at: datetime,
) -> tuple[GateState, Text]:
    """Return how far it is, and how it was met or what to do."""
    effect = demand.effect
    if clearance is not None:
        return GateState.MET, _("Checked by ${name}.", mapping={"name": clearance.by})
    if person is not None and effect.kind is RequirementKind.TRAINING:
        return _trained(person, effect.code, effect.issuers, known, at.astimezone(UTC).date())
    if sample is not None and effect.code in sample.documents:
        return GateState.MET, _named(sample.documents[effect.code])
    if not effect.met_by.isdisjoint(known.met):
        if effect.kind is RequirementKind.ASSURANCE:
            return GateState.MET, _("Staff noted it of whoever asks.")
        return GateState.MET, _("It is met by what was stated or granted.")
    return GateState.OPEN, how_to_meet(effect.kind)


def _named(reference: str) -> Text:
    return _("The team named it: ${reference}.", mapping={"reference": reference})


def _trained(
    person: Person, code: str, issuers: Sequence[str] | None, known: Known, day: date
) -> tuple[GateState, Text]:
    """Return whether a person holds a training on a day, issued by somebody who counts."""
    if person.account_id is None:
        return GateState.OPEN, _(
            "This person has no account with a confirmed address yet, so no training of theirs is known. "
            "Ask them to sign up with the address that the request names."
        )
    counting = {one.casefold() for one in issuers or ()}
    held = [one for one in (known.trainings or {}).get(person.account_id, ()) if one.code == code]
    recognised = [one for one in held if issuers is None or one.issuer.casefold() in counting]
    for one in recognised:
        if one.completed_on <= day and (one.expires_on is None or one.expires_on > day):
            told = {"issuer": one.issuer, "day": one.completed_on}
            return GateState.MET, _("Completed on ${day}. Issued by: ${issuer}.", mapping=told)
    if recognised and recognised[0].expires_on is not None:
        ended = {"day": recognised[0].expires_on}
        return GateState.EXPIRED, _("The training ends on ${day}, before the session. Take it again.", mapping=ended)
    if held:
        values = {"issuer": held[0].issuer, "issuers": ", ".join(issuers or ())}
        return GateState.OPEN, _(
            "The training was issued by ${issuer}; here those count that were issued by: ${issuers}.", mapping=values
        )
    return GateState.OPEN, how_to_meet(RequirementKind.TRAINING)


def _mark(sample: Mapping[str, Any]) -> str:
    """Return the fingerprint by which a clearance knows its sample; a changed sample has to be checked anew."""
    essence = {name: value for name, value in sample.items() if name != "documents"}
    return hashlib.sha256(json.dumps(essence, sort_keys=True).encode()).hexdigest()
