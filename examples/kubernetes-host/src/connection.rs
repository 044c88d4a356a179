//! The bridge from the healer's threads to the client's runtime.

use std::fmt;
use std::future::Future;
use std::time::Duration;

use healing_core::Timestamp;
use healing_core::permit::Permit;
use kube::config::{KubeConfigOptions, Kubeconfig};
use kube::{Client, Config};
use tokio::runtime::Handle;

use crate::error::ClusterError;

/// A client of one namespace, to be called from threads that are not the runtime's.
#[derive(Clone)]
pub struct Connection {
    client: Client,
    runtime: Handle,
    namespace: String,
    limit: Duration,
}

impl Connection {
    /// The longest that a request may take, unless a permit ends earlier.
    pub const DEFAULT_LIMIT: Duration = Duration::from_secs(10);

    /// Uses `client` on `runtime` for the objects of `namespace`.
    #[must_use]
    pub fn new(client: Client, runtime: Handle, namespace: impl Into<String>) -> Self {
        Self {
            client,
            runtime,
            namespace: namespace.into(),
            limit: Self::DEFAULT_LIMIT,
        }
    }

    /// Connects as the environment says: by `KUBECONFIG`, by `~/.kube/config`, or as the pod's service account. The
    /// namespace is the given one, else the configuration's. Nothing is sent yet.
    ///
    /// # Errors
    /// [`ClusterError::Kubeconfig`] and [`ClusterError::Configuration`] when there is no usable configuration.
    pub async fn from_environment(namespace: Option<String>) -> Result<Self, ClusterError> {
        let kubeconfig = |error| ClusterError::Kubeconfig(Box::new(error));
        let config = match std::env::var_os("KUBECONFIG") {
            Some(_) => {
                let file = Kubeconfig::from_env().map_err(kubeconfig)?.unwrap_or_default();
                Config::from_custom_kubeconfig(file, &KubeConfigOptions::default())
                    .await
                    .map_err(kubeconfig)?
            }
            None => Config::infer()
                .await
                .map_err(|error| ClusterError::Configuration(Box::new(kube::Error::InferConfig(error))))?,
        };
        let namespace = namespace.unwrap_or_else(|| config.default_namespace.clone());
        let client = Client::try_from(config).map_err(|error| ClusterError::Configuration(Box::new(error)))?;
        Ok(Self::new(client, Handle::current(), namespace))
    }

    /// The same connection, whose requests may take this long.
    #[must_use]
    pub fn with_limit(self, limit: Duration) -> Self {
        Self { limit, ..self }
    }

    /// The namespace of everything that is read and written.
    #[must_use]
    pub fn namespace(&self) -> &str {
        &self.namespace
    }

    pub(crate) fn client(&self) -> Client {
        self.client.clone()
    }

    /// Begins something on the runtime, without waiting for it.
    pub(crate) fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) -> tokio::task::JoinHandle<()> {
        self.runtime.spawn(task)
    }

    /// Waits for a request that reads.
    pub(crate) fn read<T>(
        &self,
        verb: &'static str,
        what: &str,
        request: impl Future<Output = kube::Result<T>>,
    ) -> Result<T, ClusterError> {
        self.wait(self.limit, verb, what, request)
    }

    /// Waits for a request that writes under `permit`: not beyond its deadline.
    pub(crate) fn write<T>(
        &self,
        permit: &Permit<'_>,
        now: Timestamp,
        verb: &'static str,
        what: &str,
        request: impl Future<Output = kube::Result<T>>,
    ) -> Result<T, ClusterError> {
        let left = Duration::try_from(permit.deadline().duration_since(now)).unwrap_or(Duration::ZERO);
        self.wait(self.limit.min(left), verb, what, request)
    }

    /// The longest that a request may take.
    pub(crate) fn limit(&self) -> Duration {
        self.limit
    }

    /// Waits for something that is not a request, at most as long as for one.
    pub(crate) fn within_limit<T>(&self, future: impl Future<Output = T>) -> Option<T> {
        self.runtime
            .block_on(async { tokio::time::timeout(self.limit, future).await })
            .ok()
    }

    fn wait<T>(
        &self,
        limit: Duration,
        verb: &'static str,
        what: &str,
        request: impl Future<Output = kube::Result<T>>,
    ) -> Result<T, ClusterError> {
        let answer = self
            .runtime
            .block_on(async { tokio::time::timeout(limit, request).await });
        match answer {
            Ok(answer) => answer.map_err(|error| ClusterError::of(verb, what, error)),
            Err(_) => Err(ClusterError::Timeout {
                verb,
                what: what.to_owned(),
                limit,
            }),
        }
    }
}

impl fmt::Debug for Connection {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Connection")
            .field("namespace", &self.namespace)
            .field("limit", &self.limit)
            .finish_non_exhaustive()
    }
}
