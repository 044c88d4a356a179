-- What indexes really waste, where cold partitions came from, and pgvector for a store that began without it.

-- The extension that measures indexes. Where this role may not install it an administrator can, at any time; until then the
-- bloat is estimated.
DO $$
BEGIN
    IF EXISTS (SELECT FROM pg_available_extensions WHERE name = 'pgstattuple') THEN
        CREATE EXTENSION IF NOT EXISTS pgstattuple SCHEMA ruvector;
    END IF;
EXCEPTION WHEN insufficient_privilege THEN
    RAISE NOTICE 'pgstattuple could not be installed: the bloat of indexes is estimated';
END
$$;

-- What was found when an index was last read through, and when that will be out of date.
CREATE TABLE ruvector.index_measurements (
    collection_id INTEGER NOT NULL,
    partition_id BIGINT NOT NULL,
    -- An index that is built anew is another file.
    file OID NOT NULL,
    pages BIGINT NOT NULL CHECK (pages > 0),
    -- What it would take if it were built anew.
    pages_needed BIGINT NOT NULL,
    -- Rows of its table that were inserted, updated or deleted until then, and how often it was vacuumed.
    changes BIGINT NOT NULL,
    vacuums BIGINT NOT NULL,
    measured_at TIMESTAMPTZ NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (collection_id, partition_id),
    FOREIGN KEY (collection_id, partition_id) REFERENCES ruvector.partitions (collection_id, partition_id)
);

-- How full the server makes an index's leaves, percent.
CREATE FUNCTION ruvector.fill_factor(index_relation OID) RETURNS FLOAT8
LANGUAGE sql STABLE
SET search_path = pg_catalog, ruvector, pg_temp AS $$
    SELECT coalesce((SELECT option_value::FLOAT8 FROM pg_class, pg_options_to_table(reloptions)
                     WHERE oid = index_relation AND option_name = 'fillfactor'), 90)
$$;

-- The pages of an index of so many rows, freshly built: of a B-tree whose keys have a fixed width. (The server fills a leaf
-- until less than the share that the fill factor leaves is free, and inner pages to seven tenths: nbtsort.c.)
CREATE FUNCTION ruvector.index_pages_for(count_of_rows FLOAT8, index_relation OID) RETURNS BIGINT
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, ruvector, pg_temp AS $$
DECLARE
    block FLOAT8 := current_setting('block_size');
    left_free FLOAT8 := block * (1 - ruvector.fill_factor(index_relation) / 100);
    -- Page header, the tree's own part of the page, and the places of the high key and of the next entry.
    usable FLOAT8 := block - 24 - 16 - 8;
    -- An entry begins with 8 bytes of its own and ends at a multiple of 8; its place in the page takes 4 more.
    width INTEGER := 8;
    column_type RECORD;
    per_leaf FLOAT8;
    per_inner FLOAT8;
    leaves FLOAT8;
BEGIN
    FOR column_type IN
        SELECT attlen, CASE attalign WHEN 'd' THEN 8 WHEN 'i' THEN 4 WHEN 's' THEN 2 ELSE 1 END AS alignment
        FROM pg_attribute WHERE attrelid = index_relation ORDER BY attnum
    LOOP
        width := ceil(width::FLOAT8 / column_type.alignment) * column_type.alignment + column_type.attlen;
    END LOOP;
    width := ceil(width / 8.0) * 8 + 4;
    per_leaf := greatest(floor((usable - left_free) / width), 1);
    per_inner := greatest(floor((usable - block * 0.3) / width), 2);
    leaves := ceil(greatest(count_of_rows, 0) / per_leaf);
    -- Each level has a page for so many of the level below; one page more describes the tree.
    RETURN greatest(leaves, 1) + ceil(leaves / (per_inner - 1)) + 1;
END
$$;

-- Where each partition is and how it is, as the system's own statistics have it.
--
-- `index_pages_needed` is what the index would take if it were built anew: measured where `index_is_measured`, and since
-- then grown as the index itself; otherwise estimated from the width of its key and the number of rows. Rows are counted by
-- what is greater, the statistics' number or the last vacuum's: statistics are lost with a crash, and a bloated index must be
-- so by both.
CREATE OR REPLACE VIEW ruvector.partition_facts AS
SELECT it.collection_id, it.partition_id, it.write_route, it.pinned, heap.oid AS relation, index_class.oid AS index_relation,
    (CASE WHEN coalesce(stat.n_live_tup, 0) > 0 THEN stat.n_live_tup ELSE greatest(heap.reltuples, 0) END)::BIGINT AS vectors,
    coalesce(stat.n_dead_tup, 0) AS dead_rows,
    pg_total_relation_size(heap.oid) AS bytes,
    pages_of.index AS index_pages,
    CASE WHEN measured.pages IS NOT NULL
        THEN ceil(measured.pages_needed::FLOAT8 * pages_of.index / measured.pages)::BIGINT
        ELSE ruvector.index_pages_for(greatest(stat.n_live_tup, heap.reltuples, 0), index_class.oid)
    END AS index_pages_needed,
    it.archived, it.last_read_at,
    coalesce(place.spcname = store.cold_tablespace, false) AS in_cold_tablespace,
    measured.pages IS NOT NULL AS index_is_measured
