"""Whether pages say that this is a demonstration: real organisations stand in it with equipment that is invented."""

import logging

from pyramid.config import Configurator
from pyramid.events import ApplicationCreated
from sqlalchemy import select
from sqlalchemy.exc import DatabaseError

from infra_access.catalogue.models import Organisation

log = logging.getLogger(__name__)


def look(event: ApplicationCreated) -> None:
    """Look once, when the server starts: the demonstration is loaded before, and never by a running server."""
    registry = event.app.registry
    try:
        with registry["infra_access.database"].reader() as session:
            found = session.scalar(select(Organisation.id).where(Organisation.demo.is_(True)).limit(1))
    except DatabaseError as error:  # not migrated yet: `serve` refuses, and readyz tells why
        log.warning("could not look for demonstration data: %s", error)
        return
    registry["infra_access.demo"] = found is not None


def includeme(config: Configurator) -> None:
    """Look when the application is made."""
    config.add_subscriber(look, ApplicationCreated)
