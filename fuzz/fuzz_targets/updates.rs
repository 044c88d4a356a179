//! Arbitrary updates of a changing graph, its minimum cut against a fresh solve after every call: value,
//! side and witness, what is refused, and what a hypothetical batch would do.

#![no_main]

#[allow(dead_code, reason = "the other targets use all of it")]
mod bytes;
#[path = "../../healing-mincut/tests/dynamic_driver/mod.rs"]
mod dynamic_driver;
mod oracle;

use bytes::Bytes;
use dynamic_driver::{Call, Pair};
use healing_mincut::{Graph, Update};
use libfuzzer_sys::fuzz_target;

/// Every call is a fresh solve.
const MOST_CALLS: usize = 200;

fuzz_target!(|data: &[u8]| {
    let mut bytes = Bytes::new(data);
    let nodes = 1 + bytes.number(1) as u32 % 24;
    let edges: Vec<_> = (0..bytes.number(1) % 64)
        .map(|_| (node(&mut bytes, nodes), node(&mut bytes, nodes), weight(&mut bytes)))
        .collect();
    if Graph::from_edges(nodes, edges.iter().copied()).is_err() {
        return;
    }
    let mut pair = Pair::new(nodes, &edges);
    for _ in 0..MOST_CALLS {
        if bytes.is_empty() {
            break;
        }
        let call = call(&mut bytes, nodes);
        pair.call(&call);
    }
    assert!(pair.dynamic.graph().edge_list().eq(pair.model.graph().edge_list()));
});

fn call(bytes: &mut Bytes<'_>, nodes: u32) -> Call {
    let kind = bytes.number(1);
    let mut batch = |count| (0..count).map(|_| update(bytes, nodes)).collect();
    match kind {
        0..192 => Call::One(update(bytes, nodes)),
        192..224 => Call::Batch(batch(kind % 8)),
        _ => Call::WhatIf(batch(kind % 8)),
    }
}

/// Node `nodes`, which is not there, is asked for now and then.
fn update(bytes: &mut Bytes<'_>, nodes: u32) -> Update {
    let kind = bytes.number(1);
    let end = |bytes: &mut Bytes<'_>| if kind == 255 { nodes } else { node(bytes, nodes) };
    let (u, v) = (node(bytes, nodes), end(bytes));
    match kind % 4 {
        0 => Update::SetWeight {
            u,
            v,
            weight: weight(bytes),
        },
        1 => Update::Insert {
            u,
            v,
            weight: weight(bytes),
        },
        2 => Update::Lighten {
            u,
            v,
            weight: weight(bytes),
        },
        _ => Update::Remove { u, v },
    }
}

fn node(bytes: &mut Bytes<'_>, nodes: u32) -> u32 {
    bytes.number(1) as u32 % nodes
}

/// Mostly small, now and then of any size.
fn weight(bytes: &mut Bytes<'_>) -> u64 {
    match bytes.number(1) {
        small @ 0..240 => small % 16,
        240..254 => bytes.number(7),
        _ => bytes.number(8),
    }
}
