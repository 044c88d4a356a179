//! A strategy's hold on its actuator.

use std::fmt;
use std::ops::Deref;
use std::sync::Arc;

/// A shared actuator. It prints as nothing, as hosts' actuators need not print.
pub(crate) struct Handle<T: ?Sized>(Arc<T>);

impl<T: ?Sized> From<Arc<T>> for Handle<T> {
    fn from(actuator: Arc<T>) -> Self {
        Self(actuator)
    }
}

impl<T: ?Sized> Clone for Handle<T> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<T: ?Sized> Deref for Handle<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0
    }
}

impl<T: ?Sized> fmt::Debug for Handle<T> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("..")
    }
}
