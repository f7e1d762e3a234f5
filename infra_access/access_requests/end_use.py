"""The declaration of end use: who will have the results, what for, in which countries, and that it is a peaceful use.

It is a part of the project. A rule that requires the document `end-use-declaration` is met once it is complete: a
reference to some document is none.
"""

from collections.abc import Mapping
from typing import Any

from infra_access.catalogue import fields
from infra_access.core.i18n import _
from infra_access.policy.vocabulary import END_USE_DECLARATION

PARTS: Mapping[str, fields.Cleaner] = {
    "user": fields.line(300),
    "use": fields.text(2_000),
    "countries": fields.list_of(fields.country),
    "peaceful": fields.flag,
}
"""`user` and `use` are words, `countries` those to which the results go, `peaceful` states that neither weapons of
mass destruction nor any military end use is served."""


NOT_PEACEFUL = _(
    "Only a peaceful use can be declared here. If the results serve weapons of mass destruction or a military end use, "
    "this system cannot take the request: ask the facility for its export control officer before you go on."
)
"""What is said to whoever declares a use that is not peaceful, which no rule could be met by."""


def is_complete(project: Mapping[str, Any]) -> bool:
    """Tell whether a project declares its end use, whole.

    >>> is_complete({"end_use": {"user": "A firm", "use": "Better sensors", "countries": ["KE"], "peaceful": True}})
    True
    >>> is_complete({"end_use": {"user": "A firm", "use": "Better sensors", "countries": ["KE"]}})
    False
    """
    declared = project.get("end_use", {})
    return all(declared.get(part) for part in PARTS)


def documents_of(project: Mapping[str, Any]) -> frozenset[str]:
    """Return the codes of the documents that a project names, or contains."""
    named = set(project.get("documents", {})) - {END_USE_DECLARATION}
    return frozenset(named | ({END_USE_DECLARATION} if is_complete(project) else set()))