FROM ruvector.partitions AS it
JOIN ruvector.vector_collections AS store ON store.collection_id = it.collection_id
JOIN pg_class AS heap ON heap.oid = to_regclass(format('ruvector.vectors_%s_%s', it.collection_id, it.partition_id))
JOIN pg_index ON indrelid = heap.oid AND indisprimary
JOIN pg_class AS index_class ON index_class.oid = indexrelid
CROSS JOIN LATERAL (SELECT pg_relation_size(index_class.oid) / current_setting('block_size')::BIGINT) AS pages_of (index)
LEFT JOIN pg_tablespace AS place ON place.oid = heap.reltablespace
LEFT JOIN pg_stat_user_tables AS stat ON stat.relid = heap.oid
LEFT JOIN ruvector.index_measurements AS measured ON measured.collection_id = it.collection_id
    AND measured.partition_id = it.partition_id AND measured.file = pg_relation_filenode(index_class.oid);

-- Reads those indexes of a collection through that were not measured yet, or of which a twentieth may be different since.
--
-- Each page of an index is read (`pgstatindex`). So one is measured anew only after a twentieth of its rows, and at least as
-- many as it has pages, were changed, each of which touched a page too; and when a vacuum has been through it, which mostly
-- read it as well, and begins by itself once a minute at most. So measuring costs less than the changes. At a time so much is
-- read at most as takes about half a second from memory; the rest waits for the next call. An index that is larger, or that
-- this role may not read in this way, stays estimated.
CREATE FUNCTION ruvector.measure_indexes(collection INTEGER) RETURNS VOID
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, ruvector, pg_temp AS $$
#variable_conflict use_column
DECLARE
    measure REGPROCEDURE := (
        SELECT to_regprocedure(format('%I.pgstatindex(regclass)', nspname))
        FROM pg_extension JOIN pg_namespace ON pg_namespace.oid = extnamespace WHERE extname = 'pgstattuple');
    pages_left BIGINT := BIGINT '536870912' / current_setting('block_size')::BIGINT;
    stale RECORD;
    found_here RECORD;
