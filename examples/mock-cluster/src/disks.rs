//! Disks: two to each partition, of which one is in use. No strategy of the family knows of them; a host's own may.

use std::collections::{BTreeMap, BTreeSet};

use healing_core::permit::Permit;
use healing_strategies::actuators::ActuatorError;
use serde::{Deserialize, Serialize};

use crate::cluster::Cluster;

/// Every partition's disks.
#[derive(Default)]
pub(crate) struct Disks {
    /// The partitions that use their second disk.
    on_second: BTreeSet<i64>,
    /// The share of requests that a disk fails, by partition and disk.
    broken: BTreeMap<(i64, DiskNumber), f64>,
    /// The share by which that grows in a second, where it does.
    wearing: BTreeMap<(i64, DiskNumber), f64>,
}

/// One of the two disks of a partition.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DiskNumber {
    /// The one in use at birth.
    First,
    /// Its mirror.
    Second,
}

impl DiskNumber {
    /// The other one.
    #[must_use]
    pub const fn other(self) -> Self {
        match self {
            Self::First => Self::Second,
            Self::Second => Self::First,
        }
    }
}

impl Disks {
    pub(crate) fn in_use(&self, partition: i64) -> DiskNumber {
        if self.on_second.contains(&partition) {
            DiskNumber::Second
        } else {
            DiskNumber::First
        }
    }

    /// The share of its requests that a partition fails for its disk's sake.
    pub(crate) fn failing_share(&self, partition: i64) -> f64 {
        let disk = (partition, self.in_use(partition));
        self.broken.get(&disk).copied().unwrap_or(0.0)
    }

    /// A second passes.
    pub(crate) fn step(&mut self) {
        for (disk, wear) in &self.wearing {
            let share = self.broken.entry(*disk).or_insert(0.0);
            *share = (*share + wear).min(1.0);
        }
    }

    /// From now on the disk in use fails this share more of what is asked of it each second.
    pub(crate) fn wear_out(&mut self, partition: i64, share: f64) {
        let disk = self.in_use(partition);
        self.wearing.insert((partition, disk), share);
    }

    /// From now on the disk in use fails this share of what is asked of it.
    pub(crate) fn break_down(&mut self, partition: i64, share: f64) {
        let disk = self.in_use(partition);
        self.broken.insert((partition, disk), share);
    }
}

impl Cluster {
    /// The disk that a partition uses; `None` when there is no such partition.
    #[must_use]
    pub fn disk_in_use(&self, partition: i64) -> Option<DiskNumber> {
        let state = self.state();
        (1..=state.size.partitions())
            .contains(&partition)
            .then(|| state.disks.in_use(partition))
    }

    /// The partitions whose disk in use fails some of what is asked of it, and the share, as their own monitoring sees it.
    #[must_use]
    pub fn disk_errors(&self) -> BTreeMap<i64, f64> {
        let state = self.state();
        let failing = (1..=state.size.partitions()).map(|partition| (partition, state.disks.failing_share(partition)));
        failing.filter(|(_, share)| *share > 0.0).collect()
    }

    /// Lets a partition use another of its disks from now on.
    ///
    /// # Errors
    /// [`ActuatorError`] when there is no such partition, or the token is an older one.
    pub fn use_disk(&self, permit: &Permit<'_>, partition: i64, disk: DiskNumber) -> Result<(), ActuatorError> {
        if self.disk_in_use(partition).is_none() {
            let what = format!("partition {partition}");
            return Err(ActuatorError::NotFound { what });
        }
        let on_second = &mut self.writing(permit)?.disks.on_second;
        match disk {
            DiskNumber::First => on_second.remove(&partition),
            DiskNumber::Second => on_second.insert(partition),
        };
        Ok(())
    }
}
