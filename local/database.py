"""The roles, database and schemas that the services expect to find."""

import asyncpg

# Every service that keeps state has a schema of its name, a role that owns it (migrations) and one that uses it.
SCHEMAS = ("reference", "identity", "router", "oms")
DATABASE = "tradeloom"


def roles() -> list[str]:
    """Return every role that the services log in with."""
    return [role for schema in SCHEMAS for role in (f"{schema}_owner", schema)]


async def create_roles(admin: "asyncpg.Connection", passwords: dict[str, str]) -> None:
    """Make the roles, or set their passwords anew."""
    known = {row["rolname"] for row in await admin.fetch("SELECT rolname FROM pg_roles")}
    for role in roles():
        verb = "ALTER" if role in known else "CREATE"
        secret = passwords[role].replace("'", "''")
        await admin.execute(f"{verb} ROLE {role} LOGIN PASSWORD '{secret}'")


async def create_database(admin: "asyncpg.Connection", name: str) -> None:
    """Make the database unless it exists; only the services' roles may enter it."""
    if not await admin.fetchval("SELECT 1 FROM pg_database WHERE datname = $1", name):
        await admin.execute(f'CREATE DATABASE "{name}"')
    await admin.execute(f'REVOKE ALL ON DATABASE "{name}" FROM PUBLIC')
    await admin.execute(f'GRANT CONNECT ON DATABASE "{name}" TO {", ".join(roles())}')


async def create_schemas(connection: "asyncpg.Connection") -> None:
    """Make each service's schema in the connected database."""
    for schema in SCHEMAS:
        await connection.execute(f"CREATE SCHEMA IF NOT EXISTS {schema} AUTHORIZATION {schema}_owner")
        await connection.execute(f"GRANT USAGE ON SCHEMA {schema} TO {schema}")
