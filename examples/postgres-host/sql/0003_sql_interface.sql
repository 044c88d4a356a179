-- The operators' interface: the functions of the design document, and the way from them to a healer.
--
-- A function that changes something hands a command to a running healer and waits for its answer. The command must be
-- committed for the healer to see it, and a function cannot commit what its caller's transaction has begun. So it goes over a
-- connection back to this server (dblink), as a role that can do nothing but hand over commands.

DO $$
DECLARE
    wanted TEXT;
BEGIN
    FOREACH wanted IN ARRAY ARRAY['ruvector_reader', 'ruvector_operator', 'ruvector_client', 'ruvector_courier'] LOOP
        BEGIN
            EXECUTE format('CREATE ROLE %I NOLOGIN', wanted);
        EXCEPTION WHEN duplicate_object OR unique_violation THEN
            -- Roles are the whole server's: another database has them already.
            NULL;
        END;
    END LOOP;
    -- An operator may read too.
    IF NOT pg_has_role('ruvector_operator', 'ruvector_reader', 'MEMBER') THEN
        GRANT ruvector_reader TO ruvector_operator;
    END IF;
END
$$;

-- Without a schema, as another may have installed it. Where this does, nobody else gets to it.
CREATE EXTENSION IF NOT EXISTS dblink SCHEMA ruvector;

-- Healers, and what each last said of itself.
CREATE TABLE ruvector.healing_healers (
    holder TEXT PRIMARY KEY,
    -- The session that it listens in.
    backend_pid INTEGER NOT NULL,
    watches TEXT[] NOT NULL,
    started_at TIMESTAMPTZ NOT NULL DEFAULT clock_timestamp(),
    published_at TIMESTAMPTZ,
    status JSONB,
    config JSONB,
    effectiveness JSONB
);

-- Those whose session is there: it holds an advisory lock, which ends with it, in whatever way it ends.
CREATE VIEW ruvector.running_healers AS
SELECT healing_healers.* FROM ruvector.healing_healers
WHERE EXISTS (
    SELECT FROM pg_locks
    WHERE pid = backend_pid AND locktype = 'advisory' AND classid = 1751474540 AND objid = 3 AND objsubid = 2 AND granted
        AND database = (SELECT oid FROM pg_database WHERE datname = current_database()));

CREATE TABLE ruvector.healing_commands (
    id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    verb TEXT NOT NULL,
    -- What it is about; NULL: all collections.
    collection TEXT,
    arguments JSONB NOT NULL,
    given_by TEXT NOT NULL,
    given_at TIMESTAMPTZ NOT NULL DEFAULT clock_timestamp(),
    -- Whoever gave it waits no longer: it must not be carried out any more.
    expires_at TIMESTAMPTZ NOT NULL,
    state TEXT NOT NULL DEFAULT 'given' CHECK (state IN ('given', 'taken', 'answered', 'withdrawn')),
    taken_by TEXT,
    -- What came of it: either an answer, or an error.
    answer JSONB,
    error_code TEXT CHECK (error_code ~ '^[0-9A-Z]{5}$'),
    error_message TEXT,
    error_hint TEXT,
    CHECK ((state = 'answered') = (answer IS NOT NULL OR error_code IS NOT NULL))
);
CREATE INDEX healing_commands_open ON ruvector.healing_commands (id) WHERE state = 'given';

-- What the courier does: commits the command, tells healers of it, and waits for the answer. Returns a command's columns.
--
-- Everything is written with its schema, as whoever commits cannot have a search path of its own.
CREATE PROCEDURE ruvector.hand_over(order_in_hex TEXT, INOUT reply TEXT)
LANGUAGE plpgsql AS $$
DECLARE
    given JSONB := pg_catalog.convert_from(pg_catalog.decode(order_in_hex, 'hex'), 'UTF8')::JSONB;
    until TIMESTAMPTZ := pg_catalog.clock_timestamp() + (given ->> 'patience')::INTERVAL;
    number BIGINT;
    command ruvector.healing_commands;
    is_served BOOLEAN;
