//! What a suite found.

use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// The checks that a suite made, and what came of each. Prints as what one wants to read when a test fails.
///
/// ```
/// use healing_core::testkit::{Report, require};
///
/// let mut report = Report::of("arithmetic");
/// report.check("addition_commutes", || require(1 + 2 == 2 + 1, || "1 + 2 is not 2 + 1".to_owned()));
/// assert!(report.is_clean(), "{report}");
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[must_use = "what a suite found is in its report and nowhere else"]
pub struct Report {
    subject: String,
    held: Vec<&'static str>,
    broken: Vec<Finding>,
    not_tried: Vec<Finding>,
}

/// A check, and what there is to say about it.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Finding {
    /// The check's name: a sentence of what should hold, in snake_case.
    pub check: &'static str,
    /// What was found instead, or why it was not tried.
    pub what: String,
}

/// Why a check did not pass.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Objection(Kind);

#[derive(Debug, Clone, PartialEq, Eq)]
enum Kind {
    Broken(String),
    NotTried(String),
}

impl Objection {
    /// The check found something that is wrong.
    #[must_use]
    pub fn broken(what: impl Into<String>) -> Self {
        Self(Kind::Broken(what.into()))
    }

    /// What it says.
    #[must_use]
    pub fn what(&self) -> &str {
        let (Kind::Broken(what) | Kind::NotTried(what)) = &self.0;
        what
    }

    /// The check could not be made here.
    #[must_use]
    pub fn not_tried(why: impl Into<String>) -> Self {
        Self(Kind::NotTried(why.into()))
    }
}

/// Objects with `otherwise` unless something holds.
///
/// # Errors
/// The objection.
pub fn require(holds: bool, otherwise: impl FnOnce() -> String) -> Result<(), Objection> {
    if holds {
        Ok(())
    } else {
        Err(Objection::broken(otherwise()))
    }
}

/// The objection to a call that should have succeeded: for `map_err`.
pub fn failed<E: fmt::Display>(call: &str) -> impl FnOnce(E) -> Objection {
    move |error| Objection::broken(format!("{call} failed: {error}"))
}

impl Report {
    /// A report on `subject` without checks so far.
    pub fn of(subject: impl Into<String>) -> Self {
        Self {
            subject: subject.into(),
            held: Vec::new(),
            broken: Vec::new(),
            not_tried: Vec::new(),
        }
    }

    /// Makes a check. A panic counts as an objection.
    pub fn check(&mut self, name: &'static str, check: impl FnOnce() -> Result<(), Objection>) {
        let objection = match catch_unwind(AssertUnwindSafe(check)) {
            Ok(Ok(())) => {
                self.held.push(name);
                return;
            }
            Ok(Err(objection)) => objection,
            Err(payload) => {
                let message = payload.downcast_ref::<&str>().copied();
                let message = message.or_else(|| payload.downcast_ref::<String>().map(String::as_str));
                Objection::broken(format!("it panicked: {}", message.unwrap_or("no message")))
            }
        };
        match objection.0 {
            Kind::Broken(what) => self.broken.push(Finding { check: name, what }),
            Kind::NotTried(what) => self.not_tried.push(Finding { check: name, what }),
        }
    }

    /// Takes the checks of another report in.
    pub fn include(&mut self, other: Self) {
        self.held.extend(other.held);
        self.broken.extend(other.broken);
        self.not_tried.extend(other.not_tried);
    }

    /// Whether nothing is wrong, as far as was tried.
    #[must_use]
    pub fn is_clean(&self) -> bool {
        self.broken.is_empty()
    }

    /// The checks that held, in the order they were made.
    #[must_use]
    pub fn held(&self) -> &[&'static str] {
        &self.held
    }

    /// What is wrong, in the order it was found.
    #[must_use]
    pub fn broken(&self) -> &[Finding] {
        &self.broken
    }

    /// What could not be tried here, and why.
    #[must_use]
    pub fn not_tried(&self) -> &[Finding] {
        &self.not_tried
    }
}

impl fmt::Display for Report {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            formatter,
            "{}: {} checks held, {} broken, {} not tried",
            self.subject,
            self.held.len(),
            self.broken.len(),
            self.not_tried.len()
        )?;
        for Finding { check, what } in &self.broken {
            write!(formatter, "\n  broken: {check}\n    {what}")?;
        }
        for Finding { check, what } in &self.not_tried {
            write!(formatter, "\n  not tried: {check}\n    {what}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_check_is_made_and_the_report_says_what_came_of_it() {
        let mut report = Report::of("three stores");
        report.check("it_holds", || Ok(()));
        report.check("it_panics", || panic!("no disk"));
        report.check("it_objects", || Err(failed("append")("disk full")));
        let mut other = Report::of("a fourth");
        other.check("it_cannot_be_tried", || Err(Objection::not_tried("no clock")));
        report.include(other);

        assert!(!report.is_clean());
        assert_eq!(
            report.to_string(),
            "three stores: 1 checks held, 2 broken, 1 not tried\n  \
             broken: it_panics\n    it panicked: no disk\n  \
             broken: it_objects\n    append failed: disk full\n  \
             not tried: it_cannot_be_tried\n    no clock"
        );
    }
}
