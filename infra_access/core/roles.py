"""What each role is called."""

from collections.abc import Iterable, Mapping

from infra_access.core.i18n import Text, _

ROLES: Mapping[str, Text] = {
    "platform_admin": _("Administrator of the platform"),
    "access_administrator": _("Access administrator"),
    "export_control_officer": _("Export control officer"),
    "safety_officer": _("Safety officer"),
    "community_authority": _("Authority of the community"),
    "reviewer": _("Reviewer"),
    "finance": _("Finance office"),
    "facility_manager": _("Manager of the facility"),
    "user_officer": _("User office"),
    "instrument_scientist": _("Instrument scientist"),
    "organisation_admin": _("Administrator of the organisation"),
    "signatory": _("Signatory"),
    "auditor": _("Auditor"),
    "member": _("Member"),
}


def either_of(roles: Iterable[str]) -> Text:
    """Return the names of roles as one text, in the order of their codes: "A, B or C".

    >>> from infra_access.core.i18n import plain
    >>> plain(either_of({"auditor", "reviewer", "finance"}))
    'Auditor, Finance office or Reviewer'
    """
    first, *rest = [ROLES.get(role, role) for role in sorted(roles)]
    joined = first
    for position, role in enumerate(rest, 1):
        values = {"before": joined, "role": role}
        last = position == len(rest)
        joined = _("${before} or ${role}", mapping=values) if last else _("${before}, ${role}", mapping=values)
    return joined
