"""Sets of rules to begin with: each is a draft like any other once it is made, to be read and changed.

A template takes a few settings and gives rules as documents state them.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from infra_access.catalogue.fields import fault
from infra_access.core.errors import Invalid
from infra_access.core.i18n import Text, _
from infra_access.core.roles import ROLES
from infra_access.policy import template_rules as rules
from infra_access.policy.kinds import GROUP
from infra_access.policy.template_rules import Raw

_CODE = re.compile(r"[a-z0-9][a-z0-9._-]{0,59}", re.ASCII)
_MOST_DAYS = 1_000
"""A third of what a rule may take, since a template takes thrice as long for the worst."""


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
    """A set of rules to begin with; `follows` says what else belongs to it, which rules cannot say."""

    key: str
    title: Text
    about: Text
    asks: tuple[Ask, ...]
    make: Callable[[Mapping[str, str]], list[Raw]]
    follows: Text | None = None


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
        rules.excellence,
    ),
    Template(
        "market",
        _("Market-driven access"),
        _("Open to who pays, whatever becomes of the results."),
        (_funding("purchase-order"), _DAYS, _TERMS),
        rules.market,
    ),
    Template("wide", _("Wide access"), _("Open to everybody, under the same terms."), (_TERMS,), rules.wide),
    Template(
        "transnational",
        _("Transnational programme"),
        _(
            "For teams led from and mostly working abroad; a part is for teams outside a group of countries. State at "
            "the way in how many access units its calls have to give: that part is counted by it."
        ),
        (
            _group(_("Countries of the programme"), "EU:2020"),
            Ask("percent", _("Percent of the programme for teams mostly outside"), Setting.PERCENT, "20"),
            _APPROVER,
            _DAYS,
            _TERMS,
        ),
        rules.transnational,
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
        rules.development,
        _(
            "Two steps follow, which rules cannot take: each way in gets a reduction of 100 % for them, and each "
            "period a pool that is set aside for them. The page of the rules shows which of it is done and leads "
            "to the forms."
        ),
    ),
    Template(
        "proprietary",
        _("Results that stay private"),
        _("Paid at full cost, under confidentiality."),
        (_funding("purchase-order"), _DAYS, _TERMS),
        rules.proprietary,
    ),
    Template(
        "dual-use",
        _("Equipment that also serves military ends"),
        _("End use is declared, export control approves what crosses a border, an embargo is kept."),
        (_group(_("Countries under the embargo"), "UN1718:2006", "embargo"), _DAYS, _TERMS),
        rules.dual_use,
    ),
    Template(
        "personal-data",
        _("Data of people, or about their health"),
        _("Ethics approval, a training, an approval; data go abroad under equal protection or an agreement."),
        (
            _group(_("Countries with equal protection"), "ADEQUACY:2025"),
            Ask("training", _("Which training"), Setting.CODE, "data-protection"),
            Ask("role", _("Who approves"), Setting.ROLE, "organisation_admin"),
            _DAYS,
            _TERMS,
        ),
        rules.personal,
    ),
    Template(
        "indigenous-data",
        _("Data of Indigenous peoples"),
        _("The community is told what it gains, and decides."),
        (_DAYS, _TERMS),
        rules.indigenous,
    ),
)

TEMPLATES: Mapping[str, Template] = {template.key: template for template in _LISTED}
"""Each template by its key, in the order in which they are offered."""
