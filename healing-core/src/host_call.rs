//! Calls into host code that must not take the healer down.

use std::any::Any;
use std::fmt::{self, Write};
use std::panic::{AssertUnwindSafe, catch_unwind};

use thiserror::Error;

/// Of what host code says in an error or a panic, so many bytes are kept: it goes into records and events.
const MOST_TOLD_BYTES: usize = 2000;

/// Host code panicked, with this message.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("panicked: {0}")]
pub(crate) struct Panicked(String);

impl Panicked {
    pub(crate) fn without_message() -> Self {
        Self("no message".to_owned())
    }

    fn with(payload: &(dyn Any + Send)) -> Self {
        let message = payload.downcast_ref::<&str>().copied();
        let message = message.or_else(|| payload.downcast_ref::<String>().map(String::as_str));
        message.map_or_else(Self::without_message, |message| Self(cut_short(message)))
    }
}

/// Calls host code and turns a panic into a value.
///
/// The crate keeps nothing of what the call may have left half-changed but what the host itself keeps, so nothing
/// inconsistent can be observed here afterwards.
pub(crate) fn contained<T>(host_code: impl FnOnce() -> T) -> Result<T, Panicked> {
    catch_unwind(AssertUnwindSafe(host_code)).map_err(|payload| Panicked::with(&*payload))
}

/// What a host's error says: the beginning of it where it is long, and an error that panics when it is shown is no more than
/// that.
pub(crate) fn told(error: &dyn fmt::Display) -> String {
    let mut text = Bounded(String::new());
    match contained(|| write!(text, "{error}")) {
        Ok(Ok(())) => text.0,
        Ok(Err(_)) => cut_short(&text.0),
        Err(panicked) => format!("an error that {panicked}"),
    }
}

fn cut_short(text: &str) -> String {
    if text.len() <= MOST_TOLD_BYTES {
        return text.to_owned();
    }
    format!("{}...", &text[..text.floor_char_boundary(MOST_TOLD_BYTES)])
}

/// A text that takes no more once it is too long.
struct Bounded(String);

impl Write for Bounded {
    fn write_str(&mut self, more: &str) -> fmt::Result {
        if self.0.len() > MOST_TOLD_BYTES {
            return Err(fmt::Error);
        }
        let room = (MOST_TOLD_BYTES + 1).max(self.0.len()) - self.0.len();
        self.0.push_str(&more[..more.ceil_char_boundary(room.min(more.len()))]);
        if self.0.len() > MOST_TOLD_BYTES {
            Err(fmt::Error)
        } else {
            Ok(())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Shows(fn(&mut fmt::Formatter<'_>) -> fmt::Result);

    impl fmt::Display for Shows {
        fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
            (self.0)(formatter)
        }
    }

    #[test]
    fn an_error_is_told_whatever_it_does_when_it_is_shown() {
        assert_eq!(told(&"the disk is full"), "the disk is full");
        assert_eq!(told(&"x".repeat(MOST_TOLD_BYTES)), "x".repeat(MOST_TOLD_BYTES));
        assert!(told(&Shows(|_| panic!("no words"))).contains("no words"));
        let endless = told(&Shows(|formatter| {
            loop {
                formatter.write_str("\u{e4}\u{e4}\u{e4}")?;
            }
        }));
        assert!(
            endless.ends_with("...") && endless.len() <= MOST_TOLD_BYTES + 3,
            "{}",
            endless.len()
        );
        let huge = contained(|| panic!("{}", "y".repeat(1 << 20))).map(|()| 0).unwrap_err();
        assert!(huge.to_string().len() < MOST_TOLD_BYTES + 20);
    }
}
