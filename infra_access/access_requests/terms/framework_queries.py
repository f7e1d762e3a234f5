"""Framework agreements as both sides see them, who may do what for which side, and which of them covers a request."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, false, or_, select, true
from sqlalchemy.orm import Session, aliased

from infra_access.access_requests.terms.framework_lifecycle import FrameworkKind, FrameworkState
from infra_access.access_requests.terms.framework_models import FrameworkAcceptance, FrameworkAgreement
from infra_access.catalogue.models import Organisation
from infra_access.catalogue.scopes import organisation_scopes
from infra_access.core.authority import NETWORK, Actor, Permission, Scopes, may
from infra_access.core.errors import NotFound
from infra_access.core.i18n import _
from infra_access.core.paging import clean_limit, decode_cursor, encode_cursor
from infra_access.people.models import Account

HOST, PARTNER = "host", "partner"
SIDES = (HOST, PARTNER)
ROLES_OF_A_SIDE = ("organisation_admin", "signatory")
_READERS = ("auditor", "access_administrator", "platform_admin")


@dataclass(frozen=True, slots=True)
class FrameworkAccepted:
    """That one side accepted: by whom, and when."""

    side: str
    name: str
    at: datetime
    account_id: int


@dataclass(frozen=True, slots=True)
class FrameworkView:
    """An agreement with both sides and who accepted; `relations` are the reader's to it.

    host and partner are the sides that the reader acts for; host_signatory and partner_signatory those that they sign
    for.
    """

    framework: FrameworkAgreement
    host: Organisation
    partner: Organisation
    accepted: tuple[FrameworkAccepted, ...]
    relations: frozenset[str]

    @property
    def scopes(self) -> Scopes:
        """Return the scopes that contain either side."""
        return organisation_scopes(self.host) + organisation_scopes(self.partner)

    @property
    def may_accept(self) -> tuple[str, ...]:
        """Return the sides that the reader may still accept for, as far as its state allows."""
        done = {one.side for one in self.accepted}
        open_for = self.framework.state == FrameworkState.OFFERED
        return tuple(one for one in SIDES if open_for and one not in done and f"{one}_signatory" in self.relations)


@dataclass(frozen=True, slots=True)
class FrameworkPage:
    """One page of agreements, newest first; `next` is the cursor of the following page, or None."""

    items: tuple[FrameworkView, ...]
    next: str | None


def framework_by_public_id(session: Session, public_id: str, *, actor: Actor | None) -> FrameworkView:
    """Return an agreement that the actor may see; a draft is seen by the side that wrote it. Two statements.

    Raises NotFound `framework.unknown` otherwise, so that nobody learns that it exists.
    """
    views = _views(session, FrameworkAgreement.public_id == public_id, actor, limit=1)
    if views and actor is not None and _sees(views[0], actor):
        return views[0]
    raise NotFound("framework.unknown", _("There is no such agreement, or it is not yours to see."))


def frameworks_of(
    session: Session, *, actor: Actor, limit: int | None = None, cursor: str | None = None
) -> FrameworkPage:
    """Return the agreements that the actor may see, newest first. Two statements."""
    size = clean_limit(limit)
    wanted = _visible_to(actor)
    if cursor:
        wanted &= FrameworkAgreement.id < decode_cursor(cursor, (int,))[0]
    views = _views(session, wanted, actor, limit=size + 1)
    following = encode_cursor([views[size - 1].framework.id]) if len(views) > size else None
    return FrameworkPage(tuple(views[:size]), following)


def relations_to(actor: Actor | None, host: Organisation, partner: Organisation) -> frozenset[str]:
    """Return the sides that the actor acts and signs for: by a role in that organisation itself, no wider one."""
    if actor is None or actor.account_id is None:
        return frozenset()
    acts = {key for role in ROLES_OF_A_SIDE for key in actor.scope_keys(role, "organisation")}
    signs = actor.scope_keys("signatory", "organisation")
    sides = {HOST: host.public_id, PARTNER: partner.public_id}
    return frozenset(
        {side for side, key in sides.items() if key in acts}
        | {f"{side}_signatory" for side, key in sides.items() if key in signs}
    )


def state_at(framework: FrameworkAgreement, now: datetime) -> FrameworkState:
    """Return where an agreement stands: one whose time ran out has ended, whether or not anybody ended it."""
    over = framework.valid_until is not None and framework.valid_until <= now
    in_force = framework.state == FrameworkState.IN_FORCE
    return FrameworkState.ENDED if in_force and over else FrameworkState(framework.state)


def covering(
    session: Session, *, host_id: int, partner_id: int | None, regime: str, kind: FrameworkKind, now: datetime
) -> FrameworkAgreement | None:
    """Return the latest agreement of a kind that covers requests of a partner under a regime now, and hold it.

    Whoever ends it waits until the request that rests on it is written. One statement.
    """
    if partner_id is None:
        return None
    found = session.scalars(
        select(FrameworkAgreement)
        .where(
            FrameworkAgreement.host_id == host_id,
            FrameworkAgreement.partner_id == partner_id,
            FrameworkAgreement.kind == kind,
            FrameworkAgreement.state == FrameworkState.IN_FORCE,
            FrameworkAgreement.valid_from <= now,
            or_(FrameworkAgreement.valid_until.is_(None), FrameworkAgreement.valid_until > now),
        )
        .order_by(FrameworkAgreement.in_force_at.desc(), FrameworkAgreement.id.desc())
        .with_for_update(read=True)
        .execution_options(populate_existing=True)
    )
    return next((one for one in found if regime in one.regimes), None)


def accepted_by(session: Session, framework_ids: Collection[int]) -> dict[int, tuple[FrameworkAccepted, ...]]:
    """Return who accepted each of the agreements. One statement, none where there is nothing to ask."""
    found: dict[int, tuple[FrameworkAccepted, ...]] = {}
    if not framework_ids:
        return found
    rows = session.execute(
        select(
            FrameworkAcceptance.framework_id,
            FrameworkAcceptance.side,
            Account.name,
            FrameworkAcceptance.accepted_at,
            FrameworkAcceptance.account_id,
        )
        .join(Account, Account.id == FrameworkAcceptance.account_id)
        .where(FrameworkAcceptance.framework_id.in_(framework_ids))
        .order_by(FrameworkAcceptance.id)
    )
    for key, side, name, at, account_id in rows:
        found[key] = (*found.get(key, ()), FrameworkAccepted(side, name, at, account_id))
    return found


def _views(session: Session, wanted: ColumnElement[bool], actor: Actor | None, *, limit: int) -> list[FrameworkView]:
    rows = session.execute(
        select(FrameworkAgreement, _HOST, _PARTNER)
        .join(_HOST, _HOST.id == FrameworkAgreement.host_id)
        .join(_PARTNER, _PARTNER.id == FrameworkAgreement.partner_id)
        .where(wanted)
        .order_by(FrameworkAgreement.id.desc())
        .limit(limit)
    ).all()
    accepted = accepted_by(session, [row[0].id for row in rows])
    return [
        FrameworkView(framework, host, partner, accepted.get(framework.id, ()), relations_to(actor, host, partner))
        for framework, host, partner in rows
    ]


_HOST, _PARTNER = aliased(Organisation), aliased(Organisation)


def _sees(view: FrameworkView, actor: Actor) -> bool:
    if view.framework.offered_at is None and view.framework.drafted_by not in view.relations:
        return any(actor.holds(role, view.scopes) for role in _READERS)
    return may(actor, Permission.FRAMEWORK_READ, view.scopes, view.relations)


def _visible_to(actor: Actor) -> ColumnElement[bool]:
    """Return the condition that says the same as `_sees`."""
    if any(actor.holds(role, (NETWORK,)) for role in _READERS):
        return true()
    countries = _keys(actor, _READERS, "country")
    watched = _keys(actor, _READERS, "organisation")
    own = _keys(actor, ROLES_OF_A_SIDE, "organisation")
    sides = ((HOST, _HOST), (PARTNER, _PARTNER))
    offered = FrameworkAgreement.offered_at.is_not(None)
    seen: list[ColumnElement[bool]] = [false()]
    for side, table in sides:
        seen.append(table.public_id.in_(own) & (offered | (FrameworkAgreement.drafted_by == side)))
        seen.append(table.public_id.in_(watched))
        seen.append(table.country.in_(countries))
    return or_(*seen)


def _keys(actor: Actor, roles: Iterable[str], kind: str) -> list[str]:
    return sorted({key for role in roles for key in actor.scope_keys(role, kind)})
