//! Families of graphs, each drawn from a seed: the same graphs on every machine.

use healing_mincut::{Graph, GraphError};
use rand::{RngExt, SeedableRng};
use rand_pcg::Pcg64;

/// A graph with a name.
#[derive(Debug)]
pub struct Instance {
    /// The family and its size.
    pub name: String,
    /// The graph.
    pub graph: Graph,
}

type Edges = Vec<(u32, u32, u64)>;

/// The graphs of the minimum cut table, smallest family first. The table is that of seed 0; other seeds
/// tell whether what it shows holds for the families.
///
/// # Errors
///
/// Never, unless a generator is wrong.
pub fn minimum_cut_table(seed: u64) -> Result<Vec<Instance>, GraphError> {
    let mut instances = Vec::new();
    let mut add = |name: String, (nodes, edges): (u32, Edges)| -> Result<(), GraphError> {
        instances.push(Instance {
            name,
            graph: Graph::from_edges(nodes, edges)?,
        });
        Ok(())
    };
    for nodes in [1_000, 10_000] {
        add(format!("operational {nodes}"), operational(nodes, seed))?;
    }
    for nodes in [1_000, 10_000, 100_000] {
        add(
            format!("weighted random {nodes}"),
            random(nodes, 8 * nodes as usize, 100, seed),
        )?;
    }
    for (nodes, clusters) in [(1_000, 2), (10_000, 4), (100_000, 8)] {
        add(
            format!("planted {nodes}, {clusters} clusters"),
            planted(nodes, clusters, seed),
        )?;
    }
    add("random 100000".into(), random(100_000, 1_000_000, 1, seed))?;
    add("R-MAT 17, 20-core".into(), r_mat(17, 2_000_000, 20, seed))?;
    add("60 communities, 8-core".into(), communities(134_400, 60, 8, seed))?;
    add("Delaunay mesh".into(), delaunay(32_768, seed))?;
    Ok(instances)
}

/// Families with graphs of about 1e4, 1e5 and 1e6 edges, to see how a time grows.
///
/// # Errors
///
/// Never, unless a generator is wrong.
pub fn growing() -> Result<Vec<(&'static str, Vec<Instance>)>, GraphError> {
    type Generator = fn(u32) -> (u32, Edges);
    let families: [(&str, Generator, [u32; 3]); 7] = [
        ("operational", |nodes| operational(nodes, 0), [2_900, 29_000, 290_000]),
        (
            "weighted random",
            |nodes| random(nodes, 8 * nodes as usize, 100, 0),
            [1_250, 12_500, 125_000],
        ),
        (
            "planted, 4 clusters",
            |nodes| planted(nodes, 4, 0),
            [1_000, 10_000, 100_000],
        ),
        (
            "random",
            |nodes| random(nodes, 10 * nodes as usize, 1, 0),
            [1_000, 10_000, 100_000],
        ),
        (
            "R-MAT, 20-core",
            |drawn| r_mat(drawn.ilog2() - 4, drawn as usize, 20, 0),
            [20_000, 170_000, 1_400_000],
        ),
        (
            "communities, 8-core",
            |nodes| communities(nodes, nodes / 2_240, 8, 0),
            [2_240, 17_920, 161_280],
        ),
        ("Delaunay mesh", |nodes| delaunay(nodes, 0), [3_334, 33_334, 333_334]),
    ];
    let mut growing = Vec::new();
    for (family, generate, sizes) in families {
        let mut graphs = Vec::new();
        for size in sizes {
            let (nodes, edges) = generate(size);
            graphs.push(Instance {
                name: format!("{family} {size}"),
                graph: Graph::from_edges(nodes, edges)?,
            });
        }
        growing.push((family, graphs));
    }
    Ok(growing)
}

/// A weighted random graph of ten million edges, to see how much memory a solve takes.
///
/// # Errors
///
/// Never, unless the generator is wrong.
pub fn ten_million_edges() -> Result<Instance, GraphError> {
    let nodes = 1_250_000;
    let (nodes, edges) = random(nodes, 8 * nodes as usize, 100, 0);
    Ok(Instance {
        name: format!("weighted random {nodes}"),
        graph: Graph::from_edges(nodes, edges)?,
    })
}

/// Each family draws from numbers of its own.
fn generator(family: u64, seed: u64) -> Pcg64 {
    Pcg64::seed_from_u64(family + (seed << 8))
}

