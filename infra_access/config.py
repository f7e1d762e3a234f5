"""The composition root: what is included, in which order, and which adapter each port gets."""

import linecache
from collections.abc import Mapping

from pyramid.config import Configurator
from pyramid.router import Router

from infra_access import tables
from infra_access.core.db import Database
from infra_access.settings import Settings

INCLUDES = (
    "pyramid_tm",
    "pyramid_retry",
    "infra_access.http.localisation",
    "infra_access.http.sessions",
    "infra_access.http.transactions",
    "infra_access.http.security",
    "infra_access.http.errors",
    "infra_access.http.headers",
    "infra_access.http.looking",
    "infra_access.http.input_floor",
    "infra_access.http.methods",
    "infra_access.http.operations",
    "infra_access.api",
    "infra_access.web",
)

SETTINGS = {
    "tm.manager_hook": "pyramid_tm.explicit_manager",
    # It would ask who it is before anything that can answer a token that no longer counts.
    "tm.annotate_user": "false",
    "retry.attempts": "6",
    "retry.activate_hook": "infra_access.http.input_floor.attempts_of",
    "pyramid.default_locale_name": "en",
}


def configure(settings: Settings, database: Database) -> Configurator:
    """Return a configurator with everything included, not yet committed."""
    tables.load()
    config = Configurator(settings=SETTINGS)
    config.registry["infra_access.settings"] = settings
    config.registry["infra_access.database"] = database
    for name in INCLUDES:
        config.include(name)
    return config


def make_app(ini: Mapping[str, str], *, database: Database | None = None) -> Router:
    """Return the application for the settings of an ini file."""
    settings = Settings.from_ini(ini)
    database = database or Database.connect(settings.database_url, threads=settings.threads)
    app = configure(settings, database).make_wsgi_app()
    # Pyramid looked up where each view and route is declared, for which Python read and kept the sources: 3 MB.
    linecache.clearcache()
    return app
