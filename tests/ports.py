"""A port for a server of the tests, which stays free while the server is killed and started again."""

import random
import socket

_BELOW_THE_SYSTEMS_OWN = range(20_000, 32_000)
"""Linux gives outgoing connections ports from 32768 on: one of those may be taken before a server is back."""


def free_port() -> int:
    """Return a port of the loopback address that nobody uses."""
    for port in random.sample(_BELOW_THE_SYSTEMS_OWN, 100):
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    raise RuntimeError("no port is free")
