"""Loading country groups, routes and policies of the demonstration."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from infra_access.access_requests.models import AccessRoute
from infra_access.access_requests.routes import open_round
from infra_access.access_requests.terms.agreed import key_of
from infra_access.accounting.favouring import favoured
from infra_access.demo.dataset import Route
from infra_access.policy.models import CountryGroup, PolicyDocument
from infra_access.policy.publishing import create_document, publish_document, set_country_group
from infra_access.policy.templates import rules_from
from infra_access.scheduling.ways import open_way

if TYPE_CHECKING:
    from infra_access.demo.loading import World

PROPOSAL = "startups-and-smes"
"""The name of rules that the facility of the demonstration has drafted from a template, and not put in force."""
FAVOURED = "ODA:2024"
"""The group of countries that they are for; one way in, and a pool, favour it already."""
_FAVOURING_ROUTE = "sls-mail-in"


def groups(session: Session, world: World) -> None:
    """Load the dated groups of countries."""
    known = set(session.scalars(select(CountryGroup.code)))
    for entry in world.data.country_groups:
        if entry.code not in known:
            set_country_group(
                session,
                actor=world.actor,
                now=world.long_ago,
                code=entry.code,
                name=entry.names["en"],
                as_of=date.fromisoformat(entry.as_of),
                source=entry.source,
                countries=entry.countries,
            )


def routes(session: Session, world: World) -> None:
    """Load the routes with their rounds."""
    for entry in world.data.routes:
        facility = world.facilities[entry.facility]
        known = session.scalars(
            select(AccessRoute).where(AccessRoute.facility_id == facility.id, AccessRoute.name == entry.names["en"])
        ).one_or_none()
        known = known or _new_route(session, world, entry)
        world.routes[entry.key] = known.public_id


def _new_route(session: Session, world: World, entry: Route) -> AccessRoute:
    templates = {each.key: each for each in world.data.terms}
    terms = {regime: templates[entry.terms].for_part(regime) for regime in entry.regimes}
    if entry.mta:
        terms["mta"] = templates[entry.mta].for_part("mta")
    for code, key in entry.agreements.items():
        terms[key_of(code)] = templates[key].for_part(key_of(code))
    tariff: dict[str, Any] = {
        each.regime: {"amount": str(each.amount), "currency": each.currency, "per": each.per} for each in entry.tariffs
    }
    if entry.key == _FAVOURING_ROUTE:
        ground = f"Free of charge for startups and SMEs of {FAVOURED}"
        tariff["proprietary"]["reductions"] = [{"when": favoured(FAVOURED), "percent": "100", "ground": ground}]
    route = open_way(
        session,
        actor=world.actor,
        now=world.long_ago,
        facility=world.facilities[entry.facility],
        name=entry.names["en"],
        names=entry.names,
        serves=entry.serves,
        access_mode=entry.access_mode,
        entry=entry.entry,
        time_given=entry.time_given,
        operated_by=entry.operated_by,
        access_unit=entry.access_unit,
        access_types=list(entry.access_types),
        regimes=list(entry.regimes),
        instruments=[world.instruments[key] for key in entry.instruments],
        tariff=tariff,
        terms=terms,
        stages=list(entry.stages),
        report_due_days=entry.report_due_days,
        turnaround_days=entry.turnaround_days,
    )
    for call in entry.rounds:
        open_round(
            session,
            actor=world.actor,
            now=world.long_ago,
            route=route,
            name=call.key,
            opens_at=_week(world, call.opens_week),
            closes_at=_week(world, call.closes_week),
            decided_by=_week(world, call.decided_by_week),
            period_start=_week(world, call.access_from_week),
            period_end=_week(world, call.access_until_week),
            units_offered=None if call.units_offered is None else Decimal(call.units_offered),
        )
    return route


def _week(world: World, week: int) -> Any:
    return world.days_ago(0) + timedelta(weeks=week)


def policies(session: Session, world: World) -> None:
    """Publish each policy at each of its scopes, and leave one proposal as a draft."""
    keys: dict[str, dict[str, str]] = {
        "facility": {key: row.public_id for key, row in world.facilities.items()},
        "organisation": {key: row.public_id for key, row in world.organisations.items()},
        "instrument": {key: row.public_id for key, row in world.instruments.items()},
        "route": world.routes,
    }
    known = {
        tuple(row)
        for row in session.execute(select(PolicyDocument.scope_kind, PolicyDocument.scope_key, PolicyDocument.name))
    }
    for entry in world.data.policies:
        for key in entry.scope_keys:
            scope_key = keys.get(entry.scope_kind, {}).get(key, key)
            if (entry.scope_kind, scope_key, entry.key) in known:
                continue
            document = create_document(
                session,
                actor=world.actor,
                now=world.long_ago,
                scope_kind=entry.scope_kind,
                scope_key=scope_key,
                name=entry.key,
                rules=[dict(rule) for rule in entry.rules],
            )
            publish_document(session, actor=world.actor, now=world.long_ago, document=document)
    proposed_at = keys["facility"]["swiss-light-source"]
    if ("facility", proposed_at, PROPOSAL) not in known:
        create_document(
            session,
            actor=world.actor,
            now=world.days_ago(3),
            scope_kind="facility",
            scope_key=proposed_at,
            name=PROPOSAL,
            rules=rules_from("development", {"group": FAVOURED}),
        )
