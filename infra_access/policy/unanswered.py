"""Roles that rules ask for and that nobody holds where they are asked: such a rule keeps everybody waiting."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from functools import cache

from sqlalchemy import select
from sqlalchemy.orm import Session

from infra_access.core.authority import Scopes
from infra_access.core.i18n import Text, _
from infra_access.core.roles import ROLES
from infra_access.people.models import Account, RoleGrant
from infra_access.people.roles import holders, live
from infra_access.policy.rules import ApprovalScope, Approve, Rule
from infra_access.policy.words import SCOPES

_FROM_WITHIN = ("facility", "organisation", "country", "network")


def held_by_nobody(
    session: Session, rules: Sequence[Rule], *, chain: Scopes, now: datetime
) -> Iterator[tuple[str, Text]]:
    """Yield the place of each role that nobody could answer in.

    `chain` are the scopes that contain that of the rules. Where it does not say which place will be meant, such as
    the home of whoever asks, one holder anywhere is enough.
    """

    @cache
    def is_held(role: str, scope: str) -> bool:
        within = _within(chain, scope)
        if within:
            return bool(holders(session, role, within, now))
        anywhere = select(RoleGrant.id).join(Account, Account.id == RoleGrant.account_id)
        found = anywhere.where(RoleGrant.role == role, Account.state == "active", live(now))
        return session.scalar(found.limit(1)) is not None

    for number, rule in enumerate(rules):
        effect = rule.effect
        if isinstance(effect, Approve) and not is_held(effect.role, effect.scope):
            message = _(
                "At present nobody has this role where it is asked for: ${role} (${scope}). Whoever needs this "
                "approval can send no request until somebody is named."
            )
            named = {"role": ROLES.get(effect.role, effect.role), "scope": SCOPES[effect.scope]}
            yield f"rules.{number}.effect.role", message % named
        by = rule.overridable_by
        if by is not None and not is_held(by, ApprovalScope.FACILITY):
            message = _("At present nobody has this role here, so nobody could make an exception: ${role}.")
            yield f"rules.{number}.overridable_by", message % {"role": ROLES.get(by, by)}


def _within(chain: Scopes, scope: str) -> Scopes:
    """Return the scopes in which a role may be held to answer; none where the chain does not tell."""
    if scope not in _FROM_WITHIN or (scope != "network" and scope not in {kind for kind, _key in chain}):
        return ()
    wide = _FROM_WITHIN[_FROM_WITHIN.index(scope) :]
    return tuple(one for one in chain if one[0] in wide)