BEGIN
    INSERT INTO ruvector.healing_commands (verb, collection, arguments, given_by, expires_at)
        VALUES (given ->> 'verb', given ->> 'collection', given -> 'arguments', given ->> 'by', until)
        RETURNING id INTO number;
    PERFORM pg_catalog.pg_notify('ruvector_healing_commands', number::TEXT);
    COMMIT;
    LOOP
        SELECT * INTO command FROM ruvector.healing_commands WHERE id = number;
        EXIT WHEN command.state = 'answered';
        SELECT EXISTS (SELECT FROM ruvector.running_healers
                       WHERE command.state <> 'taken' OR holder = command.taken_by) INTO is_served;
        IF NOT is_served OR pg_catalog.clock_timestamp() >= until THEN
            -- What was taken meanwhile is not withdrawn, and may have been carried out.
            UPDATE ruvector.healing_commands SET state = 'withdrawn' WHERE id = number AND state = 'given';
            SELECT * INTO command FROM ruvector.healing_commands WHERE id = number;
            EXIT;
        END IF;
        COMMIT;
        PERFORM pg_catalog.pg_sleep(0.01);
    END LOOP;
    COMMIT;
    reply := pg_catalog.to_jsonb(command)::TEXT;
END
$$;

DO $create$
BEGIN
    EXECUTE replace($function$
CREATE FUNCTION ruvector.order_healer(verb TEXT, about TEXT, arguments JSONB) RETURNS JSONB
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, ruvector, pg_temp AS $$
DECLARE
    patience INTERVAL := least(
        coalesce(nullif(current_setting('ruvector.patience', true), ''), '10 s')::INTERVAL, INTERVAL '10 minutes');
    given JSONB := jsonb_build_object('verb', verb, 'collection', about, 'arguments', arguments, 'by', session_user,
                                      'patience', patience);
    command JSONB;
BEGIN
    IF NOT EXISTS (SELECT FROM ruvector.running_healers) THEN
        RAISE EXCEPTION 'no healer is running' USING ERRCODE = 'RH001',
            HINT = 'Start one: postgres-host heal --database-url ... --collection ...';
    END IF;
    IF about IS NOT NULL AND NOT EXISTS (SELECT FROM ruvector.running_healers WHERE about = ANY (watches)) THEN
        RAISE EXCEPTION 'no healer that is running watches a collection %', quote_literal(about) USING ERRCODE = 'RH002',
            HINT = format('Those watched are: %s.', (SELECT string_agg(DISTINCT watched, ', ')
                   FROM ruvector.running_healers, unnest(watches) AS watched));
    END IF;
    -- In digits, so that nothing in it can be taken for SQL: dblink takes no values.
    SELECT reply::JSONB INTO command FROM {dblink}.dblink('ruvector_loopback',
        format('CALL ruvector.hand_over(%L, NULL)', encode(convert_to(given::TEXT, 'UTF8'), 'hex'))) AS it (reply TEXT);
    IF command ->> 'state' = 'answered' AND command ->> 'error_code' IS NULL THEN
        RETURN command -> 'answer';
    ELSIF command ->> 'state' = 'answered' THEN
        RAISE EXCEPTION '%', command ->> 'error_message'
            USING ERRCODE = command ->> 'error_code', HINT = coalesce(command ->> 'error_hint', '');
    ELSIF command ->> 'state' = 'withdrawn' THEN
        RAISE EXCEPTION 'no healer took the order within %', patience USING ERRCODE = 'RH003',
            HINT = 'Nothing was done. A healer that took over is ready when the lease of the one before has run out; '
                || 'SET ruvector.patience = ''60 s'' waits longer.';
    ELSE
        RAISE EXCEPTION 'the healer % took the order and did not answer within %', command ->> 'taken_by', patience
            USING ERRCODE = 'RH004',
            HINT = 'It may have been carried out: look at ruvector_healing_status() before giving it again.';
    END IF;
END
$$
$function$, '{dblink}', (SELECT quote_ident(nspname) FROM pg_extension JOIN pg_namespace ON pg_namespace.oid = extnamespace
                         WHERE extname = 'dblink'));
END
$create$;

-- The remediation that an operator names by its number.
CREATE FUNCTION ruvector.action_numbered(wanted BIGINT, OUT collection TEXT, OUT remediation TEXT)
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, ruvector, pg_temp AS $$
BEGIN
    SELECT name, name || '#' || number INTO collection, remediation
    FROM ruvector.healing_actions JOIN ruvector.collections ON collections.id = collection_id WHERE action_id = wanted;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'there is no action %', coalesce(wanted::TEXT, 'NULL') USING ERRCODE = 'RH005',
            HINT = 'ruvector_healing_status() shows those at work, ruvector_healing_history() those that ended.';
    END IF;
END
$$;

CREATE FUNCTION ruvector.must_be_given(what TEXT, is_given BOOLEAN) RETURNS VOID
LANGUAGE plpgsql IMMUTABLE
SET search_path = pg_catalog, ruvector, pg_temp AS $$
BEGIN
    IF is_given IS NOT TRUE THEN
        RAISE EXCEPTION '% must be given', what USING ERRCODE = 'invalid_parameter_value', HINT = 'It must not be NULL or empty.';
    END IF;
