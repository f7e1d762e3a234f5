"""A catalogue of any size for the benchmarks, written straight into the tables, with one rule that permits booking."""

from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import func, insert, select
from sqlalchemy.orm import Session

from infra_access.catalogue.models import (
    Facility,
    Instrument,
    InstrumentAccessType,
    InstrumentTechnique,
    Organisation,
    Resource,
)
from infra_access.catalogue.organisations import create_organisation, set_trust
from infra_access.catalogue.search_index import reindex
from infra_access.core.authority import system_actor
from infra_access.core.db import Database
from infra_access.core.ids import new_public_id
from infra_access.people.accounts import create_account
from infra_access.people.actors import load_actor
from infra_access.people.tokens import create_token
from infra_access.policy.publishing import create_document, publish_document

TECHNIQUES = ("EXAFS", "XANES", "Cryo-EM", "NMR", "Sequencing", "Tomography", "SEM", "TEM", "Raman", "ICP-MS")
COUNTRIES = (("DE", "Europe/Berlin"), ("JP", "Asia/Tokyo"), ("KE", "Africa/Nairobi"), ("BR", "America/Sao_Paulo"))
PER_FACILITY = 50

PERMIT_ALL = {
    "id": "open-to-all",
    "applies_to": ["request", "book"],
    "effect": {"type": "permit"},
    "message": {"en": "Open to everyone."},
}


@dataclass(frozen=True, slots=True)
class Seeded:
    """What the benchmarks call: public ids of instruments and a token."""

    instruments: tuple[str, ...]
    token: str


def seed(database: Database, instruments: int) -> Seeded:
    """Write so many instruments in facilities of 50, one account and a token. Returns what to call."""
    now = datetime.now(UTC)
    actor = system_actor("benchmark")
    with database.writer() as session:
        organisation = create_organisation(session, actor=actor, now=now, name="Benchmark institute", country="DE")
        set_trust(session, actor=actor, now=now, organisation=organisation, trust="verified")
        ids = _catalogue(session, organisation.id, instruments, now)
        document = create_document(
            session, actor=actor, now=now, scope_kind="network", scope_key="", name="open", rules=[PERMIT_ALL]
        )
        publish_document(session, actor=actor, now=now, document=document)
        account = create_account(
            session,
            actor=actor,
            now=now,
            email="bench@demo.example",
            name="Bench",
            country_of_work="DE",
            password_hash="none",
        )
        session.flush()
        owner = load_actor(session, account.id, now=now)
        _row, token = create_token(session, actor=owner, now=now, name="bench", scope="write")
    with database.writer() as session:
        keys = session.scalars(select(Instrument.id).order_by(Instrument.id)).all()
        for first in range(0, len(keys), 1_000):
            reindex(session, keys[first : first + 1_000])
    return Seeded(tuple(ids), token)


def seed_facility(database: Database, instruments: int) -> int:
    """Write one more facility with so many instruments; return its key."""
    with database.writer() as session:
        organisation = session.scalars(select(Organisation.id).order_by(Organisation.id)).first()
        assert organisation is not None, "seed first"
        _catalogue(session, organisation, instruments, datetime.now(UTC), per_facility=instruments)
        return session.scalars(select(func.max(Facility.id))).one()


def _catalogue(
    session: Session, organisation_id: int, count: int, now: datetime, per_facility: int = PER_FACILITY
) -> list[str]:
    last_facility, last_instrument = (
        session.scalar(select(func.coalesce(func.max(key), 0))) for key in (Facility.id, Instrument.id)
    )
    facilities = [
        {
            "public_id": new_public_id(),
            "organisation_id": organisation_id,
            "name": f"Facility {number}",
            "country": COUNTRIES[number % len(COUNTRIES)][0],
            "timezone": COUNTRIES[number % len(COUNTRIES)][1],
            "publication": "published",
            "created_at": now,
            "version": 1,
        }
        for number in range(-(-count // per_facility))
    ]
    session.execute(insert(Facility), facilities)
    keys = session.scalars(select(Facility.id).where(Facility.id > last_facility).order_by(Facility.id)).all()
    rows = [
        {
            "public_id": new_public_id(),
            "facility_id": keys[number // per_facility],
            "name": f"Instrument {number:06d} {TECHNIQUES[number % len(TECHNIQUES)]}",
            "name_key": f"instrument {number:06d}",
            "description": "Measures samples of many kinds.",
            "status": "operating",
            "listing": "verified",
            "scheduling_authority": "here",
            "publication": "published",
            "created_at": now,
            "version": 1,
        }
        for number in range(count)
    ]
    session.execute(insert(Instrument), rows)
    made = select(Instrument.id, Instrument.facility_id).where(Instrument.id > last_instrument)
    found = session.execute(made.order_by(Instrument.id)).all()
    session.execute(
        insert(InstrumentTechnique),
        [
            {"instrument_id": key, "key": TECHNIQUES[index % 10].casefold(), "name": TECHNIQUES[index % 10]}
            for index, (key, _facility) in enumerate(found)
        ],
    )
    session.execute(
        insert(InstrumentAccessType), [{"instrument_id": key, "access_type": "physical"} for key, _facility in found]
    )
    session.execute(
        insert(Resource),
        [
            {
                "public_id": new_public_id(),
                "facility_id": facility,
                "instrument_id": key,
                "kind": "instrument",
                "name": "1",
            }
            for key, facility in found
        ],
    )
    return [str(row["public_id"]) for row in rows]
