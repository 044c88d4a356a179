-- Several healers on one database: what each says of itself put together, and what all of them learn from.

-- What humans said of outcomes, in the order in which they said it: an outcome's row has only the last.
CREATE TABLE ruvector.healing_feedback (
    id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    outcome_id BIGINT NOT NULL REFERENCES ruvector.healing_outcomes (id),
    -- What it replaced.
    former FLOAT8,
    score FLOAT8 NOT NULL CHECK (score BETWEEN -1 AND 1),
    given_at TIMESTAMPTZ NOT NULL DEFAULT clock_timestamp()
);

-- Whether it was taken back, without a look into the record, whose texts may have characters that SQL has not. (Such an escape
-- is put right in a copy to read the field from.)
ALTER TABLE ruvector.healing_outcomes ADD COLUMN rolled_back BOOLEAN NOT NULL DEFAULT false;
UPDATE ruvector.healing_outcomes
SET rolled_back = coalesce((replace(record::TEXT, '\u0000', '\ufffd')::JSONB ->> 'rolled_back')::BOOLEAN, false);

-- Each collection is told of by the healer that acts on it, or else by the one that spoke last of those that watch it; where
-- none runs, by what was said last. Cool-downs are those of the actions, whoever said what.
CREATE OR REPLACE FUNCTION ruvector.ruvector_healing_status() RETURNS JSONB
LANGUAGE sql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, ruvector, pg_temp AS $$
    WITH spoken AS (
        SELECT holder, status, config, published_at, holder IN (SELECT holder FROM ruvector.running_healers) AS is_running
        FROM ruvector.healing_healers WHERE published_at IS NOT NULL
    ), newest AS (
        SELECT status, config FROM spoken ORDER BY is_running DESC, published_at DESC LIMIT 1
    ), day AS (
        SELECT count(*) AS healings, avg(verified::INTEGER)::FLOAT8 AS success_rate FROM ruvector.healing_outcomes
        WHERE completed_at >= now() - INTERVAL '24 hours'
    ), ended AS (
        SELECT collections.name, max(updated_at) AS at
        FROM ruvector.healing_actions JOIN ruvector.collections ON collections.id = collection_id
        WHERE ended AND state <> 'expired' GROUP BY collections.name
    ), cooling AS (
        SELECT name, until FROM ended, newest
        CROSS JOIN LATERAL (SELECT at + (config ->> 'min_healing_interval_seconds')::FLOAT8 * INTERVAL '1 second') AS it (until)
        WHERE until > now()
    ), told AS (
        SELECT DISTINCT ON (name) name, said FROM (
            SELECT said ->> 'collection' AS name, said, holder, is_running, published_at
            FROM spoken, jsonb_path_query(status, '$.collections[*]') AS said) AS by_healer
        LEFT JOIN ruvector.healing_leases AS lease ON lease.collection = name AND lease.holder = by_healer.holder
            AND NOT released AND expires_at > ruvector.lease_clock()
        ORDER BY name, is_running DESC, lease.holder IS NULL, published_at DESC
    )
    SELECT jsonb_build_object(
        'enabled', (SELECT config -> 'enabled' FROM newest),
        'last_healing', (SELECT max(at) FROM ended),
        'total_healings_24h', day.healings,
        'success_rate', day.success_rate,
        'active_remediations', (
            SELECT coalesce(jsonb_agg(jsonb_build_object(
                'action_id', action_id, 'collection', name, 'strategy', strategy_name, 'problem', problem_class,
                'summary', summary, 'state', state, 'ordered_by', ordered_by, 'started_at', started_at,
                'updated_at', updated_at) ORDER BY action_id), '[]')
            FROM ruvector.healing_actions JOIN ruvector.collections ON collections.id = collection_id WHERE NOT ended),
        'cooldown_until', (SELECT max(until) FROM cooling),
        'frozen', (SELECT status -> 'frozen' FROM newest),
        'storm', (SELECT status -> 'storm' FROM newest),
        'collections', (
            SELECT coalesce(jsonb_agg(said || jsonb_build_object('cooldown_until', until) ORDER BY name), '[]')
            FROM told LEFT JOIN cooling USING (name)),
        'healers', (
            SELECT coalesce(jsonb_agg(jsonb_build_object('holder', holder, 'since', started_at, 'watches', watches)
                                      ORDER BY holder), '[]')
            FROM ruvector.running_healers))
    FROM day
$$;
COMMENT ON FUNCTION ruvector.ruvector_healing_status IS
    'How healing is going. cooldown_until is when the last collection has cooled down; each has its own in collections.';

CREATE OR REPLACE FUNCTION ruvector.ruvector_healing_effectiveness()
RETURNS TABLE (
    strategy TEXT, weight FLOAT8, outcomes BIGINT, verified BIGINT, success_rate FLOAT8, avg_improvement_pct FLOAT8,
    avg_duration_seconds FLOAT8, rolled_back BIGINT, last_used TIMESTAMPTZ)
