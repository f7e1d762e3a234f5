"""Languages: which one a reader gets, and the translations, read from .po files when the server starts.

Nothing compiles .mo files on installing, so they are made in memory. The pseudo-locale `qps` wraps every
translatable text in brackets; a test renders pages in it to find text that nobody can translate.
"""

import gettext
from importlib import resources
from io import BytesIO

from babel.messages.catalog import Catalog
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from pyramid.config import Configurator
from pyramid.i18n import Localizer
from pyramid.interfaces import ILocalizer
from pyramid.request import Request

from infra_access.core.i18n import DOMAIN, Text, filled

LOCALES = {"en": "English", "ja": "日本語"}
PSEUDO = "qps"
LOCALE_COOKIE = "ia_lang"


class PseudoTranslations(gettext.NullTranslations):
    """Every text in brackets, so that what stands without them was never marked for translation."""

    def gettext(self, message: str) -> str:
        """Return the message in brackets."""
        return f"⟦{message}⟧"

    def ngettext(self, msgid1: str, msgid2: str, n: int) -> str:
        """Return the fitting form in brackets."""
        return f"⟦{msgid1 if n == 1 else msgid2}⟧"


def translations_for(locale: str) -> gettext.NullTranslations:
    """Return the translations of a locale; English is the text itself."""
    if locale == PSEUDO:
        return PseudoTranslations()
    source = resources.files("infra_access") / "locale" / locale / "LC_MESSAGES" / f"{DOMAIN}.po"
    if not source.is_file():
        return gettext.NullTranslations()
    catalog: Catalog = read_po(BytesIO(source.read_bytes()), locale=locale)
    compiled = BytesIO()
    write_mo(compiled, catalog)
    compiled.seek(0)
    return gettext.GNUTranslations(compiled)


def localizer_for(locale: str) -> Localizer:
    """Return a localizer of its own, for mails and other text outside a request."""
    return Localizer(locale, translations_for(locale))


def negotiate(request: Request) -> str:
    """Return the reader's locale: the one chosen here, else the browser's, else English."""
    chosen = request.cookies.get(LOCALE_COOKIE)
    if chosen in LOCALES or chosen == PSEUDO:
        return str(chosen)
    return str(request.accept_language.lookup(list(LOCALES), default="en"))


def localize(request: Request, text: Text) -> str:
    """Return the text in the reader's language, with its values filled in, which may be texts of their own."""
    return in_words_of(request.localizer, text)


def in_words_of(localizer: Localizer, text: Text) -> str:
    """Return the text in the language of a localizer."""
    locale = cldr(localizer.locale_name)
    return filled(text, lambda one: str(localizer.translate(one, domain=DOMAIN)), locale)


def cldr(locale: str) -> str:
    """Return the locale that CLDR knows: the pseudo-locale formats as English."""
    return "en" if locale == PSEUDO else locale


def includeme(config: Configurator) -> None:
    """Load every locale once; give each request `localize`."""
    for locale in (*LOCALES, PSEUDO):
        config.registry.registerUtility(localizer_for(locale), ILocalizer, name=locale)
    config.set_locale_negotiator(negotiate)
    config.add_request_method(localize, "localize")
