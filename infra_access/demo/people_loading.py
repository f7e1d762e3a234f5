"""Loading accounts, affiliations, trainings, assurances and roles of the demonstration."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from sqlalchemy import select
from sqlalchemy.orm import Session

from infra_access.core.authority import NETWORK
from infra_access.demo.dataset import Grant, Person
from infra_access.people.accounts import create_account
from infra_access.people.affiliations import affiliate
from infra_access.people.assurances import note_assurance
from infra_access.people.models import Account, Affiliation
from infra_access.people.roles import grant_role, grants_of
from infra_access.people.trainings import add_training

if TYPE_CHECKING:
    from infra_access.demo.loading import World


def accounts(session: Session, world: World, password_hash: str) -> None:
    """Load the accounts, each with the organisation it belongs to and its trainings."""
    for person in world.data.people:
        known = session.scalars(select(Account).where(Account.email == person.email)).one_or_none()
        if known is None:
            known = create_account(
                session,
                actor=world.actor,
                now=world.long_ago,
                email=person.email,
                name=person.name,
                password_hash=password_hash,
                country_of_work=person.country_of_work,
                locale=person.locale,
                timezone=person.zone,
            )
            _trainings(session, world, person, known)
            _assurances(session, world, person)
        world.accounts[person.email] = known.id
        organisation = world.organisations.get(person.affiliation)
        if organisation is not None and not session.scalar(
            select(Affiliation.id).where(
                Affiliation.account_id == known.id, Affiliation.organisation_id == organisation.id
            )
        ):
            affiliate(
                session,
                actor=world.actor,
                now=world.long_ago,
                account=known,
                organisation=organisation,
                confirmed=True,
            )


def _trainings(session: Session, world: World, person: Person, account: Account) -> None:
    for training in person.trainings:
        add_training(
            session,
            actor=world.actor,
            now=world.now,
            account=account,
            code=training.code,
            issuer=training.issuer,
            completed_on=world.monday + timedelta(weeks=training.completed_week),
            expires_on=world.monday + timedelta(weeks=training.expires_week),
        )


def _assurances(session: Session, world: World, person: Person) -> None:
    for assurance in person.assurances:
        note_assurance(
            session,
            actor=world.actor,
            now=world.now,
            person=person.email,
            code=assurance.code,
            source=assurance.source,
            scope=NETWORK,
            valid_until=world.days_ago(-7 * assurance.valid_until_week),
        )


def roles(session: Session, world: World) -> None:
    """Load the roles; their scopes are named by the keys of the data."""
    for person in world.data.people:
        account_id = world.accounts[person.email]
        held = {(row.role, row.scope_kind, row.scope_key) for row in grants_of(session, account_id, now=world.now)}
        account = session.get_one(Account, account_id)
        for grant in person.roles:
            key = _scope_key(world, grant)
            if (grant.role, grant.scope, key) not in held:
                grant_role(
                    session,
                    actor=world.actor,
                    now=world.long_ago,
                    account=account,
                    role=grant.role,
                    scope_kind=grant.scope,
                    scope_key=key,
                )


def _scope_key(world: World, grant: Grant) -> str:
    if grant.scope == "facility":
        return world.facilities[grant.key].public_id
    if grant.scope == "organisation":
        return world.organisations[grant.key].public_id
    return grant.key or ""
