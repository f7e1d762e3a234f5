"""Since when a record has its name, as long as nobody who verifies organisations has given it.

Rules count on names of issuers, so what takes the name of another must not pass for it by that alone.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from infra_access.catalogue.models import Facility, Organisation
from infra_access.catalogue.scopes import organisation_scopes
from infra_access.core.authority import Actor, Permission, may


def named_at(actor: Actor, organisation: Organisation, now: datetime) -> datetime | None:
    """Return when a record of this organisation is named by the actor: None for who verifies it."""
    return None if may(actor, Permission.ORGANISATION_VERIFY, organisation_scopes(organisation)) else now


def note_name(
    row: Organisation | Facility,
    organisation: Organisation,
    stored: Mapping[str, Any],
    *,
    actor: Actor,
    now: datetime,
) -> None:
    """Note on a row, before its new values are set, that it gets a name; who verifies confirms one by saving it."""
    if "name" in stored:
        named = named_at(actor, organisation, now)
        if named is None or stored["name"] != row.name:
            row.named_at = named


def is_confirmed(row: Organisation | Facility, organisation: Organisation) -> bool:
    """Tell whether the organisation was verified since the row has its name."""
    verified = organisation.trust_at
    return row.named_at is None or (verified is not None and verified > row.named_at)