END
$$;

-- Monitoring: for ruvector_reader.

CREATE FUNCTION ruvector.ruvector_healing_status() RETURNS JSONB
LANGUAGE sql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, ruvector, pg_temp AS $$
    WITH newest AS (
        -- Of those that run; where none does, what the last one said.
        SELECT status, config, published_at FROM ruvector.healing_healers
        ORDER BY (holder IN (SELECT holder FROM ruvector.running_healers)) DESC, published_at DESC NULLS LAST LIMIT 1
    ), day AS (
        SELECT count(*) AS healings, avg(verified::INTEGER)::FLOAT8 AS success_rate FROM ruvector.healing_outcomes
        WHERE completed_at >= now() - INTERVAL '24 hours'
    ), ended AS (
        SELECT max(updated_at) AS at FROM ruvector.healing_actions WHERE ended AND state <> 'expired'
    ), cooling AS (
        SELECT ended.at + (config ->> 'min_healing_interval_seconds')::FLOAT8 * INTERVAL '1 second' AS until
        FROM ended, newest
    )
    SELECT jsonb_build_object(
        'enabled', (SELECT config -> 'enabled' FROM newest),
        'last_healing', (SELECT at FROM ended),
        'total_healings_24h', day.healings,
        'success_rate', day.success_rate,
        'active_remediations', (
            SELECT coalesce(jsonb_agg(jsonb_build_object(
                'action_id', action_id, 'collection', name, 'strategy', strategy_name, 'problem', problem_class,
                'summary', summary, 'state', state, 'ordered_by', ordered_by, 'started_at', started_at,
                'updated_at', updated_at) ORDER BY action_id), '[]')
            FROM ruvector.healing_actions JOIN ruvector.collections ON collections.id = collection_id WHERE NOT ended),
        'cooldown_until', (SELECT until FROM cooling WHERE until > now()),
        'frozen', (SELECT status -> 'frozen' FROM newest),
        'storm', (SELECT status -> 'storm' FROM newest),
        'collections', (SELECT status -> 'collections' FROM newest),
        'healers', (
            SELECT coalesce(jsonb_agg(jsonb_build_object('holder', holder, 'since', started_at, 'watches', watches)
                                      ORDER BY holder), '[]')
            FROM ruvector.running_healers))
    FROM day
$$;

CREATE FUNCTION ruvector.ruvector_healing_history(
    since TIMESTAMPTZ DEFAULT now() - INTERVAL '24 hours', limit_ INTEGER DEFAULT 20)
RETURNS TABLE (
    action_id BIGINT, collection TEXT, tenant_id TEXT, problem_class TEXT, strategy_name TEXT, state TEXT,
    started_at TIMESTAMPTZ, completed_at TIMESTAMPTZ, duration_ms INTEGER, success BOOLEAN, verified BOOLEAN,
    actions_taken INTEGER, improvement_pct REAL, initial_lambda REAL, final_lambda REAL, error_message TEXT,
    feedback_score REAL)
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, ruvector, pg_temp AS $$
#variable_conflict use_column
BEGIN
    PERFORM ruvector.must_be_given('since', since IS NOT NULL);
    IF limit_ IS NULL OR limit_ NOT BETWEEN 1 AND 10000 THEN
        RAISE EXCEPTION 'limit_ is %', coalesce(limit_::TEXT, 'NULL')
            USING ERRCODE = 'invalid_parameter_value', HINT = 'Ask for 1 to 10000 rows.';
    END IF;
    RETURN QUERY
    SELECT action.action_id, collections.name, outcome.tenant_id, outcome.problem_class, outcome.strategy_name, action.state,
        outcome.started_at, outcome.completed_at, outcome.duration_ms, outcome.success, outcome.verified,
        outcome.actions_taken, outcome.improvement_pct, outcome.initial_lambda, outcome.final_lambda,
        outcome.error_message, outcome.feedback_score
    FROM ruvector.healing_outcomes AS outcome
    JOIN ruvector.collections ON collections.id = outcome.collection_id
    LEFT JOIN ruvector.healing_actions AS action ON action.collection_id = outcome.collection_id
        AND collections.name || '#' || action.number = outcome.remediation
    WHERE outcome.completed_at >= since ORDER BY outcome.id DESC LIMIT limit_;
END
$$;

