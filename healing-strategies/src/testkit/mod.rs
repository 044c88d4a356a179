//! What a host tests its own actuators with (feature `testkit`). How suites work, healing-core's
//! [`testkit`](healing_core::testkit) says.

pub mod actuators;
mod faulty_actuator;

pub use faulty_actuator::FaultyActuator;
