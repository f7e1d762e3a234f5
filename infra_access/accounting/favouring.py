"""What belongs to rules for the startups and small firms of a group of countries: no price, and time set aside."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy.orm import Session

from infra_access.access_requests.models import AccessRoute
from infra_access.accounting.models import AccessPeriod
from infra_access.accounting.pool_queries import PoolView, periods_of
from infra_access.accounting.pricing import meets, reduction_of
from infra_access.accounting.vocabularies import PoolPurpose
from infra_access.catalogue.models import Facility
from infra_access.core.authority import Actor
from infra_access.policy.facts import Fact, Facts
from infra_access.policy.template_rules import SMALL

_ALTERNATIVES: Sequence[Mapping[str, Any]] = ({"startup": True}, *({"size": size} for size in SMALL))


@dataclass(frozen=True, slots=True)
class SetAside:
    """A period and the pools in it that serve startups and small firms; `whole` where they leave out none of them."""

    period: AccessPeriod
    pools: tuple[PoolView, ...]
    whole: bool


def favoured(group: str) -> dict[str, Any]:
    """Return the conditions of a reduction or a pool for the startups and small firms of a group of countries."""
    return {"country_group": group, "any": [dict(one) for one in _ALTERNATIVES]}


def charged(route: AccessRoute, group: str, now: datetime) -> list[str]:
    """Return the regimes of a route in which some of them pay something."""
    return [
        regime
        for regime, entry in route.tariff.items()
        if regime in route.regimes
        and Decimal(entry["amount"])
        and any(reduction_of(entry, facts, now)[0] < 100 for facts in _each(group, now))
    ]


def set_asides(
    session: Session,
    *,
    actor: Actor,
    now: datetime,
    facility: Facility,
    group: str,
    instruments: Collection[int] | None = None,
) -> list[SetAside]:
    """Return the periods that run or are to come, the first one first, each with what it sets aside for them.

    Where instruments are given, pools for other ones do not count.
    """
    each = _each(group, now)
    found = []
    for view in reversed(periods_of(session, actor=actor, facility=facility)):
        if view.period.ends > now:
            pools = [
                one
                for one in view.pools
                if one.pool.purpose == PoolPurpose.SET_ASIDE
                and (one.pool.amount or one.pool.fell_back_at)
                and (instruments is None or not {row.id for row in one.instruments}.isdisjoint(instruments))
                and any(meets(one.pool.serves, facts, now) for facts in each)
            ]
            whole = all(any(meets(one.pool.serves, facts, now) for one in pools) for facts in each)
            found.append(SetAside(view.period, tuple(pools), whole))
    return found


def _each(group: str, now: datetime) -> list[Facts]:
    """Return what is known of one applicant of each kind, and no more."""

    def stated(values: Mapping[str, Any]) -> Facts:
        return Facts.of({f"applicant.{name}": Fact(value, "supposed", "", now) for name, value in values.items()})

    return [stated({"country_groups": frozenset({group}), **one}) for one in _ALTERNATIVES]
