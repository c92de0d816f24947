-- Routing rules. A change is a new row: which rule decided on an order can be told for ever.
-- A version counts once somebody other than its author has approved it, and from `effective_at` on; a rule is taken
-- out by a version that is not enabled. An empty condition matches everything.

CREATE TABLE rule_version (
    rule_id       text        NOT NULL COLLATE "C" CHECK (rule_id ~ '^[a-z][a-z0-9_-]{0,63}$'),
    version       bigint      NOT NULL CHECK (version > 0),
    enabled       boolean     NOT NULL,
    priority      integer     NOT NULL,
    tenant        text        NOT NULL DEFAULT '',
    account_group text        NOT NULL DEFAULT '',
    symbol        text        NOT NULL DEFAULT '',
    book          text        NOT NULL CHECK (book IN ('B')),
    author        text        NOT NULL CHECK (author <> ''),
    approver      text        CHECK (approver <> '' AND approver <> author),
    created_at    timestamptz NOT NULL DEFAULT now(),
    approved_at   timestamptz,
    effective_at  timestamptz NOT NULL,
    PRIMARY KEY (rule_id, version),
    CHECK ((approver IS NULL) = (approved_at IS NULL))
);

CREATE VIEW rule_in_force AS
SELECT * FROM (
    SELECT DISTINCT ON (rule_id) *
    FROM rule_version
    WHERE approver IS NOT NULL AND effective_at <= now()
    ORDER BY rule_id, version DESC
) AS newest
WHERE enabled;

GRANT SELECT ON rule_version, rule_in_force TO router;
