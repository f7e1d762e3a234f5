"""Infra Access: a shared catalogue and booking system for research infrastructure."""

from typing import Any


def main(global_config: dict[str, str], **settings: str) -> Any:
    """Return the WSGI application; the ini's `use = egg:infra-access` calls this."""
    from infra_access.config import make_app

    return make_app({**global_config, **settings})
