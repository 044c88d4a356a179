//! What a host tests its own actuators with (feature `testkit`).

mod faulty_actuator;

pub use faulty_actuator::FaultyActuator;