/// The operational topology of a vector database: shards in a ring with chords, partitions on their
/// shard and on like partitions, centroids on the partitions they route to, replicas on what they
/// copy, jobs on what they work on. About 3.5 edges a node, weights up to 1000, mostly heavy.
#[must_use]
pub fn operational(nodes: u32, seed: u64) -> (u32, Edges) {
    let mut rng = generator(1, seed);
    let share = |percent: u32| nodes * percent / 100;
    let shards = share(2).max(3);
    let partitions = shards..shards + share(40);
    let centroids = partitions.end..partitions.end + share(30);
    let replicas = centroids.end..centroids.end + share(20);
    let jobs = replicas.end..nodes;
    let mut edges = Vec::new();
    // The square root of a uniform number is skewed high.
    let mut link = |rng: &mut Pcg64, u: u32, v: u32| {
        let weight = 1 + (999.0 * rng.random_range(0.0..1.0_f64).sqrt()) as u64;
        if u != v {
            edges.push((u, v, weight));
        }
    };
    for shard in 0..shards {
        link(&mut rng, shard, (shard + 1) % shards);
        let chord = rng.random_range(0..shards);
        link(&mut rng, shard, chord);
    }
    let any_partition = |rng: &mut Pcg64| rng.random_range(partitions.clone());
    for partition in partitions.clone() {
        link(&mut rng, partition, partition % shards);
        let beside = if partition + 1 < partitions.end {
            partition + 1
        } else {
            partitions.start
        };
        link(&mut rng, partition, beside);
        let like = any_partition(&mut rng);
        link(&mut rng, partition, like);
    }
    for centroid in centroids {
        for _ in 0..4 {
            let routed = any_partition(&mut rng);
            link(&mut rng, centroid, routed);
        }
    }
    for replica in replicas {
        let shard = rng.random_range(0..shards);
        link(&mut rng, replica, shard);
        for _ in 0..3 {
            let copied = any_partition(&mut rng);
            link(&mut rng, replica, copied);
        }
    }
    for job in jobs {
        for _ in 0..3 {
            let needed = rng.random_range(0..job);
            link(&mut rng, job, needed);
        }
    }
    (nodes, edges)
}

/// A random graph: a ring through all nodes (so that it is connected) and random edges, no two
/// between the same nodes, with weights from 1 to `heaviest`.
#[must_use]
pub fn random(nodes: u32, edges: usize, heaviest: u64, seed: u64) -> (u32, Edges) {
    let mut rng = generator(2, seed);
    let mut pairs = random_pairs(&mut rng, 0..nodes, edges.saturating_sub(nodes as usize));
    pairs.extend((0..nodes).map(|node| ordered(node, (node + 1) % nodes)));
    (nodes, weighted(&mut rng, pairs, heaviest))
}

/// Dense random clusters, each joined to the next (round a ring, if there are more than two) by six
/// edges of weight 1, while within a cluster weights go from 1 to 100.
#[must_use]
pub fn planted(nodes: u32, clusters: u32, seed: u64) -> (u32, Edges) {
    let mut rng = generator(3, seed);
    let size = nodes / clusters;
    let mut pairs = Vec::new();
    for cluster in 0..clusters {
        let members = cluster * size..(cluster + 1) * size;
        pairs.extend(random_pairs(&mut rng, members, 10 * size as usize));
    }
    let mut edges = weighted(&mut rng, pairs, 100);
    let joints = if clusters > 2 { clusters } else { 1 };
    for cluster in 0..joints {
        let next = (cluster + 1) % clusters;
        for _ in 0..6 {
            let u = cluster * size + rng.random_range(0..size);
            let v = next * size + rng.random_range(0..size);
            edges.push((u, v, 1));
        }
    }
    (size * clusters, edges)
}

/// Chakrabarti, Zhan and Faloutsos, "R-MAT: a recursive model for graph mining" (SDM 2004), with
/// the parameters of the Graph500 benchmark; unweighted, and only its `core`-core.
#[must_use]
pub fn r_mat(scale: u32, drawn: usize, core: usize, seed: u64) -> (u32, Edges) {
    let mut rng = generator(4, seed);
    let mut pairs: Vec<_> = (0..drawn)
        .map(|_| {
            let (mut u, mut v) = (0, 0);
            for _ in 0..scale {
                let quarter = rng.random_range(0.0..1.0_f64);
                let (down, right) = match quarter {
                    q if q < 0.57 => (0, 0),
                    q if q < 0.76 => (0, 1),
                    q if q < 0.95 => (1, 0),
                    _ => (1, 1),
                };
                (u, v) = (2 * u + down, 2 * v + right);
            }
            ordered(u, v)
        })
        .collect();
    distinct(&mut pairs);
    core_of(1 << scale, &pairs, core)
}

/// Communities whose nodes have heavy-tailed degrees: 49 edges in 50 stay within a community, ends are
/// drawn in proportion to a power law; unweighted, and only the `core`-core.
#[must_use]
pub fn communities(nodes: u32, communities: u32, core: usize, seed: u64) -> (u32, Edges) {
    let mut rng = generator(5, seed);
    let size = nodes / communities;
    // The inverse transform of a power law: the node of rank r is drawn in proportion to r^(-3/8).
    let draw = |rng: &mut Pcg64| {
        let rank = f64::from(size) * rng.random_range(0.0..1.0_f64).powf(1.6);
        (rank as u32).min(size - 1)
    };
    let mut pairs: Vec<_> = (0..nodes as usize * 29 / 4)
        .map(|_| {
            let home = rng.random_range(0..communities);
            let other = if rng.random_range(0..50) == 0 {
                rng.random_range(0..communities)
            } else {
                home
            };
            ordered(home * size + draw(&mut rng), other * size + draw(&mut rng))
        })
        .collect();
    distinct(&mut pairs);
    core_of(nodes, &pairs, core)
}

