//! Lines of a file and the numbers in them.

use crate::error::{ParseError, Problem};

/// A node number fits into 32 bits, and one is kept free.
pub(crate) const LARGEST_NODE: u64 = u32::MAX as u64 - 1;

/// One line, read field after field.
#[derive(Clone)]
pub(crate) struct Line<'a> {
    /// Counted from 1.
    pub(crate) number: usize,
    rest: &'a [u8],
}

/// All lines of a file; a final newline does not begin another one.
pub(crate) fn lines(file: &[u8]) -> impl Iterator<Item = Line<'_>> {
    file.strip_suffix(b"\n")
        .unwrap_or(file)
        .split(|&byte| byte == b'\n')
        .enumerate()
        .map(|(index, rest)| Line {
            number: index + 1,
            rest,
        })
}

impl<'a> Line<'a> {
    /// Whether nothing but white space is left.
    pub(crate) fn is_blank(&self) -> bool {
        self.rest.trim_ascii_start().is_empty()
    }

    /// Whether the line's next visible character is this one.
    pub(crate) fn starts_with(&self, character: u8) -> bool {
        self.rest.trim_ascii_start().first() == Some(&character)
    }

    /// The next field, if there is one.
    pub(crate) fn field(&mut self) -> Option<&'a [u8]> {
        let rest = self.rest.trim_ascii_start();
        if rest.is_empty() {
            return None;
        }
        let end = rest.iter().position(u8::is_ascii_whitespace).unwrap_or(rest.len());
        self.rest = &rest[end..];
        Some(&rest[..end])
    }

    /// The next field as a number of at most `most`; `what` names it in errors.
    pub(crate) fn number(&mut self, what: &'static str, most: u64) -> Result<u64, ParseError> {
        match self.optional_number(what, most)? {
            Some(number) => Ok(number),
            None => Err(Problem::Missing { what }.at(self.number)),
        }
    }

    /// The same, where the line may also have ended.
    pub(crate) fn optional_number(&mut self, what: &'static str, most: u64) -> Result<Option<u64>, ParseError> {
        let Some(field) = self.field() else {
            return Ok(None);
        };
        match decimal(field) {
            Some(number) if number <= most => Ok(Some(number)),
            _ => {
                let found = shown(field);
                Err(Problem::NotANumber { what, found, most }.at(self.number))
            }
        }
    }

    /// Refuses anything that is left of the line.
    pub(crate) fn end(&mut self) -> Result<(), ParseError> {
        match self.field() {
            None => Ok(()),
            Some(field) => Err(Problem::TooMuch { found: shown(field) }.at(self.number)),
        }
    }

    /// How many fields are left.
    pub(crate) fn count_fields(mut self) -> usize {
        std::iter::from_fn(|| self.field()).count()
    }
}

/// A field as an error message shows it: not longer than a glance.
pub(crate) fn shown(field: &[u8]) -> String {
    const GLANCE: usize = 40;
    let mut text: String = String::from_utf8_lossy(field).chars().take(GLANCE).collect();
    if text.len() < field.len() {
        text.push('…');
    }
    text
}

/// The number that these digits are.
pub(crate) fn decimal(field: &[u8]) -> Option<u64> {
    field.iter().try_fold(0_u64, |number, &byte| {
        let digit = byte.is_ascii_digit().then(|| u64::from(byte - b'0'))?;
        number.checked_mul(10)?.checked_add(digit)
    })
}
