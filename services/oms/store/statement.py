"""The one statement that commits a batch, made from the tables it writes.

The account rows come first, locked in the order of their ids so that batches can't deadlock, each only if it is still
at the version that was decided on. If one is not, `require_versions` fails the whole statement. Being one statement,
it is one transaction and one round trip.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Table:
    """A table that rows are added to: its columns, each with the type of its array and a cast where that differs."""

    name: str
    columns: tuple[tuple[str, str], ...]
    on_conflict: str = ""

    @property
    def width(self) -> int:
        """How many parameters its rows take."""
        return len(self.columns)


NUMERIC = "text[]::numeric[]"

ACCOUNT_CHANGES = (
    ("account_id", "uuid[]"),
    ("version", "bigint[]"),
    ("balance", NUMERIC),
    ("sequence", "bigint[]"),
    ("journal_hash", "bytea[]"),
    ("last_at", "timestamptz[]"),
)

ACCOUNT = Table(
    "account",
    (
        ("account_id", "uuid[]"),
        ("tenant", "text[]"),
        ("user_id", "uuid[]"),
        ("number", "text[]"),
        ("currency", "text[]"),
        ("position_mode", "smallint[]"),
        ("group_name", "text[]"),
        ("opened_at", "timestamptz[]"),
        ("balance", NUMERIC),
        ("version", "bigint[]"),
        ("sequence", "bigint[]"),
        ("journal_hash", "bytea[]"),
        ("last_at", "timestamptz[]"),
    ),
)

ORDERS = Table(
    "orders",
    (
        ("account_id", "uuid[]"),
        ("order_id", "uuid[]"),
        ("client_order_id", "text[]"),
        ("request_hash", "bytea[]"),
        ("symbol", "text[]"),
        ("side", "smallint[]"),
        ("type", "smallint[]"),
        ("quantity", NUMERIC),
        ("filled_quantity", NUMERIC),
        ("average_price", NUMERIC),
        ("state", "smallint[]"),
        ("reject_reason", "smallint[]"),
        ("position_id", "uuid[]"),
        ("submitted_at", "timestamptz[]"),
        ("updated_at", "timestamptz[]"),
    ),
)

FILL = Table(
    "fill",
    (
        ("account_id", "uuid[]"),
        ("fill_id", "uuid[]"),
        ("order_id", "uuid[]"),
        ("position_id", "uuid[]"),
        ("symbol", "text[]"),
        ("side", "smallint[]"),
        ("quantity", NUMERIC),
        ("price", NUMERIC),
        ("realized_pnl", NUMERIC),
        ("conversion_rate", NUMERIC),
        ("quote_id", "text[]"),
        ("quote_age_us", "bigint[]"),
        ("book", "text[]"),
        ("rule_id", "text[]"),
        ("rule_version", "bigint[]"),
        ("at", "timestamptz[]"),
    ),
)

POSITION = Table(
    "position",
    (
        ("account_id", "uuid[]"),
        ("position_id", "uuid[]"),
        ("symbol", "text[]"),
        ("side", "smallint[]"),
        ("quantity", NUMERIC),
        ("open_price", NUMERIC),
        ("opened_at", "timestamptz[]"),
        ("updated_at", "timestamptz[]"),
    ),
    on_conflict=(
        "ON CONFLICT (account_id, position_id) DO UPDATE SET quantity = excluded.quantity, "
        "open_price = excluded.open_price, updated_at = excluded.updated_at"
    ),
)

LEDGER_ENTRY = Table(
    "ledger_entry",
    (
        ("account_id", "uuid[]"),
        ("transaction_id", "uuid[]"),
        ("kind", "smallint[]"),
        ("amount", NUMERIC),
        ("currency", "text[]"),
        ("balance_after", NUMERIC),
        ("order_id", "uuid[]"),
        ("request_id", "text[]"),
        ("request_hash", "bytea[]"),
        ("at", "timestamptz[]"),
    ),
)

POSTING = Table(
    "posting",
    (
        ("account_id", "uuid[]"),
        ("transaction_id", "uuid[]"),
        ("ordinal", "smallint[]"),
        ("ledger_account", "text[]"),
        ("currency", "text[]"),
        ("amount", NUMERIC),
    ),
)

JOURNAL = Table(
    "journal",
    (("account_id", "uuid[]"), ("sequence", "bigint[]"), ("payload", "bytea[]"), ("hash", "bytea[]")),
)

OUTBOX = Table(
    "outbox",
    (("topic", "text[]"), ("key", "text[]"), ("event_id", "uuid[]"), ("payload", "bytea[]")),
)

ALWAYS = (ORDERS, FILL, POSITION, JOURNAL, OUTBOX)
MONEY = (LEDGER_ENTRY, POSTING)

_CHANGED = """
locked AS MATERIALIZED (
    SELECT account_id FROM account WHERE account_id = ANY($1::uuid[]) ORDER BY account_id FOR UPDATE
), changed AS (
    UPDATE account SET version = n.version + 1, balance = n.balance, sequence = n.sequence,
        journal_hash = n.journal_hash, last_at = n.last_at
    FROM unnest({arrays}) AS n ({names})
    WHERE account.account_id = n.account_id AND account.version = n.version
        AND (SELECT count(*) FROM locked) = cardinality($1)
    RETURNING account.account_id
)"""

_CHECKED = """
SELECT require_versions($1, ARRAY(SELECT account_id FROM changed))
WHERE (SELECT count(*) FROM changed) <> cardinality($1)"""


def commit_statement(tables: tuple[Table, ...]) -> str:
    """Changes accounts (parameters 1 to 6), then adds rows to the tables (parameters in their order)."""
    names, arrays = _unnested(ACCOUNT_CHANGES, 1)
    parts = [_CHANGED.format(arrays=arrays, names=names)]
    number = len(ACCOUNT_CHANGES) + 1
    for table in tables:
        names, arrays = _unnested(table.columns, number)
        parts.append(
            f"add_{table.name} AS (INSERT INTO {table.name} ({names}) "  # noqa: S608 -- names are the constants above
            f"SELECT * FROM unnest({arrays}) {table.on_conflict})"
        )
        number += table.width
    return "WITH " + ", ".join(parts) + _CHECKED


def _unnested(columns: tuple[tuple[str, str], ...], number: int) -> tuple[str, str]:
    names = ", ".join(name for name, _ in columns)
    arrays = ", ".join(f"${at}::{kind}" for at, (_, kind) in enumerate(columns, start=number))
    return names, arrays
