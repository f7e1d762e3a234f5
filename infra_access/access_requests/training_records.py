"""Recording a training at a facility: of whom, and in whose name.

Rules may count only trainings of issuers whom they name. So nobody records what another issued: neither in the name of
another facility or organisation, nor of somebody whom only rules of others name; and a name of one's own that others
count on, only once it was verified.
"""

from datetime import date, datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from infra_access.access_requests.models import AccessRoute
from infra_access.catalogue.fields import fault
from infra_access.catalogue.models import Facility, Instrument, Organisation
from infra_access.catalogue.naming import is_confirmed
from infra_access.catalogue.scopes import facility_scopes
from infra_access.catalogue.vocabularies import Trust
from infra_access.core.authority import Actor, Permission, Scope, require
from infra_access.core.errors import Forbidden, Invalid, NotFound
from infra_access.core.i18n import _
from infra_access.core.input_text import clean_line
from infra_access.core.search_text import order_key
from infra_access.people.accounts import account_by_email
from infra_access.people.models import Account, Training
from infra_access.people.trainings import add_training
from infra_access.policy.rulebook import rulebook
from infra_access.policy.rules import Require


def record_training(
    session: Session,
    *,
    actor: Actor,
    now: datetime,
    facility: Facility,
    email: str,
    code: str,
    completed_on: date,
    expires_on: date | None = None,
    issuer: str = "",
) -> Training:
    """Record that somebody, known by a confirmed address, completed a training; the facility issued it if nobody else.

    What waits for it is met at once. Raises Invalid naming the field; Forbidden, also for one's own training and for
    staff of an organisation that nobody has verified.
    """
    require(actor, Permission.TRAINING_WRITE, facility_scopes(session, facility))
    _refuse_unverified(session, facility)
    issuer = clean_line(issuer, field="issuer", max_length=200) or facility.name[:200]
    _refuse_in_the_name_of_others(session, issuer, facility)
    return add_training(
        session,
        actor=actor,
        now=now,
        account=_known(session, email),
        code=code,
        issuer=issuer,
        completed_on=completed_on,
        expires_on=expires_on,
        facility=facility,
    )


def _refuse_unverified(session: Session, facility: Facility) -> None:
    """Raise Forbidden where the organisation is known by its own word only: anybody can enter one, by any name."""
    if session.get_one(Organisation, facility.organisation_id).trust == Trust.SELF_DECLARED:
        message = _("Nobody has verified this organisation yet, so it records no trainings. Ask for it to be verified.")
        raise Forbidden("training.unverified", message)


def _known(session: Session, email: str) -> Account:
    try:
        account = account_by_email(session, email)
    except (NotFound, Invalid) as error:
        raise fault("training.person", "email", error.message) from None
    if account.state != "active" or account.email_confirmed_at is None:
        message = _("This person has not confirmed the address yet. Ask them to, then record it.")
        raise fault("training.person", "email", message)
    return account


def _refuse_in_the_name_of_others(session: Session, issuer: str, facility: Facility) -> None:
    organisation = session.get_one(Organisation, facility.organisation_id)
    key = order_key(issuer)
    own = [row for row in (facility, organisation) if order_key(row.name[:200]) == key]
    if own:
        if not any(is_confirmed(row, organisation) for row in own):
            _refuse_to_pass_for_another(session, issuer, facility, organisation)
        return
    known_as = (
        select(Facility.id).where(Facility.name_key == key),
        select(Organisation.id).where(Organisation.name_key == key),
    )
    others = any(session.scalar(query.limit(1)) is not None for query in known_as)
    naming = _naming(session, issuer)
    if others or (naming and naming.isdisjoint(_scopes_of(session, facility))):
        message = _(
            "Rules of others count on ${issuer}, so only staff there record what it issued. Name your own facility as "
            "the issuer, or leave this empty.",
            mapping={"issuer": issuer},
        )
        raise fault("training.issuer", "issuer", message)


def _refuse_to_pass_for_another(session: Session, issuer: str, facility: Facility, organisation: Organisation) -> None:
    """Raise Invalid where others count on a name that nobody has verified since it was taken."""
    theirs = {("organisation", organisation.public_id), *_scopes_of(session, facility)}
    wider = {scope for scope in theirs if scope[0] in ("country", "network")}
    verified = select(Organisation.id).where(
        Organisation.name_key == order_key(issuer),
        Organisation.trust == Trust.VERIFIED,
        Organisation.id != organisation.id,
    )
    if _naming(session, issuer) - (theirs - wider) or session.scalar(verified.limit(1)) is not None:
        message = _(
            "Others count on ${issuer}, and nobody has verified this name since it was given here. Ask an "
            "administrator of the network to confirm it by saving it once more, or name another issuer.",
            mapping={"issuer": issuer},
        )
        raise fault("training.issuer", "issuer", message)


def _naming(session: Session, issuer: str) -> set[Scope]:
    """Return the scopes with rules in force that name the issuer."""
    named = order_key(issuer)
    return {
        scope
        for scope, rules in rulebook(session).by_scope.items()
        for rule in rules
        if isinstance(rule.effect, Require) and named in map(order_key, rule.effect.issuers or ())
    }


def _scopes_of(session: Session, facility: Facility) -> set[Scope]:
    """Return the scopes that a facility lies in, and those that lie in it."""
    instruments = session.scalars(select(Instrument.public_id).where(Instrument.facility_id == facility.id))
    routes = session.scalars(select(AccessRoute.public_id).where(AccessRoute.facility_id == facility.id))
    within = {*(("instrument", key) for key in instruments), *(("route", key) for key in routes)}
    return {*facility_scopes(session, facility), *within}
