"""Loading what organisations of the demonstration agreed for later requests: one in force, one offered, one a draft."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from sqlalchemy import select
from sqlalchemy.orm import Session

from infra_access.access_requests.terms.framework_models import FrameworkAgreement
from infra_access.access_requests.terms.frameworks import accept_framework, create_framework, offer_framework
from infra_access.core.authority import Actor
from infra_access.demo.dataset import Framework
from infra_access.people.actors import load_actor

if TYPE_CHECKING:
    from infra_access.demo.loading import World


def frameworks(session: Session, world: World) -> None:
    """Load the agreements, each brought to its state by the signatories of its sides."""
    known = {tuple(row) for row in session.execute(select(FrameworkAgreement.title, FrameworkAgreement.text_version))}
    for entry in world.data.frameworks:
        if (entry.title, entry.text_version) not in known:
            _agreed(session, world, entry)


def _agreed(session: Session, world: World, entry: Framework) -> None:
    now = world.days_ago(entry.days_ago)
    drafter = _signatory(session, world, entry.drafted_by, now)
    framework = create_framework(
        session,
        actor=drafter,
        now=now,
        host=world.organisations[entry.host],
        partner=world.organisations[entry.partner],
        kind=entry.kind,
        title=entry.title,
        text_version=entry.text_version,
        text=entry.text,
        regimes=entry.regimes,
        points=entry.points,
    )
    if entry.state == "draft":
        return
    offer_framework(session, actor=drafter, now=now, framework=framework)
    signing = (entry.host, entry.partner) if entry.state == "in_force" else (entry.drafted_by,)
    for organisation in signing:
        actor = _signatory(session, world, organisation, now)
        accept_framework(session, actor=actor, now=now, framework=framework, text_hash=framework.text_hash)


def _signatory(session: Session, world: World, organisation: str, now: datetime) -> Actor:
    held = ("signatory", "organisation", organisation)
    email = next(
        person.email
        for person in world.data.people
        if any((grant.role, grant.scope, grant.key) == held for grant in person.roles)
    )
    return load_actor(session, world.accounts[email], now=now)
