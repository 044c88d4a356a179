//! The vector store, for whoever sets one up and fills it. Clients use its SQL functions.

use std::collections::BTreeSet;

use healing_core::CollectionId;
use healing_core::identity::TenantId;

use crate::clusters::nearest_of;
use crate::database::Database;
use crate::error::PostgresError;

/// A collection to be created.
#[derive(Debug, Clone, PartialEq)]
pub struct NewCollection {
    /// Its name.
    pub name: CollectionId,
    /// Whose it is, where there are tenants.
    pub tenant: Option<TenantId>,
    /// One partition for each, to which the vectors nearest to it go. All of the same length.
    pub partition_centers: Vec<Vec<f32>>,
    /// One centroid for each; at most half as many as partitions, for the graph to show what is wrong with one of them.
    pub centroid_centers: Vec<Vec<f32>>,
    /// What each partition is provisioned for, requests a second; more is refused. More than 0.
    pub partition_rate: f64,
    /// Of so many requests one is counted, and stands for all of them. At least 1.
    pub count_every: i32,
    /// A search looks at so many entries of a centroid's list at most. At least 1.
    pub list_budget: i32,
    /// So many maintenance jobs run at a time. At least 1.
    pub maintenance_slots: i32,
    /// What the hot partitions may take of the memory, bytes. More than 0.
    pub memory_budget: i64,
    /// The tablespace that cold partitions go to; `None`: they are archived instead.
    pub cold_tablespace: Option<String>,
}

/// A partition is linked to so many similar ones on either side.
const NEIGHBOURS: usize = 3;

/// Vectors loaded in one statement.
const BATCH: usize = 5000;

impl Database {
    /// Creates a collection.
    ///
    /// # Errors
    /// [`PostgresError`]: it exists already, or a value is out of range.
    pub fn create_collection(&self, new: &NewCollection) -> Result<(), PostgresError> {
        let dimensions = new.partition_centers.first().map_or(0, Vec::len);
        let dimensions = i32::try_from(dimensions).unwrap_or(i32::MAX);
        self.transaction(|session| {
            let row = session.query_one(
                "SELECT ruvector.create_collection($1, $2, $3::text::real[], $4::text::real[], $5, $6, $7, $8, $9,
                                                   $10::text::name, $11)",
                &[
                    &new.name.as_str(),
                    &dimensions,
                    &matrix(&new.partition_centers),
                    &matrix(&new.centroid_centers),
                    &new.partition_rate,
                    &new.count_every,
                    &new.list_budget,
                    &new.maintenance_slots,
                    &new.memory_budget,
                    &new.cold_tablespace,
                    &new.tenant.as_ref().map(TenantId::as_str),
                ],
            )?;
            let collection: i32 = row.get(0);
            for (one, other) in links(&new.partition_centers) {
                session.execute(
                    "INSERT INTO ruvector.partition_links VALUES ($1, $2, $3)",
                    &[&collection, &one, &other],
                )?;
            }
            Ok(())
        })
    }

    /// Fills a collection that was just created, faster than its insert functions do.
    ///
    /// # Errors
    /// [`PostgresError`]; what was loaded until then stays.
    pub fn load_vectors(&self, into: &NewCollection, vectors: &[Vec<f32>]) -> Result<(), PostgresError> {
        let partitions: Vec<&[f32]> = into.partition_centers.iter().map(Vec::as_slice).collect();
        let centroids: Vec<&[f32]> = into.centroid_centers.iter().map(Vec::as_slice).collect();
        let number = |places: &[&[f32]], vector: &[f32]| {
            nearest_of(places, vector)
                .and_then(|nearest| i64::try_from(nearest + 1).ok())
                .unwrap_or(0)
        };
        for batch in vectors.chunks(BATCH) {
            let numbers = |places: &[&[f32]]| batch.iter().map(|it| number(places, it)).collect::<Vec<i64>>();
            let flat: Vec<f32> = batch.iter().flatten().copied().collect();
            let dimensions = i32::try_from(flat.len() / batch.len()).unwrap_or(i32::MAX);
            self.transaction(|session| {
                // The statistics learn of it at once, and not after a vacuum that has counted the same rows.
                session.query("SELECT pg_stat_force_next_flush()", &[])?;
                session.query(
                    "SELECT ruvector.load_vectors(id, $2, $3, $4, $5) FROM ruvector.collections WHERE name = $1",
                    &[
                        &into.name.as_str(),
                        &numbers(&partitions),
                        &numbers(&centroids),
                        &flat,
                        &dimensions,
                    ],
                )
            })?;
        }
        Ok(())
    }

    /// Vacuums and analyses a collection's partitions and lists, as autovacuum does by and by.
    ///
    /// # Errors
    /// [`PostgresError`].
    pub fn vacuum(&self, collection: &CollectionId) -> Result<(), PostgresError> {
        let mut client = self.connection_of_its_own()?;
        let tables = client.query(
            "SELECT format('VACUUM (ANALYZE) ruvector.%I', format('%s_%s', kind, id))
             FROM ruvector.collections, unnest('{vectors,archived_vectors,centroid_lists}'::text[]) AS kind WHERE name = $1",
            &[&collection.as_str()],
        )?;
        for table in tables {
            client.batch_execute(table.get(0))?;
        }
        Ok(())
    }
}

/// The rows as PostgreSQL writes an array.
fn matrix(rows: &[Vec<f32>]) -> String {
    let row = |row: &Vec<f32>| {
        format!(
            "{{{}}}",
            row.iter().map(ToString::to_string).collect::<Vec<_>>().join(",")
        )
    };
    format!("{{{}}}", rows.iter().map(row).collect::<Vec<_>>().join(","))
}

/// Pairs of similar partitions: along a round trip from each partition to the nearest one not visited yet, each is linked to
/// the next ones. So all have equally many links.
fn links(centers: &[Vec<f32>]) -> BTreeSet<(i64, i64)> {
    let mut left: Vec<usize> = (0..centers.len()).collect();
    let mut trip: Vec<usize> = left.drain(..left.len().min(1)).collect();
    while let Some(last) = trip.last().and_then(|&last| centers.get(last)) {
        let places: Vec<&[f32]> = left
            .iter()
            .filter_map(|&it| centers.get(it))
            .map(Vec::as_slice)
            .collect();
        match nearest_of(&places, last) {
            Some(next) => trip.push(left.swap_remove(next)),
            None => break,
        }
    }
    let count = trip.len();
    let mut links = BTreeSet::new();
    for (place, &one) in trip.iter().enumerate() {
        for distance in 1..=NEIGHBOURS.min(count / 2) {
            let other = trip.get((place + distance) % count).copied().unwrap_or(one);
            let number = |position: usize| i64::try_from(position + 1).unwrap_or(i64::MAX);
            if one != other {
                links.insert((number(one.min(other)), number(one.max(other))));
            }
        }
    }
    links
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_partition_has_as_many_links() {
        let centers: Vec<Vec<f32>> = (0..16).map(|i| vec![(i % 4) as f32, (i / 4) as f32]).collect();
        let links = links(&centers);
        for partition in 1..=16 {
            let of = links.iter().filter(|(one, other)| [*one, *other].contains(&partition));
            assert_eq!(of.count(), 2 * NEIGHBOURS, "partition {partition}");
        }
        assert_eq!(super::links(&centers[..1]).len(), 0);
        assert_eq!(super::links(&centers[..2]).len(), 1);
    }
}
