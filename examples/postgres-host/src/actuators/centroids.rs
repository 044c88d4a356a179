//! Versions of the centroids: built beside the served one, a slice at a time, and switched to in one row.

use std::time::Instant;

use healing_core::CollectionId;
use healing_core::permit::Permit;
use healing_strategies::actuators::{ActuatorError, CentroidVersion, Centroids};

use super::{damaged, refused};
use crate::clusters::{Center, nearest, share_out};
use crate::database::Session;
use crate::host::{Collection, PostgresHost};

/// Vectors dealt with in one transaction, during which writers wait.
const BATCH: i64 = 5000;

/// The new centers are found from so many vectors at most.
const SAMPLE: i64 = 4000;

impl Centroids for PostgresHost {
    fn served(&self, collection: &CollectionId) -> Result<CentroidVersion, ActuatorError> {
        self.read(collection, |_, collection| version(collection.served_version))
    }

    fn newest(&self, collection: &CollectionId) -> Result<CentroidVersion, ActuatorError> {
        self.read(collection, |session, collection| {
            let row = session.query_one(
                "SELECT coalesce(max(version), 0) FROM ruvector.centroid_versions WHERE collection_id = $1",
                &[&collection.id],
            )?;
            version(row.get(0))
        })
    }

    fn is_complete(&self, collection: &CollectionId, wanted: CentroidVersion) -> Result<Option<bool>, ActuatorError> {
        let wanted = number(wanted)?;
        self.read(collection, |session, collection| {
            Ok(build_of(session, collection, wanted)?.map(|build| build.complete))
        })
    }

    fn rebuild(&self, permit: &Permit<'_>, wanted: CentroidVersion, centroids: &[i64]) -> Result<(), ActuatorError> {
        let wanted = number(wanted)?;
        let begun = Instant::now();
        loop {
            let complete = self.act(permit, |session, collection| {
                collection.hold_writers(session)?;
                match build_of(session, collection, wanted)? {
                    Some(build) if build.complete => Ok(true),
                    Some(build) => go_on(session, collection, wanted, &build),
                    None => begin(session, collection, wanted, centroids).map(|()| false),
                }
            })?;
            if complete || begun.elapsed() >= self.slice {
                return Ok(());
            }
        }
    }

    fn switch(&self, permit: &Permit<'_>, from: CentroidVersion, to: CentroidVersion) -> Result<(), ActuatorError> {
        let (from, to) = (number(from)?, number(to)?);
        self.act(permit, |session, collection| {
            collection.hold_writers(session)?;
            let present = session.query_one(
                "SELECT served_version FROM ruvector.vector_collections WHERE collection_id = $1",
                &[&collection.id],
            )?;
            let present: i64 = present.get(0);
            let what = || format!("serving version {to} of the centroids");
            if present == to {
                return Ok(());
            }
            if present != from {
                return Err(refused(what(), format!("version {present} is served, not {from}")));
            }
            if !build_of(session, collection, to)?.is_some_and(|build| build.complete) {
                return Err(refused(what(), "it is not complete"));
            }
            session.execute(
                "UPDATE ruvector.vector_collections SET served_version = $2 WHERE collection_id = $1",
                &[&collection.id, &to],
            )?;
            Ok(())
        })
    }

    fn discard(&self, permit: &Permit<'_>, unwanted: CentroidVersion) -> Result<(), ActuatorError> {
        let unwanted = number(unwanted)?;
        self.act(permit, |session, collection| {
            collection.hold_writers(session)?;
            if collection.served_version == unwanted {
                return Err(refused(
                    format!("discarding version {unwanted} of the centroids"),
                    "it is served",
                ));
            }
            drop_version(session, collection, unwanted)
        })
    }
}

/// How far a version is.
struct Build {
    complete: bool,
    built_from: i64,
    reclustered: Vec<i64>,
    built_up_to: i64,
}

fn build_of(session: &mut Session<'_>, collection: &Collection, wanted: i64) -> Result<Option<Build>, ActuatorError> {
    let row = session.query_opt(
        "SELECT complete, coalesce(built_from, 0), coalesce(reclustered, '{}'), coalesce(built_up_to, 0)
         FROM ruvector.centroid_versions WHERE collection_id = $1 AND version = $2",
        &[&collection.id, &wanted],
    )?;
    Ok(row.map(|row| Build {
        complete: row.get(0),
        built_from: row.get(1),
        reclustered: row.get(2),
        built_up_to: row.get(3),
    }))
}

