"""Who is near to a request, and so decides nothing of it: one way of telling, whatever is decided.

That is its team, whoever has an address of the team, whoever wrote a part of it or stepped back, whoever stands in for
one of these, and, seen from outside, the organisation acted for.
"""

from collections.abc import Collection
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from sqlalchemy import CompoundSelect, Select, String, cast, literal, null, or_, select, union_all
from sqlalchemy.orm import Session

from infra_access.access_requests.approvals.models import ConflictOfInterest, RequestCorrection
from infra_access.access_requests.models import AccessRequest, Allocation, Participant
from infra_access.catalogue.models import Organisation
from infra_access.core.authority import PERMISSIONS, Actor, Permission, Scopes
from infra_access.core.errors import Forbidden
from infra_access.core.i18n import _
from infra_access.core.roles import either_of
from infra_access.people.models import Account, Affiliation, RoleGrant

_TEAM, _ADDRESS, _EDITOR, _CONFLICT, _GROUP = "team", "address", "editor", "conflict", "group"


@dataclass(frozen=True, slots=True)
class Circle:
    """The accounts near to a request, each as it is near, and the key and public id of the organisation acted for.

    `team` are the applicant and the accounts of the team; `addressed` those with an address of the team, who may have
    come after it was entered; `editors` those who wrote a part of it; `conflicted` those who stepped back, and of an
    appeal those who decided before.
    """

    team: frozenset[int] = field(default_factory=frozenset)
    addressed: frozenset[int] = field(default_factory=frozenset)
    editors: frozenset[int] = field(default_factory=frozenset)
    conflicted: frozenset[int] = field(default_factory=frozenset)
    group: tuple[int, str] | None = None
    access_request_id: int | None = None

    @property
    def barred(self) -> frozenset[int]:
        """Return the accounts that are near without being on the team."""
        return self.addressed | self.editors | self.conflicted

    @property
    def accounts(self) -> frozenset[int]:
        """Return the accounts that are near, those of the organisation acted for apart."""
        return self.team | self.barred

    def without_editors(self) -> "Circle":
        """Return the circle for what is no verdict on the request, which who wrote a part of it may do."""
        return replace(self, editors=frozenset())

    def joined_by(self, team: Collection[int] = (), conflicted: Collection[int] = ()) -> "Circle":
        """Return the circle with more accounts on the team, or barred from it."""
        return replace(self, team=self.team.union(team), conflicted=self.conflicted.union(conflicted))

    def is_own(self, actor: Actor) -> bool:
        """Tell whether the actor is the applicant or on the team."""
        return actor.account_id is not None and actor.account_id in self.team

    def is_near(self, actor: Actor, scopes: Scopes) -> bool:
        """Tell whether the actor is near, or stands in for somebody who is; `scopes` are those of what is decided.

        Within an organisation its own people decide: a laboratory on the requests of its house.
        """
        near = actor.account_id in self.accounts or not actor.stands_in_for.isdisjoint(self.accounts)
        return near or (self.group is not None and self.group[0] in actor.organisation_ids and self._is_outside(scopes))

    def reaches(self, session: Session, actor: Actor, scopes: Scopes, *, now: datetime) -> bool:
        """Tell whether the actor is near, or stands in for somebody of the organisation acted for, seen from outside.

        One statement at most, and none but for a stand-in.
        """
        if self.is_near(actor, scopes):
            return True
        if not actor.stands_in_for or self.group is None or not self._is_outside(scopes):
            return False
        near = select(Affiliation.account_id).where(
            Affiliation.organisation_id == self.group[0],
            Affiliation.account_id.in_(sorted(actor.stands_in_for)),
            or_(Affiliation.valid_until.is_(None), Affiliation.valid_until > now),
        )
        return session.scalar(near.limit(1)) is not None

    def _is_outside(self, scopes: Scopes) -> bool:
        return self.group is not None and ("organisation", self.group[1]) not in scopes


def circle_of(session: Session, access_request: AccessRequest) -> Circle:
    """Return who is near to a request. One statement."""
    return circles_of(session, [access_request.id])[access_request.id]


