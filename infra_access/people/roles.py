"""Roles given and taken back: rows with a scope, a giver, a from and an until.

Nobody gives what they do not hold themselves over the same scope, except an administrator of the platform.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import TypeVar

from sqlalchemy import ColumnElement, or_, select, tuple_, update
from sqlalchemy.orm import Session

from infra_access.audit.record import record
from infra_access.catalogue.countries import valid_country
from infra_access.catalogue.models import Facility, Instrument, Organisation
from infra_access.catalogue.scopes import facility_scopes, instrument_scopes, organisation_scopes
from infra_access.core.authority import NETWORK, Actor, Permission, Scopes, require
from infra_access.core.errors import Conflict, Forbidden, Invalid, NotFound
from infra_access.core.i18n import Text, _
from infra_access.people.actors import in_hand
from infra_access.people.models import Account, Role, RoleGrant

_Place = TypeVar("_Place", Organisation, Facility, Instrument)

SCOPE_KINDS = ("network", "country", "organisation", "facility", "instrument")
WIDE_ONLY = {"platform_admin": {"network"}, "access_administrator": {"network", "country"}}
"""Roles that make no sense in a narrower scope."""


def grant_role(
    session: Session,
    *,
    actor: Actor,
    now: datetime,
    account: Account,
    role: str,
    scope_kind: str,
    scope_key: str,
    valid_until: datetime | None = None,
) -> RoleGrant:
    """Give a person a role within a scope.

    Raises Invalid `role.unknown`, `scope.unknown`, `scope.unfit` or `role.over`; Forbidden; Conflict `role.held`.
    """
    if session.get(Role, role) is None:
        raise _invalid("role.unknown", "role", _("There is no role named ${role}.", mapping={"role": role[:40]}))
    key, scopes = resolve_scope(session, scope_kind, scope_key)
    if scope_kind not in WIDE_ONLY.get(role, SCOPE_KINDS):
        raise _invalid(
            "scope.unfit", "scope", _("The role ${role} cannot be given for so small a scope.", mapping={"role": role})
        )
    if valid_until is not None and valid_until <= now:
        raise _invalid("role.over", "valid_until", _("This role would end before it begins. Choose a later end."))
    _require_over(actor, role, scopes)
    same = select(RoleGrant.id).where(
        RoleGrant.account_id == account.id,
        RoleGrant.role == role,
        RoleGrant.scope_kind == scope_kind,
        RoleGrant.scope_key == key,
        RoleGrant.delegated_from_id.is_(None),
        live(now),
    )
    if session.scalar(same) is not None:
        raise Conflict(
            "role.held",
            _("${name} has the role ${role} there already.", mapping={"name": account.name, "role": role}),
        )
    grant = RoleGrant(
        account_id=account.id,
        role=role,
        scope_kind=scope_kind,
        scope_key=key,
        given_by=actor.label,
        valid_from=now,
        valid_until=valid_until,
    )
    session.add(grant)
    session.flush()
    _record(session, actor, "role.grant", account.public_id, grant, now)
    return grant


def revoke_role(session: Session, *, actor: Actor, now: datetime, grant: RoleGrant) -> RoleGrant:
    """Take a role back, from whoever stands in too; from the next request on it gives nothing."""
    _key, scopes = resolve_scope(session, grant.scope_kind, grant.scope_key)
    _require_over(actor, grant.role, scopes)
    grant.revoked_at = grant.revoked_at or now
    stand_ins = update(RoleGrant).where(RoleGrant.delegated_from_id == grant.id, RoleGrant.revoked_at.is_(None))
    session.execute(stand_ins.values(revoked_at=now))
    session.flush()
    account = session.get_one(Account, grant.account_id)
    _record(session, actor, "role.revoke", account.public_id, grant, now)
    return grant


def holders(session: Session, role: str, scopes: Scopes, now: datetime, *, network: bool = True) -> list[int]:
    """Return the ids of the active accounts that hold a role within any of these scopes, or the whole network."""
    within = [*scopes, NETWORK] if network else [scope for scope in scopes if scope != NETWORK]
    return list(
        session.scalars(
            select(RoleGrant.account_id)
            .join(Account, Account.id == RoleGrant.account_id)
            .where(
                RoleGrant.role == role,
                tuple_(RoleGrant.scope_kind, RoleGrant.scope_key).in_(within),
                Account.state == "active",
                live(now),
                in_hand(now),
            )
            .distinct()
            .order_by(RoleGrant.account_id)
        )
    )


def grants_of(session: Session, account_id: int, *, now: datetime) -> Sequence[RoleGrant]:
    """Return a person's live grants, oldest first."""
    return session.scalars(
        select(RoleGrant).where(RoleGrant.account_id == account_id, live(now)).order_by(RoleGrant.id)
    ).all()


