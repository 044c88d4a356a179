//! Names: what is healed, who heals it, and the counters that tell one act from another.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use thiserror::Error;

/// The longest name of a collection, a tenant, a holder or an operator, in bytes.
pub const MAX_NAME_BYTES: usize = 200;

/// A name or identifier that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum InvalidName {
    /// The name is empty.
    #[error("a {what} must not be empty")]
    Empty {
        /// What the name was for.
        what: &'static str,
    },
    /// The name is longer than [`MAX_NAME_BYTES`].
    #[error("the {what} {start:?}... has {bytes} bytes, at most {MAX_NAME_BYTES} are allowed")]
    TooLong {
        /// What the name was for.
        what: &'static str,
        /// The first characters of the name.
        start: String,
        /// Its length.
        bytes: usize,
    },
    /// The name holds a control character.
    #[error("the {what} {name:?} holds a control character")]
    ControlCharacter {
        /// What the name was for.
        what: &'static str,
        /// The name.
        name: String,
    },
    /// The name is not in snake_case.
    #[error("the {what} {name:?} is not snake_case (a lower-case letter, then lower-case letters, digits and _)")]
    NotSnakeCase {
        /// What the name was for.
        what: &'static str,
        /// The name.
        name: String,
    },
    /// The name is one of the crate's own.
    #[error("the {what} {name:?} is reserved")]
    Reserved {
        /// What the name was for.
        what: &'static str,
        /// The name.
        name: String,
    },
    /// The text is not of the form `collection#number`.
    #[error("the remediation id {text:?} is not of the form collection#number")]
    NotARemediationId {
        /// The text.
        text: String,
    },
}

/// Checks a free-form name.
fn check_name(what: &'static str, name: &str) -> Result<(), InvalidName> {
    if name.is_empty() {
        Err(InvalidName::Empty { what })
    } else if name.len() > MAX_NAME_BYTES {
        Err(InvalidName::TooLong {
            what,
            start: name.chars().take(20).collect(),
            bytes: name.len(),
        })
    } else if name.chars().any(char::is_control) {
        Err(InvalidName::ControlCharacter {
            what,
            name: name.to_owned(),
        })
    } else {
        Ok(())
    }
}

/// Checks a name that also appears on the wire, in SQL and as a metric's label: snake_case only.
pub(crate) fn check_wire_name(what: &'static str, name: &str) -> Result<(), InvalidName> {
    check_name(what, name)?;
    let starts_with_letter = name.starts_with(|first: char| first.is_ascii_lowercase());
    if starts_with_letter
        && name
            .chars()
            .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_')
    {
        Ok(())
    } else {
        Err(InvalidName::NotSnakeCase {
            what,
            name: name.to_owned(),
        })
    }
}

/// Defines one checked name type.
macro_rules! name_type {
    ($(#[$doc:meta])* $name:ident, $what:literal) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(String);

        impl $name {
            /// Checks `name`.
            ///
            /// # Errors
            /// [`InvalidName`] when it is empty, longer than [`MAX_NAME_BYTES`] or holds a control character.
            pub fn new(name: impl Into<String>) -> Result<Self, InvalidName> {
                let name = name.into();
                check_name($what, &name)?;
                Ok(Self(name))
            }

            /// The name as text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl TryFrom<String> for $name {
            type Error = InvalidName;

            fn try_from(name: String) -> Result<Self, InvalidName> {
                Self::new(name)
            }
        }

        impl FromStr for $name {
            type Err = InvalidName;

            fn from_str(name: &str) -> Result<Self, InvalidName> {
                Self::new(name)
            }
        }

        impl From<$name> for String {
            fn from(name: $name) -> String {
                name.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str(&self.0)
            }
        }
    };
}

name_type!(
    /// The name of what is healed: a collection of vectors, a table, a topic. One healer looks after many.
    CollectionId, "collection name"
);
name_type!(
    /// The tenant that a collection belongs to, where the host has tenants.
    TenantId, "tenant name"
);
name_type!(
    /// The process that holds a lease: unique among all healers that share a store.
    HolderId, "lease holder name"
);
name_type!(
    /// A person or system that gave an operator's order.
    Operator, "operator name"
);

/// One remediation: the collection and its number there, counted from 1.
///
/// Numbers are given under the collection's lease, so that no two healers give the same one and healers of different
/// collections need not agree on anything. Written `embeddings#12`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct RemediationId {
    collection: CollectionId,
    number: u64,
}

