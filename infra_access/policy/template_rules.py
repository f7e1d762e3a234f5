"""The rules of each template, by its settings.

The access modes are those of the European Charter of Access for Research Infrastructures; personal data follow
Regulation (EU) 2016/679, articles 6 and 9; dual-use items Regulation (EU) 2021/821; Indigenous data the CARE principles
(Carroll et al. 2020).
"""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from infra_access.policy.common_rules import ABROAD
from infra_access.policy.documents import REQUEST_FIELDS
from infra_access.policy.vocabulary import END_USE_DECLARATION, GRANTED

Raw = dict[str, Any]
_EVERYTHING = ["request", "book", "remote_session", "mail_in"]
_USE = ["book", "remote_session", "mail_in"]
_SITE, _HOST, _EXPORT, _COMMUNITY = 3, 4, 5, 6
"""Stages of a request: the facility, its organisation, export control, the community; before them the home side's."""
_WITHOUT_PERSONS = ["academic", "public", "non-profit", "company"]
SMALL = ("micro", "small", "medium")
"""The sizes of small and medium enterprises."""
FIRST_IN_LINE = "first-in-line"
"""The preference by which rules for countries that may receive development assistance are known."""


def _rule(id: str, effect: Raw, message: str, when: Raw | None = None, **more: Any) -> Raw:
    given = {"id": id, "applies_to": _EVERYTHING, "effect": effect, "message": {"en": message}, **more}
    if effect["type"] == "approve":
        given["rests_on"] = list(REQUEST_FIELDS)  # whoever approved saw all of it, so no change of it passes them by
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


def _panel(values: Mapping[str, str], message: str) -> list[Raw]:
    effect = {"type": "approve", "role": values["role"], "scope": "facility", "stage": _SITE}
    panel = _rule("panel", effect, message, applies_to=["request"], grounds="capacity", **_days(values))
    return [panel, _granted_first(values, grounds="capacity")]


def _granted_first(values: Mapping[str, str], when: Raw | None = None, **more: Any) -> Raw:
    """Return the rule that nobody books past an approval, since what is approved is a request."""
    return _rule(
        "granted-first",
        {"type": "require", "kind": "gate", "code": GRANTED},
        "Somebody has to approve this use first. Ask for access; once it is granted, book or send samples on that.",
        when,
        applies_to=_USE,
        **more,
        **_days(values),
    )


def excellence(values: Mapping[str, str]) -> list[Raw]:
    """Return the rules of excellence-driven access."""
    publishing = _is("request.regime", ["open", "embargoed"], "in")
    return [
        _rule(
            "open-to-those-who-publish",
            {"type": "permit"},
            "Universities, public bodies, non-profits and companies may ask when they publish what they find.",
            _all(_is("applicant.sector", _WITHOUT_PERSONS, "in"), publishing),
        ),
        *_panel(values, "People who know the field look at what is best in the request, and choose."),
        _terms(values),
    ]


def market(values: Mapping[str, str]) -> list[Raw]:
    """Return the rules of market-driven access."""
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


def wide(values: Mapping[str, str]) -> list[Raw]:
    """Return the rules of wide access."""
    return [
        _rule("open-to-all", {"type": "permit"}, "Everybody may use this, wherever they work and for whatever end."),
        _terms(values),
    ]


def transnational(values: Mapping[str, str]) -> list[Raw]:
    """Return the rules of a transnational programme."""
    abroad = {"op": "ne", "fact": "participants[].country_of_work", "other": "facility.country"}
    within = _is("participants[].country_groups", values["group"], "member_of")
    leader = {"some": {"over": "participants", "when": _all(_is("participants[].role", "principal"), abroad)}}
    firms = _all(_is("applicant.sector", "company"), _is("applicant.size", [*SMALL], "in"))
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
            f"Teams of which more than half work outside {values['group']} may use at most {values['percent']} % of "
            "the programme. With this request it would be more.",
            _all(
                {"share": {"over": "participants", "when": {"not": within}, "gt": "0.5"}},
                {"not": _is("programme.share_foreign", format(share.normalize(), "f"), "lte")},
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
        *_panel(values, "The programme's panel chooses among the requests of a call."),
        _terms(values),
    ]


def development(values: Mapping[str, str]) -> list[Raw]:
    """Return the rules for applicants of countries that may receive development assistance."""
    eligible = _is("applicant.country_groups", values["group"], "member_of")
    small = _any(_is("applicant.startup", True), _is("applicant.size", [*SMALL], "in"))
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
            FIRST_IN_LINE,
            {"type": "prefer", "weight": int(values["weight"])},
            f"Requests from countries in {values['group']} go first.",
            eligible,
        ),
        _terms(values),
    ]


def development_group(rules: Sequence[Mapping[str, Any]]) -> str | None:
    """Return the group of countries that stored rules of `development` put first; None for any other rules."""
    for rule in rules:
        if rule["id"] == FIRST_IN_LINE and rule["effect"]["type"] == "prefer":
            group = rule.get("when", {}).get("value")
            if rule.get("when") == _is("applicant.country_groups", group, "member_of"):
                return str(group)
    return None


def proprietary(values: Mapping[str, str]) -> list[Raw]:
    """Return the rules for results that stay private."""
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


def dual_use(values: Mapping[str, str]) -> list[Raw]:
    """Return the rules for equipment that also serves military ends."""
    abroad = _any(
        {"op": "ne", "fact": "applicant.country", "other": "facility.country"},
        {"some": {"over": "legs", "when": _is("legs[].crosses", True)}},
    )
    law: Raw = {"grounds": "security", "legal_ref": "Regulation (EU) 2021/821", "disclosure": "generic"}
    embargoed = _is("participants[].country_groups", values["embargo"], "member_of")
    return [
        _rule(
            "end-use",
            {"type": "require", "kind": "document", "code": END_USE_DECLARATION},
            "State what the results are for and who will have them.",
            applies_to=["request"],
            **law | {"disclosure": "full"},
            **_days(values, "terms_"),
        ),
        _rule(
            "export-control",
            {"type": "approve", "role": "export_control_officer", "scope": "organisation", "stage": _EXPORT},
            "The export control officer looks at what would leave the country, and for whom.",
            abroad,
            applies_to=["request"],
            **law,
            **_days(values),
        ),
        # What crosses a border without a request follows from who it is; movements are stated by requests alone.
        _granted_first(values, ABROAD, **law | {"disclosure": "full"}),
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


def personal(values: Mapping[str, str]) -> list[Raw]:
    """Return the rules for data of people."""
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
            {"type": "approve", "role": values["role"], "scope": "organisation", "stage": _HOST},
            "Whoever answers for the protection of data looks at what becomes of them.",
            applies_to=["request"],
            **law,
            **_days(values),
        ),
        _granted_first(values, **law),
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


def indigenous(values: Mapping[str, str]) -> list[Raw]:
    """Return the rules for data of Indigenous peoples."""
    care: Raw = {"grounds": "ethics", "legal_ref": "CARE Principles for Indigenous Data Governance"}
    consent: Raw = {"type": "approve", "role": "community_authority", "scope": "organisation", "review": True}
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
            {**consent, "stage": _COMMUNITY},
            "The authority of the community decides, sets a date to look at it again, and may withdraw its consent.",
            applies_to=["request"],
            **care,
            **_days(values),
        ),
        _granted_first(values, **care),
    ]
