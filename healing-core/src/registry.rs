//! The strategies a healer may use.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use thiserror::Error;

use crate::identity::{InvalidName, check_wire_name};
use crate::number::Ratio;
use crate::problem::ProblemKind;
use crate::strategy::RemediationStrategy;

/// Holds strategies by name. A strategy whose actuator the host does not have is simply not registered.
///
/// What a strategy says of itself (its name, what it handles, its impact, ...) is read once, here.
#[derive(Clone, Default)]
pub struct StrategyRegistry {
    strategies: BTreeMap<String, Registered>,
}

/// A strategy with what it said of itself when it was registered.
#[derive(Clone)]
pub(crate) struct Registered {
    pub(crate) strategy: Arc<dyn RemediationStrategy>,
    pub(crate) name: String,
    pub(crate) impact: Ratio,
    pub(crate) estimated_duration: Duration,
    pub(crate) reversible: bool,
    handles: Vec<ProblemKind>,
}

/// A strategy that cannot be registered.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum RegistryError {
    /// Another strategy has the name already.
    #[error("a strategy named {name:?} is already registered")]
    Duplicate {
        /// The name.
        name: String,
    },
    /// The name is not snake_case.
    #[error(transparent)]
    Name(#[from] InvalidName),
    /// It says it treats `unknown` problems, which are a human's.
    #[error("the strategy {name:?} claims to treat unknown problems; those are never healed automatically")]
    HandlesUnknown {
        /// The strategy's name.
        name: String,
    },
}

impl StrategyRegistry {
    /// A registry without strategies.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a strategy.
    ///
    /// # Errors
    /// [`RegistryError`] when its name is taken or not snake_case, or when it claims to treat unknown problems.
    pub fn register(&mut self, strategy: Arc<dyn RemediationStrategy>) -> Result<&mut Self, RegistryError> {
        let name = strategy.name().to_owned();
        check_wire_name("strategy name", &name)?;
        let handles = strategy.handles().to_vec();
        if handles.contains(&ProblemKind::Unknown) {
            return Err(RegistryError::HandlesUnknown { name });
        }
        if self.strategies.contains_key(&name) {
            return Err(RegistryError::Duplicate { name });
        }
        let registered = Registered {
            name: name.clone(),
            impact: strategy.impact(),
            estimated_duration: strategy.estimated_duration(),
            reversible: strategy.reversible(),
            handles,
            strategy,
        };
        self.strategies.insert(name, registered);
        Ok(self)
    }

    /// The strategy with this name.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Arc<dyn RemediationStrategy>> {
        Some(&self.registered(name)?.strategy)
    }

    /// The strategy with this name, and what it said of itself.
    pub(crate) fn registered(&self, name: &str) -> Option<&Registered> {
        self.strategies.get(name)
    }

    /// The strategies that treat `kind`, by name.
    pub(crate) fn treating(&self, kind: &ProblemKind) -> impl Iterator<Item = &Registered> {
        self.strategies
            .values()
            .filter(move |registered| registered.handles.contains(kind))
    }

    /// The names of all strategies, sorted.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.strategies.keys().map(String::as_str)
    }
}

impl fmt::Debug for StrategyRegistry {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_list().entries(self.strategies.keys()).finish()
    }
}
