-- A small vector store: what is healed.

CREATE TABLE ruvector.vector_collections (
    collection_id INTEGER PRIMARY KEY REFERENCES ruvector.collections (id),
    dimensions INTEGER NOT NULL CHECK (dimensions BETWEEN 1 AND 16000),
    -- What each partition is provisioned for, requests a second. What is asked beyond that is refused.
    partition_rate DOUBLE PRECISION NOT NULL CHECK (partition_rate > 0),
    -- Of so many requests one is counted, and stands for all of them.
    count_every INTEGER NOT NULL CHECK (count_every >= 1),
    -- A search looks at so many entries of a centroid's list at most.
    list_budget INTEGER NOT NULL CHECK (list_budget >= 1),
    -- So many maintenance jobs run at a time.
    maintenance_slots INTEGER NOT NULL CHECK (maintenance_slots >= 1),
    -- What the hot partitions may take.
    memory_budget BIGINT NOT NULL CHECK (memory_budget > 0),
    -- Where cold partitions go; NULL: they are attached to the archive table instead, where searches do not look.
    cold_tablespace NAME,
    served_version BIGINT NOT NULL
);

CREATE TABLE ruvector.partitions (
    collection_id INTEGER NOT NULL REFERENCES ruvector.vector_collections (collection_id),
    partition_id BIGINT NOT NULL,
    -- New vectors go to the partition whose center is nearest.
    center REAL[] NOT NULL,
    write_route TEXT NOT NULL DEFAULT 'here' CHECK (write_route IN ('here', 'elsewhere', 'closed')),
    -- Kept hot by somebody's order.
    pinned BOOLEAN NOT NULL DEFAULT false,
    -- Attached to the archive table: cold, and no new vectors go there.
    archived BOOLEAN NOT NULL DEFAULT false,
    last_read_at TIMESTAMPTZ NOT NULL DEFAULT now(),
    PRIMARY KEY (collection_id, partition_id)
);

-- The partitions that are most similar to each other.
CREATE TABLE ruvector.partition_links (
    collection_id INTEGER NOT NULL,
    one BIGINT NOT NULL,
    other BIGINT NOT NULL,
    PRIMARY KEY (collection_id, one, other),
    CHECK (one < other),
    FOREIGN KEY (collection_id, one) REFERENCES ruvector.partitions (collection_id, partition_id),
    FOREIGN KEY (collection_id, other) REFERENCES ruvector.partitions (collection_id, partition_id)
);

-- No client chooses a number, so none is there twice, whichever partition its vector is in.
CREATE SEQUENCE ruvector.vector_numbers;

-- The vectors: a partitioned table, by collection and then by partition. The archive has the same shape.
DO $$
DECLARE
    embedding TEXT := coalesce(
        (SELECT format('%I.vector', nspname) FROM pg_extension JOIN pg_namespace ON pg_namespace.oid = extnamespace
         WHERE extname = 'vector'),
        'REAL[]');
BEGIN
    EXECUTE format(
        'CREATE TABLE ruvector.vectors (
             vector_id BIGINT NOT NULL,
             collection_id INTEGER NOT NULL,
             partition_id BIGINT NOT NULL,
             embedding %s NOT NULL,
             payload JSONB,
             PRIMARY KEY (vector_id, collection_id, partition_id)
         ) PARTITION BY LIST (collection_id)', embedding);
    CREATE TABLE ruvector.archived_vectors (LIKE ruvector.vectors INCLUDING INDEXES) PARTITION BY LIST (collection_id);
END
$$;

-- How far two vectors are apart. By pgvector where it is installed.
DO $$
DECLARE
    pgvector TEXT := (
        SELECT nspname FROM pg_extension JOIN pg_namespace ON pg_namespace.oid = extnamespace WHERE extname = 'vector');
BEGIN
    EXECUTE format(
        'CREATE FUNCTION ruvector.distance(one REAL[], other REAL[]) RETURNS DOUBLE PRECISION
         LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS %L',
        CASE WHEN pgvector IS NULL
            THEN 'SELECT sqrt(sum((pair.a - pair.b)::float8 * (pair.a - pair.b)))
                  FROM unnest(one, other) AS pair (a, b)'
            ELSE format('SELECT one::%1$I.vector OPERATOR(%1$I.<->) other::%1$I.vector', pgvector)
        END);
