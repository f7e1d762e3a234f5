"""Mails as `.eml` files in a folder, which any mail program opens: for development.

A file appears whole or not at all. Its name comes from the Message-ID, so that a mail sent twice is one file.
"""

import os
import re
import tempfile
from dataclasses import dataclass
from email.message import EmailMessage
from pathlib import Path

_UNFIT = re.compile(r"[^A-Za-z0-9._-]+")


@dataclass(frozen=True, slots=True)
class FileBox:
    """A folder of mails."""

    folder: Path

    def send(self, message: EmailMessage) -> None:
        """Write the mail; the folder is made if need be, readable by its owner only."""
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        name = _UNFIT.sub("_", str(message["Message-ID"]).strip("<>"))[:150]
        handle, draft = tempfile.mkstemp(dir=self.folder, prefix=".", suffix=".part")
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(message.as_bytes())
                file.flush()
                os.fsync(file.fileno())
            Path(draft).replace(self.folder / f"{name}.eml")
        except BaseException:
            Path(draft).unlink(missing_ok=True)
            raise
