"""A published version of a route's terms never changes: another title, text or point needs another version.

What a request agreed to stands in its own agreement; here is only kept which version said what, by its SHA-256.
"""

import hashlib
from collections.abc import Mapping
from datetime import datetime
from typing import Any

import orjson
from sqlalchemy import select
from sqlalchemy.orm import Session

from infra_access.access_requests.models import AccessRoute
from infra_access.access_requests.terms.framework_models import TermsVersion
from infra_access.core.errors import Invalid
from infra_access.core.i18n import Text, _

Terms = Mapping[str, Mapping[str, Any]]


def check_versions(session: Session, route: AccessRoute, terms: Terms) -> None:
    """Refuse terms that say something else under a version that stood before. One statement.

    Raises Invalid `terms.version` naming each version at fault.
    """
    known = _known(session, route) | {_version(part, said): content_hash(said) for part, said in route.terms.items()}
    faults: dict[str, list[Text]] = {}
    for part, said in terms.items():
        if known.get(_version(part, said), content_hash(said)) != content_hash(said):
            message = _(
                "Version ${version} of these terms is published and says something else. Give the change a new "
                "version.",
                mapping={"version": said["version"]},
            )
            faults[f"terms.{part}.version"] = [message]
    if faults:
        raise Invalid("terms.version", next(iter(faults.values()))[0], fields=faults)


def keep_versions(session: Session, route: AccessRoute, *versions: Terms, now: datetime) -> None:
    """Remember what the terms of a route say, so that their versions stay what they are. One statement, if any."""
    known = set(_known(session, route))
    for terms in versions:
        for part, said in terms.items():
            if _version(part, said) not in known:
                known.add(_version(part, said))
                name, version = _version(part, said)
                row = TermsVersion(
                    route_id=route.id, part=name, version=version, content_hash=content_hash(said), first_at=now
                )
                session.add(row)
    session.flush()


def content_hash(said: Mapping[str, Any]) -> str:
    """Return the SHA-256 of what terms say: title, text and points, whoever offered them under which version."""
    content = {"title": said["title"], "text": said["text"], "points": said.get("points", {})}
    return hashlib.sha256(orjson.dumps(content, option=orjson.OPT_SORT_KEYS)).hexdigest()


def _version(part: str, said: Mapping[str, Any]) -> tuple[str, str]:
    return part, said["version"]


def _known(session: Session, route: AccessRoute) -> dict[tuple[str, str], str]:
    rows = session.execute(
        select(TermsVersion.part, TermsVersion.version, TermsVersion.content_hash).where(
            TermsVersion.route_id == route.id
        )
    )
    return {(part, version): said for part, version, said in rows}
