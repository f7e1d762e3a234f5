"""/country-groups: the dated groups of countries that rules may name, such as ODA:2024."""

from typing import Any

from infra_access.api.contract import Call, resource
from infra_access.api.fields import Country, Day, Line, ListOf, Part
from infra_access.api.schemas import Out
from infra_access.core.authority import Permission
from infra_access.policy.country_groups import country_groups


class CountryGroupOut(Out):
    """A group of countries on a day, by one source."""

    code = Line("What rules name it by.", most=40)
    name = Line(most=200)
    as_of = Day("The day that the list is of.")
    until = Day("From when a later list of the same kind is; rules that name this one stay with it.", allow_none=True)
    source = Line("Whose list it is.", most=300)
    countries = ListOf(Country(), "Their codes (ISO 3166), sorted.", most=300)


class CountryGroupsOut(Out):
    """All groups."""

    items = ListOf(Part(CountryGroupOut), most=1_000)
    next = Line("Always null: there are few.", most=4_000, allow_none=True)


@resource("api.country_groups", "GET", permission=Permission.CATALOGUE_READ, out=CountryGroupsOut)
def list_all(call: Call) -> dict[str, Any]:
    """List the groups by kind, the latest of each first."""
    same = ("code", "name", "as_of", "source", "countries")
    items = [
        {**{name: getattr(one.group, name) for name in same}, "until": one.until} for one in country_groups(call.db)
    ]
    return {"items": items, "next": None}
