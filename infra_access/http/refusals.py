"""Errors of HTTP itself, in the family that the error views already know."""

from infra_access.core.errors import DomainError


class BadRequest(DomainError):
    """The request cannot be read."""

    status = 400


class MethodNotAllowed(DomainError):
    """The resource exists, but not for this method; `details["allow"]` lists those it has."""

    status = 405


class TooLarge(DomainError):
    """The body is larger than this accepts."""

    status = 413


class UnsupportedMedia(DomainError):
    """The body is of another kind than this reads."""

    status = 415
