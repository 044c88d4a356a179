//! Where centroids should be, and which one is nearest.

use rand::{RngExt as _, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// A centroid and its place among the vectors.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Center {
    pub(crate) id: i64,
    pub(crate) place: Vec<f32>,
}

/// The nearest center; of two that are equally near the one that comes first. `None` where there is none.
pub(crate) fn nearest(centers: &[Center], vector: &[f32]) -> Option<i64> {
    let places: Vec<&[f32]> = centers.iter().map(|center| center.place.as_slice()).collect();
    Some(centers.get(nearest_of(&places, vector)?)?.id)
}

/// Lloyd's algorithm ("Least squares quantization in PCM", 1982) from the seeds of k-means++ (Arthur and Vassilvitskii,
/// 2007): at most `count` centers of the vectors, each of which some vector is nearest to. O(vectors x count) a round. The
/// same vectors give the same centers.
pub(crate) fn cluster(vectors: &[Vec<f32>], count: usize) -> Vec<Vec<f32>> {
    let mut centers = seeds(vectors, count);
    for _ in 0..ROUNDS {
        let before = centers.clone();
        let places: Vec<&[f32]> = before.iter().map(Vec::as_slice).collect();
        let mut sums = vec![(0.0_f64, vec![0.0_f64; vectors.first().map_or(0, Vec::len)]); centers.len()];
        for vector in vectors {
            if let Some((members, sum)) = nearest_of(&places, vector).and_then(|nearest| sums.get_mut(nearest)) {
                *members += 1.0;
                sum.iter_mut()
                    .zip(vector)
                    .for_each(|(sum, &part)| *sum += f64::from(part));
            }
        }
        for (center, (members, sum)) in centers.iter_mut().zip(sums) {
            if members > 0.0 {
                #[allow(
                    clippy::cast_possible_truncation,
                    reason = "the mean of single-precision numbers is one"
                )]
                let mean = sum.into_iter().map(|sum| (sum / members) as f32);
                *center = mean.collect();
            }
        }
        if centers == before {
            break;
        }
    }
    centers
}

const ROUNDS: usize = 20;

/// Brings centers to where fewer of the vectors are nearest to the same one: of the centers that are `overfull` the fullest is
/// split in two, and the emptiest of all gives up its place for the second half, until none is more than a quarter above the
/// mean or that no longer helps. Those that gave up their place count as overfull from there on. (Splitting and merging is
/// ISODATA's way: Ball and Hall, 1965.)
#[allow(clippy::cast_precision_loss, reason = "numbers of vectors far below 2^53")]
pub(crate) fn share_out(vectors: &[Vec<f32>], centers: &[Center], overfull: &[i64]) -> Vec<Center> {
    let bearable = BEARABLE * vectors.len() as f64 / centers.len().max(1) as f64;
    let mut best = centers.to_vec();
    let mut overfull = overfull.to_vec();
    let mut members = members_of(vectors, &best);
    for _ in 0..2 * centers.len() {
        let crowd = |position: &usize| members.get(*position).map_or(0, Vec::len);
        let splittable = (0..best.len()).filter(|&it| best.get(it).is_some_and(|center| overfull.contains(&center.id)));
        let Some(fullest) = splittable.max_by_key(crowd) else {
            break;
        };
        let emptiest = (0..best.len()).filter(|&it| it != fullest).min_by_key(crowd);
        let (Some(emptiest), true) = (emptiest, crowd(&fullest) as f64 > bearable) else {
            break;
        };
        let halves = cluster(members.get(fullest).map_or(&[], Vec::as_slice), 2);
        let Ok([one, other]) = <[Vec<f32>; 2]>::try_from(halves) else {
            break;
        };
        let mut split = best.clone();
        for (position, place) in [(fullest, one), (emptiest, other)] {
            if let Some(center) = split.get_mut(position) {
                center.place = place;
            }
        }
        let after = members_of(vectors, &split);
        let greatest = |members: &[Vec<Vec<f32>>]| members.iter().map(Vec::len).max();
        if greatest(&after) >= greatest(&members) {
            break;
        }
        overfull.extend(split.get(emptiest).map(|center| center.id));
        (best, members) = (split, after);
    }
    best
}

/// So much more than the mean may be nearest to one center.
const BEARABLE: f64 = 1.25;