END
$$;

-- Lists of vectors by the nearest centroid. Versions stand beside each other; one is served.
CREATE TABLE ruvector.centroid_versions (
    collection_id INTEGER NOT NULL REFERENCES ruvector.vector_collections (collection_id),
    version BIGINT NOT NULL,
    complete BOOLEAN NOT NULL,
    -- While it is built: the version that it is built from, the centroids that are clustered anew, and the greatest vector
    -- that was dealt with.
    built_from BIGINT,
    reclustered BIGINT[],
    built_up_to BIGINT,
    PRIMARY KEY (collection_id, version)
);
CREATE TABLE ruvector.centroids (
    collection_id INTEGER NOT NULL,
    version BIGINT NOT NULL,
    centroid_id BIGINT NOT NULL,
    center REAL[] NOT NULL,
    PRIMARY KEY (collection_id, version, centroid_id),
    FOREIGN KEY (collection_id, version) REFERENCES ruvector.centroid_versions (collection_id, version) ON DELETE CASCADE
);
CREATE TABLE ruvector.centroid_lists (
    vector_id BIGINT NOT NULL,
    collection_id INTEGER NOT NULL,
    version BIGINT NOT NULL,
    centroid_id BIGINT NOT NULL,
    PRIMARY KEY (vector_id, collection_id, version)
) PARTITION BY LIST (collection_id);
CREATE INDEX centroid_lists_entries ON ruvector.centroid_lists (centroid_id, vector_id);

CREATE TABLE ruvector.maintenance_jobs (
    id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    collection_id INTEGER NOT NULL,
    -- What is done, and to which partition.
    job_type TEXT NOT NULL CHECK (job_type IN ('analyze', 'vacuum', 'verify')),
    partition_id BIGINT NOT NULL,
    priority TEXT NOT NULL CHECK (priority IN ('low', 'normal', 'high')),
    state TEXT NOT NULL DEFAULT 'waiting' CHECK (state IN ('waiting', 'running', 'draining', 'paused', 'ended')),
    -- The remediation in whose name it was paused; NULL where a human paused it.
    paused_by TEXT,
    -- How far it is: the greatest vector that was dealt with.
    done_up_to BIGINT NOT NULL DEFAULT 0,
    -- What came of it, where it failed.
    failure TEXT,
    queued_at TIMESTAMPTZ NOT NULL DEFAULT now(),
    ended_at TIMESTAMPTZ,
    FOREIGN KEY (collection_id, partition_id) REFERENCES ruvector.partitions (collection_id, partition_id),
    CHECK ((ended_at IS NOT NULL) = (state = 'ended')),
    CHECK (paused_by IS NULL OR state IN ('draining', 'paused'))
);
CREATE INDEX maintenance_jobs_open ON ruvector.maintenance_jobs (collection_id, state) WHERE state <> 'ended';

CREATE TABLE ruvector.throttles (
    collection_id INTEGER NOT NULL REFERENCES ruvector.vector_collections (collection_id),
    operation TEXT NOT NULL CHECK (operation IN ('insert', 'bulk_insert')),
    -- The share that is refused, percent.
    held_back DOUBLE PRECISION NOT NULL CHECK (held_back BETWEEN 0 AND 100),
    PRIMARY KEY (collection_id, operation)
);

CREATE TABLE ruvector.replicas (
    id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    -- By which the standby names itself.
    application_name TEXT NOT NULL UNIQUE
);
CREATE TABLE ruvector.lag_bounds (
    collection_id INTEGER NOT NULL REFERENCES ruvector.vector_collections (collection_id),
    replica_id BIGINT NOT NULL REFERENCES ruvector.replicas (id),
    milliseconds BIGINT NOT NULL CHECK (milliseconds >= 0),
    PRIMARY KEY (collection_id, replica_id)
);

-- Requests of the last minute. What is lost with the server is not missed.
CREATE UNLOGGED TABLE ruvector.requests (
    second BIGINT NOT NULL,
    collection_id INTEGER NOT NULL,
    partition_id BIGINT NOT NULL,
    vector_id BIGINT NOT NULL,
    refused BOOLEAN NOT NULL
);
CREATE INDEX requests_of_partition ON ruvector.requests (collection_id, partition_id, second);

