"""What terms say as data, beside their Markdown: results, sharing, publication, shares, secrecy, liability (pure).

The points are checked by `clean_points` and become a part of the text that both sides accept by `with_points`, so that
its hash covers them. What a text says of them is English whoever reads it: the same points make the same hash.
"""

import hashlib
import re
from collections.abc import Collection, Iterable, Mapping
from decimal import Decimal
from typing import Any

from infra_access.access_requests.nested_fields import parts
from infra_access.access_requests.vocabularies import Owner, Party, PublicationDuty, Secrecy
from infra_access.catalogue import fields
from infra_access.catalogue.vocabularies import Regime
from infra_access.core.i18n import _

POINTS = ("ip", "sharing", "publication", "cost_shares", "risk_shares", "confidentiality", "liability")
"""The points in the order in which they are read."""

_FITTING: Mapping[str, frozenset[str]] = {
    Regime.OPEN: frozenset({PublicationDuty.REQUIRED, PublicationDuty.EMBARGOED}),
    Regime.EMBARGOED: frozenset({PublicationDuty.EMBARGOED}),
    Regime.PROPRIETARY: frozenset({PublicationDuty.NONE}),
}
"""What each regime allows terms to say of publication."""

TITLES: Mapping[str, str] = {
    "ip": "Results belong to",
    "sharing": "Sharing and reuse",
    "publication": "Publication",
    "cost_shares": "Costs",
    "risk_shares": "Risks",
    "confidentiality": "Confidentiality",
    "liability": "Liability",
}
_OWNERS: Mapping[str, str] = {
    Owner.APPLICANT: "the applicant",
    Owner.HOST: "the host",
    Owner.JOINT: "both sides jointly",
}
_NUMBER = re.compile(r"-?[0-9]{1,16}(\.[0-9]{1,20})?")
_PLACES = 4
"""Decimal places of a share."""


def clean_points(value: Any, field: str, regimes: Iterable[str] = ()) -> dict[str, Any]:
    """Check the points of terms for these regimes; each that is left out stays open.

    Raises Invalid naming the place of each fault, and where the regime contradicts what is said of publication.
    """
    points = parts(value, field, _CLEANERS)
    for regime in regimes if "publication" in points else ():
        _refuse_contradiction(points["publication"]["duty"], regime, f"{field}.publication.duty")
    return points


def clean_framework_points(value: Any, field: str, regimes: Iterable[str]) -> dict[str, Any]:
    """Check the points of an agreement for several regimes: it states publication by regime.

    Raises Invalid naming the place of each fault.
    """
    known = list(regimes)
    return parts(value, field, {**_CLEANERS, "publication": lambda said, place: _by_regime(said, place, known)})


def points_for(points: Mapping[str, Any], regime: str) -> dict[str, Any]:
    """Return what the points of a framework agreement say for one regime.

    >>> points_for({"ip": "host", "publication": {"open": {"duty": "required"}}}, "proprietary")
    {'ip': 'host'}
    """
    said = {name: point for name, point in points.items() if name != "publication"}
    duty = points.get("publication", {}).get(regime)
    return said | {"publication": duty} if duty else said


def hash_of(text: str) -> str:
    """Return the SHA-256 of a text in UTF-8, as 64 hexadecimal digits."""
    return hashlib.sha256(text.encode()).hexdigest()


def with_points(text: str, points: Mapping[str, Any]) -> str:
    """Return a text with its points as a last section; the same text where there are none.

    >>> print(with_points("# Terms", {"ip": "joint"}))
    # Terms
    <BLANKLINE>
    ## The points in short
    <BLANKLINE>
    | Point | What holds |
    |---|---|
    | Results belong to | both sides jointly |
    """
    if not points:
        return text
    rows = (f"| {TITLES[name]} | {_in_a_cell(sentence(name, points[name]))} |" for name in POINTS if name in points)
    return "\n".join((text.rstrip(), "", "## The points in short", "", "| Point | What holds |", "|---|---|", *rows))


