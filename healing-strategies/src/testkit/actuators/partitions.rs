//! Checks of [`Partitions`].

use healing_core::testkit::{Objection, Report, failed, require};

use super::Host;
use super::trial::{Checked, is_fenced, is_not_found, same, settle, under, until};
use crate::actuators::{MoveProgress, Partitions, VectorId};

/// The partitions that may be touched.
#[derive(Debug, Clone, Copy)]
pub struct PartitionNumbers {
    /// One that holds at least three vectors.
    pub from: i64,
    /// One with room for three more, that holds at least one.
    pub to: i64,
    /// A third, with room for one more.
    pub other: i64,
    /// A number that no partition has; `None` where the host cannot tell.
    pub missing: Option<i64>,
}

trait Movers: Host<Actuator: Partitions> {}

impl<H: Host<Actuator: Partitions>> Movers for H {}

/// Looks at an actuator that moves vectors.
pub fn partitions<H: Host<Actuator: Partitions>>(host: impl Fn() -> H, numbers: PartitionNumbers) -> Report {
    let mut report = Report::of("partitions");
    let mut check = |name, check: fn(&H, PartitionNumbers) -> Checked| report.check(name, || check(&host(), numbers));
    check("partitions.the_heaviest_vectors_come_first", heaviest_first);
    check("partitions.vectors_are_located_in_the_order_asked", located);
    check("partitions.a_moved_vector_belongs_to_its_destination_at_once", at_once);
    check("partitions.a_move_comes_to_its_end", comes_to_its_end);
    check("partitions.vectors_that_are_elsewhere_stay", elsewhere_stay);
    check("partitions.a_move_can_be_called_back", called_back);
    check("partitions.what_does_not_exist_need_not_be_moved", nothing_to_move);
    check("partitions.a_missing_partition_is_not_found", missing);
    check("partitions.an_older_token_is_fenced", fenced);
    report
}

fn heaviest<H: Movers>(host: &H, partition: i64, limit: usize) -> Result<Vec<VectorId>, Objection> {
    let call = format!("asking for the heaviest vectors of partition {partition}");
    let heaviest = host.actuator().heaviest_vectors(host.collection(), partition, limit);
    Ok(heaviest
        .map_err(failed(&call))?
        .into_iter()
        .map(|it| it.vector)
        .collect())
}

/// Three vectors of `partition`.
fn three<H: Movers>(host: &H, partition: i64) -> Result<Vec<VectorId>, Objection> {
    let vectors = heaviest(host, partition, 3)?;
    require(vectors.len() == 3, || {
        format!(
            "partition {partition} has {} vectors, at least three were promised",
            vectors.len()
        )
    })?;
    Ok(vectors)
}

fn are_in<H: Movers>(host: &H, vectors: &[VectorId], partition: i64, when: &str) -> Checked {
    let places = host
        .actuator()
        .locate(host.collection(), vectors)
        .map_err(failed("locating vectors"))?;
    same(
        &format!("{when}, the place of the vectors {vectors:?}"),
        &places,
        &vec![Some(partition); vectors.len()],
    )
}

/// Moves vectors to the end.
fn bring<H: Movers>(host: &H, vectors: &[VectorId], from: i64, to: i64) -> Checked {
    until(
        host,
        &format!("a move from partition {from} to {to} is under way"),
        |host| {
            let progress = under(host, |actuator, permit| {
                actuator.move_vectors(permit, vectors, from, to)
            });
            Ok(progress.map_err(failed("moving vectors"))? == MoveProgress::Complete)
        },
    )
}

fn heaviest_first<H: Movers>(host: &H, numbers: PartitionNumbers) -> Checked {
    let call = || host.actuator().heaviest_vectors(host.collection(), numbers.from, 1000);
    let all = call().map_err(failed("asking for the heaviest vectors"))?;
    require(all.is_sorted_by(|one, other| one.load >= other.load), || {
        "the heaviest vectors do not come in order of their load".to_owned()
    })?;
    let vectors: Vec<_> = all.iter().map(|it| it.vector).collect();
    let mut once = vectors.clone();
    once.sort_unstable();
    once.dedup();
    require(once.len() == vectors.len(), || {
        "a vector is among the heaviest more than once".to_owned()
    })?;
    are_in(host, &vectors, numbers.from, "asked for the heaviest")?;
    for limit in [0, 1, 2] {
        let some = heaviest(host, numbers.from, limit)?;
        let expected = vectors.iter().copied().take(limit).collect();
        same(&format!("at most {limit} of the heaviest"), &some, &expected)?;
    }
    Ok(())
}

