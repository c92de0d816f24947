"""Who runs the embedded servers: oneself, or under root an account that owns nothing else.

PostgreSQL refuses to run as root, and Redis and Envoy have no need of it.
"""

import os
import subprocess
from pathlib import Path
from typing import TypedDict

NOBODY = 65534  # the uid and gid of nobody on every glibc Linux; no useradd needed


class Identity(TypedDict, total=False):
    """Keyword arguments for `subprocess`: empty to stay who we are."""

    user: int
    group: int
    extra_groups: list[int]


def unprivileged() -> Identity:
    """Return how to start a process that must not be root."""
    if os.geteuid() != 0:
        return {}
    return {"user": NOBODY, "group": NOBODY, "extra_groups": []}


def give(path: Path) -> None:
    """Hand a path over to the account that the embedded servers run as."""
    if os.geteuid() == 0:
        os.chown(path, NOBODY, NOBODY)


def can_run(binary: Path) -> bool:
    """Say whether the unprivileged account can run this file: a clone under /root is closed to it."""
    try:
        done = subprocess.run([binary, "--version"], capture_output=True, timeout=20, cwd="/", **unprivileged())
    except OSError:
        return False
    return done.returncode == 0
