"""The points of terms in words: who owns results, what is shared and published, who bears which share."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from babel.numbers import format_decimal

from infra_access.access_requests.terms.points import POINTS
from infra_access.access_requests.vocabularies import Owner, Party, PublicationDuty, Secrecy
from infra_access.catalogue.vocabularies import Regime, label
from infra_access.core.i18n import Money, Text, _
from infra_access.http.localisation import cldr

TITLES: Mapping[str, Text] = {
    "ip": _("Results belong to"),
    "sharing": _("Sharing and reuse"),
    "publication": _("Publication"),
    "cost_shares": _("Costs"),
    "risk_shares": _("Risks"),
    "confidentiality": _("Confidentiality"),
    "liability": _("Liability"),
}
OWNERS: Mapping[str, Text] = {
    Owner.APPLICANT: _("the applicant"),
    Owner.HOST: _("the host"),
    Owner.JOINT: _("both sides jointly"),
}
_SHARES: Mapping[str, Text] = {
    Party.APPLICANT: _("the applicant ${percent} %"),
    Party.HOST: _("the host ${percent} %"),
    Party.FUNDER: _("the funder ${percent} %"),
}


_HOLDS: Mapping[str, Text] = {
    "framework": _("By the framework agreement"),
    "nda": _("By the non-disclosure agreement"),
}
_SAY: Mapping[str, Text] = {
    "terms": _("The terms of this way in say:"),
    "nda": _("The non-disclosure agreement says:"),
}


@dataclass(frozen=True, slots=True)
class Part:
    """A piece of what a point says; `own` are words of whoever wrote the terms, which nobody translates."""

    text: Text
    own: bool = False


@dataclass(frozen=True, slots=True)
class PointRow:
    """One point: what it is about, what holds, by whose word where that is not the terms', and over which others."""

    name: str
    title: Text
    parts: tuple[Part, ...]
    holds: Text = ""
    over: tuple[tuple[Text, tuple[Part, ...]], ...] = ()


def point_rows(points: Mapping[str, Any], locale: str, sources: Mapping[str, Any] | None = None) -> list[PointRow]:
    """Return the points that terms state, in the order in which they are read; publication perhaps by regime."""
    rows = []
    for name in POINTS:
        if name in points:
            source = (sources or {}).get(name, {"holds": "terms", "over": {}})
            over = tuple((_SAY[lower], tuple(_parts(name, other, locale))) for lower, other in source["over"].items())
            said = tuple(_parts(name, points[name], locale))
            rows.append(PointRow(name, TITLES[name], said, _HOLDS.get(source["holds"], ""), over))
    return rows


def _parts(name: str, said: Any, locale: str) -> Iterator[Part]:
    match name:
        case "ip":
            yield Part(OWNERS[said])
        case "sharing":
            yield Part(said["what"], own=True)
            if "months" in said:
                yield Part(_("within ${months} months", mapping={"months": said["months"]}))
            if "licence" in said:
                yield Part(said["licence"], own=True)
        case "publication" if "duty" not in said:
            for regime, duty in sorted(said.items()):
                words = {"regime": label(Regime(regime)), "said": _publication(duty)}
                yield Part(_("${regime}: ${said}", mapping=words))
        case "publication":
            yield Part(_publication(said))
        case "confidentiality":
            mutual = _("kept by both sides for ${years} years", mapping={"years": said.get("years")})
            yield Part(mutual if said["kind"] == Secrecy.MUTUAL else _("nothing is kept secret"))
        case "liability":
            if "text" in said:
                yield Part(said["text"], own=True)
            if "cap" in said:
                amount = Money(Decimal(said["cap"]["amount"]), said["cap"]["currency"])
                yield Part(_("up to ${amount}", mapping={"amount": amount}))
        case _:
            for share in said:
                percent = format_decimal(Decimal(share["percent"]), locale=cldr(locale), decimal_quantization=False)
                yield Part(_(_SHARES[share["party"]], mapping={"percent": percent}))


def _publication(said: Mapping[str, Any]) -> Text:
    match said["duty"]:
        case PublicationDuty.REQUIRED:
            return _("results are published")
        case PublicationDuty.EMBARGOED:
            return _("results are published after ${months} months", mapping={"months": said["months"]})
        case _:
            return _("nothing has to be published")