CREATE FUNCTION ruvector.this_second() RETURNS BIGINT
LANGUAGE sql VOLATILE PARALLEL SAFE
RETURN floor(extract(epoch FROM clock_timestamp()))::BIGINT;

-- What was asked of a partition in the last whole second.
CREATE FUNCTION ruvector.asked_of(collection INTEGER, partition BIGINT, count_every INTEGER) RETURNS DOUBLE PRECISION
LANGUAGE sql VOLATILE
RETURN (SELECT count(*)::FLOAT8 * count_every FROM ruvector.requests
        WHERE collection_id = collection AND partition_id = partition AND second = ruvector.this_second() - 1);

CREATE FUNCTION ruvector.add_partition(collection INTEGER, partition BIGINT, center REAL[]) RETURNS VOID
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, ruvector, pg_temp AS $$
BEGIN
    INSERT INTO ruvector.partitions (collection_id, partition_id, center) VALUES (collection, partition, center);
    -- The check spares the scan of the table when it is attached to the archive, or back.
    EXECUTE format(
        'CREATE TABLE ruvector.%I PARTITION OF ruvector.%I (CHECK (collection_id = %L AND partition_id = %L)) FOR VALUES IN (%L)',
        format('vectors_%s_%s', collection, partition), format('vectors_%s', collection), collection, partition, partition);
END
$$;

CREATE FUNCTION ruvector.add_centroid_version(collection INTEGER, version BIGINT) RETURNS VOID
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, ruvector, pg_temp AS $$
BEGIN
    EXECUTE format(
        'CREATE TABLE ruvector.%I PARTITION OF ruvector.%I FOR VALUES IN (%L)',
        format('centroid_lists_%s_%s', collection, version), format('centroid_lists_%s', collection), version);
END
$$;

CREATE FUNCTION ruvector.drop_centroid_version(collection INTEGER, discarded BIGINT) RETURNS VOID
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, ruvector, pg_temp AS $$
BEGIN
    EXECUTE format('DROP TABLE IF EXISTS ruvector.%I', format('centroid_lists_%s_%s', collection, discarded));
    DELETE FROM ruvector.centroid_versions WHERE collection_id = collection AND version = discarded;
END
$$;

-- A collection with its partitions and its first version of centroids; the arrays hold one center a row.
CREATE FUNCTION ruvector.create_collection(
    name TEXT, dimensions INTEGER, partition_centers REAL[][], centroid_centers REAL[][], partition_rate FLOAT8,
    count_every INTEGER, list_budget INTEGER, maintenance_slots INTEGER, memory_budget BIGINT, cold_tablespace NAME,
    tenant TEXT DEFAULT NULL) RETURNS INTEGER
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, ruvector, pg_temp AS $$
#variable_conflict use_variable
DECLARE
    collection INTEGER;
    center REAL[];
    number BIGINT := 0;
BEGIN
    IF array_length(partition_centers, 2) IS DISTINCT FROM dimensions
        OR array_length(centroid_centers, 2) IS DISTINCT FROM dimensions THEN
        RAISE EXCEPTION 'a center does not have % dimensions', dimensions USING ERRCODE = 'invalid_parameter_value';
    END IF;
    INSERT INTO ruvector.collections (name, tenant_id) VALUES (name, tenant)
        ON CONFLICT ON CONSTRAINT collections_name_key DO UPDATE SET tenant_id = excluded.tenant_id
        RETURNING id INTO collection;
    INSERT INTO ruvector.vector_collections VALUES (
        collection, dimensions, partition_rate, count_every, list_budget, maintenance_slots, memory_budget,
        cold_tablespace, 1);
    EXECUTE format('CREATE TABLE ruvector.%I PARTITION OF ruvector.vectors FOR VALUES IN (%L) PARTITION BY LIST (partition_id)',
                   format('vectors_%s', collection), collection);
    EXECUTE format('CREATE TABLE ruvector.%I PARTITION OF ruvector.archived_vectors FOR VALUES IN (%L) PARTITION BY LIST (partition_id)',
                   format('archived_vectors_%s', collection), collection);
    EXECUTE format('CREATE TABLE ruvector.%I PARTITION OF ruvector.centroid_lists FOR VALUES IN (%L) PARTITION BY LIST (version)',
                   format('centroid_lists_%s', collection), collection);
    FOREACH center SLICE 1 IN ARRAY partition_centers LOOP
        number := number + 1;
        PERFORM ruvector.add_partition(collection, number, center);
    END LOOP;
    INSERT INTO ruvector.centroid_versions (collection_id, version, complete) VALUES (collection, 1, true);
    PERFORM ruvector.add_centroid_version(collection, 1);
    number := 0;
    FOREACH center SLICE 1 IN ARRAY centroid_centers LOOP
        number := number + 1;
        INSERT INTO ruvector.centroids VALUES (collection, 1, number, center);
    END LOOP;
    INSERT INTO ruvector.throttles VALUES (collection, 'insert', 0), (collection, 'bulk_insert', 0);
    RETURN collection;
