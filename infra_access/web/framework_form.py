"""The form of a framework agreement: which side is one's own, what it covers, and its points."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from pyramid.request import Request
from sqlalchemy import select

from infra_access.access_requests.terms.framework_lifecycle import KINDS
from infra_access.access_requests.terms.framework_queries import HOST, PARTNER, ROLES_OF_A_SIDE
from infra_access.access_requests.terms.frameworks import further_kinds
from infra_access.access_requests.vocabularies import Party
from infra_access.catalogue.models import Organisation
from infra_access.catalogue.vocabularies import Regime, Trust, label
from infra_access.core.errors import Invalid
from infra_access.core.i18n import _
from infra_access.core.zones import day_start
from infra_access.web.forms import day_in, many
from infra_access.web.presenters.terms import OWNERS

_SHARES = ("cost_shares", "risk_shares")


def own_organisations(request: Request) -> list[Organisation]:
    """Return the organisations that the reader may agree for, by name. One statement."""
    keys = sorted({key for role in ROLES_OF_A_SIDE for key in request.actor.scope_keys(role, "organisation")})
    found = select(Organisation).where(Organisation.public_id.in_(keys)).order_by(Organisation.name_key)
    return list(request.db.scalars(found))


def entered(request: Request, values: Mapping[str, str]) -> dict[str, Any]:
    """Return what the form says, as the command takes it. Raises Invalid naming the field."""
    own = _organisation(request, Organisation.public_id == values.get("own", ""), "own")
    other = _organisation(request, Organisation.name == values.get("other", "").strip(), "other")
    host, partner = (own, other) if values.get("side") == HOST else (other, own)
    until = values.get("valid_until", "").strip()
    return {
        **{name: values.get(name, "") for name in ("kind", "title", "text_version", "text")},
        "host": host,
        "partner": partner,
        "regimes": many(request, "regimes"),
        "points": _points(values),
        "valid_until": day_start(day_in(until, "valid_until") + timedelta(days=1), "UTC") if until else None,
    }


def at_their_fields(errors: Mapping[str, str]) -> dict[str, str]:
    """Return the command's faults at the fields of this form: those of a share at its first field."""
    found = {}
    for path, text in errors.items():
        name = path.removeprefix("points.").partition(".")[0]
        if path == "partner":
            name = "other"
        found[{"confidentiality": "years", **{share: f"{share}.applicant" for share in _SHARES}}.get(name, name)] = text
    return found


def options(request: Request, own: list[Organisation]) -> dict[str, list[tuple[str, str]]]:
    """Return what can be chosen in each field."""

    def listed(pairs: Any) -> list[tuple[str, str]]:
        return [(str(value), request.localize(text)) for value, text in pairs]

    return {
        "own": [(one.public_id, one.name) for one in own],
        "side": listed([(HOST, _("Our facilities are used")), (PARTNER, _("We use theirs"))]),
        "kind": listed(KINDS.items()) + [(kind, kind) for kind in sorted(further_kinds(request.db))],
        "regimes": listed((one, label(one)) for one in Regime),
        "ip": listed(OWNERS.items()),
    }


def _points(values: Mapping[str, str]) -> dict[str, Any]:
    points: dict[str, Any] = {}
    if values.get("ip"):
        points["ip"] = values["ip"]
    for name in _SHARES:
        shares = [(party, values.get(f"{name}.{party}", "").strip()) for party in Party]
        if any(percent for _party, percent in shares):
            points[name] = [{"party": party.value, "percent": percent} for party, percent in shares if percent]
    if years := values.get("years", "").strip():
        whole = int(years) if years.isascii() and years.isdecimal() and len(years) < 5 else years
        points["confidentiality"] = {"kind": "mutual", "years": whole}
    return points


def _organisation(request: Request, which: Any, field: str) -> Organisation:
    found: Organisation | None = request.db.scalars(
        select(Organisation).where(which).order_by(Organisation.trust != Trust.VERIFIED, Organisation.id).limit(1)
    ).first()
    if found is None:
        message = _("There is no organisation of exactly this name. Write it as the catalogue does.")
        raise Invalid("organisation.unknown", message, fields={field: [message]})
    return found
