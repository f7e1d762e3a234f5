"""What use costs: the tariff of a route under a regime, less the one reduction that is best for the applicant."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from infra_access.accounting.money import cents
from infra_access.core.errors import Invalid
from infra_access.core.i18n import _, plain
from infra_access.ledger.currencies import currency_of
from infra_access.ledger.units import ratio
from infra_access.policy.facts import Facts, Gap

_SHOWN = ("sector", "size", "startup", "country")


@dataclass(frozen=True, slots=True)
class Price:
    """What an amount of units comes to; `price` is `list_price` less the reduction that `ground` names."""

    unit_price: Decimal
    list_price: Decimal
    price: Decimal
    currency: str
    ground: str
    tariff: Mapping[str, Any]

    @property
    def reduction(self) -> Decimal:
        """Return what the list price is reduced by; price and reduction sum to the list price."""
        return self.list_price - self.price


def price_of(
    tariff: Mapping[str, Any], *, regime: str, access_unit: str, units: Decimal, facts: Facts, now: datetime
) -> Price:
    """Return what units cost under a regime. Raises Invalid `tariff.unit` where the price is for another unit.

    Reductions do not add up: the highest one that the applicant's facts meet counts.
    """
    entry = tariff.get(regime)
    if entry is None:
        currency = currency_of(tariff, regime)
        nothing = Decimal("0.00")
        ground = plain(_("Free of charge: this way in names no price for this regime."))
        return Price(nothing, nothing, nothing, currency, ground, {})
    times = ratio(access_unit, entry["per"])
    if times is None:
        raise Invalid(
            "tariff.unit",
            _(
                "The price of this way in is for each ${per}, and this counts ${unit}. Ask the facility.",
                mapping={"per": entry["per"], "unit": access_unit},
            ),
        )
    rate = Decimal(entry["amount"]) * times
    whole = cents(rate * units)
    percent, ground = reduction_of(entry, facts, now)
    return Price(cents(rate), whole, whole - cents(whole * percent / 100), entry["currency"], ground, entry)


def facts_shown(facts: Facts, now: datetime) -> dict[str, Any]:
    """Return the applicant's facts that a price rests on, each with who says so: {name: {value, source, by}}."""
    shown: dict[str, Any] = {}
    for name in _SHOWN:
        fact = facts.values.get(f"applicant.{name}")
        if fact is not None and not isinstance(fact.at(now), Gap):
            shown[name] = {"value": fact.value, "source": fact.source, "by": fact.asserted_by}
    return shown


def reduction_of(entry: Mapping[str, Any], facts: Facts, now: datetime) -> tuple[Decimal, str]:
    """Return by how many percent a price of a tariff is reduced for an applicant, and on what ground."""
    met = [one for one in entry.get("reductions", ()) if meets(one["when"], facts, now)]
    best = max(met, key=lambda one: Decimal(str(one["percent"])), default=None)
    return (Decimal(str(best["percent"])), str(best["ground"])) if best else (Decimal(0), "")


def meets(when: Mapping[str, Any], facts: Facts, now: datetime) -> bool:
    """Tell whether the applicant meets every condition; what is unknown does not meet it.

    `country_group` is a group with its date (LDC:2024), or without (LDC), which any date of it meets; `any` are
    alternatives, one of which is met as a whole.
    """
    for name, wanted in when.items():
        if name == "any":
            if not any(meets(one, facts, now) for one in wanted):
                return False
        elif name == "country_group":
            groups = facts.value("applicant.country_groups", now)
            known = groups if isinstance(groups, frozenset) else frozenset()
            if not any(wanted in (group, str(group).split(":")[0]) for group in known):
                return False
        elif facts.value(f"applicant.{name}", now) != wanted:
            return False
    return True
