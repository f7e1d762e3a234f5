"""Random secrets that we give out once and keep only as SHA-256.

256 random bits need no slow hash: nobody can try them all.
"""

import hashlib
import secrets


def new_secret() -> str:
    """Return 256 random bits as 43 characters that are safe in addresses and headers."""
    return secrets.token_urlsafe(32)


def secret_hash(secret: str) -> str:
    """Return what is stored of a secret, as 64 hexadecimal digits."""
    return hashlib.sha256(secret.encode("utf-8", "replace")).hexdigest()
