"""Passwords of the database roles: random, made once, kept in a file that only its owner can read."""

import json
import secrets

from local.database import roles
from local.paths import Paths, write_private
from local.postgres import SUPERUSER


def load_or_create(paths: Paths) -> dict[str, str]:
    """Return a password for every role."""
    known: dict[str, str] = json.loads(paths.credentials.read_text()) if paths.credentials.exists() else {}
    complete = {role: known.get(role) or secrets.token_urlsafe(24) for role in (SUPERUSER, *roles())}
    if complete != known:
        write_private(paths.credentials, json.dumps(complete, indent=2))
    return complete
