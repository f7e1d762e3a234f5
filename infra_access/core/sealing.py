"""Sealing what may be read only on purpose: encrypted and signed with the keys of a site (Fernet).

Source: the specification of Fernet; RFC 5869 for the key that is derived where a site has none of its own.
"""

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from cryptography.fernet import MultiFernet

PADDED = 160
"""Shorter values are filled up to this, so that how long a sealed one is tells nothing of it."""

_INFO = b"infra-access sealing 1"


class Unreadable(Exception):
    """None of the keys opens it, or somebody changed it."""


@dataclass(frozen=True, slots=True)
class Sealer:
    """Seals with the first of its keys and opens with all. One derived from the secret comes last."""

    keys: tuple[str, ...] = field(repr=False)
    secret: str = field(repr=False)

    def seal(self, value: Mapping[str, Any]) -> str:
        """Return plain JSON under seal, as text."""
        return self._fernet().encrypt(json.dumps(value).ljust(PADDED).encode()).decode()

    def open(self, sealed: str) -> dict[str, Any]:
        """Return what was sealed. Raises Unreadable."""
        from cryptography.fernet import InvalidToken

        try:
            opened: dict[str, Any] = json.loads(self._fernet().decrypt(sealed.encode()))
        except InvalidToken:
            raise Unreadable from None
        return opened

    def _fernet(self) -> "MultiFernet":
        # Imported here, since hardly any process ever opens or seals anything.
        from cryptography.fernet import Fernet, MultiFernet

        keys: list[str | bytes] = [*self.keys, self._derived()]
        return MultiFernet([Fernet(key) for key in keys])

    def _derived(self) -> bytes:
        from cryptography.hazmat.primitives.hashes import SHA256
        from cryptography.hazmat.primitives.kdf.hkdf import HKDF

        derived = HKDF(algorithm=SHA256(), length=32, salt=None, info=_INFO).derive(self.secret.encode())
        return base64.urlsafe_b64encode(derived)