CREATE FUNCTION ruvector.ruvector_healing_effectiveness()
RETURNS TABLE (
    strategy TEXT, weight FLOAT8, outcomes BIGINT, verified BIGINT, success_rate FLOAT8, avg_improvement_pct FLOAT8,
    avg_duration_seconds FLOAT8, rolled_back BIGINT, last_used TIMESTAMPTZ)
LANGUAGE sql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, ruvector, pg_temp AS $$
    -- Outcomes are everybody's; weights are those of the healer that spoke last.
    WITH report AS (
        SELECT effectiveness FROM ruvector.healing_healers WHERE effectiveness IS NOT NULL
        ORDER BY published_at DESC LIMIT 1
    ), weights AS (
        SELECT it ->> 'name' AS strategy, (it ->> 'weight')::FLOAT8 AS weight
        FROM report, jsonb_array_elements(effectiveness -> 'strategies') AS it
    )
    SELECT strategy_name, max(weights.weight), count(*), count(*) FILTER (WHERE success AND verified),
        avg((success AND coalesce(verified, false))::INTEGER)::FLOAT8, avg(improvement_pct)::FLOAT8,
        avg(duration_ms)::FLOAT8 / 1000, count(*) FILTER (WHERE (record ->> 'rolled_back')::BOOLEAN), max(completed_at)
    FROM ruvector.healing_outcomes LEFT JOIN weights ON weights.strategy = strategy_name
    GROUP BY strategy_name ORDER BY strategy_name
$$;

-- Configuration and orders: for ruvector_operator.

CREATE FUNCTION ruvector.ruvector_healing_configure(changes JSONB) RETURNS JSONB
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, ruvector, pg_temp AS $$
BEGIN
    PERFORM ruvector.must_be_given('a JSON object', jsonb_typeof(changes) = 'object');
    RETURN ruvector.order_healer('configure', NULL, jsonb_build_object('changes', changes));
END
$$;

CREATE FUNCTION ruvector.ruvector_healing_trigger(collection TEXT) RETURNS JSONB
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, ruvector, pg_temp AS $$
BEGIN
    PERFORM ruvector.must_be_given('the collection', collection <> '');
    RETURN ruvector.order_healer('trigger', collection, '{}');
END
$$;

CREATE FUNCTION ruvector.ruvector_healing_approve(action_id BIGINT) RETURNS JSONB
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, ruvector, pg_temp AS $$
DECLARE
    action RECORD := ruvector.action_numbered(action_id);
BEGIN
    RETURN ruvector.order_healer('approve', action.collection, jsonb_build_object('remediation', action.remediation));
END
$$;

CREATE FUNCTION ruvector.ruvector_healing_reject(action_id BIGINT) RETURNS JSONB
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, ruvector, pg_temp AS $$
DECLARE
    action RECORD := ruvector.action_numbered(action_id);
BEGIN
    RETURN ruvector.order_healer('reject', action.collection, jsonb_build_object('remediation', action.remediation));
END
$$;

CREATE FUNCTION ruvector.ruvector_healing_abort(action_id BIGINT) RETURNS JSONB
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, ruvector, pg_temp AS $$
DECLARE
    action RECORD := ruvector.action_numbered(action_id);
BEGIN
    RETURN ruvector.order_healer('abort', action.collection, jsonb_build_object('remediation', action.remediation));
END
$$;

-- `options` are the strategy's own parameters (`max_moves`, ...), and `dry_run`, which shows the plan and touches nothing.
CREATE FUNCTION ruvector.ruvector_healing_execute(collection TEXT, strategy TEXT, options JSONB DEFAULT '{}') RETURNS JSONB
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, ruvector, pg_temp AS $$
BEGIN
    PERFORM ruvector.must_be_given('the collection', collection <> ''), ruvector.must_be_given('the strategy', strategy <> ''),
        ruvector.must_be_given('a JSON object', jsonb_typeof(options) = 'object');
    IF jsonb_typeof(options -> 'dry_run') <> 'boolean' THEN
        RAISE EXCEPTION 'dry_run is %', options -> 'dry_run'
            USING ERRCODE = 'invalid_parameter_value', HINT = 'It is true or false.';
    END IF;
    RETURN ruvector.order_healer('execute', collection, jsonb_build_object(
        'strategy', strategy, 'dry_run', coalesce((options ->> 'dry_run')::BOOLEAN, false),
        'parameters', options - 'dry_run'));
END
$$;

CREATE FUNCTION ruvector.ruvector_healing_rollback(collection TEXT) RETURNS JSONB
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, ruvector, pg_temp AS $$
BEGIN
    PERFORM ruvector.must_be_given('the collection', collection <> '');
    RETURN ruvector.order_healer('rollback', collection, '{}');
