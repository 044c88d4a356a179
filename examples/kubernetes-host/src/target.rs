//! What is scaled.

use std::fmt;
use std::str::FromStr;

use thiserror::Error;

/// A Deployment or a StatefulSet by its name, written as `deployment/reads`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ScaleTarget {
    /// What it is.
    pub kind: TargetKind,
    /// Its name.
    pub name: String,
}

/// What can be scaled.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum TargetKind {
    /// A Deployment.
    Deployment,
    /// A StatefulSet.
    StatefulSet,
}

impl TargetKind {
    /// The kind as objects name it: `Deployment`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Deployment => "Deployment",
            Self::StatefulSet => "StatefulSet",
        }
    }
}

/// A text that names no target.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{text:?} names nothing to scale; write deployment/NAME or statefulset/NAME")]
pub struct InvalidTarget {
    /// The text.
    pub text: String,
}

impl FromStr for ScaleTarget {
    type Err = InvalidTarget;

    fn from_str(text: &str) -> Result<Self, InvalidTarget> {
        let invalid = || InvalidTarget { text: text.to_owned() };
        let (kind, name) = text.split_once('/').ok_or_else(invalid)?;
        let kind = match kind {
            "deployment" => TargetKind::Deployment,
            "statefulset" => TargetKind::StatefulSet,
            _ => return Err(invalid()),
        };
        if name.is_empty() || name.contains('/') {
            return Err(invalid());
        }
        Ok(Self {
            kind,
            name: name.to_owned(),
        })
    }
}

impl fmt::Display for ScaleTarget {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.kind {
            TargetKind::Deployment => write!(formatter, "deployment/{}", self.name),
            TargetKind::StatefulSet => write!(formatter, "statefulset/{}", self.name),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_target_reads_back_from_its_text() {
        for text in ["deployment/reads", "statefulset/vectors"] {
            assert_eq!(text.parse::<ScaleTarget>().unwrap().to_string(), text);
        }
        for text in ["", "reads", "pod/reads", "deployment/", "deployment/a/b"] {
            assert_eq!(text.parse::<ScaleTarget>().unwrap_err().text, text);
        }
    }
}
