//! Actuator traits by domain, and the built-in remediation strategies on them.
//!
//! A strategy here decides *what* to do and writes it down as data; an actuator, implemented by the host, *does* it. Both
//! are thin, and the healing-core engine owns the loop around them.

pub mod actuators;