LANGUAGE sql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, ruvector, pg_temp AS $$
    -- All healers learn from the same outcomes. Weights are those of the one that has learned the most of them, whenever it
    -- spoke.
    WITH report AS (
        SELECT effectiveness FROM ruvector.healing_healers WHERE effectiveness IS NOT NULL
        ORDER BY (effectiveness #>> '{learned_up_to,outcome}')::BIGINT DESC NULLS LAST,
            (effectiveness #>> '{learned_up_to,feedback}')::BIGINT DESC NULLS LAST, published_at DESC
        LIMIT 1
    ), weights AS (
        SELECT it ->> 'name' AS strategy, (it ->> 'weight')::FLOAT8 AS weight
        FROM report, jsonb_array_elements(effectiveness -> 'strategies') AS it
    )
    SELECT strategy_name, max(weights.weight), count(*), count(*) FILTER (WHERE success AND verified),
        avg((success AND coalesce(verified, false))::INTEGER)::FLOAT8, avg(improvement_pct)::FLOAT8,
        avg(duration_ms)::FLOAT8 / 1000, count(*) FILTER (WHERE rolled_back), max(completed_at)
    FROM ruvector.healing_outcomes LEFT JOIN weights ON weights.strategy = strategy_name
    GROUP BY strategy_name ORDER BY strategy_name
$$;

-- How long a caller waits for the answer to an order: what the session says, ten minutes at most.
CREATE FUNCTION ruvector.patience() RETURNS INTERVAL
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, ruvector, pg_temp AS $$
DECLARE
    said TEXT := coalesce(nullif(current_setting('ruvector.patience', true), ''), '10 s');
BEGIN
    IF said::INTERVAL <= INTERVAL '0' THEN
        RAISE invalid_datetime_format;
    END IF;
    RETURN least(said::INTERVAL, INTERVAL '10 minutes');
EXCEPTION WHEN invalid_datetime_format OR datetime_field_overflow OR interval_field_overflow THEN
    RAISE EXCEPTION 'ruvector.patience is %', quote_literal(said)
        USING ERRCODE = 'invalid_parameter_value', HINT = 'It is an interval of more than 0: SET ruvector.patience = ''30 s''.';
END
$$;

-- Raises an error unless some healer that is running watches the collection.
CREATE FUNCTION ruvector.must_be_watched(about TEXT) RETURNS VOID
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, ruvector, pg_temp AS $$
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
END
$$;

-- As before, and every way in which the order may be lost on its way is an error that says what became of it.
DO $create$
BEGIN
    EXECUTE replace($function$
CREATE OR REPLACE FUNCTION ruvector.order_healer(verb TEXT, about TEXT, arguments JSONB) RETURNS JSONB
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, ruvector, pg_temp AS $$
DECLARE
    patience INTERVAL := ruvector.patience();
    because TEXT;
    given JSONB := jsonb_build_object('verb', verb, 'collection', about, 'arguments', arguments, 'by', session_user,
                                      'patience', patience);
    command JSONB;
BEGIN
    PERFORM ruvector.must_be_watched(about);
    BEGIN
        -- In digits, so that nothing in it can be taken for SQL: dblink takes no values.
        SELECT reply::JSONB INTO command FROM {dblink}.dblink('ruvector_loopback',
            format('CALL ruvector.hand_over(%L, NULL)', encode(convert_to(given::TEXT, 'UTF8'), 'hex'))) AS it (reply TEXT);
    EXCEPTION
        WHEN sqlclient_unable_to_establish_sqlconnection THEN
            GET STACKED DIAGNOSTICS because = PG_EXCEPTION_DETAIL;
            RAISE EXCEPTION 'the order could not be handed over' USING ERRCODE = 'RH014', DETAIL = because,
                HINT = 'Nothing was done. The server must let the role ruvector_courier in, and have a connection left for '
                    || 'it; postgres-host migrate --database-url ... tries that, and says what is missing.';
        WHEN OTHERS THEN
            RAISE EXCEPTION 'the order was lost on its way' USING ERRCODE = 'RH004', DETAIL = SQLERRM,
                HINT = 'It may have been carried out: look at ruvector_healing_status() before giving it again.';
    END;
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

-- Lets nothing new begin: in one collection, or in all. A collection that nobody watches is most likely a slip of the pen.
CREATE OR REPLACE FUNCTION ruvector.ruvector_healing_freeze(reason TEXT, collection TEXT DEFAULT NULL) RETURNS JSONB
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, ruvector, pg_temp AS $$
BEGIN
    PERFORM ruvector.must_be_given('the reason', reason <> ''), ruvector.must_be_watched(collection);
    RETURN ruvector.order_healer('freeze', NULL, jsonb_build_object('reason', reason, 'collection', collection));
END
$$;

REVOKE ALL ON ALL FUNCTIONS IN SCHEMA ruvector FROM PUBLIC;
REVOKE ALL ON ALL TABLES IN SCHEMA ruvector FROM PUBLIC;
