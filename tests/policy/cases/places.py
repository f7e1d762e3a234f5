"""The places that the cases are about: each has rules that its facility chose among the templates, or added."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

from infra_access.policy.documents import load_rules
from infra_access.policy.rules import Rule
from infra_access.policy.templates import rules_from

HOST_COUNTRY = {
    "id": "host-country",
    "applies_to": ["request"],
    "effect": {"type": "approve", "role": "access_administrator", "scope": "country", "stage": 5},
    "when": {
        "any": [
            {"op": "ne", "fact": "applicant.country", "other": "facility.country"},
            {
                "some": {
                    "over": "participants",
                    "when": {"op": "ne", "fact": "participants[].country_of_work", "other": "facility.country"},
                }
            },
        ]
    },
    "grounds": "legal",
    "message": {"en": "Somebody on the team is in another country, so the host country looks at the request."},
    "expected_days": 7,
    "latest_days": 21,
}
RADIATION = {
    "id": "radiation-training",
    "applies_to": ["book"],
    "effect": {"type": "require", "kind": "training", "code": "radiation-safety"},
    "when": {
        "some": {
            "over": "participants",
            "when": {
                "all": [
                    {"op": "eq", "fact": "participants[].presence", "value": "on-site"},
                    {"not": {"op": "contains", "fact": "participants[].trainings", "value": "radiation-safety"}},
                ]
            },
        }
    },
    "grounds": "safety",
    "message": {"en": "Everybody who comes takes the radiation training first."},
    "expected_days": 2,
    "latest_days": 10,
}
BIOSAFETY = {
    "id": "biosafety",
    "applies_to": ["request"],
    "effect": {"type": "approve", "role": "safety_officer", "scope": "facility"},
    "when": {
        "some": {
            "over": "samples",
            "when": {"op": "in", "fact": "samples[].biosafety", "value": ["bsl-2", "bsl-3", "bsl-4"]},
        }
    },
    "rests_on": ["samples"],
    "grounds": "safety",
    "message": {"en": "The safety officer looks at samples of level BSL-2 and above."},
    "expected_days": 3,
    "latest_days": 10,
}


@dataclass(frozen=True)
class Place:
    """A facility: where it stands, how its instrument is labelled, and its rules."""

    country: str
    raw: tuple[Any, ...]
    tags: frozenset[str] = frozenset()

    @cached_property
    def rules(self) -> tuple[Rule, ...]:
        return load_rules(list(self.raw))


def _place(country: str, *templates: Any, more: tuple[Any, ...] = (), tags: tuple[str, ...] = ()) -> Place:
    raw = [
        {**rule, "id": f"{name}.{rule['id']}"} for name, settings in templates for rule in rules_from(name, settings)
    ]
    return Place(country, (*raw, *more), frozenset(tags))


PLACES = {
    "beamline in Switzerland": _place("CH", ("excellence", {}), ("proprietary", {}), more=(HOST_COUNTRY, RADIATION)),
    "lasers in Germany": _place("DE", ("transnational", {"group": "EU:2020"}), more=(HOST_COUNTRY,)),
    "service in Japan": _place("JP", ("market", {"days": "3"}), more=(HOST_COUNTRY,)),
    "workshop in Kenya": _place("KE", ("wide", {})),
    "wet laboratory in Norway": _place("NO", ("wide", {}), more=(BIOSAFETY,)),
    "greenhouses in Brazil": _place("BR", ("development", {"group": "ODA:2024"}), more=(HOST_COUNTRY,)),
    "genomes in Singapore": _place("SG", ("excellence", {}), ("personal-data", {"group": "EU:2020"})),
    "test stand in Canada": _place("CA", ("wide", {}), ("dual-use", {}), tags=("dual-use",)),
    "archive in Australia": _place("AU", ("excellence", {}), ("indigenous-data", {})),
}
