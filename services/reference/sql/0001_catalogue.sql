-- Instruments and account groups. A change is a new row: what was in force at any moment can be told later.
-- A version counts once somebody other than its author has approved it, and from `effective_at` on.

CREATE TABLE instrument_version (
    symbol           text        NOT NULL COLLATE "C" CHECK (symbol ~ '^[A-Z0-9.]{1,16}$'),
    version          bigint      NOT NULL CHECK (version > 0),
    description      text        NOT NULL,
    asset_class      text        NOT NULL CHECK (asset_class IN ('FOREX', 'METAL', 'INDEX', 'CRYPTO')),
    base_currency    text        NOT NULL CHECK (base_currency ~ '^[A-Z0-9.]{1,16}$'),
    quote_currency   text        NOT NULL CHECK (quote_currency ~ '^[A-Z0-9]{3,10}$'),
    digits           integer     NOT NULL CHECK (digits BETWEEN 0 AND 10),
    contract_size    numeric     NOT NULL CHECK (contract_size > 0 AND contract_size < 'Infinity'),
    min_quantity     numeric     NOT NULL CHECK (min_quantity > 0),
    max_quantity     numeric     NOT NULL CHECK (max_quantity >= min_quantity AND max_quantity < 'Infinity'),
    quantity_step    numeric     NOT NULL CHECK (quantity_step > 0 AND quantity_step <= min_quantity),
    margin_mode      text        NOT NULL CHECK (margin_mode IN ('FOREX', 'CFD')),
    margin_rate      numeric     NOT NULL CHECK (margin_rate > 0 AND margin_rate <= 1),
    quote_age_ms_max integer     NOT NULL CHECK (quote_age_ms_max > 0),
    tradable         boolean     NOT NULL,
    author           text        NOT NULL CHECK (author <> ''),
    approver         text        CHECK (approver <> '' AND approver <> author),
    created_at       timestamptz NOT NULL DEFAULT now(),
    approved_at      timestamptz,
    effective_at     timestamptz NOT NULL,
    PRIMARY KEY (symbol, version),
    CHECK ((approver IS NULL) = (approved_at IS NULL))
);

CREATE TABLE account_group_version (
    name         text        NOT NULL COLLATE "C" CHECK (name ~ '^[a-z][a-z0-9_-]{0,31}$'),
    version      bigint      NOT NULL CHECK (version > 0),
    description  text        NOT NULL,
    max_leverage integer     NOT NULL CHECK (max_leverage > 0),
    author       text        NOT NULL CHECK (author <> ''),
    approver     text        CHECK (approver <> '' AND approver <> author),
    created_at   timestamptz NOT NULL DEFAULT now(),
    approved_at  timestamptz,
    effective_at timestamptz NOT NULL,
    PRIMARY KEY (name, version),
    CHECK ((approver IS NULL) = (approved_at IS NULL))
);

CREATE VIEW instrument_in_force AS
SELECT DISTINCT ON (symbol) *
FROM instrument_version
WHERE approver IS NOT NULL AND effective_at <= now()
ORDER BY symbol, version DESC;

CREATE VIEW account_group_in_force AS
SELECT DISTINCT ON (name) *
FROM account_group_version
WHERE approver IS NOT NULL AND effective_at <= now()
ORDER BY name, version DESC;

GRANT SELECT ON instrument_version, account_group_version, instrument_in_force, account_group_in_force TO reference;
