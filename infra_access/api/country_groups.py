"""/country-groups: the dated groups of countries that rules may name, such as ODA:2024."""

from typing import Any

from infra_access.api.contract import Call, resource
from infra_access.api.fields import Country, Day, Line, Lines, ListOf, Part
from infra_access.api.schemas import Body, Out
from infra_access.core.authority import Permission
from infra_access.policy.country_groups import DatedGroup, country_groups
from infra_access.policy.publishing import set_country_group


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


class CountryGroupBody(Body):
    """A list as its source has it."""

    name = Line(most=200, required=True, filled=True)
    as_of = Day("The day that the list is of.", required=True)
    source = Line("Whose list it is: the body and the document.", most=300, required=True, filled=True)
    countries = ListOf(Country(), "Their codes (ISO 3166).", most=300, least=1, required=True)
    reason = Lines("Why a list that is there already is corrected.", most=2_000)


@resource("api.country_groups", "GET", permission=Permission.CATALOGUE_READ, out=CountryGroupsOut)
def list_all(call: Call) -> dict[str, Any]:
    """List the groups by kind, the latest of each first."""
    return {"items": [_shown(one) for one in country_groups(call.db)], "next": None}


@resource(
    "api.country_group",
    "PUT",
    permission=Permission.POLICY_WRITE,
    body=CountryGroupBody,
    out=CountryGroupOut,
    errors=(409,),
)
def enter(call: Call) -> dict[str, Any]:
    """Enter a dated list, such as ODA:2024, for rules of the whole network; correct one only with a reason."""
    code = str(call.request.matchdict["code"])
    set_country_group(call.db, actor=call.actor, now=call.now, code=code, **call.body)
    return _shown(next(one for one in country_groups(call.db) if one.group.code == code))


def _shown(one: DatedGroup) -> dict[str, Any]:
    same = ("code", "name", "as_of", "source", "countries")
    return {**{name: getattr(one.group, name) for name in same}, "until": one.until}