END
$$;

-- The collection of that name, or a clear error.
CREATE FUNCTION ruvector.collection_named(wanted TEXT) RETURNS ruvector.vector_collections
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, ruvector, pg_temp AS $$
DECLARE
    found_one ruvector.vector_collections;
BEGIN
    SELECT vector_collections.* INTO found_one
    FROM ruvector.vector_collections JOIN ruvector.collections ON id = collection_id WHERE name = wanted;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'there is no collection %', quote_literal(wanted) USING
            ERRCODE = 'undefined_object', HINT = 'SELECT name FROM ruvector.collections shows those that are.';
    END IF;
    RETURN found_one;
END
$$;

-- Until the end of the writer's transaction no version of the centroids begins or ends, and no partition is archived or routed
-- around: nothing misses what it writes. Writers do not hinder one another.
CREATE FUNCTION ruvector.begin_to_write(collection INTEGER) RETURNS VOID
LANGUAGE sql VOLATILE
RETURN pg_advisory_xact_lock_shared(1751474542, collection);

-- Puts vectors in, all or none, and returns their numbers. One is an `insert`, several are a `bulk_insert`; the share of
-- either that is throttled is refused, and may be tried again later.
CREATE FUNCTION ruvector.insert_vectors(collection TEXT, embeddings REAL[][]) RETURNS BIGINT[]
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, ruvector, pg_temp AS $$
DECLARE
    into_one ruvector.vector_collections := ruvector.collection_named(collection);
    kind TEXT := CASE WHEN array_length(embeddings, 1) > 1 THEN 'bulk_insert' ELSE 'insert' END;
    refused_share FLOAT8;
    new_embedding REAL[];
    target RECORD;
    number BIGINT;
    numbers BIGINT[] := '{}';
BEGIN
    IF array_length(embeddings, 2) IS DISTINCT FROM into_one.dimensions THEN
        RAISE EXCEPTION 'a vector of % has % dimensions, not %', collection, into_one.dimensions,
            coalesce(array_length(embeddings, 2), 0)
            USING ERRCODE = 'invalid_parameter_value', HINT = 'Pass an array with one vector a row.';
    END IF;
    SELECT held_back / 100 INTO refused_share FROM ruvector.throttles
        WHERE collection_id = into_one.collection_id AND operation = kind;
    IF random() < refused_share THEN
        RAISE EXCEPTION '% into % is held back', kind, collection
            USING ERRCODE = 'configuration_limit_exceeded', HINT = 'Try again a little later.';
    END IF;
    PERFORM ruvector.begin_to_write(into_one.collection_id);
    FOREACH new_embedding SLICE 1 IN ARRAY embeddings LOOP
        SELECT partition_id, write_route INTO target FROM ruvector.partitions
            WHERE collection_id = into_one.collection_id AND write_route <> 'elsewhere' AND NOT archived
            ORDER BY ruvector.distance(center, new_embedding) LIMIT 1;
        IF target.write_route = 'closed' THEN
            RAISE EXCEPTION 'partition % of % is closed to writes', target.partition_id, collection
                USING ERRCODE = 'object_not_in_prerequisite_state', HINT = 'An administrator closed it.';
        ELSIF target IS NULL THEN
            RAISE EXCEPTION 'no partition of % takes writes', collection
                USING ERRCODE = 'object_not_in_prerequisite_state', HINT = 'Route the writes of one of them here.';
        END IF;
        INSERT INTO ruvector.vectors (vector_id, collection_id, partition_id, embedding)
            VALUES (nextval('ruvector.vector_numbers'), into_one.collection_id, target.partition_id, new_embedding)
            RETURNING vector_id INTO number;
        INSERT INTO ruvector.centroid_lists (vector_id, collection_id, version, centroid_id)
            SELECT DISTINCT ON (version) number, collection_id, version, centroid_id FROM ruvector.centroids
            WHERE collection_id = into_one.collection_id
            ORDER BY version, ruvector.distance(center, new_embedding);
        IF random() * into_one.count_every < 1 THEN
            INSERT INTO ruvector.requests
                VALUES (ruvector.this_second(), into_one.collection_id, target.partition_id, number, false);
        END IF;
        numbers := numbers || number;
    END LOOP;
    RETURN numbers;