/// The Delaunay triangulation of random points in a square, unweighted.
#[must_use]
pub fn delaunay(points: u32, seed: u64) -> (u32, Edges) {
    let mut rng = generator(6, seed);
    let points: Vec<_> = (0..points)
        .map(|_| delaunator::Point {
            x: rng.random_range(0.0..1.0_f64),
            y: rng.random_range(0.0..1.0_f64),
        })
        .collect();
    let triangles = delaunator::triangulate(&points).triangles;
    let mut pairs: Vec<_> = triangles
        .chunks_exact(3)
        .flat_map(|corners| [(0, 1), (1, 2), (2, 0)].map(|(a, b)| (corners[a], corners[b])))
        .map(|(u, v)| ordered(u as u32, v as u32))
        .collect();
    distinct(&mut pairs);
    (points.len() as u32, pairs.into_iter().map(|(u, v)| (u, v, 1)).collect())
}

fn ordered(u: u32, v: u32) -> (u32, u32) {
    (u.min(v), u.max(v))
}

/// Sorts, and drops repeated pairs and self loops.
fn distinct(pairs: &mut Vec<(u32, u32)>) {
    pairs.retain(|(u, v)| u != v);
    pairs.sort_unstable();
    pairs.dedup();
}

fn random_pairs(rng: &mut Pcg64, nodes: std::ops::Range<u32>, count: usize) -> Vec<(u32, u32)> {
    let mut pairs = Vec::with_capacity(count);
    for _ in 0..count {
        pairs.push(ordered(
            rng.random_range(nodes.clone()),
            rng.random_range(nodes.clone()),
        ));
    }
    pairs
}

/// The distinct pairs among these, each with a random weight up to `heaviest`.
fn weighted(rng: &mut Pcg64, mut pairs: Vec<(u32, u32)>, heaviest: u64) -> Edges {
    distinct(&mut pairs);
    pairs
        .into_iter()
        .map(|(u, v)| (u, v, rng.random_range(1..=heaviest)))
        .collect()
}

/// What is left after nodes with fewer than `core` neighbours are taken away again and again: the
/// largest connected piece of it, numbered anew.
fn core_of(nodes: u32, pairs: &[(u32, u32)], core: usize) -> (u32, Edges) {
    let mut neighbours = vec![Vec::new(); nodes as usize];
    for &(u, v) in pairs {
        neighbours[u as usize].push(v);
        neighbours[v as usize].push(u);
    }
    let mut degree: Vec<usize> = neighbours.iter().map(Vec::len).collect();
    let mut removed = vec![false; nodes as usize];
    let mut waiting: Vec<u32> = (0..nodes).filter(|&node| degree[node as usize] < core).collect();
    while let Some(node) = waiting.pop() {
        if std::mem::replace(&mut removed[node as usize], true) {
            continue;
        }
        for &neighbour in &neighbours[node as usize] {
            degree[neighbour as usize] -= 1;
            if degree[neighbour as usize] + 1 == core {
                waiting.push(neighbour);
            }
        }
    }
    // Pieces, by depth-first search.
    let mut piece_of = vec![u32::MAX; nodes as usize];
    let mut sizes = Vec::new();
    for start in (0..nodes).filter(|&node| !removed[node as usize]) {
        if piece_of[start as usize] != u32::MAX {
            continue;
        }
        let piece = sizes.len() as u32;
        sizes.push(0);
        piece_of[start as usize] = piece;
        waiting.push(start);
        while let Some(node) = waiting.pop() {
            sizes[piece as usize] += 1;
            for &neighbour in &neighbours[node as usize] {
                if !removed[neighbour as usize] && piece_of[neighbour as usize] == u32::MAX {
                    piece_of[neighbour as usize] = piece;
                    waiting.push(neighbour);
                }
            }
        }
    }
    let largest = (0..sizes.len())
        .max_by_key(|&piece| sizes[piece])
        .map(|piece| piece as u32);
    let mut number_of = vec![u32::MAX; nodes as usize];
    let mut kept = 0;
    for node in (0..nodes as usize).filter(|&node| Some(piece_of[node]) == largest) {
        number_of[node] = kept;
        kept += 1;
    }
    let edges = pairs
        .iter()
        .map(|&(u, v)| (number_of[u as usize], number_of[v as usize], 1))
        .filter(|&(u, v, _)| u != u32::MAX && v != u32::MAX)
        .collect();
    (kept, edges)
}
