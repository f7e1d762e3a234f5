"""Which facilities and organisations somebody's roles reach, for those who run them."""

from collections.abc import Iterable
from typing import Any

from sqlalchemy import ColumnElement, false, or_, select, true
from sqlalchemy.orm import Session

from infra_access.catalogue.models import Facility, Organisation
from infra_access.catalogue.vocabularies import PublicationState
from infra_access.core.authority import NETWORK, PERMISSIONS, Actor, Permission

MOST = 200


def facilities_run_by(session: Session, actor: Actor, permission: Permission) -> list[Facility]:
    """Return the facilities, drafts too, over which a role of the actor gives a permission, by name. One statement."""
    columns = {"facility": Facility.public_id, "organisation": Organisation.public_id, "country": Facility.country}
    return list(
        session.scalars(
            select(Facility)
            .join(Organisation, Organisation.id == Facility.organisation_id)
            .where(Facility.publication != PublicationState.RETIRED, _reached(actor, permission, columns))
            .order_by(Facility.name_key, Facility.id)
            .limit(MOST)
        )
    )


def organisations_run_by(session: Session, actor: Actor, permission: Permission) -> list[Organisation]:
    """Return the organisations over which a role of the actor gives a permission, by name. One statement."""
    columns = {"organisation": Organisation.public_id, "country": Organisation.country}
    return list(
        session.scalars(
            select(Organisation)
            .where(_reached(actor, permission, columns))
            .order_by(Organisation.name_key, Organisation.id)
            .limit(MOST)
        )
    )


def _reached(actor: Actor, permission: Permission, columns: dict[str, Any]) -> ColumnElement[bool]:
    roles = PERMISSIONS[permission].roles
    held = {grant.scope for grant in actor.grants if grant.role in roles}
    if NETWORK in held:
        return true()
    return or_(
        false(), *(column.in_(sorted(_keys(held, kind))) for kind, column in columns.items() if _keys(held, kind))
    )


def _keys(scopes: Iterable[tuple[str, str]], wanted: str) -> set[str]:
    return {key for kind, key in scopes if kind == wanted}
