"""Sets of rules to begin with: each is a draft like any other once it is made, to be read and changed.

A template takes a few settings and gives rules as documents state them. The access modes are those of the European
Charter of Access for Research Infrastructures; personal data follow Regulation (EU) 2016/679, articles 6 and 9;
dual-use items Regulation (EU) 2021/821; Indigenous data the CARE principles (Carroll et al. 2020).
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import Any

from infra_access.catalogue.fields import fault
from infra_access.core.errors import Invalid
from infra_access.core.i18n import Text, _
from infra_access.core.roles import ROLES
from infra_access.policy.kinds import GROUP

Raw = dict[str, Any]
_CODE = re.compile(r"[a-z0-9][a-z0-9._-]{0,59}", re.ASCII)
_MOST_DAYS = 1_000
"""A third of what a rule may take, since a template takes thrice as long for the worst."""

_EVERYTHING = ["request", "book", "remote_session", "mail_in"]
_USE = ["book", "remote_session", "mail_in"]
_WITHOUT_PERSONS = ["academic", "public", "non-profit", "company"]


class Setting(StrEnum):
    """What kind of value a setting of a template takes."""

    DAYS = "days"
    PERCENT = "percent"
    GROUP = "group"
    ROLE = "role"
    CODE = "code"


@dataclass(frozen=True, slots=True)
class Ask:
    """One setting: its name, what it is, of which kind, and what it is unless stated."""

    name: str
    label: Text
    kind: Setting
    default: str


@dataclass(frozen=True, slots=True)
class Template:
    """A set of rules to begin with."""

    key: str
    title: Text
    about: Text
    asks: tuple[Ask, ...]
    make: Callable[[Mapping[str, str]], list[Raw]]


def rules_from(key: str, settings: Mapping[str, str]) -> list[Raw]:
    """Return the rules of a template. Raises Invalid naming the setting, or `template`, at fault."""
    template = TEMPLATES.get(key)
    if template is None:
        message = _("There is no such template. Choose one of: ${names}.", mapping={"names": ", ".join(TEMPLATES)})
        raise fault("template.unknown", "template", message)
    known = {ask.name for ask in template.asks}
    faults: dict[str, list[Text]] = {
        f"settings.{name}": [_("This template has no such setting.")] for name in settings if name not in known
    }
    values: dict[str, str] = {}
    for ask in template.asks:
        text = (settings.get(ask.name) or ask.default).strip()
        wrong = _wrong(ask.kind, text)
        if wrong is not None:
            faults[f"settings.{ask.name}"] = [wrong]
        values[ask.name] = text
    if faults:
        raise Invalid("template.settings", _("Some of the settings cannot be taken."), fields=faults)
    return template.make(values)


def _wrong(kind: Setting, text: str) -> Text | None:
    number = int(text) if text.isascii() and text.isdecimal() and len(text) < 5 else -1
    match kind:
        case Setting.DAYS if not 0 <= number <= _MOST_DAYS:
            return _("Give a number of days from 0 to ${most}.", mapping={"most": _MOST_DAYS})
        case Setting.PERCENT if not 0 <= number <= 100:
            return _("Give a number from 0 to 100.")
        case Setting.GROUP if not GROUP.fullmatch(text):
            return _("Name a group of countries and its date, such as ODA:2024.")
        case Setting.ROLE if text not in ROLES:
            return _("Give one of: ${names}.", mapping={"names": ", ".join(ROLES)})
        case Setting.CODE if not _CODE.fullmatch(text):
            return _("Use small letters, digits, dots, hyphens and underscores.")
        case _:
            return None


def _rule(id: str, effect: Raw, message: str, when: Raw | None = None, **more: Any) -> Raw:
    given = {"id": id, "applies_to": _EVERYTHING, "effect": effect, "message": {"en": message}, **more}
    return given if when is None else {**given, "when": when}


def _all(*parts: Raw) -> Raw:
    return {"all": list(parts)}


def _any(*parts: Raw) -> Raw:
    return {"any": list(parts)}


def _is(fact: str, value: Any, op: str = "eq") -> Raw:
    return {"op": op, "fact": fact, "value": value}


def _days(values: Mapping[str, str], prefix: str = "") -> Raw:
    expected = int(values[f"{prefix}days"])
    # As a rule of thumb that the author corrects: at worst three times as long.
    return {"expected_days": expected, "latest_days": max(3 * expected, expected + 7)}


def _terms(values: Mapping[str, str]) -> Raw:
    return _rule(
        "terms",
        {"type": "require", "kind": "agreement", "code": "access-terms"},
        "Before the first session, a signatory of each side accepts the terms: who owns results, what is published, "
        "who pays. A signatory of your organisation accepts them on the page of the request.",
        _is("applicant.relation", "internal", "ne"),
        applies_to=_USE,
        grounds="ip",
        **_days(values, "terms_"),
    )


def _panel(values: Mapping[str, str], message: str) -> Raw:
    effect = {"type": "approve", "role": values["role"], "scope": "facility"}
    return _rule("panel", effect, message, applies_to=["request"], grounds="capacity", **_days(values))


def _excellence(values: Mapping[str, str]) -> list[Raw]:
    publishing = _is("request.regime", ["open", "embargoed"], "in")
    return [
        _rule(
            "open-to-those-who-publish",
            {"type": "permit"},
            "Universities, public bodies, non-profits and companies may ask when they publish what they find.",
            _all(_is("applicant.sector", _WITHOUT_PERSONS, "in"), publishing),
        ),
        _panel(values, "People who know the field look at what is best in the request, and choose."),
        _terms(values),
    ]


def _market(values: Mapping[str, str]) -> list[Raw]:
    return [
        _rule("open-to-who-pays", {"type": "permit"}, "Everybody may use this who agrees on the price."),
        _rule(
            "funding",
            {"type": "require", "kind": "funding", "code": values["funding"]},
            "The use is paid for. Name who pays before you book.",
            _is("applicant.relation", "internal", "ne"),
            applies_to=_USE,
            grounds="funding",
            **_days(values),
        ),
        _terms(values),
    ]


def _wide(values: Mapping[str, str]) -> list[Raw]:
    return [
        _rule("open-to-all", {"type": "permit"}, "Everybody may use this, wherever they work and for whatever end."),
        _terms(values),
    ]


def _transnational(values: Mapping[str, str]) -> list[Raw]:
    abroad = {"op": "ne", "fact": "participants[].country_of_work", "other": "facility.country"}
    within = _is("participants[].country_groups", values["group"], "member_of")
    leader = {"some": {"over": "participants", "when": _all(_is("participants[].role", "principal"), abroad)}}
    firms = _all(_is("applicant.sector", "company"), _is("applicant.size", ["micro", "small", "medium"], "in"))
    share = Decimal(values["percent"]) / 100
    return [
        _rule(
            "leader-and-majority-abroad",
            {"type": "permit"},
            "The programme pays for teams of which the leader and more than half of the members work in another "
            "country than the facility.",
            _all(leader, {"share": {"over": "participants", "when": abroad, "gt": "0.5"}}),
        ),
        _rule(
            "mostly-outside-the-group",
            {"type": "deny"},
            f"Teams of which more than half work outside {values['group']} take part until they have used "
            f"{values['percent']} % of the programme. So much is used up for this period.",
            _all(
                {"share": {"over": "participants", "when": {"not": within}, "gt": "0.5"}},
                _is("programme.share_foreign", format(share.normalize(), "f"), "gte"),
            ),
            grounds="funding",
        ),
        _rule(
            "publish-unless-a-small-firm",
            {"type": "deny"},
            "What the programme pays for is published. Only small and medium enterprises may keep their results.",
            _all(_is("request.regime", "proprietary"), {"not": firms}),
            grounds="funding",
        ),
        _panel(values, "The programme's panel chooses among the requests of a call."),
        _terms(values),
    ]


def _development(values: Mapping[str, str]) -> list[Raw]:
    eligible = _is("applicant.country_groups", values["group"], "member_of")
    small = _any(_is("applicant.startup", True), _is("applicant.size", ["micro", "small", "medium"], "in"))
    return [
        _rule(
            "startups-and-smes",
            {"type": "permit"},
            f"Startups and small and medium enterprises of countries in {values['group']} may use this.",
            _all(eligible, small),
        ),
        _rule(
            "universities",
            {"type": "permit"},
            f"Universities and public bodies of countries in {values['group']} may use this.",
            _all(eligible, _is("applicant.sector", ["academic", "public", "non-profit"], "in")),
        ),
        _rule(
            "first-in-line",
            {"type": "prefer", "weight": int(values["weight"])},
            f"Requests from countries in {values['group']} go first.",
            eligible,
        ),
        _terms(values),
    ]


def _proprietary(values: Mapping[str, str]) -> list[Raw]:
    private = _is("request.regime", "proprietary")
    return [
        _rule(
            "open-for-private-results",
            {"type": "permit"},
            "Whoever pays may keep the results, from every country.",
            _all(private, _is("applicant.sector", ["company", "academic", "public", "non-profit"], "in")),
        ),
        _rule(
            "full-cost",
            {"type": "require", "kind": "funding", "code": values["funding"]},
            "Use whose results stay private is paid at its full cost. Name who pays before you book.",
            private,
            applies_to=_USE,
            grounds="funding",
            **_days(values),
        ),
        _rule(
            "confidentiality",
            {"type": "require", "kind": "agreement", "code": "confidentiality"},
            "Both sides agree to keep confidential what they learn of each other.",
            private,
            applies_to=_USE,
            grounds="ip",
            **_days(values, "terms_"),
        ),
    ]


def _dual_use(values: Mapping[str, str]) -> list[Raw]:
    abroad = _any(
        {"op": "ne", "fact": "applicant.country", "other": "facility.country"},
        {"some": {"over": "legs", "when": _is("legs[].crosses", True)}},
    )
    law: Raw = {"grounds": "security", "legal_ref": "Regulation (EU) 2021/821", "disclosure": "generic"}
    embargoed = _is("participants[].country_groups", values["embargo"], "member_of")
    return [
        _rule(
            "end-use",
            {"type": "require", "kind": "document", "code": "end-use-declaration"},
            "State what the results are for and who will have them.",
            applies_to=["request"],
            **law | {"disclosure": "full"},
            **_days(values, "terms_"),
        ),
        _rule(
            "export-control",
            {"type": "approve", "role": "export_control_officer", "scope": "organisation"},
            "The export control officer looks at what would leave the country, and for whom.",
            abroad,
            applies_to=["request"],
            **law,
            **_days(values),
        ),
        _rule(
            "embargo",
            {"type": "deny"},
            "An embargo does not let this equipment be used for this team.",
            _any(
                _is("applicant.country_groups", values["embargo"], "member_of"),
                {"some": {"over": "participants", "when": embargoed}},
            ),
            **law,
        ),
    ]


def _personal(values: Mapping[str, str]) -> list[Raw]:
    adequate = _is("applicant.country_groups", values["group"], "member_of")
    law: Raw = {"grounds": "privacy", "legal_ref": "Regulation (EU) 2016/679"}
    return [
        _rule(
            "ethics",
            {"type": "require", "kind": "document", "code": "ethics-approval"},
            "Data of people need the approval of an ethics board. Add it to your request.",
            applies_to=["request"],
            grounds="ethics",
            **_days(values, "terms_"),
        ),
        _rule(
            "training",
            {"type": "require", "kind": "training", "code": values["training"]},
            "Whoever sees data of people takes a training in their protection first.",
            applies_to=_USE,
            **law,
            **_days(values, "terms_"),
        ),
        _rule(
            "protection-officer",
            {"type": "approve", "role": values["role"], "scope": "organisation"},
            "Whoever answers for the protection of data looks at what becomes of them.",
            applies_to=["request"],
            **law,
            **_days(values),
        ),
        _rule(
            "transfer",
            {"type": "require", "kind": "agreement", "code": "data-transfer"},
            "Data of people leave for a country that gives them no equal protection only under an agreement on that.",
            {"not": adequate},
            applies_to=["export_data", "remote_session"],
            **law,
            **_days(values),
        ),
    ]


def _indigenous(values: Mapping[str, str]) -> list[Raw]:
    care: Raw = {"grounds": "ethics", "legal_ref": "CARE Principles for Indigenous Data Governance"}
    return [
        _rule(
            "benefit",
            {"type": "require", "kind": "document", "code": "benefit-statement"},
            "State what the community gains from the work, and how it shares in the results.",
            applies_to=["request"],
            **care,
            **_days(values, "terms_"),
        ),
        _rule(
            "community",
            {"type": "approve", "role": "community_authority", "scope": "organisation"},
            "The authority of the community decides, sets a date to look at it again, and may withdraw its consent.",
            applies_to=["request"],
            **care,
            **_days(values),
        ),
    ]


_TERMS = Ask("terms_days", _("Days until documents and terms are there, as a rule"), Setting.DAYS, "5")
_APPROVER = Ask("role", _("Who approves"), Setting.ROLE, "facility_manager")
_DAYS = Ask("days", _("Days that it takes, as a rule"), Setting.DAYS, "14")


def _group(label: Text, default: str, name: str = "group") -> Ask:
    return Ask(name, label, Setting.GROUP, default)


def _funding(default: str) -> Ask:
    return Ask("funding", _("Which kind of funding, such as purchase-order"), Setting.CODE, default)


_LISTED: Sequence[Template] = (
    Template(
        "excellence",
        _("Excellence-driven access"),
        _("Open to who publishes; people who know the field choose."),
        (_APPROVER, _DAYS, _TERMS),
        _excellence,
    ),
    Template(
        "market",
        _("Market-driven access"),
        _("Open to who pays, whatever becomes of the results."),
        (_funding("purchase-order"), _DAYS, _TERMS),
        _market,
    ),
    Template("wide", _("Wide access"), _("Open to everybody, under the same terms."), (_TERMS,), _wide),
    Template(
        "transnational",
        _("Transnational programme"),
        _("For teams led from and mostly working abroad; a part is for teams outside a group of countries."),
        (
            _group(_("Countries of the programme"), "EU:2020"),
            Ask("percent", _("Percent of the programme for teams mostly outside"), Setting.PERCENT, "20"),
            _APPROVER,
            _DAYS,
            _TERMS,
        ),
        _transnational,
    ),
    Template(
        "development",
        _("Startups and SMEs of countries that may receive development assistance"),
        _("Open to them and to their universities, and first in line."),
        (
            _group(_("Countries that are served"), "ODA:2024"),
            Ask("weight", _("How much they are ranked higher (percent)"), Setting.PERCENT, "50"),
            _TERMS,
        ),
        _development,
    ),
    Template(
        "proprietary",
        _("Results that stay private"),
        _("Paid at full cost, under confidentiality."),
        (_funding("purchase-order"), _DAYS, _TERMS),
        _proprietary,
    ),
    Template(
        "dual-use",
        _("Equipment that also serves military ends"),
        _("End use is declared, export control approves what crosses a border, an embargo is kept."),
        (_group(_("Countries under the embargo"), "UN1718:2006", "embargo"), _DAYS, _TERMS),
        _dual_use,
    ),
    Template(
        "personal-data",
        _("Data of people, or about their health"),
        _("Ethics approval, a training, an approval; data go abroad under equal protection or an agreement."),
        (
            _group(_("Countries with equal protection"), "EU:2020"),
            Ask("training", _("Which training"), Setting.CODE, "data-protection"),
            Ask("role", _("Who approves"), Setting.ROLE, "organisation_admin"),
            _DAYS,
            _TERMS,
        ),
        _personal,
    ),
    Template(
        "indigenous-data",
        _("Data of Indigenous peoples"),
        _("The community is told what it gains, and decides."),
        (_DAYS, _TERMS),
        _indigenous,
    ),
)

TEMPLATES: Mapping[str, Template] = {template.key: template for template in _LISTED}
"""Each template by its key, in the order in which they are offered."""
