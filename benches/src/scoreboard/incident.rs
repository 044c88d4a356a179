//! What strikes whom.

use mock_cluster::{Fault, Scenario, Size};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// A fault that strikes.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Incident {
    /// The story that it is from.
    pub scenario: Scenario,
    /// What strikes.
    pub fault: Fault,
}

impl Incident {
    /// Whether there is a strategy that treats it.
    #[must_use]
    pub fn is_healable(&self) -> bool {
        self.scenario != Scenario::BrokenDisk
    }
}

/// The incidents of the life with this seed.
#[must_use]
pub fn draw(seed: u64, number: usize) -> Vec<Incident> {
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    let incident = |_| loop {
        let scenario = Scenario::ALL[random.random_range(0..Scenario::ALL.len())];
        let injection = scenario.injection_into(Size::default(), random.random_range(0..=u64::MAX), None);
        // A quiet scenario strikes with nothing.
        if let Some(injection) = injection {
            let fault = injection.fault;
            return Incident { scenario, fault };
        }
    };
    (0..number).map(incident).collect()
}