def resolve_scope(session: Session, kind: str, key: str) -> tuple[str, Scopes]:
    """Return a scope's key in its stored form and the chain of scopes that contain it.

    Raises Invalid `scope.unknown` where there is no such kind or thing.
    """
    if kind == "network" and not key:
        return "", (NETWORK,)
    if kind == "country":
        country = valid_country(key)
        return country, (("country", country), NETWORK)
    if kind == "organisation" and (organisation := _row(session, Organisation, key)):
        return key, organisation_scopes(organisation)
    if kind == "facility" and (facility := _row(session, Facility, key)):
        return key, facility_scopes(session, facility)
    if kind == "instrument" and (instrument := _row(session, Instrument, key)):
        return key, instrument_scopes(session, instrument)
    raise _invalid(
        "scope.unknown",
        "scope",
        _("There is nothing known as ${scope} to give a role for.", mapping={"scope": f"{kind}:{key}"[:80]}),
    )


def scope_named(session: Session, text: str) -> tuple[str, str]:
    """Return the scope that a person writes: network, country:KE, or the id of an organisation, facility or instrument.

    Raises NotFound `scope.unknown`.
    """
    if text == "network":
        return NETWORK
    kind, _colon, key = text.rpartition(":")
    if kind in SCOPE_KINDS:
        return kind, key
    places = {
        "organisation": select(Organisation.id).where(Organisation.public_id == key),
        "facility": select(Facility.id).where(Facility.public_id == key),
        "instrument": select(Instrument.id).where(Instrument.public_id == key),
    }
    for name, found in places.items():
        if not kind and session.scalar(found) is not None:
            return name, key
    raise NotFound(
        "scope.unknown",
        _(
            "There is nothing known as ${scope}. Give network, country:KE, or the id of an organisation, facility or "
            "instrument.",
            mapping={"scope": text[:80]},
        ),
    )


def _row(session: Session, table: type[_Place], public_id: str) -> _Place | None:
    return session.scalars(select(table).where(table.public_id == public_id)).one_or_none()


def _require_over(actor: Actor, role: str, scopes: Scopes) -> None:
    require(actor, Permission.ROLE_GRANT, scopes)
    # A stand-in binds nobody beyond their time.
    if not actor.holds_own("platform_admin", (NETWORK,)) and not actor.holds_own(role, scopes):
        raise Forbidden(
            "role.not_held",
            _(
                "You can give or take back only roles that you hold yourself here. "
                "Ask an administrator of the platform."
            ),
        )


def live(now: datetime) -> ColumnElement[bool]:
    """Return the condition that a grant counts at an instant, whoever has it in hand."""
    return (
        RoleGrant.revoked_at.is_(None)
        & (RoleGrant.valid_from <= now)
        & or_(RoleGrant.valid_until.is_(None), RoleGrant.valid_until > now)
    )


def _record(
    session: Session, actor: Actor, action: str, account_public_id: str, grant: RoleGrant, now: datetime
) -> None:
    record(
        session,
        actor=actor,
        action=action,
        object_kind="account",
        object_id=account_public_id,
        now=now,
        details={"role": grant.role, "scope": [grant.scope_kind, grant.scope_key]},
    )


def _invalid(code: str, field: str, message: Text) -> Invalid:
    return Invalid(code, message, fields={field: [message]})
