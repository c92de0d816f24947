-- The books of the accounts. What is append-only is so by grant: the service may not change or remove it.

CREATE TABLE account (
    account_id uuid PRIMARY KEY,
    tenant text NOT NULL,
    user_id uuid NOT NULL,
    number text NOT NULL,
    currency text NOT NULL CHECK (currency ~ '^[A-Z]{3}$'),
    position_mode smallint NOT NULL CHECK (position_mode IN (1, 2)),
    group_name text NOT NULL,
    opened_at timestamptz NOT NULL,
    balance numeric NOT NULL,
    -- Grows by 1 with each commit that touches the account: a commit applies to the version that it was decided on.
    version bigint NOT NULL CHECK (version > 0),
    -- Of the last journal entry.
    sequence bigint NOT NULL CHECK (sequence > 0),
    journal_hash bytea NOT NULL CHECK (octet_length(journal_hash) = 32),
    last_at timestamptz NOT NULL,
    CONSTRAINT account_number_unique UNIQUE (tenant, number)
) WITH (fillfactor = 50, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 5000);
CREATE INDEX account_user ON account (user_id, number);

-- Rows of an account are only ever added by the statement that locks and changes its row in `account`; that they belong
-- to an account needs no foreign key, which would cost a look-up a row.

CREATE TABLE orders (
    account_id uuid NOT NULL,
    order_id uuid NOT NULL,
    client_order_id text NOT NULL CHECK (client_order_id ~ '^[A-Za-z0-9_.:-]{1,64}$'),
    -- SHA-256 of what was asked: the same key with another body is refused.
    request_hash bytea NOT NULL CHECK (octet_length(request_hash) = 32),
    symbol text NOT NULL,
    side smallint NOT NULL CHECK (side IN (1, 2)),
    type smallint NOT NULL,
    -- 0 only for an order to close all of a position that was closed before.
    quantity numeric NOT NULL CHECK (quantity >= 0 AND quantity < 'Infinity'),
    filled_quantity numeric NOT NULL CHECK (filled_quantity >= 0 AND filled_quantity <= quantity),
    average_price numeric CHECK (average_price > 0),
    state smallint NOT NULL,
    reject_reason smallint NOT NULL,
    position_id uuid,
    submitted_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL CHECK (updated_at >= submitted_at),
    PRIMARY KEY (account_id, order_id),
    CONSTRAINT orders_client_order_id_unique UNIQUE (account_id, client_order_id),
    -- 1 accepted, 2 filled, 3 rejected
    CHECK (quantity > 0 OR state = 3),
    CHECK ((state = 2) = (filled_quantity = quantity AND quantity > 0)),
    CHECK ((state = 3) = (reject_reason <> 0)),
    CHECK ((filled_quantity > 0) = (average_price IS NOT NULL))
);

CREATE TABLE fill (
    account_id uuid NOT NULL,
    fill_id uuid NOT NULL,
    order_id uuid NOT NULL,
    position_id uuid NOT NULL,
    symbol text NOT NULL,
    side smallint NOT NULL CHECK (side IN (1, 2)),
    quantity numeric NOT NULL CHECK (quantity > 0),
    price numeric NOT NULL CHECK (price > 0),
    realized_pnl numeric NOT NULL,
    conversion_rate numeric NOT NULL CHECK (conversion_rate > 0),
    quote_id text NOT NULL,
    quote_age_us bigint NOT NULL,
    book text NOT NULL,
    rule_id text NOT NULL,
    rule_version bigint NOT NULL,
    at timestamptz NOT NULL,
    PRIMARY KEY (account_id, fill_id),
    FOREIGN KEY (account_id, order_id) REFERENCES orders
);
CREATE INDEX fill_order ON fill (account_id, order_id);

CREATE TABLE position (
    account_id uuid NOT NULL,
    position_id uuid NOT NULL,
    symbol text NOT NULL,
    side smallint NOT NULL CHECK (side IN (1, 2)),
    quantity numeric NOT NULL CHECK (quantity >= 0 AND quantity < 'Infinity'),
    open_price numeric NOT NULL CHECK (open_price > 0),
    opened_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    PRIMARY KEY (account_id, position_id)
) WITH (fillfactor = 80);
CREATE INDEX position_open ON position (account_id) WHERE quantity > 0;

CREATE TABLE ledger_entry (
    account_id uuid NOT NULL,
    transaction_id uuid NOT NULL,
    kind smallint NOT NULL,
    amount numeric NOT NULL,
    currency text NOT NULL,
    balance_after numeric NOT NULL,
    order_id uuid,
    -- The caller's key of a cash movement, and the SHA-256 of what was asked.
    request_id text,
    request_hash bytea,
    at timestamptz NOT NULL,
    PRIMARY KEY (account_id, transaction_id),
    CHECK ((request_id IS NULL) = (request_hash IS NULL)),
    CHECK ((request_id IS NULL) <> (order_id IS NULL))
);
CREATE UNIQUE INDEX ledger_entry_request_unique ON ledger_entry (account_id, request_id) WHERE request_id IS NOT NULL;

CREATE TABLE posting (
    account_id uuid NOT NULL,
    transaction_id uuid NOT NULL,
    ordinal smallint NOT NULL,
    ledger_account text NOT NULL,
    currency text NOT NULL,
    amount numeric NOT NULL CHECK (amount <> 'NaN' AND abs(amount) < 'Infinity'),
    PRIMARY KEY (account_id, transaction_id, ordinal),
    FOREIGN KEY (account_id, transaction_id) REFERENCES ledger_entry
);

CREATE TABLE journal (
    account_id uuid NOT NULL,
    sequence bigint NOT NULL CHECK (sequence > 0),
    -- A serialized tradeloom.oms.v1.JournalEntry, and SHA-256 of (the hash before ‖ payload).
    payload bytea NOT NULL,
    hash bytea NOT NULL CHECK (octet_length(hash) = 32),
    PRIMARY KEY (account_id, sequence)
);

CREATE TABLE outbox (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    topic text NOT NULL,
    key text NOT NULL,
    event_id uuid NOT NULL,
    payload bytea NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now()
) WITH (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 5000);

-- Fails the whole statement when an account's row was not at the version that a commit was decided on.
CREATE FUNCTION require_versions(expected uuid[], matched uuid[]) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'accounts changed since they were read' USING
        ERRCODE = 'TL001',
        DETAIL = array_to_string(ARRAY(SELECT unnest(expected) EXCEPT SELECT unnest(matched)), ',');
END
$$;

GRANT SELECT, INSERT, UPDATE ON account, orders, position TO oms;
GRANT SELECT, INSERT ON fill, ledger_entry, posting, journal TO oms;
GRANT SELECT, INSERT, DELETE ON outbox TO oms;
