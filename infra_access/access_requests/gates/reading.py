"""Gates as they are read: the team sees as much of each as its rule discloses, others see no names."""

from collections.abc import Collection, Iterable
from dataclasses import replace

from infra_access.access_requests.gates.judging import Gate, Owner, Person
from infra_access.core.i18n import _
from infra_access.policy.disclosure import WITHHELD, general
from infra_access.policy.explanations import how_to_meet
from infra_access.policy.rules import Disclosure, RequirementKind

_STANDS_FOR_ALL = "facility_manager"
"""The role that the team reads where it may not know in which one somebody acts."""


def as_read(gates: Iterable[Gate], case: str, *, relations: Collection[str], named: bool) -> list[Gate]:
    """Return what a reader may see: the team as much as each rule discloses, others no names unless they are `named`.

    What the team may not know of is one check by the facility, whatever it is, about which it can ask by the `case`.
    """
    shown: list[Gate] = []
    for gate in gates:
        seen = _seen(gate, case) if relations else gate
        if seen is None or (seen.code == WITHHELD and any(one.key == seen.key for one in shown)):
            continue
        if seen.person is not None and not named:
            seen = replace(seen, person=Person(None, None, ""))
        if seen.kind is RequirementKind.AGREEMENT and seen.open and not named:
            seen = replace(seen, said=how_to_meet(seen.kind))  # who signs is a name too
        shown.append(seen)
    return shown


def _seen(gate: Gate, case: str) -> Gate | None:
    """Return a gate as the team reads it; None where there is nothing that it may know, or has to."""
    if gate.disclosure is Disclosure.FULL:
        return gate
    # The role follows from the grounds, which the rule does not disclose either.
    seen = replace(gate, message=general(case), role=_STANDS_FOR_ALL)
    if gate.disclosure is Disclosure.GENERIC:
        return seen
    return (
        replace(
            seen,
            key=f"{RequirementKind.GATE}:{WITHHELD}",
            kind=RequirementKind.GATE,
            code=WITHHELD,
            said=_("Ask the facility about it."),
            owner=Owner.ROLE,
            person=None,
            sample=None,
            clearance=None,
        )
        if gate.open
        else None
    )