END
$$;

CREATE FUNCTION ruvector.insert_vector(collection TEXT, embedding REAL[]) RETURNS BIGINT
LANGUAGE sql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, ruvector, pg_temp
RETURN (ruvector.insert_vectors(collection, ARRAY[embedding]))[1];

-- Replaces a vector; false where there is none of that number. One that is moved meanwhile is looked for again.
CREATE FUNCTION ruvector.update_vector(collection TEXT, number BIGINT, new_embedding REAL[]) RETURNS BOOLEAN
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, ruvector, pg_temp AS $$
DECLARE
    in_one ruvector.vector_collections := ruvector.collection_named(collection);
BEGIN
    IF array_length(new_embedding, 1) IS DISTINCT FROM in_one.dimensions THEN
        RAISE EXCEPTION 'a vector of % has % dimensions', collection, in_one.dimensions
            USING ERRCODE = 'invalid_parameter_value', HINT = 'Pass that many numbers.';
    END IF;
    PERFORM ruvector.begin_to_write(in_one.collection_id);
    FOR attempt IN 1 .. 20 LOOP
        BEGIN
            UPDATE ruvector.vectors SET embedding = new_embedding
                WHERE vector_id = number AND collection_id = in_one.collection_id;
            IF NOT FOUND THEN
                RETURN false;
            END IF;
            UPDATE ruvector.centroid_lists AS list SET centroid_id = nearest.centroid_id
            FROM (SELECT DISTINCT ON (version) version, centroid_id FROM ruvector.centroids
                  WHERE collection_id = in_one.collection_id
                  ORDER BY version, ruvector.distance(center, new_embedding)) AS nearest
            WHERE vector_id = number AND collection_id = in_one.collection_id AND list.version = nearest.version;
            RETURN true;
        EXCEPTION WHEN serialization_failure THEN
            -- It was moved to another partition while this waited for it.
            NULL;
        END;
    END LOOP;
    RAISE EXCEPTION 'vector % of % is moved again and again', number, collection
        USING ERRCODE = 'lock_not_available', HINT = 'Try again a little later.';
END
$$;

-- Deletes vectors, and returns how many there were.
CREATE FUNCTION ruvector.delete_vectors(collection TEXT, numbers BIGINT[]) RETURNS BIGINT
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, ruvector, pg_temp AS $$
DECLARE
    in_one ruvector.vector_collections := ruvector.collection_named(collection);
    deleted BIGINT;
BEGIN
    PERFORM ruvector.begin_to_write(in_one.collection_id);
    FOR attempt IN 1 .. 20 LOOP
        BEGIN
            DELETE FROM ruvector.vectors WHERE vector_id = ANY (numbers) AND collection_id = in_one.collection_id;
            GET DIAGNOSTICS deleted = ROW_COUNT;
            DELETE FROM ruvector.centroid_lists WHERE vector_id = ANY (numbers) AND collection_id = in_one.collection_id;
            RETURN deleted;
        EXCEPTION WHEN serialization_failure THEN
            NULL;
        END;
    END LOOP;
    RAISE EXCEPTION 'some of the vectors of % are moved again and again', collection
        USING ERRCODE = 'lock_not_available', HINT = 'Try again a little later.';
END
$$;

-- Counts a request that touches a vector, and tells whether its partition serves it: of what is asked beyond the rate it is
-- provisioned for, by the second before, it refuses the share that is too much.
CREATE FUNCTION ruvector.admit(in_one ruvector.vector_collections, partition BIGINT, vector BIGINT) RETURNS BOOLEAN
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, ruvector, pg_temp AS $$
DECLARE
    asked FLOAT8 := ruvector.asked_of(in_one.collection_id, partition, in_one.count_every);
    admitted BOOLEAN := asked <= in_one.partition_rate OR random() < in_one.partition_rate / asked;