impl RemediationId {
    /// Names the `number`th remediation of `collection`, from 1. No remediation has the number 0.
    #[must_use]
    pub fn new(collection: CollectionId, number: u64) -> Self {
        Self { collection, number }
    }

    /// The collection that is healed.
    #[must_use]
    pub fn collection(&self) -> &CollectionId {
        &self.collection
    }

    /// The remediation's number within its collection, from 1.
    #[must_use]
    pub fn number(&self) -> u64 {
        self.number
    }
}

impl fmt::Display for RemediationId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}#{}", self.collection, self.number)
    }
}

impl FromStr for RemediationId {
    type Err = InvalidName;

    fn from_str(text: &str) -> Result<Self, InvalidName> {
        let malformed = || InvalidName::NotARemediationId {
            text: text.chars().take(MAX_NAME_BYTES).collect(),
        };
        let (collection, number) = text.rsplit_once('#').ok_or_else(malformed)?;
        let number = number.parse().map_err(|_| malformed())?;
        Ok(Self::new(CollectionId::new(collection)?, number))
    }
}

impl TryFrom<String> for RemediationId {
    type Error = InvalidName;

    fn try_from(text: String) -> Result<Self, InvalidName> {
        text.parse()
    }
}

impl From<RemediationId> for String {
    fn from(id: RemediationId) -> String {
        id.to_string()
    }
}

/// A number that grows with each new lease on a collection.
///
/// Whoever acts under a lease hands its token along; what is acted on refuses a token smaller than the greatest it has
/// seen, which keeps out a healer that lost its lease and does not know it yet (Kleppmann, "How to do distributed
/// locking", 2016).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct FencingToken(u64);

impl FencingToken {
    /// The token with this number.
    #[must_use]
    pub const fn new(number: u64) -> Self {
        Self(number)
    }

    /// The token's number.
    #[must_use]
    pub const fn get(self) -> u64 {
        self.0
    }
}

impl fmt::Display for FencingToken {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, formatter)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_remediation_id_reads_back_even_with_a_hash_in_the_collection() {
        let id = RemediationId::new(CollectionId::new("tenant#a").unwrap(), 12);
        assert_eq!(id.to_string(), "tenant#a#12");
        assert_eq!(id.to_string().parse::<RemediationId>().unwrap(), id);
        for text in ["", "12", "#12", "a#", "a#x", "a#-1"] {
            assert!(text.parse::<RemediationId>().is_err(), "{text}");
        }
    }

    #[test]
    fn unusable_names_say_what_is_wrong() {
        assert!(
            CollectionId::new("")
                .unwrap_err()
                .to_string()
                .contains("collection name must not be empty")
        );
        assert!(
            CollectionId::new("a\nb")
                .unwrap_err()
                .to_string()
                .contains("control character")
        );
        assert!(
            CollectionId::new("x".repeat(201))
                .unwrap_err()
                .to_string()
                .contains("201 bytes")
        );
        assert!(serde_json::from_str::<CollectionId>("\"\"").is_err());
        assert!(check_wire_name("strategy name", "rebalance_partitions").is_ok());
        for name in ["Rebalance", "1st", "a-b", "_a"] {
            assert!(
                matches!(
                    check_wire_name("strategy name", name),
                    Err(InvalidName::NotSnakeCase { .. })
                ),
                "{name}"
            );
        }
    }
}
