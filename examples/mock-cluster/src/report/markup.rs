//! Text that goes into a page.

use std::fmt::{Arguments, Write};

/// Adds to the page. Writing to a string cannot fail.
pub(super) fn put(page: &mut String, markup: Arguments<'_>) {
    let written = page.write_fmt(markup);
    debug_assert!(written.is_ok(), "a string takes everything");
}

/// The text with what means something in HTML made harmless.
pub(super) fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
}
