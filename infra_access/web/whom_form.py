"""The fields that say for whom a reduction or a pool is: a group of countries, startups, and sizes of firms."""

from collections.abc import Mapping, Sequence
from typing import Any

from pyramid.request import Request

from infra_access.catalogue.vocabularies import SizeBand, label


def whom(values: Mapping[str, str], sizes: Sequence[str]) -> dict[str, Any]:
    """Return the conditions that were entered; startups and each size are alternatives.

    >>> whom({"country_group": "LDC", "startup": "yes"}, ["micro"])
    {'country_group': 'LDC', 'any': [{'startup': True}, {'size': 'micro'}]}
    >>> whom({"startup": "yes"}, [])
    {'startup': True}
    """
    group = values.get("country_group", "").strip()
    alternatives: list[dict[str, Any]] = [{"startup": True}] if values.get("startup") else []
    alternatives += [{"size": size} for size in sizes]
    found: dict[str, Any] = {"country_group": group} if group else {}
    return found | (alternatives[0] if len(alternatives) == 1 else {"any": alternatives} if alternatives else {})


def filled_in(when: Mapping[str, Any]) -> dict[str, Any]:
    """Return the fields that say such conditions, as a link to the form names them.

    >>> filled_in({"country_group": "LDC", "any": [{"startup": True}, {"size": "micro"}]})
    {'country_group': 'LDC', 'startup': 'yes', 'size': ['micro']}
    """
    parts = when.get("any", [when])
    return {
        "country_group": when.get("country_group", ""),
        "startup": "yes" if any(one.get("startup") for one in parts) else "",
        "size": [one["size"] for one in parts if "size" in one],
    }


def at_its_fields(errors: Mapping[str, str], prefix: str) -> dict[str, str]:
    """Return the faults of conditions that begin with `prefix` at these fields: of all of them at the first."""

    def field(path: str) -> str:
        if path != prefix and not path.startswith(f"{prefix}."):
            return path
        return "size" if path.startswith((f"{prefix}.any", f"{prefix}.size")) else "country_group"

    return {field(path): text for path, text in errors.items()}


def options(request: Request) -> list[tuple[str, str]]:
    """Return the sizes that can be chosen."""
    return [(one.value, request.localize(label(one))) for one in SizeBand]
