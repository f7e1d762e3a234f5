"""Which of two texts holds where both speak of a point: framework agreement, then project terms, then NDA (pure)."""

from collections.abc import Mapping, Sequence
from typing import Any

from infra_access.access_requests.terms.points import POINTS, TITLES, sentence

FRAMEWORK, TERMS, NDA = "framework", "terms", "nda"

_NAMES: Mapping[str, str] = {
    FRAMEWORK: "the framework agreement",
    TERMS: "the terms of this way in",
    NDA: "the non-disclosure agreement",
}

Layer = tuple[str, Mapping[str, Any]]
"""Where points come from, and what they are."""


def merged(layers: Sequence[Layer]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return what holds of each point, and where it comes from; the layers are named highest first.

    >>> points, sources = merged([("framework", {"ip": "joint"}), ("terms", {"ip": "host"})])
    >>> points["ip"], sources["ip"]
    ('joint', {'holds': 'framework', 'over': {'terms': 'host'}})
    """
    points: dict[str, Any] = {}
    sources: dict[str, Any] = {}
    for name in POINTS:
        said = [(source, layer[name]) for source, layer in layers if name in layer]
        if said:
            (holds, point), *lower = said
            points[name] = point
            sources[name] = {"holds": holds, "over": {source: other for source, other in lower if other != point}}
    return points, sources


def told(points: Mapping[str, Any], sources: Mapping[str, Any]) -> list[str]:
    """Return a sentence for each point in which a higher text overrules a lower one.

    >>> told(*merged([("framework", {"ip": "joint"}), ("terms", {"ip": "host"})]))
    ['Results belong to: both sides jointly, as the framework agreement says; the terms of this way in say: the host.']
    """
    return [
        f"{TITLES[name]}: {sentence(name, points[name])}, as {_NAMES[source['holds']]} says; "
        f"{_NAMES[lower]} {'say' if lower == TERMS else 'says'}: {sentence(name, other)}."
        for name, source in sources.items()
        for lower, other in source["over"].items()
    ]
