"""The settings of one running service: the ini's `infra_access.*` keys, each overridden by `INFRA_ACCESS_<NAME>`.

What would be unsafe in production is refused here, before anything starts.
"""

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from sqlalchemy import make_url
from sqlalchemy.exc import ArgumentError

from infra_access.core.errors import Invalid
from infra_access.core.i18n import Text, _
from infra_access.core.sealing import Sealer

DEVELOPMENT_MARK = "development-only"
"""Stands in the secret of development.ini, so that production can refuse it."""

SHORTEST_SECRET = 32
LOOPBACK = ("localhost", "127.0.0.1", "::1")
"""The names that a service in development answers to beside its own, unless its hosts are set."""

MAKE_KEY = "python -c 'from cryptography.fernet import Fernet; print(Fernet.generate_key().decode())'"

MAIL_SCHEMES = frozenset({"file", "smtp", "smtps", "smtp+plain"})

_PREFIX = "infra_access."
_TRUE = frozenset({"1", "true", "yes", "on"})
_FALSE = frozenset({"0", "false", "no", "off"})
_NAMES = frozenset(
    {
        "environment",
        "database_url",
        "secret",
        "listen",
        "base_url",
        "hosts",
        "secure_cookies",
        "threads",
        "mail",
        "mail_from",
        "sealing_keys",
        "what_ifs_per_day",
    }
)

_KEY = re.compile(r"[A-Za-z0-9_-]{43}=")
"""What a key of Fernet looks like: 32 bytes in the base 64 of addresses."""


@dataclass(frozen=True, slots=True)
class Settings:
    """What the service is told from outside.

    `hosts` are the names that a Host header may carry, without ports. `base_url` has no trailing slash; every link
    in a mail is built from it, never from a header. `mail` is file:FOLDER, smtp://HOST:PORT (STARTTLS is demanded),
    smtps://USER:PASSWORD@HOST:PORT, or smtp+plain://HOST:PORT for a relay on the same machine. `sealing_keys` seal what
    may be read only on purpose: the first seals, all open; where there is none, one is derived from the secret.
    `what_ifs_per_day` is how often one person may let the worker try rules on all requests within a day.
    """

    database_url: str = field(repr=False)
    secret: str = field(repr=False)
    environment: str
    listen: str
    base_url: str
    hosts: tuple[str, ...]
    secure_cookies: bool
    threads: int
    mail: str = field(repr=False)
    mail_from: str
    sealing_keys: tuple[str, ...] = field(default=(), repr=False)
    what_ifs_per_day: int = 20

    @property
    def sealer(self) -> Sealer:
        """Return what seals and opens with the keys of this site."""
        return Sealer(self.sealing_keys, self.secret)

    @property
    def is_production(self) -> bool:
        """Tell whether real people use this service."""
        return self.environment == "production"

    @property
    def listen_host(self) -> str:
        """Return the address to bind, without brackets."""
        return self.listen.rpartition(":")[0].strip("[]")

    @property
    def listen_port(self) -> int:
        """Return the port to bind."""
        return int(self.listen.rpartition(":")[2])

    @classmethod
    def from_ini(cls, settings: Mapping[str, str], environ: Mapping[str, str] = os.environ) -> "Settings":
        """Read and check the settings of an ini's application section.

        Raises Invalid `settings.invalid`, naming each wrong setting, never its value where that is a secret.
        """
        unknown = sorted(key for key in settings if key.startswith(_PREFIX) and key.removeprefix(_PREFIX) not in _NAMES)
        given = {
            name: environ.get(f"INFRA_ACCESS_{name.upper()}", settings.get(_PREFIX + name, "")).strip()
            for name in _NAMES
        }
        listen = given["listen"] or "127.0.0.1:6543"
        base_url = (given["base_url"] or f"http://{listen}").rstrip("/")
        production = given["environment"] == "production"
        found = cls(
            database_url=given["database_url"],
            secret=given["secret"],
            environment=given["environment"] or "development",
            listen=listen,
            base_url=base_url,
            hosts=tuple(given["hosts"].lower().replace(",", " ").split())
            or (_host_of(base_url), *(() if production else LOOPBACK)),
            secure_cookies=_truth(given["secure_cookies"], default=production),
            threads=_number(given["threads"], default=8),
            mail=given["mail"] or "file:var/mail",
            mail_from=given["mail_from"] or f"no-reply@{_host_of(base_url) or 'localhost'}",
            sealing_keys=tuple(given["sealing_keys"].split()),
            what_ifs_per_day=_number(given["what_ifs_per_day"], default=20),
        )
        wrong: dict[str, list[Text]] = {key: [_("There is no such setting.")] for key in unknown}
        wrong |= _problems(found)
        if wrong:
            raise Invalid(
                "settings.invalid",
                _(
                    "These settings need attention: ${problems} Set them in the ini, or in the environment as "
                    "INFRA_ACCESS_NAME.",
                    mapping={"problems": " ".join(f"{name}: {texts[0]}" for name, texts in wrong.items())},
                ),
                fields=wrong,
            )
        return found