fn located<H: Movers>(host: &H, numbers: PartitionNumbers) -> Checked {
    let (ours, theirs) = (three(host, numbers.from)?, heaviest(host, numbers.to, 1)?);
    let &[theirs] = &theirs[..] else {
        return Err(Objection::broken(format!(
            "partition {} holds no vector, one was promised",
            numbers.to
        )));
    };
    let nowhere = VectorId(i64::MIN);
    let asked = [ours[1], theirs, nowhere, ours[0], theirs];
    let (here, there) = (Some(numbers.from), Some(numbers.to));
    let places = host
        .actuator()
        .locate(host.collection(), &asked)
        .map_err(failed("locating vectors"))?;
    same(
        &format!("the place of the vectors {asked:?}"),
        &places,
        &vec![here, there, None, here, there],
    )
}

fn at_once<H: Movers>(host: &H, numbers: PartitionNumbers) -> Checked {
    let PartitionNumbers { from, to, .. } = numbers;
    let vectors = three(host, from)?;
    under(host, |actuator, permit| {
        actuator.move_vectors(permit, &vectors[..2], from, to)
    })
    .map_err(failed("moving vectors"))?;
    are_in(host, &vectors[..2], to, "moved a moment ago")?;
    are_in(host, &vectors[2..], from, "left where it was")
}

fn comes_to_its_end<H: Movers>(host: &H, numbers: PartitionNumbers) -> Checked {
    let PartitionNumbers { from, to, .. } = numbers;
    let vectors = three(host, from)?;
    bring(host, &vectors, from, to)?;
    are_in(host, &vectors, to, "after the move")?;
    let again = under(host, |actuator, permit| {
        actuator.move_vectors(permit, &vectors, from, to)
    });
    let again = again.map_err(failed("asking for a move that is complete"))?;
    same(
        "the progress of a move that is complete",
        &again,
        &MoveProgress::Complete,
    )?;
    are_in(host, &vectors, to, "after the move, asked for again")?;
    let here = heaviest(host, from, 10_000)?;
    require(vectors.iter().all(|vector| !here.contains(vector)), || {
        "a vector that has moved away is among the heaviest of its old partition".to_owned()
    })
}

fn elsewhere_stay<H: Movers>(host: &H, numbers: PartitionNumbers) -> Checked {
    let PartitionNumbers { from, to, other, .. } = numbers;
    let ours = three(host, from)?[0];
    let theirs = heaviest(host, to, 1)?;
    let vectors: Vec<_> = std::iter::once(ours).chain(theirs.iter().copied()).collect();
    bring(host, &vectors, from, other)?;
    are_in(host, &[ours], other, "after the move")?;
    are_in(host, &theirs, to, "not being where it was to be moved from")
}

fn called_back<H: Movers>(host: &H, numbers: PartitionNumbers) -> Checked {
    let PartitionNumbers { from, to, .. } = numbers;
    let vectors = three(host, from)?;
    let before = heaviest(host, from, 10_000)?;
    under(host, |actuator, permit| {
        actuator.move_vectors(permit, &vectors, from, to)
    })
    .map_err(failed("moving vectors"))?;
    bring(host, &vectors, to, from)?;
    settle(host);
    are_in(host, &vectors, from, "called back")?;
    same(
        "what the partition holds after the move was called back",
        &heaviest(host, from, 10_000)?,
        &before,
    )
}

fn nothing_to_move<H: Movers>(host: &H, numbers: PartitionNumbers) -> Checked {
    let PartitionNumbers { from, to, .. } = numbers;
    for vectors in [&[][..], &[VectorId(i64::MIN)]] {
        let progress = under(host, |actuator, permit| {
            actuator.move_vectors(permit, vectors, from, to)
        });
        let progress = progress.map_err(failed("moving what does not exist"))?;
        same(
            "the progress of moving what does not exist",
            &progress,
            &MoveProgress::Complete,
        )?;
    }
    Ok(())
}

fn missing<H: Movers>(host: &H, numbers: PartitionNumbers) -> Checked {
    let PartitionNumbers { from, missing, .. } = numbers;
    let missing = missing.ok_or_else(|| Objection::not_tried("the host cannot tell which partitions exist"))?;
    let vectors = three(host, from)?;
    is_not_found(
        "a partition's heaviest vectors",
        host.actuator().heaviest_vectors(host.collection(), missing, 1),
    )?;
    is_not_found(
        "moving to a partition",
        under(host, |actuator, permit| {
            actuator.move_vectors(permit, &vectors, from, missing)
        }),
    )?;
    is_not_found(
        "moving from a partition",
        under(host, |actuator, permit| {
            actuator.move_vectors(permit, &vectors, missing, from)
        }),
    )?;
    are_in(host, &vectors, from, "after moves that could not be")
}

fn fenced<H: Movers>(host: &H, numbers: PartitionNumbers) -> Checked {
    let PartitionNumbers { from, to, .. } = numbers;
    let vectors = three(host, from)?;
    is_fenced(
        host,
        |actuator, permit| actuator.move_vectors(permit, &vectors[..1], from, to),
        |actuator, permit| actuator.move_vectors(permit, &vectors[1..], from, to),
    )?;
    are_in(host, &vectors[1..], from, "after a move that was fenced off")
}