END
$$;

-- -1: it did harm, 0: neither, 1: it was right.
CREATE FUNCTION ruvector.ruvector_healing_feedback(action_id BIGINT, score FLOAT8) RETURNS JSONB
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, ruvector, pg_temp AS $$
DECLARE
    action RECORD := ruvector.action_numbered(action_id);
BEGIN
    IF score IS NULL OR score NOT BETWEEN -1 AND 1 THEN
        RAISE EXCEPTION 'the score is %', coalesce(score::TEXT, 'NULL')
            USING ERRCODE = 'invalid_parameter_value', HINT = '-1: it did harm, 0: neither, 1: it was right.';
    END IF;
    RETURN ruvector.order_healer('feedback', NULL,
        jsonb_build_object('remediation', action.remediation, 'score', score));
END
$$;

-- Lets nothing new begin: in one collection, or in all.
CREATE FUNCTION ruvector.ruvector_healing_freeze(reason TEXT, collection TEXT DEFAULT NULL) RETURNS JSONB
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, ruvector, pg_temp AS $$
BEGIN
    PERFORM ruvector.must_be_given('the reason', reason <> '');
    RETURN ruvector.order_healer('freeze', NULL, jsonb_build_object('reason', reason, 'collection', collection));
END
$$;

CREATE FUNCTION ruvector.ruvector_healing_unfreeze(collection TEXT DEFAULT NULL) RETURNS JSONB
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, ruvector, pg_temp AS $$
BEGIN
    RETURN ruvector.order_healer('unfreeze', NULL, jsonb_build_object('collection', collection));
END
$$;

-- Why the loop did what it did, when it last found the collection degraded.
CREATE FUNCTION ruvector.ruvector_healing_explain(collection TEXT) RETURNS JSONB
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, ruvector, pg_temp AS $$
BEGIN
    PERFORM ruvector.must_be_given('the collection', collection <> '');
    RETURN ruvector.order_healer('explain', collection, '{}');
END
$$;

-- Who may do what.

REVOKE ALL ON ALL FUNCTIONS IN SCHEMA ruvector FROM PUBLIC;
REVOKE ALL ON ALL PROCEDURES IN SCHEMA ruvector FROM PUBLIC;
REVOKE ALL ON ALL TABLES IN SCHEMA ruvector FROM PUBLIC;
REVOKE ALL ON SCHEMA ruvector FROM PUBLIC;
GRANT USAGE ON SCHEMA ruvector TO ruvector_reader, ruvector_operator, ruvector_client, ruvector_courier;

GRANT EXECUTE ON FUNCTION
    ruvector.ruvector_healing_status(), ruvector.ruvector_healing_history(TIMESTAMPTZ, INTEGER),
    ruvector.ruvector_healing_effectiveness()
    TO ruvector_reader;
GRANT EXECUTE ON FUNCTION
    ruvector.ruvector_healing_configure(JSONB), ruvector.ruvector_healing_trigger(TEXT),
    ruvector.ruvector_healing_approve(BIGINT), ruvector.ruvector_healing_reject(BIGINT),
    ruvector.ruvector_healing_abort(BIGINT), ruvector.ruvector_healing_execute(TEXT, TEXT, JSONB),
    ruvector.ruvector_healing_rollback(TEXT), ruvector.ruvector_healing_feedback(BIGINT, FLOAT8),
    ruvector.ruvector_healing_freeze(TEXT, TEXT), ruvector.ruvector_healing_unfreeze(TEXT),
    ruvector.ruvector_healing_explain(TEXT)
    TO ruvector_operator;
-- Clients of the vector store.
GRANT EXECUTE ON FUNCTION
    ruvector.insert_vector(TEXT, REAL[]), ruvector.insert_vectors(TEXT, REAL[][]),
    ruvector.update_vector(TEXT, BIGINT, REAL[]), ruvector.delete_vectors(TEXT, BIGINT[]),
    ruvector.fetch_vector(TEXT, BIGINT), ruvector.search(TEXT, REAL[], INTEGER, INTEGER), ruvector.read_sources(TEXT)
    TO ruvector_client;
-- The courier hands over commands, and nothing else.
GRANT EXECUTE ON PROCEDURE ruvector.hand_over(TEXT, TEXT) TO ruvector_courier;
GRANT SELECT, INSERT, UPDATE (state) ON ruvector.healing_commands TO ruvector_courier;
GRANT SELECT ON ruvector.running_healers TO ruvector_courier;