def refusal_of_near(
    session: Session,
    access_request: AccessRequest,
    *,
    actor: Actor,
    scopes: Scopes,
    permission: Permission,
    now: datetime,
) -> Forbidden | None:
    """Return why somebody near to a request leaves to others what a role permits, and to whom; None for all others.

    For what is no verdict, so that who wrote a part of it is not near. Commands ask this, and pages before they show a
    button. Two statements at most.
    """
    if not circle_of(session, access_request).without_editors().reaches(session, actor, scopes, now=now):
        return None
    message = _(
        "This is a request of your own, of your team or of your organisation. Leave it to others: ${roles}.",
        mapping={"roles": either_of(PERMISSIONS[permission].roles)},
    )
    return Forbidden("approval.own", message)


def circle_of_grant(session: Session, allocation_id: int) -> Circle:
    """Return who is near to the request that an allocation was granted for. One statement."""
    behind = select(Allocation.access_request_id).where(Allocation.id == allocation_id)
    (circle,) = _read(session, behind).values()
    return circle


def is_same_person(session: Session, actor: Actor, account_id: int, *, at: datetime) -> bool:
    """Tell whether what an account did at an instant counts as the actor's own: a stand-in is no second person.

    The actor did it, stands in for who did, or was stood in for by them. One statement at most.
    """
    if account_id == actor.account_id or account_id in actor.stands_in_for:
        return True
    stood_in = select(RoleGrant.id).where(
        RoleGrant.account_id == account_id,
        RoleGrant.delegated_by_id == actor.account_id,
        RoleGrant.valid_from <= at,
        or_(RoleGrant.valid_until.is_(None), RoleGrant.valid_until > at),
        or_(RoleGrant.revoked_at.is_(None), RoleGrant.revoked_at > at),
    )
    return session.scalar(stood_in.limit(1)) is not None


def circles_of(session: Session, access_request_ids: Collection[int]) -> dict[int, Circle]:
    """Return who is near to each request. One statement, none where there is nothing to ask."""
    return _read(session, sorted(access_request_ids)) if access_request_ids else {}


def _read(session: Session, keys: list[int] | Select[int]) -> dict[int, Circle]:
    unnamed = cast(null(), String(16))
    asked = select(AccessRequest.id, AccessRequest.requester_id, literal(_TEAM), unnamed).where(
        AccessRequest.id.in_(keys)
    )
    entered = select(Participant.access_request_id, Participant.account_id, literal(_TEAM), unnamed).where(
        Participant.access_request_id.in_(keys), Participant.account_id.is_not(None)
    )
    addressed = (
        select(Participant.access_request_id, Account.id, literal(_ADDRESS), unnamed)
        .join(Account, Account.email == Participant.email)
        .where(Participant.access_request_id.in_(keys))
    )
    correction, conflict = RequestCorrection, ConflictOfInterest
    wrote = select(correction.access_request_id, correction.proposed_by_id, literal(_EDITOR), unnamed).where(
        correction.access_request_id.in_(keys), correction.state == "accepted"
    )
    stepped_back = select(conflict.access_request_id, conflict.account_id, literal(_CONFLICT), unnamed).where(
        conflict.access_request_id.in_(keys)
    )
    acting_for = (
        select(AccessRequest.id, Organisation.id, literal(_GROUP), Organisation.public_id)
        .join(Organisation, Organisation.id == AccessRequest.acting_for_id)
        .where(AccessRequest.id.in_(keys))
    )
    rows: CompoundSelect[*tuple[Any, ...]] = union_all(asked, entered, addressed, wrote, stepped_back, acting_for)
    near: dict[int, dict[str, set[int]]] = {}
    groups: dict[int, tuple[int, str]] = {}
    for request_id, key, how, public_id in session.execute(rows):
        if how == _GROUP:
            groups[request_id] = (key, public_id)
        else:
            near.setdefault(request_id, {}).setdefault(how, set()).add(key)
    return {
        key: Circle(
            team=frozenset(found[_TEAM]),
            addressed=frozenset(found.get(_ADDRESS, ())),
            editors=frozenset(found.get(_EDITOR, ())),
            conflicted=frozenset(found.get(_CONFLICT, ())),
            group=groups.get(key),
            access_request_id=key,
        )
        for key, found in near.items()
    }
