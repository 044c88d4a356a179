//! Graphs out of the fuzzer's bytes: every byte string is one, and small changes to it stay small.

/// Reads numbers off a byte string; behind its end, zeros.
pub(crate) struct Bytes<'a> {
    rest: &'a [u8],
}

impl<'a> Bytes<'a> {
    pub(crate) fn new(data: &'a [u8]) -> Self {
        Self { rest: data }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.rest.is_empty()
    }

    /// So many bytes as a little-endian number.
    pub(crate) fn number(&mut self, bytes: usize) -> u64 {
        let (head, tail) = self.rest.split_at(bytes.min(self.rest.len()));
        self.rest = tail;
        head.iter()
            .rev()
            .fold(0, |number, &byte| (number << 8) | u64::from(byte))
    }

    /// Mostly few nodes, where the oracles can follow, now and then up to 4095.
    pub(crate) fn node_count(&mut self) -> u32 {
        match self.number(1) as u32 {
            small @ 0..224 => small % 48,
            large => (large - 224) * 128 + self.number(1) as u32 % 128,
        }
    }

    /// The rest, as edges whose weights are small, or of any size; now and then an end is out of range.
    pub(crate) fn edges(&mut self, nodes: u32) -> Vec<(u32, u32, u64)> {
        let end_bytes = if nodes > 256 { 2 } else { 1 };
        let mut edges = Vec::new();
        while !self.is_empty() {
            let kind = self.number(1);
            let mut end = || match self.number(end_bytes) as u32 {
                out if kind == 255 => out,
                any => any % nodes.max(1),
            };
            let (u, v) = (end(), end());
            let weight = match kind {
                0..128 => kind,
                128..192 => self.number(2),
                192..254 => self.number(7),
                _ => self.number(8),
            };
            edges.push((u, v, weight));
        }
        edges
    }
}