BEGIN
    IF random() * in_one.count_every < 1 THEN
        INSERT INTO ruvector.requests VALUES (ruvector.this_second(), in_one.collection_id, partition, vector, NOT admitted);
    END IF;
    RETURN admitted;
END
$$;

-- Reads a vector. `served` is false where its partition refused: it is asked more than it is provisioned for.
CREATE FUNCTION ruvector.fetch_vector(collection TEXT, number BIGINT, OUT served BOOLEAN, OUT embedding REAL[])
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, ruvector, pg_temp AS $$
DECLARE
    in_one ruvector.vector_collections := ruvector.collection_named(collection);
    partition BIGINT;
BEGIN
    SELECT it.partition_id, it.embedding INTO partition, embedding FROM ruvector.vectors AS it
        WHERE vector_id = number AND collection_id = in_one.collection_id;
    IF NOT FOUND THEN
        SELECT it.partition_id, it.embedding INTO partition, embedding FROM ruvector.archived_vectors AS it
            WHERE vector_id = number AND collection_id = in_one.collection_id;
    END IF;
    served := partition IS NULL OR ruvector.admit(in_one, partition, number);
    IF NOT served THEN
        embedding := NULL;
    END IF;
END
$$;

-- The vectors nearest to `query`, as far as they are on the lists of the `probes` centroids nearest to it, of each of which
-- so many entries are looked at as the collection's budget allows. What refusing partitions hold is left out.
CREATE FUNCTION ruvector.search(collection TEXT, query REAL[], most INTEGER DEFAULT 10, probes INTEGER DEFAULT 2)
RETURNS TABLE (vector_id BIGINT, distance FLOAT8)
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, ruvector, pg_temp AS $$
#variable_conflict use_column
DECLARE
    in_one ruvector.vector_collections := ruvector.collection_named(collection);
BEGIN
    RETURN QUERY
    WITH nearest AS (
        SELECT centroid_id FROM ruvector.centroids AS it
        WHERE it.collection_id = in_one.collection_id AND version = in_one.served_version
        ORDER BY ruvector.distance(center, query) LIMIT probes
    ), entries AS (
        SELECT entry.vector_id FROM nearest CROSS JOIN LATERAL (
            SELECT list.vector_id FROM ruvector.centroid_lists AS list
            WHERE list.collection_id = in_one.collection_id AND version = in_one.served_version
                AND list.centroid_id = nearest.centroid_id
            ORDER BY list.vector_id LIMIT in_one.list_budget) AS entry
    ), best AS MATERIALIZED (
        SELECT it.vector_id, it.partition_id, ruvector.distance(it.embedding::REAL[], query) AS distance
        FROM ruvector.vectors AS it JOIN entries ON entries.vector_id = it.vector_id
        WHERE it.collection_id = in_one.collection_id
        ORDER BY 3 LIMIT most
    )
    SELECT best.vector_id, best.distance FROM best
    WHERE ruvector.admit(in_one, best.partition_id, best.vector_id) ORDER BY best.distance;
END
$$;

-- Where each partition is and how it is, as the system's own statistics have it.
--
-- `index_pages_needed`: the entries of its index have a fixed width, so what a freshly built one takes is known: 203 entries
-- of 36 bytes in a page that is filled to nine tenths. Rows are counted by what is greater, the statistics' number or the
-- last vacuum's: statistics are lost with a crash, and a bloated index must be so by both.
CREATE VIEW ruvector.partition_facts AS
SELECT it.collection_id, it.partition_id, it.write_route, it.pinned, heap.oid AS relation, index_class.oid AS index_relation,
    (CASE WHEN coalesce(stat.n_live_tup, 0) > 0 THEN stat.n_live_tup ELSE greatest(heap.reltuples, 0) END)::BIGINT AS vectors,
    coalesce(stat.n_dead_tup, 0) AS dead_rows,
    pg_total_relation_size(heap.oid) AS bytes,
    pg_relation_size(index_class.oid) / current_setting('block_size')::BIGINT AS index_pages,
    ceil(greatest(stat.n_live_tup, heap.reltuples, 0) / 203.0)::BIGINT + 2 AS index_pages_needed,
    it.archived, it.last_read_at,
    coalesce(place.spcname = store.cold_tablespace, false) AS in_cold_tablespace
