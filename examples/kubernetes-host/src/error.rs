//! What the cluster refused, in words that say what to do.

use std::time::Duration;

use thiserror::Error;

/// A request to the Kubernetes API that failed.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ClusterError {
    /// No configuration for a cluster was found, or it cannot be used.
    #[error(
        "no usable cluster configuration: {0}; set KUBECONFIG to a kubeconfig file, or run in a pod with a service account"
    )]
    Configuration(#[source] Box<kube::Error>),
    /// The same, for a kubeconfig file that cannot be read.
    #[error("the kubeconfig cannot be used: {0}; check the file that KUBECONFIG names and its current-context")]
    Kubeconfig(#[source] Box<kube::config::KubeconfigError>),
    /// The API server does not let this service account do that.
    #[error("not allowed to {verb} {what}: {message}; manifests/rbac.yaml has the rights that are needed, and why")]
    Forbidden {
        /// What was asked for: "get".
        verb: &'static str,
        /// Of what: "the deployment reads".
        what: String,
        /// What the server said.
        message: String,
    },
    /// The credentials are not accepted.
    #[error(
        "the API server does not accept the credentials: {message}; log in again or check the service account's token"
    )]
    Unauthorized {
        /// What the server said.
        message: String,
    },
    /// The custom resource is not installed.
    #[error(
        "the resource healingstatuses is not known to the cluster; install it with `kubernetes-host --print-crd | kubectl apply -f -`"
    )]
    NotInstalled,
    /// The object is not there.
    #[error("{what} does not exist")]
    NotFound {
        /// The object.
        what: String,
    },
    /// Someone else changed the object meanwhile.
    #[error("{what} was changed by someone else meanwhile")]
    Conflict {
        /// The object.
        what: String,
    },
    /// The server did not answer in time.
    #[error("{verb} {what} took longer than {limit:?}")]
    Timeout {
        /// What was asked for.
        verb: &'static str,
        /// Of what.
        what: String,
        /// The time it had.
        limit: Duration,
    },
    /// Anything else.
    #[error("cannot {verb} {what}: {source}")]
    Api {
        /// What was asked for.
        verb: &'static str,
        /// Of what.
        what: String,
        /// What happened.
        source: Box<kube::Error>,
    },
}

impl ClusterError {
    /// Reads what the client says of a request for `verb` on `what`.
    pub(crate) fn of(verb: &'static str, what: &str, error: kube::Error) -> Self {
        let what = what.to_owned();
        match &error {
            kube::Error::Api(status) if status.code == 401 => Self::Unauthorized {
                message: status.message.clone(),
            },
            kube::Error::Api(status) if status.is_forbidden() => Self::Forbidden {
                verb,
                what,
                message: status.message.clone(),
            },
            // Changed meanwhile, or created meanwhile.
            kube::Error::Api(status) if status.code == 409 => Self::Conflict { what },
            // The server says this of a path that no resource has, and the other of an object that is not there.
            kube::Error::Api(status) if status.code == 404 && status.message.contains(NO_SUCH_PATH) => {
                Self::NotInstalled
            }
            kube::Error::Api(status) if status.is_not_found() => Self::NotFound { what },
            _ => Self::Api {
                verb,
                what,
                source: Box::new(error),
            },
        }
    }

    /// Whether the object is not there.
    #[must_use]
    pub fn is_not_found(&self) -> bool {
        matches!(self, Self::NotFound { .. })
    }
}

/// What the API server answers where no resource of that name is served.
const NO_SUCH_PATH: &str = "404 page not found";