def sentence(name: str, said: Any) -> str:
    """Return what one point says, as the text of the terms has it.

    >>> sentence("cost_shares", [{"party": "applicant", "percent": "60"}, {"party": "host", "percent": "40"}])
    'applicant 60 %, host 40 %'
    >>> sentence("publication", {"duty": "embargoed", "months": 12})
    'required after an embargo of 12 months'
    """
    match name:
        case "ip":
            return _OWNERS[said]
        case "sharing":
            within = f"within {said['months']} months" if "months" in said else ""
            licence = f"under {said['licence']}" if said.get("licence") else ""
            return ", ".join(part for part in (said["what"], within, licence) if part)
        case "publication" if "duty" not in said:
            return "; ".join(f"{regime}: {sentence(name, duty)}" for regime, duty in sorted(said.items()))
        case "publication":
            return {
                PublicationDuty.REQUIRED: "required",
                PublicationDuty.EMBARGOED: f"required after an embargo of {said.get('months')} months",
                PublicationDuty.NONE: "nothing has to be published",
            }[said["duty"]]
        case "confidentiality":
            return "none" if said["kind"] == Secrecy.NONE else f"mutual, for {said['years']} years"
        case "liability":
            cap = said.get("cap")
            limit = f"up to {cap['amount']} {cap['currency']}" if cap else ""
            return ", ".join(part for part in (said.get("text", ""), limit) if part)
        case _:
            return ", ".join(f"{share['party']} {share['percent']} %" for share in said)


def _in_a_cell(text: str) -> str:
    return text.replace("\\", "\\\\").replace("|", "\\|")


def _number(least: int, most: int) -> fields.Cleaner:
    def check(value: Any, field: str) -> int:
        if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
            limits = {"least": least, "most": most}
            message = _("Give a whole number from ${least} to ${most}.", mapping=limits)
            raise fields.fault("value.type", field, message)
        return value

    return check


def decimal_in(value: Any, field: str, most: int, places: int) -> Decimal:
    """Return a number from 0 to `most` with at most so many decimal places. Raises Invalid naming the field."""
    written = str(value) if isinstance(value, str | float | Decimal) or _is_small(value) else ""
    number = Decimal(written) if _NUMBER.fullmatch(written) else Decimal("NaN")
    if not number.is_finite() or not 0 <= number <= most or _places(number) > places:
        message = _(
            "Give a number from 0 to ${most} with at most ${places} decimal places.",
            mapping={"most": most, "places": places},
        )
        raise fields.fault("value.number", field, message)
    return number


def _is_small(value: Any) -> bool:
    # Python refuses to write out a whole number of thousands of digits.
    return isinstance(value, int) and not isinstance(value, bool) and abs(value) <= 10**15


def _places(number: Decimal) -> int:
    exponent = number.as_tuple().exponent
    return -exponent if isinstance(exponent, int) else 0


def _plain(number: Decimal) -> str:
    """Return a number without the zeros that say nothing: shares that are the same make the same text."""
    shown = format(number, "f")
    return shown.rstrip("0").rstrip(".") if "." in shown else shown


def _shares(value: Any, field: str) -> list[dict[str, str]]:
    """Check shares: each party once, none below zero, and 100 % in sum, exactly."""
    if not isinstance(value, list | tuple) or not value:
        raise fields.fault("value.type", field, _("Name each party with its percent."))
    if len(value) > len(Party):
        known = ", ".join(Party)
        raise fields.fault("shares.party", field, _("Name each party once: ${known}.", mapping={"known": known}))
    shares = [parts(entry, f"{field}.{position}", _SHARE) for position, entry in enumerate(value)]
    for position, share in enumerate(shares):
        for part in ("party", "percent"):
            if part not in share:
                raise fields.fault("value.missing", f"{field}.{position}.{part}", _("This is missing."))
        if share["party"] in (earlier["party"] for earlier in shares[:position]):
            message = _("This party stands here twice. Name each once.")
            raise fields.fault("shares.party", f"{field}.{position}.party", message)
    total = sum((share["percent"] for share in shares), Decimal(0))
    if total != 100:
        message = _("These shares come to ${total} %. They have to come to 100 %.", mapping={"total": _plain(total)})
        raise fields.fault("shares.sum", field, message)
    return [{"party": share["party"], "percent": _plain(share["percent"])} for share in shares]