def _problems(settings: Settings) -> dict[str, list[Text]]:
    wrong: dict[str, list[Text]] = {}
    if settings.environment not in {"development", "production"}:
        wrong["environment"] = [_("It must be development or production.")]
    if problem := _database_problem(settings):
        wrong["database_url"] = [problem]
    if problem := _secret_problem(settings):
        wrong["secret"] = [problem]
    host, _colon, port = settings.listen.rpartition(":")
    if not host or not (port.isascii() and port.isdecimal() and int(port) < 65_536):
        wrong["listen"] = [_("It must be host:port.")]
    address = urlsplit(settings.base_url)
    if address.scheme not in {"http", "https"} or not address.hostname:
        wrong["base_url"] = [_("It must be an address such as https://access.example.org.")]
    elif settings.is_production and address.scheme != "https":
        wrong["base_url"] = [_("It must begin with https:// in production.")]
    if settings.is_production and not settings.secure_cookies:
        wrong["secure_cookies"] = [_("It must be true in production.")]
    if not 1 <= settings.threads <= 64:
        wrong["threads"] = [_("It must be a number from 1 to 64.")]
    if not 1 <= settings.what_ifs_per_day <= 10_000:
        wrong["what_ifs_per_day"] = [_("It must be a number from 1 to 10000.")]
    if settings.mail.partition(":")[0] not in MAIL_SCHEMES:
        wrong["mail"] = [_("It must be file:FOLDER, smtp://HOST:PORT or smtps://HOST:PORT.")]
    if "@" not in settings.mail_from or any(character in settings.mail_from for character in "\r\n<>"):
        wrong["mail_from"] = [_("It must be a bare mail address.")]
    unfit = [number for number, key in enumerate(settings.sealing_keys, 1) if not _KEY.fullmatch(key)]
    if unfit:
        wrong["sealing_keys"] = [
            _(
                "Of its keys, number ${number} is none. Make one with: ${command}",
                mapping={"number": ", ".join(map(str, unfit)), "command": MAKE_KEY},
            )
        ]
    return wrong


def _database_problem(settings: Settings) -> Text | None:
    try:
        url = make_url(settings.database_url)
    except ArgumentError:
        return _("It must be an SQLAlchemy URL such as postgresql+psycopg://user@host/name.")
    if url.get_backend_name() not in {"sqlite", "postgresql"}:
        return _("The database must be SQLite or PostgreSQL.")
    if url.get_backend_name() == "sqlite" and (not url.database or ":memory:" in url.database or _in_memory(url.query)):
        # Each connection would have a database of its own.
        return _("A database in memory cannot be used: name a file.")
    return None


def _in_memory(query: Mapping[str, str | tuple[str, ...]]) -> bool:
    return query.get("mode") == "memory"


def _secret_problem(settings: Settings) -> Text | None:
    if not settings.secret:
        return _("It is missing. Make one with: python -c 'import secrets; print(secrets.token_urlsafe(48))'")
    if not settings.is_production:
        return None
    if DEVELOPMENT_MARK in settings.secret:
        return _("This is the development secret, which everybody knows.")
    if len(settings.secret) < SHORTEST_SECRET or len(set(settings.secret)) < 10:
        return _("It is too short or too simple: at least 32 random characters are needed.")
    return None


def prepare_folders(settings: Settings) -> None:
    """Make the folder of an SQLite file, which the database would not make by itself."""
    url = make_url(settings.database_url)
    if url.get_backend_name() == "sqlite" and url.database:
        Path(url.database).parent.mkdir(parents=True, exist_ok=True)


def _host_of(base_url: str) -> str:
    return (urlsplit(base_url).hostname or "").lower()


def _truth(text: str, *, default: bool) -> bool:
    if text.lower() in _TRUE:
        return True
    return False if text.lower() in _FALSE else default


def _number(text: str, *, default: int) -> int:
    if not text:
        return default
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 6 else -1
