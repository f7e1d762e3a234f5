"""Whose verdict an approval needs: the scope it is asked in, and who holds its role there."""

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import ColumnElement, and_, false, or_, select, true
from sqlalchemy.orm import Session

from infra_access.access_requests.models import Approval, Participant
from infra_access.catalogue.models import Facility, Instrument, Organisation
from infra_access.catalogue.scopes import organisation_scopes, scopes_of_facility
from infra_access.core.authority import NETWORK, Actor, Grant, Scopes
from infra_access.core.decision import ApprovalDue
from infra_access.core.errors import Conflict
from infra_access.core.i18n import _
from infra_access.core.roles import ROLES
from infra_access.people.models import Affiliation
from infra_access.people.roles import holders
from infra_access.policy.rules import ApprovalScope
from infra_access.policy.words import SCOPES


def host_scopes(session: Session, instrument_id: int) -> Scopes:
    """Return the scopes of the facility that an instrument stands in."""
    row = session.execute(
        select(Facility.public_id, Organisation.public_id, Facility.country)
        .join(Organisation, Organisation.id == Facility.organisation_id)
        .join(Instrument, Instrument.facility_id == Facility.id)
        .where(Instrument.id == instrument_id)
    ).one()
    return scopes_of_facility(row[0], row[1], row[2])


def scope_for(
    session: Session,
    due: ApprovalDue,
    host: Scopes,
    *,
    team: Collection[int | None],
    now: datetime,
    group: int | None = None,
) -> tuple[Scopes, frozenset[int]]:
    """Return the scopes that contain the one in which an approval is asked, that first, and who can decide it.

    A country's own people come first, else the network's. Nobody decides on a request of their own, so the team does
    not count, nor does from outside whoever is of the `group`, the organisation acted for. Raises Conflict
    `approval.nobody`, or `approval.no_home` where a stage of the applicant's side has nobody to ask, for the team
    acts for no organisation.
    """
    chain = {
        "facility": host,
        "organisation": host[1:],
        "country": host[2:],
        "network": (NETWORK,),
    }.get(due.scope) or _home(session, due, group)
    near = set(team) | people_of(session, group, chain, now)
    able = set(holders(session, due.role, chain, now)) - near
    if not able:
        raise _nobody(due)
    # Somebody may hold the role in the country and in the network; then it stays the country's to decide.
    of_country = due.scope in (ApprovalScope.COUNTRY, ApprovalScope.HOME_COUNTRY)
    if of_country and not set(holders(session, due.role, chain, now, network=False)) - near:
        return (NETWORK,), frozenset(able)
    return chain, frozenset(able)


def _nobody(due: ApprovalDue) -> Conflict:
    """Return the refusal of what nobody could decide; a rule that the applicant may not know of is not told by it."""
    if due.hidden:
        message = _(
            "Somebody has to look at this first, and nobody is named for it at present. Ask the facility or the "
            "administrators of the network to name somebody, then send it again."
        )
        return Conflict("approval.nobody", message)
    message = _(
        "This needs the approval of: ${role} (${scope}), and nobody holds that role there at present. Ask the facility "
        "or the administrators of the network to name somebody, then send it again.",
        mapping={"role": ROLES.get(due.role, due.role), "scope": SCOPES[ApprovalScope(due.scope)]},
    )
    return Conflict("approval.nobody", message, details={"role": due.role, "scope": due.scope})


def only_one_person() -> Conflict:
    """Return the refusal of what two different people have to decide, where there is only one."""
    return Conflict(
        "approval.nobody",
        _(
            "This instrument is under export control, so two different people decide, and there is only one at "
            "present. Ask the facility or the administrators of the network to name another."
        ),
        details={"people": 1},
    )


def _home(session: Session, due: ApprovalDue, group: int | None) -> Scopes:
    """Return the scopes of the organisation acted for, or of its country."""
    if group is None:
        message = _("This needs a yes of your own organisation or country. Say in the request whom you act for.")
        named = {} if due.hidden else {"role": due.role, "scope": due.scope}
        raise Conflict("approval.no_home", message, details=named)
    scopes = organisation_scopes(session.get_one(Organisation, group))
    return scopes if due.scope == ApprovalScope.HOME_ORGANISATION else scopes[1:]


def people_of(session: Session, group: int | None, chain: Scopes, now: datetime) -> set[int]:
    """Return the accounts of the organisation acted for; none where the scope lies within it."""
    if group is None or ("organisation", session.get_one(Organisation, group).public_id) in chain:
        return set()
    live = or_(Affiliation.valid_until.is_(None), Affiliation.valid_until > now)
    return set(session.scalars(select(Affiliation.account_id).where(Affiliation.organisation_id == group, live)))


def chain_of(kind: str, key: str, facility: Facility | None, organisation: Organisation | None) -> Scopes:
    """Return the scopes that contain that of an approval, given the facility or organisation it was joined to."""
    if kind == "facility" and facility is not None and organisation is not None:
        return scopes_of_facility(facility.public_id, organisation.public_id, facility.country)
    if kind == "organisation" and organisation is not None:
        return ((kind, key), ("country", organisation.country), NETWORK)
    return ((kind, key), NETWORK)


def facility_of_approval() -> ColumnElement[bool]:
    """Return the condition that joins an approval to the facility in whose scope it is asked."""
    return and_(Approval.scope_kind == "facility", Facility.public_id == Approval.scope_key)


def organisation_of_approval() -> ColumnElement[bool]:
    """Return the condition that joins an approval to the organisation of its scope, or of its facility."""
    named = and_(Approval.scope_kind == "organisation", Organisation.public_id == Approval.scope_key)
    return or_(named, Organisation.id == Facility.organisation_id)


def held_by(actor: Actor) -> ColumnElement[bool]:
    """Return the condition that the actor holds an approval's role within a scope that contains its own."""
    conditions = [and_(Approval.role == grant.role, _within(grant)) for grant in actor.grants]
    return or_(*conditions) if conditions else false()


def is_own(account_id: int) -> ColumnElement[bool]:
    """Return the condition that an approval is about a request of an account's own, or of its team."""
    on_team = select(Participant.id).where(
        Participant.access_request_id == Approval.access_request_id,
        Participant.account_id == account_id,
    )
    return or_(Approval.applicant_id == account_id, on_team.correlate(Approval).exists())


def _within(grant: Grant) -> ColumnElement[bool]:
    kind, key = grant.scope
    exact = and_(Approval.scope_kind == kind, Approval.scope_key == key)
    match kind:
        case "network":
            return true()
        case "country":
            of_organisation = and_(Approval.scope_kind == "organisation", Organisation.country == key)
            return or_(exact, Facility.country == key, of_organisation)
        case "organisation":
            return Organisation.public_id == key
        case _:
            return exact