/// The vectors that each center is nearest to.
fn members_of(vectors: &[Vec<f32>], centers: &[Center]) -> Vec<Vec<Vec<f32>>> {
    let places: Vec<&[f32]> = centers.iter().map(|center| center.place.as_slice()).collect();
    let mut members = vec![Vec::new(); centers.len()];
    for vector in vectors {
        if let Some(of_nearest) = nearest_of(&places, vector).and_then(|nearest| members.get_mut(nearest)) {
            of_nearest.push(vector.clone());
        }
    }
    members
}

/// Vectors far apart: each next one is drawn with a chance that grows with the square of its distance to those before.
fn seeds(vectors: &[Vec<f32>], count: usize) -> Vec<Vec<f32>> {
    let mut dice = ChaCha8Rng::seed_from_u64(0);
    let mut chosen: Vec<Vec<f32>> = vectors.first().cloned().into_iter().take(count).collect();
    let mut distances = vec![f64::INFINITY; vectors.len()];
    while let Some(newest) = chosen.last().filter(|_| chosen.len() < count) {
        for (distance, vector) in distances.iter_mut().zip(vectors) {
            *distance = distance.min(squared_distance(newest, vector));
        }
        let all: f64 = distances.iter().sum();
        if all <= 0.0 {
            // There are no more different vectors.
            break;
        }
        let mut left = dice.random::<f64>() * all;
        let drawn = distances.iter().position(|distance| {
            left -= distance;
            left < 0.0
        });
        let farthest = || {
            distances
                .iter()
                .enumerate()
                .max_by(|one, other| one.1.total_cmp(other.1))
                .map(|it| it.0)
        };
        match drawn.or_else(farthest).and_then(|drawn| vectors.get(drawn)) {
            Some(vector) => chosen.push(vector.clone()),
            None => break,
        }
    }
    chosen
}

/// The position of the nearest of `places`.
pub(crate) fn nearest_of(places: &[&[f32]], vector: &[f32]) -> Option<usize> {
    let distances = places.iter().map(|place| squared_distance(place, vector));
    let nearest = distances.enumerate().min_by(|one, other| one.1.total_cmp(&other.1))?;
    Some(nearest.0)
}

fn squared_distance(one: &[f32], other: &[f32]) -> f64 {
    let parts = one.iter().zip(other).map(|(a, b)| f64::from(a - b));
    parts.map(|difference| difference * difference).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_cluster_that_stands_apart_gets_a_center() {
        let places = [[0.0, 0.0], [10.0, 0.0], [0.0, 10.0], [10.0, 10.0]];
        let near = |[x, y]: [f32; 2]| (0..25).map(move |i| vec![x + (i % 5) as f32 * 0.1, y + (i / 5) as f32 * 0.1]);
        let vectors: Vec<Vec<f32>> = places.into_iter().flat_map(near).collect();
        let mut centers = cluster(&vectors, 4);
        centers.sort_by(|one, other| one.partial_cmp(other).unwrap());
        let expected = [[0.2, 0.2], [0.2, 10.2], [10.2, 0.2], [10.2, 10.2]];
        for (center, expected) in centers.iter().zip(expected) {
            assert!(
                squared_distance(center, &expected) < 1e-6,
                "{center:?} instead of {expected:?}"
            );
        }
        assert_eq!(cluster(&vectors, 4).len(), 4);
    }

    #[test]
    fn an_overfull_list_is_shared_out_and_one_vector_over_and_over_cannot_be() {
        let center = |id: i64, place: f32| Center { id, place: vec![place] };
        let centers = [center(1, 0.0), center(2, 100.0), center(3, 110.0), center(4, 120.0)];
        let mut vectors: Vec<Vec<f32>> = (0..900).map(|it| vec![it as f32 / 100.0]).collect();
        vectors.extend((0..100).map(|it| vec![100.0 + (it % 3) as f32 * 10.0]));
        let crowds = |centers: &[Center]| members_of(&vectors, centers).iter().map(Vec::len).collect::<Vec<_>>();
        assert_eq!(crowds(&centers), [900, 34, 33, 33]);
        let shared = share_out(&vectors, &centers, &[1]);
        assert!(crowds(&shared).into_iter().max() < Some(500), "{:?}", crowds(&shared));
        assert_eq!(
            share_out(&vectors, &centers, &[2]),
            centers,
            "only what is overfull is split"
        );
        assert_eq!(share_out(&vec![vec![1.0]; 10], &centers, &[1]), centers);
    }

    #[test]
    fn there_are_no_more_centers_than_different_vectors() {
        assert_eq!(cluster(&vec![vec![1.0, 2.0]; 10], 3), [[1.0, 2.0]]);
        assert!(cluster(&[], 3).is_empty());
    }
}