/// Finds the new centers and lays the version out, with nothing on its lists yet but what is inserted from here on.
fn begin(
    session: &mut Session<'_>,
    collection: &Collection,
    wanted: i64,
    overfull: &[i64],
) -> Result<(), ActuatorError> {
    clear_away(session, collection)?;
    let from = collection.served_version;
    let rows = session.query(
        "SELECT embedding::real[] FROM ruvector.vectors WHERE collection_id = $1
         -- Any sample will do that is the same each time.
         ORDER BY hashint8(vector_id) LIMIT $2",
        &[&collection.id, &SAMPLE],
    )?;
    let sample: Vec<Vec<f32>> = rows.iter().map(|row| row.get(0)).collect();
    let before = centers(session, collection, from)?;
    let after = share_out(&sample, &before, overfull);
    let moved = before.iter().zip(&after).filter(|(before, after)| before != after);
    let reclustered: Vec<i64> = moved.map(|(_, after)| after.id).collect();
    session.execute(
        "INSERT INTO ruvector.centroid_versions (collection_id, version, complete, built_from, reclustered, built_up_to)
         VALUES ($1, $2, false, $3, $4, 0)",
        &[&collection.id, &wanted, &from, &reclustered],
    )?;
    session.query(
        "SELECT ruvector.add_centroid_version($1, $2)",
        &[&collection.id, &wanted],
    )?;
    for Center { id, place } in after {
        session.execute(
            "INSERT INTO ruvector.centroids (collection_id, version, centroid_id, center) VALUES ($1, $2, $3, $4)",
            &[&collection.id, &wanted, &id, &place],
        )?;
    }
    Ok(())
}

/// Puts the next vectors on the version's lists. Whether it is complete now.
fn go_on(
    session: &mut Session<'_>,
    collection: &Collection,
    wanted: i64,
    build: &Build,
) -> Result<bool, ActuatorError> {
    let rows = session.query(
        "SELECT vector_id, centroid_id FROM ruvector.centroid_lists
         WHERE collection_id = $1 AND version = $2 AND vector_id > $3 ORDER BY vector_id LIMIT $4",
        &[&collection.id, &build.built_from, &build.built_up_to, &BATCH],
    )?;
    // Writers are held: a batch that is not full is the last. To wait for an empty one would be to wait for writers to rest.
    let complete = i64::try_from(rows.len()).is_ok_and(|found| found < BATCH);
    let up_to = rows.last().map_or(build.built_up_to, |last| last.get(0));
    let entries = rows.iter().map(|row| (row.get::<_, i64>(0), row.get::<_, i64>(1)));
    let (moving, staying): (Vec<_>, Vec<_>) = entries.partition(|(_, centroid)| build.reclustered.contains(centroid));
    let moving: Vec<i64> = moving.into_iter().map(|(vector, _)| vector).collect();
    let (mut vectors, mut centroids): (Vec<i64>, Vec<i64>) = staying.into_iter().unzip();
    let centers = centers(session, collection, wanted)?;
    // Vectors in the archive are on no list: searches do not look there.
    let rows = session.query(
        "SELECT vector_id, embedding::real[] FROM ruvector.vectors WHERE collection_id = $1 AND vector_id = ANY ($2)",
        &[&collection.id, &moving],
    )?;
    for row in rows {
        let embedding: Vec<f32> = row.get(1);
        if let Some(centroid) = nearest(&centers, &embedding) {
            vectors.push(row.get(0));
            centroids.push(centroid);
        }
    }
    session.execute(
        "INSERT INTO ruvector.centroid_lists (vector_id, collection_id, version, centroid_id)
         SELECT vector_id, $1, $2, centroid_id FROM unnest($3::bigint[], $4::bigint[]) AS entry (vector_id, centroid_id)
         ON CONFLICT DO NOTHING",
        &[&collection.id, &wanted, &vectors, &centroids],
    )?;
    session.execute(
        "UPDATE ruvector.centroid_versions SET built_up_to = $3, complete = $4 WHERE collection_id = $1 AND version = $2",
        &[&collection.id, &wanted, &up_to, &complete],
    )?;
    Ok(complete)
}

fn centers(session: &mut Session<'_>, collection: &Collection, version: i64) -> Result<Vec<Center>, ActuatorError> {
    let rows = session.query(
        "SELECT centroid_id, center FROM ruvector.centroids WHERE collection_id = $1 AND version = $2 ORDER BY centroid_id",
        &[&collection.id, &version],
    )?;
    let center = |row: &postgres::Row| Center {
        id: row.get(0),
        place: row.get(1),
    };
    Ok(rows.iter().map(center).collect())
}

/// Drops what nobody asks for any more: all but the served version and the two newest.
fn clear_away(session: &mut Session<'_>, collection: &Collection) -> Result<(), ActuatorError> {
    let rows = session.query(
        "SELECT version FROM ruvector.centroid_versions WHERE collection_id = $1 AND version <> $2
         ORDER BY version DESC OFFSET 2",
        &[&collection.id, &collection.served_version],
    )?;
    rows.iter()
        .try_for_each(|row| drop_version(session, collection, row.get(0)))
}

fn drop_version(session: &mut Session<'_>, collection: &Collection, version: i64) -> Result<(), ActuatorError> {
    session.query(
        "SELECT ruvector.drop_centroid_version($1, $2)",
        &[&collection.id, &version],
    )?;
    Ok(())
}

fn number(version: CentroidVersion) -> Result<i64, ActuatorError> {
    i64::try_from(version.0)
        .map_err(|_| refused(format!("version {version} of the centroids"), "the number is too great"))
}

fn version(number: i64) -> Result<CentroidVersion, ActuatorError> {
    let number = u64::try_from(number).map_err(|error| damaged("a version of the centroids", error.to_string()))?;
    Ok(CentroidVersion(number))
}
