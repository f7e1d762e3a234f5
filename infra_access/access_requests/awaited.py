"""What a request waits for: whose approval, since when, by when, of a hidden rule only that the facility checks it."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from infra_access.access_requests.appealed import APPEAL
from infra_access.access_requests.approvals.stages import stage_before
from infra_access.access_requests.lifecycle import HELD, RequestState
from infra_access.access_requests.models import AccessRequest, Approval
from infra_access.access_requests.opinions.queries import OpinionAsked
from infra_access.access_requests.vocabularies import ON_HOLD, OPEN, UNGIVEN
from infra_access.catalogue.countries import country_name
from infra_access.catalogue.models import Facility, Organisation
from infra_access.core.authority import Scope
from infra_access.core.i18n import plain
from infra_access.policy.disclosure import WITHHELD, general


@dataclass(frozen=True, slots=True)
class Waiting:
    """One approval that a request waits for: whose, since when, and by when it is due.

    `scope_name` is what the country, organisation or facility is called, None for the network. Where a deadline stands
    still there is none, and `held_since` says since when. `opinions` tell that its people asked somebody outside, and
    explain the wait; whom and what, the team never learns. One of a later stage is neither asked nor due yet, and
    `waits_for` is the stage that has to be complete first. Of a rule that the reader may not see, the role is withheld,
    and the facility stands for whoever it is.
    """

    role: str
    scope: str
    scope_name: str | None
    stage: int
    state: str
    waits_for: int | None
    since: datetime | None
    due: datetime | None
    held_since: datetime | None
    message: dict[str, str] | None
    opinions: tuple[OpinionAsked, ...] = ()


def rules_named(decision: Mapping[str, Any]) -> frozenset[str]:
    """Return the rules behind approvals that the applicant's reading of a decision names; an appeal hides nothing."""
    return frozenset(one["rule"] for one in decision.get("approvals", ())) | {APPEAL}


def role_told(access_request: AccessRequest, approval: Approval) -> str:
    """Return in which role an approval is decided, as far as the team of the request may read it."""
    return approval.role if approval.rule in rules_named(access_request.decision) else WITHHELD


def held_since(access_request: AccessRequest) -> datetime | None:
    """Return since when the deadlines of a request stand still; None where they run."""
    return access_request.state_since if RequestState(access_request.state) in HELD else None


def names_of(facility: Facility, organisations: Iterable[Organisation | None]) -> dict[Scope, Facility | Organisation]:
    """Return by their scopes the rows that give those in which a request is decided their names."""
    named: dict[Scope, Facility | Organisation] = {("organisation", one.public_id): one for one in organisations if one}
    return {**named, ("facility", facility.public_id): facility}


def name_of(scope: Scope, row: Facility | Organisation | None) -> str | None:
    """Return what a country is called, or the row of a facility or organisation; None for the network."""
    if scope[0] == "country":
        return country_name(scope[1])
    return None if row is None else row.name


def awaited(
    access_request: AccessRequest,
    approvals: Sequence[Approval],
    opinions: Mapping[int, tuple[OpinionAsked, ...]],
    *,
    names: Mapping[Scope, Facility | Organisation],
    host: Scope,
    named: Collection[str] | None,
) -> Iterator[Waiting]:
    """Return what waits, an appeal too, in the order of its stages.

    `named` are the rules that the reader may see, None for all; `host` is the facility, and `names` has its row.
    """
    since = held_since(access_request)
    for one in sorted(approvals, key=lambda each: (each.stage, each.id)):
        if one.state not in UNGIVEN:
            continue
        alike = [each for each in approvals if each.subject_kind == one.subject_kind]
        hidden = named is not None and one.rule not in named
        scope = host if hidden else (one.scope_kind, one.scope_key)
        asked, held = one.state in OPEN, since is not None or one.state in ON_HOLD
        yield Waiting(
            role=WITHHELD if hidden else one.role,
            scope=scope[0],
            scope_name=name_of(scope, names.get(scope)),
            stage=one.stage,
            state=one.state,
            waits_for=stage_before(one, alike),
            since=one.asked_at if asked else None,
            due=one.due_at if asked and not held else None,
            held_since=since if asked else None,
            message=_message(access_request, one, named),
            opinions=() if hidden else opinions.get(one.id, ()),
        )


def _message(access_request: AccessRequest, approval: Approval, named: Collection[str] | None) -> dict[str, str] | None:
    if named is None:
        return approval.message
    if approval.rule not in named:
        return {"en": plain(general(access_request.case or access_request.public_id))}
    return approval.message if approval.rule != APPEAL else None
