"""The checks of an outcome: each field, what its kind needs, and what the regime of its access allows."""

from collections.abc import Mapping
from datetime import UTC, date, datetime
from typing import Any

from infra_access.access_requests.models import AccessRequest
from infra_access.catalogue import fields
from infra_access.catalogue.vocabularies import Regime
from infra_access.core.i18n import _
from infra_access.outcomes.identifiers import normalise
from infra_access.outcomes.licences import licence
from infra_access.outcomes.vocabularies import OutcomeKind


def _day(value: Any, field: str) -> date | None:
    if value is not None and (not isinstance(value, date) or isinstance(value, datetime)):
        raise fields.fault("value.type", field, _("This must be a day."))
    return value


_CLEANERS: Mapping[str, fields.Cleaner] = {
    "kind": fields.one_of(OutcomeKind),
    "title": fields.line(300, required=True),
    "licence": licence,
    "embargo_until": _day,
    "credit": fields.text(2_000),
}


def cleaned(
    access_request: AccessRequest,
    *,
    kind: str,
    title: str,
    identifier: str = "",
    licence: str | None = None,
    embargo_until: date | None = None,
    credit: str = "",
) -> dict[str, Any]:
    """Return an outcome as it is stored. Raises Invalid naming every field at fault."""
    given = {"kind": kind, "title": title, "licence": licence, "embargo_until": embargo_until, "credit": credit}

    def embargo(value: Any, field: str) -> date | None:
        return _refuse_unfit_embargo(access_request, _day(value, field), field)

    def own(value: Any, field: str) -> str:
        # Of what is no kind at all the identifier is not looked at: that one fault is told first.
        return normalise(OutcomeKind(kind), value, field) if kind in set(OutcomeKind) else ""

    checks = {**_CLEANERS, "embargo_until": embargo, "identifier": own}
    values = fields.cleaned({**given, "identifier": identifier}, checks)
    if values["kind"] == OutcomeKind.DATASET and values["licence"] is None:
        message = _("Say under which licence the data may be used: an id of SPDX such as CC-BY-4.0.")
        raise fields.fault("outcome.licence", "licence", message)
    return values


def _refuse_unfit_embargo(access_request: AccessRequest, day: date | None, field: str) -> date | None:
    if day is None:
        return None
    if access_request.regime != Regime.EMBARGOED:
        message = _("Only an access whose results are published later has such a day. Leave it out.")
        raise fields.fault("outcome.embargo", field, message)
    if day < access_request.period_start.astimezone(UTC).date():
        raise fields.fault("outcome.embargo", field, _("The embargo would end before the access began."))
    return day
