//! The table of leases.

use std::time::Duration;

use ::redb::{ReadableTable, Table};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::RedbStorage;
use super::codec::{protect, uncover};
use super::file::Failure;
use super::tables::LEASES;
use crate::clock::later;
use crate::identity::{CollectionId, FencingToken, HolderId};
use crate::storage::{Lease, LeaseError, LeaseStore};

type Outcome<T> = Result<T, Failure<LeaseError>>;
type Leases<'a> = Table<'a, &'static str, &'static [u8]>;

/// The newest lease of a collection, kept after its end for its token.
#[derive(Serialize, Deserialize)]
struct Kept {
    lease: Lease,
    /// When it was granted or last renewed.
    granted_at: Timestamp,
    released: bool,
}

impl Kept {
    fn in_force(&self, now: Timestamp) -> bool {
        !self.released && self.granted_at <= now && now < self.lease.expires_at
    }
}

impl LeaseStore for RedbStorage {
    fn acquire(&self, collection: &CollectionId, holder: &HolderId, duration: Duration) -> Result<Lease, LeaseError> {
        // Not asked inside the transaction, which holds a lock. An older time is the safer one.
        let now = self.clock.now();
        self.file.write(|transaction| {
            let mut leases = transaction.open_table(LEASES)?;
            let newest = find(&leases, collection)?;
            if let Some(Kept { lease, .. }) = newest.as_ref().filter(|kept| kept.in_force(now)) {
                return Err(Failure::Refused(LeaseError::Held {
                    collection: lease.collection.clone(),
                    holder: lease.holder.clone(),
                    until: lease.expires_at,
                }));
            }
            let token = newest.map_or(0, |kept| kept.lease.token.get()).saturating_add(1);
            let lease = Lease {
                collection: collection.clone(),
                holder: holder.clone(),
                token: FencingToken::new(token),
                expires_at: later(now, duration),
            };
            keep(
                &mut leases,
                &Kept {
                    lease: lease.clone(),
                    granted_at: now,
                    released: false,
                },
            )?;
            Ok(lease)
        })
    }

    fn renew(&self, lease: &Lease, duration: Duration) -> Result<Lease, LeaseError> {
        let now = self.clock.now();
        self.file.write(|transaction| {
            let mut leases = transaction.open_table(LEASES)?;
            match find(&leases, &lease.collection)? {
                Some(kept) if kept.lease.token == lease.token && kept.in_force(now) => {
                    let renewed = Lease {
                        expires_at: later(now, duration),
                        ..kept.lease
                    };
                    keep(
                        &mut leases,
                        &Kept {
                            lease: renewed.clone(),
                            granted_at: now,
                            released: false,
                        },
                    )?;
                    Ok(renewed)
                }
                _ => Err(Failure::Refused(LeaseError::Lost {
                    collection: lease.collection.clone(),
                    token: lease.token,
                })),
            }
        })
    }

    fn release(&self, lease: &Lease) -> Result<(), LeaseError> {
        self.file.write(|transaction| {
            let mut leases = transaction.open_table(LEASES)?;
            match find(&leases, &lease.collection)? {
                Some(kept) if kept.lease.token == lease.token => keep(&mut leases, &Kept { released: true, ..kept }),
                _ => Ok(()),
            }
        })
    }
}

fn find(leases: &Leases<'_>, collection: &CollectionId) -> Outcome<Option<Kept>> {
    let Some(value) = leases.get(collection.as_str())? else {
        return Ok(None);
    };
    let key = [collection.as_str().as_bytes()];
    let kept = uncover(&key, value.value()).and_then(|json| serde_json::from_slice(json).ok());
    kept.map(Some)
        .ok_or_else(|| Failure::Damaged(format!("the lease on {collection} does not match its checksum")))
}

fn keep(leases: &mut Leases<'_>, kept: &Kept) -> Outcome<()> {
    let collection = &kept.lease.collection;
    let json = serde_json::to_vec(kept)
        .map_err(|error| Failure::Damaged(format!("the lease on {collection} cannot be written: {error}")))?;
    let key = [collection.as_str().as_bytes()];
    leases.insert(collection.as_str(), protect(&key, &json).as_slice())?;
    Ok(())
}
