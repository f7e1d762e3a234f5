"""What a visitor without an account says about themselves: `sector:company,country:KE,access_type:mail-in`."""

from collections.abc import Callable, Mapping
from datetime import datetime

from infra_access.core.errors import Invalid
from infra_access.core.i18n import Text, _
from infra_access.policy.facts import Fact, Facts
from infra_access.policy.kinds import Kind, Value
from infra_access.policy.vocabulary import VOCABULARY

STATED_BY_VISITOR = "stated by the visitor"

STATEMENTS: Mapping[str, str] = {
    "sector": "applicant.sector",
    "size": "applicant.size",
    "startup": "applicant.startup",
    "country": "applicant.country",
    "access_type": "request.access_type",
    "regime": "request.regime",
}
"""The words of a statement and the facts that they state."""

_LONGEST = 300


def parse_statement(text: str, *, now: datetime, groups_of: Callable[[str], frozenset[str]] | None = None) -> Facts:
    """Return what a visitor states as facts; `groups_of` gives the groups of the country, where they are known.

    Raises:
        Invalid: `visitor.invalid`; `fields` names the part, such as `as.country`.
    """
    if len(text) > _LONGEST:
        raise _invalid({"as": [_("This is longer than ${most} characters.", mapping={"most": _LONGEST})]})
    faults: dict[str, list[Text]] = {}
    values: dict[str, Value] = {}
    for part in text.split(",") if text.strip() else []:
        name, colon, raw = (piece.strip() for piece in part.partition(":"))
        if not colon or name not in STATEMENTS:
            allowed = ", ".join(STATEMENTS)
            faults["as"] = [_("Write pairs such as country:KE, of: ${names}.", mapping={"names": allowed})]
        elif STATEMENTS[name] in values:
            faults[f"as.{name}"] = [_("This is stated twice.")]
        else:
            value = _value(STATEMENTS[name], raw)
            if value is None:
                faults[f"as.{name}"] = [_expected(STATEMENTS[name])]
            else:
                values[STATEMENTS[name]] = value
    if faults:
        raise _invalid(faults)
    country = values.get("applicant.country")
    if groups_of is not None and isinstance(country, str):
        values["applicant.country_groups"] = groups_of(country)
    return Facts.of({path: Fact(value, STATED_BY_VISITOR, "visitor", now) for path, value in values.items()})


def _value(path: str, raw: str) -> Value | None:
    definition = VOCABULARY[path]
    if definition.kind is Kind.BOOLEAN:
        return {"yes": True, "no": False}.get(raw)
    return raw if definition.admits(raw) else None


def _expected(path: str) -> Text:
    definition = VOCABULARY[path]
    if definition.kind is Kind.COUNTRY:
        return _("This is no country code. Use two capital letters (ISO 3166), such as KE.")
    choices = ("yes", "no") if definition.kind is Kind.BOOLEAN else sorted(definition.choices or ())
    return _("Give one of: ${names}.", mapping={"names": ", ".join(choices)})


def _invalid(faults: dict[str, list[Text]]) -> Invalid:
    return Invalid(
        "visitor.invalid",
        _("What you say about yourself could not be read. Correct the parts named, or leave them out."),
        fields=faults,
    )
