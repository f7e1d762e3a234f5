"""The cookies: one of a log-in, one against forged forms, one for a notice after a redirect, one for the language.

The log-in's cookie holds 256 random bits that mean nothing by themselves; the rest is a row in the database. A GET
writes nothing there, so the token against forged forms lives in its own cookie (double submit, checked by Pyramid).
"""

import hashlib

from pyramid.config import Configurator
from pyramid.csrf import CookieCSRFStoragePolicy
from pyramid.request import Request
from pyramid.response import Response
from pyramid.session import SignedCookieSessionFactory

from infra_access.settings import Settings

LOGIN_COOKIE = "ia_session"


def login_token(request: Request) -> str | None:
    """Return the value of the log-in cookie, or None."""
    value = request.cookies.get(LOGIN_COOKIE)
    return value if value and len(value) <= 100 else None


def remember_login(request: Request, response: Response, token: str) -> None:
    """Put the token of a new log-in into its cookie."""
    settings: Settings = request.registry["infra_access.settings"]
    response.set_cookie(
        LOGIN_COOKIE, token, httponly=True, secure=settings.secure_cookies, samesite="Lax", path="/", overwrite=True
    )


def forget_login(response: Response) -> None:
    """Remove the log-in cookie."""
    response.delete_cookie(LOGIN_COOKIE, path="/")


def includeme(config: Configurator) -> None:
    """Set the session factory (notices only) and the check against forged forms, required unless a view opts out."""
    settings: Settings = config.registry["infra_access.settings"]
    secret = hashlib.sha512(f"notices:{settings.secret}".encode()).hexdigest()
    config.set_session_factory(
        SignedCookieSessionFactory(
            secret,
            cookie_name="ia_notices",
            httponly=True,
            secure=settings.secure_cookies,
            samesite="Lax",
            timeout=3600,
            reissue_time=None,
            set_on_exception=True,
        )
    )
    config.set_csrf_storage_policy(
        CookieCSRFStoragePolicy(cookie_name="ia_csrf", secure=settings.secure_cookies, httponly=True, samesite="Lax")
    )
    config.set_default_csrf_options(require_csrf=True, token="csrf_token", header="X-CSRF-Token")
