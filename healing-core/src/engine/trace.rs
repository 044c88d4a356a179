//! The story of the loop for whoever listens through the `tracing` facade; nothing at all without the feature of that name.

#[cfg(not(feature = "tracing"))]
mod silence;
#[cfg(feature = "tracing")]
mod spans;

#[cfg(not(feature = "tracing"))]
pub(super) use silence::{ObservationSpan, RemediationSpan};
#[cfg(feature = "tracing")]
pub(super) use spans::{ObservationSpan, RemediationSpan};
