//! Names of Kubernetes objects for collections, whose names may hold anything.

use healing_core::CollectionId;
use healing_core::audit::Digest;

/// How much of a collection's name an object's name shows.
const SHOWN: usize = 40;

/// The object name for `collection`: `prefix`, what of its name may stand in one (RFC 1123), and twelve digits of its digest, by which
/// names that look the same differ.
pub(crate) fn object_name(prefix: &str, collection: &CollectionId) -> String {
    let digest = Digest::of_parts([collection.as_str().as_bytes()]).to_string();
    let mut shown: String = collection
        .as_str()
        .chars()
        .map(|c| c.to_ascii_lowercase())
        .map(|c| if c.is_ascii_alphanumeric() { c } else { '-' })
        .take(SHOWN)
        .collect();
    shown = shown.trim_matches('-').to_owned();
    if !shown.is_empty() {
        shown.push('-');
    }
    let digits: String = digest.chars().take(12).collect();
    format!("{prefix}-{shown}{digits}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name_of(collection: &str) -> String {
        object_name("healing", &CollectionId::new(collection).unwrap())
    }

    #[test]
    fn every_collection_has_a_valid_object_name_of_its_own() {
        let names: Vec<String> = [
            "vectors",
            "Vectors",
            "ve/ctors",
            "ve-ctors",
            "---",
            "向量",
            &"x".repeat(200),
        ]
        .into_iter()
        .map(name_of)
        .collect();
        for (position, name) in names.iter().enumerate() {
            assert!(name.len() <= 63, "{name}");
            let allowed = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
            assert!(name.chars().all(allowed) && !name.ends_with('-'), "{name}");
            assert!(!names[..position].contains(name), "{name} twice");
        }
    }
}