FROM ruvector.partitions AS it
JOIN ruvector.vector_collections AS store ON store.collection_id = it.collection_id
JOIN pg_class AS heap ON heap.oid = to_regclass(format('ruvector.vectors_%s_%s', it.collection_id, it.partition_id))
JOIN pg_index ON indrelid = heap.oid AND indisprimary
JOIN pg_class AS index_class ON index_class.oid = indexrelid
LEFT JOIN pg_tablespace AS place ON place.oid = heap.reltablespace
LEFT JOIN pg_stat_user_tables AS stat ON stat.relid = heap.oid;

-- The share of an index's pages that it could do without. Of a small one nothing can be told.
CREATE FUNCTION ruvector.wasted_share(pages BIGINT, needed BIGINT) RETURNS FLOAT8
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE WHEN pages < 16 THEN 0 ELSE greatest(0, 1 - needed::FLOAT8 / pages) END;

-- Sessions that have waited for a lock on a partition, or on a row of it, for more than half a second.
CREATE VIEW ruvector.lock_waits AS
SELECT about.relation, count(DISTINCT waiting.pid) AS sessions
FROM pg_locks AS waiting
JOIN LATERAL (
    SELECT waiting.relation WHERE waiting.relation IS NOT NULL
    UNION
    -- Who waits for a row waits for the transaction that holds it, and is first in line for the row itself.
    SELECT row_lock.relation FROM pg_locks AS row_lock
    WHERE row_lock.pid = waiting.pid AND row_lock.locktype = 'tuple' AND waiting.locktype = 'transactionid'
) AS about ON true
WHERE NOT waiting.granted AND waiting.waitstart < clock_timestamp() - INTERVAL '500 milliseconds'
GROUP BY about.relation;

-- The bulk loader's way in: arrays of the same length, of vectors whose partition and list are known.
CREATE FUNCTION ruvector.load_vectors(
    collection INTEGER, partitions BIGINT[], centroids BIGINT[], flat_embeddings REAL[], dimensions INTEGER) RETURNS VOID
LANGUAGE sql VOLATILE
SET search_path = pg_catalog, ruvector, pg_temp AS $$
    WITH numbered AS MATERIALIZED (
        SELECT nextval('ruvector.vector_numbers') AS number, partition, centroid, place
        FROM unnest(partitions, centroids) WITH ORDINALITY AS given (partition, centroid, place)
    ), loaded AS (
        INSERT INTO ruvector.vectors (vector_id, collection_id, partition_id, embedding)
        SELECT number, collection, partition, flat_embeddings[(place - 1) * dimensions + 1 : place * dimensions] FROM numbered
    )
    INSERT INTO ruvector.centroid_lists (vector_id, collection_id, version, centroid_id)
    SELECT number, collection, 1, centroid FROM numbered
$$;

-- Standbys, and how far each is behind.
CREATE VIEW ruvector.standbys AS
SELECT application_name, max(CASE
    WHEN replay_lsn >= pg_current_wal_lsn() THEN 0
    -- Where nothing was replayed for a while the last lag is old: what counts is how long that has been.
    ELSE greatest(extract(epoch FROM replay_lag), 0)
END)::FLOAT8 AS lag_seconds
FROM pg_stat_replication
WHERE NOT pg_is_in_recovery() AND application_name <> '' AND state IN ('streaming', 'catchup')
GROUP BY application_name;

-- The standbys that reads of a collection may go to: those within their bounds, the nearest first. Where none is, the primary
-- serves them.
CREATE FUNCTION ruvector.read_sources(collection TEXT) RETURNS TABLE (application_name TEXT, lag_seconds FLOAT8)
LANGUAGE sql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, ruvector, pg_temp AS $$
    SELECT standbys.application_name, standbys.lag_seconds
    FROM ruvector.standbys
    LEFT JOIN ruvector.replicas ON replicas.application_name = standbys.application_name
    LEFT JOIN ruvector.lag_bounds ON replica_id = replicas.id
        AND collection_id = (ruvector.collection_named(collection)).collection_id
    WHERE milliseconds IS NULL OR standbys.lag_seconds * 1000 <= milliseconds
    ORDER BY standbys.lag_seconds, standbys.application_name
$$;
