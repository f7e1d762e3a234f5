"""Whose exchange somebody may look at: that of the countries and organisations they answer for, or of all."""

from dataclasses import dataclass

from infra_access.core.authority import NETWORK, PERMISSIONS, Actor, Permission, Scopes, require


@dataclass(frozen=True, slots=True)
class Reach:
    """Countries by code and organisations by public id; `whole` is the network, of which nothing is left out."""

    whole: bool
    countries: frozenset[str] = frozenset()
    organisations: frozenset[str] = frozenset()


def scopes_of(actor: Actor | None) -> Scopes:
    """Return the scopes of which somebody may look at the exchange, by the roles that they hold there."""
    roles = PERMISSIONS[Permission.RECIPROCITY_READ].roles
    grants = actor.grants if actor is not None else ()
    wide = ("network", "country", "organisation")
    return tuple(grant.scope for grant in grants if grant.role in roles and grant.scope[0] in wide)


def reach_of(actor: Actor) -> Reach:
    """Return how far somebody may look. Raises Forbidden who may not at all."""
    scopes = scopes_of(actor)
    require(actor, Permission.RECIPROCITY_READ, scopes)
    return Reach(
        NETWORK in scopes,
        frozenset(key for kind, key in scopes if kind == "country"),
        frozenset(key for kind, key in scopes if kind == "organisation"),
    )
