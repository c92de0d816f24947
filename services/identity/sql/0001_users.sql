-- Users, their sessions, and what is kept of refresh tokens: hashes only. `user` is a reserved word, hence `login_user`.

CREATE TABLE login_user (
    user_id       uuid        PRIMARY KEY,
    tenant        text        NOT NULL CHECK (tenant ~ '^[a-z0-9-]{1,32}$'),
    username      text        NOT NULL UNIQUE CHECK (username = lower(username) AND username <> ''),
    password_hash text        NOT NULL CHECK (password_hash LIKE '$argon2id$%'),
    roles         text[]      NOT NULL CHECK (roles <> '{}'),
    created_at    timestamptz NOT NULL
);

CREATE TABLE session (
    session_id uuid        PRIMARY KEY,
    user_id    uuid        NOT NULL REFERENCES login_user,
    started_at timestamptz NOT NULL,
    ended_at   timestamptz,
    end_reason text        CHECK (end_reason <> ''),
    CHECK ((ended_at IS NULL) = (end_reason IS NULL))
);

CREATE TABLE refresh_token (
    token_hash bytea       PRIMARY KEY CHECK (length(token_hash) = 32),
    session_id uuid        NOT NULL REFERENCES session,
    issued_at  timestamptz NOT NULL,
    expires_at timestamptz NOT NULL CHECK (expires_at > issued_at),
    used_at    timestamptz
);

CREATE INDEX refresh_token_expires_at ON refresh_token (expires_at);

GRANT SELECT, INSERT, UPDATE (password_hash) ON login_user TO identity;
GRANT SELECT, INSERT, UPDATE (ended_at, end_reason) ON session TO identity;
GRANT SELECT, INSERT, UPDATE (used_at), DELETE ON refresh_token TO identity;
