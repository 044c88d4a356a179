//! What is known of each node.

use healing_core::topology::NodeRef;

/// A value for each node, sorted by node. A graph is read off it edge by edge: found sooner than in a map, and made sooner.
pub(crate) struct ByNode<T>(Vec<(NodeRef, T)>);

impl<T: Copy> ByNode<T> {
    /// Every node with its value, sorted.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (NodeRef, T)> {
        self.0.iter().copied()
    }

    pub(crate) fn get(&self, node: NodeRef) -> Option<T> {
        let position = self.0.binary_search_by_key(&node, |(known, _)| *known).ok()?;
        self.0.get(position).map(|(_, value)| *value)
    }
}

impl<T> FromIterator<(NodeRef, T)> for ByNode<T> {
    fn from_iter<I: IntoIterator<Item = (NodeRef, T)>>(values: I) -> Self {
        let mut values: Vec<_> = values.into_iter().collect();
        values.sort_unstable_by_key(|(node, _)| *node);
        Self(values)
    }
}
