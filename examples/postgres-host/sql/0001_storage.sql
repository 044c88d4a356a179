-- The healer's own memory: journal, outcomes, leases.

CREATE TABLE ruvector.collections (
    id INTEGER GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    tenant_id TEXT,
    created_at TIMESTAMPTZ NOT NULL DEFAULT now()
);
COMMENT ON TABLE ruvector.collections IS 'What is healed, by the number that outcomes name it with.';

CREATE TABLE ruvector.healing_streams (
    id INTEGER GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    -- "global", or "collection:" and the collection's name.
    name TEXT NOT NULL UNIQUE,
    next_sequence BIGINT NOT NULL,
    greatest_token BIGINT NOT NULL,
    newest_checkpoint BIGINT
);
COMMENT ON TABLE ruvector.healing_streams IS 'The streams of the journal. Whoever appends holds its row.';

CREATE TABLE ruvector.healing_journal (
    stream_id INTEGER NOT NULL REFERENCES ruvector.healing_streams (id),
    sequence BIGINT NOT NULL CHECK (sequence >= 0),
    at TIMESTAMPTZ NOT NULL,
    token BIGINT NOT NULL CHECK (token >= 0),
    kind TEXT NOT NULL CHECK (kind IN ('event', 'checkpoint')),
    -- JSON, as the text that was signed.
    body TEXT NOT NULL,
    previous BYTEA NOT NULL CHECK (length(previous) = 32),
    signer BYTEA CHECK (length(signer) = 32),
    signature BYTEA CHECK (length(signature) = 64),
    PRIMARY KEY (stream_id, sequence),
    CHECK ((signer IS NULL) = (signature IS NULL))
);

CREATE TABLE ruvector.healing_actions (
    -- The number that operators name a remediation by.
    action_id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    collection_id INTEGER NOT NULL REFERENCES ruvector.collections (id),
    -- Its number within the collection.
    number BIGINT NOT NULL,
    strategy_name TEXT NOT NULL,
    problem_class TEXT NOT NULL,
    summary TEXT NOT NULL,
    ordered_by TEXT,
    state TEXT NOT NULL,
    ended BOOLEAN NOT NULL,
    started_at TIMESTAMPTZ NOT NULL,
    updated_at TIMESTAMPTZ NOT NULL,
    UNIQUE (collection_id, number)
);
CREATE INDEX healing_actions_open ON ruvector.healing_actions (collection_id) WHERE NOT ended;
COMMENT ON TABLE ruvector.healing_actions IS
    'Where each remediation is: read off the journal in the transaction that appends to it.';

CREATE TABLE ruvector.healing_outcomes (
    id BIGSERIAL PRIMARY KEY,
    collection_id INTEGER NOT NULL REFERENCES ruvector.collections (id),
    tenant_id TEXT,
    -- Problem
    problem_class TEXT NOT NULL,
    problem_details JSONB NOT NULL,
    -- Strategy
    strategy_name TEXT NOT NULL,
    strategy_params JSONB,
    -- Execution
    started_at TIMESTAMPTZ NOT NULL,
    completed_at TIMESTAMPTZ,
    duration_ms INTEGER,
    -- Result
    success BOOLEAN NOT NULL,
    verified BOOLEAN,
    actions_taken INTEGER,
    improvement_pct REAL,
    error_message TEXT,
    -- Context
    initial_lambda REAL NOT NULL,
    final_lambda REAL,
    witness_edges JSONB,
    system_metrics JSONB,
    -- Learning
    feedback_score REAL,
    created_at TIMESTAMPTZ DEFAULT NOW(),
    -- Beyond the columns of the design document: which remediation it was, and the outcome with everything in it. The
    -- columns before are for SQL, in its types; what a healer reads back is this, to the last bit.
    remediation TEXT NOT NULL UNIQUE,
    record JSON NOT NULL
);
CREATE INDEX idx_healing_outcomes_class ON ruvector.healing_outcomes (problem_class);
CREATE INDEX idx_healing_outcomes_strategy ON ruvector.healing_outcomes (strategy_name);
CREATE INDEX idx_healing_outcomes_success ON ruvector.healing_outcomes (success, verified);
CREATE INDEX healing_outcomes_completed ON ruvector.healing_outcomes (completed_at);

CREATE TABLE ruvector.healing_leases (
    collection TEXT PRIMARY KEY,
    holder TEXT NOT NULL,
    token BIGINT NOT NULL CHECK (token >= 0),
    -- Granted, or last renewed.
    granted_at TIMESTAMPTZ NOT NULL,
    expires_at TIMESTAMPTZ NOT NULL,
    released BOOLEAN NOT NULL,
    -- Makes the token a column that foreign keys could refer to, so that changing it waits for every transaction that
    -- holds FOR KEY SHARE on the row, which a renewal does not: see fence.rs.
    UNIQUE (collection, token)
);
COMMENT ON TABLE ruvector.healing_leases IS 'Who may act on a collection. Effects are made under a key-share lock of its row.';

CREATE FUNCTION ruvector.lease_clock() RETURNS TIMESTAMPTZ
LANGUAGE sql VOLATILE
SET search_path = pg_catalog, pg_temp
AS 'SELECT clock_timestamp()';
COMMENT ON FUNCTION ruvector.lease_clock IS 'The clock that leases run by: the server''s own, so that those of healers may differ.';