def _sharing(value: Any, field: str) -> dict[str, Any]:
    said = parts(value, field, _SHARING)
    if not said.get("what"):
        raise fields.fault("text.empty", f"{field}.what", _("Say what is shared, or that nothing is."))
    return {name: part for name, part in said.items() if part != ""}


def _publication(value: Any, field: str) -> dict[str, Any]:
    said = parts(value, field, _PUBLICATION)
    if "duty" not in said:
        raise fields.fault("value.missing", f"{field}.duty", _("This is missing."))
    if ("months" in said) != (said["duty"] == PublicationDuty.EMBARGOED):
        message = _("An embargo has a number of months, and nothing else has one.")
        raise fields.fault("terms.embargo", f"{field}.months", message)
    return said


def _by_regime(value: Any, field: str, regimes: Collection[str]) -> dict[str, Any]:
    said = parts(value, field, dict.fromkeys(regimes, _publication))
    for regime, duty in said.items():
        _refuse_contradiction(duty["duty"], regime, f"{field}.{regime}.duty")
    return said


def _refuse_contradiction(duty: str, regime: str, field: str) -> None:
    if duty not in _FITTING[regime]:
        message = _(
            'Publication "${duty}" contradicts the regime "${regime}", which allows: ${allowed}.',
            mapping={"duty": duty, "regime": regime, "allowed": ", ".join(sorted(_FITTING[regime]))},
        )
        raise fields.fault("terms.regime", field, message)


def _confidentiality(value: Any, field: str) -> dict[str, Any]:
    said = parts(value, field, _SECRECY)
    if "kind" not in said:
        raise fields.fault("value.missing", f"{field}.kind", _("This is missing."))
    if ("years" in said) != (said["kind"] == Secrecy.MUTUAL):
        message = _("Mutual confidentiality has a number of years, and none has none.")
        raise fields.fault("terms.years", f"{field}.years", message)
    return said


def _liability(value: Any, field: str) -> dict[str, Any]:
    said = {name: part for name, part in parts(value, field, _LIABILITY).items() if part != ""}
    if not said:
        raise fields.fault("text.empty", f"{field}.text", _("Say who is liable for what, or up to which amount."))
    return said


def _cap(value: Any, field: str) -> dict[str, str]:
    said = parts(value, field, _CAP)
    for part in ("amount", "currency"):
        if not said.get(part):
            raise fields.fault("value.missing", f"{field}.{part}", _("This is missing."))
    return said


def _currency(value: Any, field: str) -> str:
    code = str(fields.line(3)(value, field))
    if len(code) != 3 or not code.isascii() or not code.isalpha() or not code.isupper():
        raise fields.fault("currency.invalid", field, _("A currency is three capital letters, such as EUR."))
    return code


_SHARE: Mapping[str, fields.Cleaner] = {
    "party": fields.one_of(Party),
    "percent": lambda value, field: decimal_in(value, field, 100, _PLACES),
}
_SHARING: Mapping[str, fields.Cleaner] = {
    "what": fields.line(500, required=True),
    "months": _number(0, 1_200),
    "licence": fields.line(200),
}
_PUBLICATION: Mapping[str, fields.Cleaner] = {"duty": fields.one_of(PublicationDuty), "months": _number(1, 1_200)}
_SECRECY: Mapping[str, fields.Cleaner] = {"kind": fields.one_of(Secrecy), "years": _number(1, 100)}
_CAP: Mapping[str, fields.Cleaner] = {
    "amount": lambda value, field: _plain(decimal_in(value, field, 10**12, 2)),
    "currency": _currency,
}
_LIABILITY: Mapping[str, fields.Cleaner] = {"text": fields.line(1_000), "cap": _cap}
_CLEANERS: Mapping[str, fields.Cleaner] = {
    "ip": fields.one_of(Owner),
    "sharing": _sharing,
    "publication": _publication,
    "cost_shares": _shares,
    "risk_shares": _shares,
    "confidentiality": _confidentiality,
    "liability": _liability,
}