BEGIN
    IF measure IS NULL OR NOT has_function_privilege(measure, 'EXECUTE')
        -- Another healer is at it.
        OR NOT pg_try_advisory_xact_lock(1751474543, collection) THEN
        RETURN;
    END IF;
    FOR stale IN
        SELECT facts.partition_id, facts.index_relation, pg_relation_filenode(facts.index_relation) AS file,
            facts.index_pages AS pages, now.changes, now.vacuums
        FROM ruvector.partition_facts AS facts
        LEFT JOIN pg_stat_user_tables AS stat ON stat.relid = facts.relation
        CROSS JOIN LATERAL (
            SELECT coalesce(n_tup_ins + n_tup_upd + n_tup_del, 0) AS changes,
                coalesce(vacuum_count + autovacuum_count, 0) AS vacuums) AS now
        LEFT JOIN ruvector.index_measurements AS last ON last.collection_id = facts.collection_id
            AND last.partition_id = facts.partition_id AND last.file = pg_relation_filenode(facts.index_relation)
        WHERE facts.collection_id = collection AND facts.index_pages >= 16 AND (
            last.pages IS NULL OR now.vacuums <> last.vacuums
            OR abs(facts.index_pages - last.pages) * 20 > last.pages
            -- It falls where the statistics were lost.
            OR abs(now.changes - last.changes) > greatest(facts.vectors / 20.0, facts.index_pages))
        ORDER BY last.measured_at NULLS FIRST, facts.partition_id
    LOOP
        CONTINUE WHEN stale.pages > pages_left;
        pages_left := pages_left - stale.pages;
        BEGIN
            EXECUTE format(
                'SELECT leaf_pages, internal_pages,
                    CASE WHEN leaf_pages > 0 THEN avg_leaf_density ELSE 0 END AS density FROM %s($1)', measure::REGPROC)
                INTO found_here USING stale.index_relation::REGCLASS;
        EXCEPTION WHEN internal_error OR undefined_table OR object_not_in_prerequisite_state THEN
            -- It was built anew meanwhile, and this one is gone.
            CONTINUE;
        END;
        INSERT INTO ruvector.index_measurements AS it
            (collection_id, partition_id, file, pages, pages_needed, changes, vacuums)
        VALUES (collection, stale.partition_id, stale.file, stale.pages,
            -- The entries that are there, as dense as in a new one, and as many inner pages for each leaf.
            ceil(found_here.leaf_pages * found_here.density / ruvector.fill_factor(stale.index_relation)
                 * (1 + found_here.internal_pages::FLOAT8 / greatest(found_here.leaf_pages, 1))) + 1,
            stale.changes, stale.vacuums)
        ON CONFLICT (collection_id, partition_id) DO UPDATE
        SET file = excluded.file, pages = excluded.pages, pages_needed = excluded.pages_needed, changes = excluded.changes,
            vacuums = excluded.vacuums, measured_at = excluded.measured_at;
    END LOOP;
END
$$;

-- The tablespaces that the table and the indexes of a partition were in before it went to the cold one: that is where they
-- go when it comes back, whoever brings it.
CREATE TABLE ruvector.partition_homes (
    collection_id INTEGER NOT NULL,
    partition_id BIGINT NOT NULL,
    relation NAME NOT NULL,
    tablespace NAME NOT NULL,
    PRIMARY KEY (collection_id, partition_id, relation),
    FOREIGN KEY (collection_id, partition_id) REFERENCES ruvector.partitions (collection_id, partition_id)
);

-- The table and the indexes of a partition, and the tablespace that each is in.
CREATE FUNCTION ruvector.places_of(collection INTEGER, partition BIGINT)
RETURNS TABLE (relation NAME, is_index BOOLEAN, tablespace NAME)
LANGUAGE sql STABLE
SET search_path = pg_catalog, ruvector, pg_temp AS $$
    SELECT relname, relkind = 'i', spcname
    FROM pg_class JOIN pg_database ON datname = current_database()
    JOIN pg_tablespace ON pg_tablespace.oid = coalesce(nullif(reltablespace, 0), dattablespace)
    WHERE pg_class.oid = to_regclass(format('ruvector.vectors_%s_%s', collection, partition))
        OR pg_class.oid IN (SELECT indexrelid FROM pg_index
                            WHERE indrelid = to_regclass(format('ruvector.vectors_%s_%s', collection, partition)))
    -- The table first.
    ORDER BY relkind = 'i', relname
$$;

-- Keeps vectors as pgvector does, where that was installed after the store: false where it is so already. Every vector is
-- written anew, while nobody reads or writes: it is for the owner to decide when.
CREATE FUNCTION ruvector.use_pgvector() RETURNS BOOLEAN
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, ruvector, pg_temp AS $$
DECLARE
    pgvector TEXT := (
        SELECT quote_ident(nspname) FROM pg_extension JOIN pg_namespace ON pg_namespace.oid = extnamespace
        WHERE extname = 'vector');
    rewritten NAME;
BEGIN
    IF pgvector IS NULL THEN
        RAISE EXCEPTION 'pgvector is not installed in this database'
            USING ERRCODE = 'undefined_object', HINT = 'CREATE EXTENSION vector';
    END IF;
    -- Both or none: a partition goes from one to the other as it is.
    LOCK TABLE ruvector.vectors, ruvector.archived_vectors IN ACCESS EXCLUSIVE MODE;
    IF (SELECT atttypid = to_regtype(pgvector || '.vector') FROM pg_attribute
        WHERE attrelid = 'ruvector.vectors'::REGCLASS AND attname = 'embedding') THEN
        RETURN false;
    END IF;
    FOREACH rewritten IN ARRAY ARRAY['vectors', 'archived_vectors'] LOOP
        EXECUTE format('ALTER TABLE ruvector.%I ALTER COLUMN embedding TYPE %s.vector USING embedding::%s.vector',
                       rewritten, pgvector, pgvector);
    END LOOP;
    EXECUTE format(
        'CREATE OR REPLACE FUNCTION ruvector.distance(one REAL[], other REAL[]) RETURNS DOUBLE PRECISION
         LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS %L',
        format('SELECT one::%1$s.vector OPERATOR(%1$s.<->) other::%1$s.vector', pgvector));
    RETURN true;
END
$$;

REVOKE ALL ON ALL FUNCTIONS IN SCHEMA ruvector FROM PUBLIC;
REVOKE ALL ON ALL TABLES IN SCHEMA ruvector FROM PUBLIC;
