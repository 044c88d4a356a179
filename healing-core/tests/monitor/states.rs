//! The state changes only after as much as the configuration says, whatever the signal and the clock do.

use std::collections::VecDeque;
use std::time::Duration;

use healing_core::monitor::{HysteresisConfig, IntegrityState, MonitorConfig, ResolvedThresholds, Thresholds};
use healing_core::{Lambda, Timestamp};
use proptest::prelude::*;

use crate::world::World;

const STRESS: f64 = 80.0;
const CRITICAL: f64 = 50.0;
const OFFSET: f64 = 5.0;

fn config(hysteresis: HysteresisConfig) -> MonitorConfig {
    MonitorConfig {
        thresholds: Thresholds::Absolute(ResolvedThresholds {
            stress: Lambda::clamped(STRESS),
            critical: Lambda::clamped(CRITICAL),
            recovery_offset: Lambda::clamped(OFFSET),
        }),
        hysteresis,
        ..MonitorConfig::default()
    }
}

fn hysteresis() -> impl Strategy<Value = HysteresisConfig> {
    (0..6u32, 0..6u32, 0..600u64, 0..200u64, 1..120u64).prop_map(|(stress, critical, hold, cool_down, gap)| {
        HysteresisConfig {
            stress_samples: stress,
            critical_samples: critical,
            recovery_hold: Duration::from_secs(hold),
            cool_down: Duration::from_secs(cool_down),
            longest_sample_gap: Duration::from_secs(gap),
        }
    })
}

/// A sample: lambda, and the seconds that the clock shows to have passed since the one before.
type Sample = (f64, i64);

/// Long stretches of one kind, so that there is something to hold.
fn signal() -> impl Strategy<Value = Vec<Sample>> {
    let level = prop_oneof![
        3 => 85.0..120.0f64,
        2 => 50.0..85.0f64,
        2 => 0.0..60.0f64,
        1 => prop_oneof![Just(STRESS), Just(CRITICAL), Just(STRESS + OFFSET), Just(CRITICAL + OFFSET)],
    ];
    let gap = prop_oneof![
        30 => 5..60i64,
        2 => Just(0i64),
        1 => -40_000..40_000i64,
    ];
    let stretch = (level, prop::collection::vec((0.0..3.0f64, gap), 1..40)).prop_map(|(level, samples)| {
        samples
            .into_iter()
            .map(move |(more, gap)| (level + more, gap))
            .collect::<Vec<_>>()
    });
    prop::collection::vec(stretch, 1..12).prop_map(|stretches| stretches.concat())
}

/// A sample that was taken, with the measured time since the one before: at most what counts, and nothing where the clock
/// went back.
#[derive(Clone, Copy)]
struct Taken {
    lambda: f64,
    measured: Duration,
    /// The state after it.
    state: IntegrityState,
}

/// Feeds the signal to a monitor by its public interface.
fn take(signal: &[Sample], hysteresis: HysteresisConfig) -> Vec<Taken> {
    let mut world = World::new(&config(hysteresis));
    world.now = Timestamp::from_second(1_000_000_000).unwrap();
    let mut taken = Vec::new();
    let mut last = None;
    for &(lambda, gap) in signal {
        let second = world.now.as_second().saturating_add(gap).max(0);
        world.now = Timestamp::from_second(second).unwrap();
        world.link(1, 2, lambda);
        let report = world.monitor.sample(&world.observation()).unwrap();
        let passed = last.map_or(0, |last| second - last).max(0);
        last = Some(second);
        let before = taken.last().map_or(IntegrityState::Normal, |taken: &Taken| taken.state);
        assert_eq!(
            report
                .transition
                .map(|change| (change.from, change.to))
                .unwrap_or((before, before)),
            (before, report.state)
        );
        taken.push(Taken {
            lambda,
            measured: Duration::from_secs(passed.unsigned_abs()).min(hysteresis.longest_sample_gap),
            state: report.state,
        });
    }
    taken
}

/// Whether the last `count` samples were all below.
fn in_a_row(taken: &[Taken], count: u32, below: f64) -> bool {
    let count = count.max(1) as usize;
    taken.len() >= count && taken[taken.len() - count..].iter().all(|taken| taken.lambda < below)
}

/// Whether every sample has been clear for the hold time.
fn held(taken: &[Taken], hold: Duration, threshold: f64) -> bool {
    let mut measured = Duration::ZERO;
    for taken in taken.iter().rev() {
        if taken.lambda < threshold + OFFSET {
            return false;
        }
        if measured >= hold {
            return true;
        }
        measured += taken.measured;
    }
    false
}

/// What the configuration says the state should be after the last sample, worked out from the whole history.
fn expected(taken: &[Taken], config: &HysteresisConfig) -> IntegrityState {
    use IntegrityState::{Critical, Normal, Stress};
    let (now, before) = (taken.len() - 1, &taken[..taken.len() - 1]);
    let state = before.last().map_or(Normal, |taken| taken.state);
    let state_before = |index: usize| if index == 0 { Normal } else { taken[index - 1].state };
    let measured_since = |is_such: &dyn Fn(IntegrityState, IntegrityState) -> bool| {
        let last = (0..now)
            .rev()
            .find(|&index| is_such(state_before(index), taken[index].state))?;
        Some(
            taken[last + 1..=now]
                .iter()
                .map(|taken| taken.measured)
                .sum::<Duration>(),
        )
    };
    let cools = measured_since(&|from, to| from != to).is_some_and(|since| since < config.cool_down);
    let has_risen = measured_since(&|from, to| to < from).is_some_and(|since| since < config.recovery_hold);
    let critical = in_a_row(taken, config.critical_samples, CRITICAL);
    let stressed = in_a_row(taken, config.stress_samples, STRESS);
    let wanted = match state {
        Normal | Stress if critical => Critical,
        Normal if stressed => Stress,
        Stress | Critical if held(taken, config.recovery_hold, STRESS) => Normal,
        Critical if held(taken, config.recovery_hold, CRITICAL) => Stress,
        unchanged => unchanged,
    };
    if cools || (wanted > state && has_risen) {
        state
    } else {
        wanted
    }
}

/// The measured times at which the state changed such that `is_such`.
fn times(taken: &[Taken], is_such: impl Fn(IntegrityState, IntegrityState) -> bool) -> VecDeque<Duration> {
    let mut now = Duration::ZERO;
    let mut state = IntegrityState::Normal;
    let mut times = VecDeque::new();
    for sample in taken {
        now += sample.measured;
        if sample.state != state && is_such(state, sample.state) {
            times.push_back(now);
        }
        state = sample.state;
    }
    times
}

fn smallest_distance(times: &VecDeque<Duration>) -> Option<Duration> {
    times
        .iter()
        .zip(times.iter().skip(1))
        .map(|(one, other)| *other - *one)
        .min()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn every_transition_and_no_other_comes_when_its_samples_are_there(signal in signal(), hysteresis in hysteresis()) {
        let taken = take(&signal, hysteresis);
        for sample in 0..taken.len() {
            prop_assert_eq!(taken[sample].state, expected(&taken[..=sample], &hysteresis), "sample {}", sample);
        }
    }

    #[test]
    fn no_transition_comes_without_its_samples_in_a_row(signal in signal(), hysteresis in hysteresis()) {
        let taken = take(&signal, hysteresis);
        let mut state = IntegrityState::Normal;
        for sample in 0..taken.len() {
            let so_far = &taken[..=sample];
            let now = taken[sample].state;
            match (state, now) {
                (from, to) if from == to => {}
                (_, IntegrityState::Critical) => prop_assert!(in_a_row(so_far, hysteresis.critical_samples, CRITICAL)),
                (IntegrityState::Normal, _) => prop_assert!(in_a_row(so_far, hysteresis.stress_samples, STRESS)),
                (_, IntegrityState::Normal) => prop_assert!(held(so_far, hysteresis.recovery_hold, STRESS)),
                _ => prop_assert!(held(so_far, hysteresis.recovery_hold, CRITICAL)),
            }
            state = now;
        }
    }

    #[test]
    fn there_is_never_more_than_one_transition_in_a_cool_down(signal in signal(), hysteresis in hysteresis()) {
        let taken = take(&signal, hysteresis);
        if let Some(distance) = smallest_distance(&times(&taken, |_, _| true)) {
            prop_assert!(distance >= hysteresis.cool_down, "{distance:?}");
        }
    }

    #[test]
    fn a_signal_that_swings_around_a_threshold_crosses_it_at_most_once_in_a_hold_time(
        threshold in prop_oneof![Just(STRESS), Just(CRITICAL)],
        amount in prop_oneof![0.0..2.0f64, 2.0..200.0f64],
        period in 20.0..4000.0f64,
        above in 0.02..0.98f64,
        is_square in any::<bool>(),
        hysteresis in hysteresis(),
    ) {
        let wave = |second: f64| {
            let phase = (second / period).fract();
            if is_square {
                if phase < above { 1.0 } else { -1.0 }
            } else {
                (phase * std::f64::consts::TAU).sin()
            }
        };
        let signal: Vec<Sample> =
            (0..900).map(|sample| ((threshold + amount * wave(f64::from(sample) * 10.0)).max(0.0), 10)).collect();
        let taken = take(&signal, hysteresis);
        for crossed in [IntegrityState::Stress, IntegrityState::Critical] {
            let crossings = times(&taken, |from, to| (from < crossed) != (to < crossed));
            if let Some(distance) = smallest_distance(&crossings) {
                prop_assert!(distance >= hysteresis.recovery_hold, "{distance:?}");
            }
        }
    }

    #[test]
    fn a_clock_that_jumps_by_hours_changes_no_state_by_itself_and_stops_none_from_changing(
        jumps in prop::collection::vec((0usize..200, -20_000i64..20_000), 1..20),
        level in 0.0..79.0f64,
    ) {
        // Well, then not, then well again; the clock jumps anywhere in between.
        let lambda = |sample: usize| if (60..120).contains(&sample) { level } else { 100.0 };
        let mut signal: Vec<Sample> = (0..200).map(|sample| (lambda(sample), 10)).collect();
        for &(sample, jump) in &jumps {
            signal[sample].1 = jump;
        }
        let hysteresis = HysteresisConfig::default();
        let taken = take(&signal, hysteresis);
        let worst = if level < CRITICAL { IntegrityState::Critical } else { IntegrityState::Stress };
        prop_assert!(taken[..60].iter().all(|taken| taken.state == IntegrityState::Normal));
        prop_assert_eq!(taken[119].state, worst);
        // Thirty gaps of ten seconds make the hold; a jump counts as nothing or, forwards, as sixty seconds.
        let forwards = jumps.iter().filter(|&&(sample, jump)| sample >= 120 && jump > 10).count();
        let back_up = taken[120..].iter().position(|taken| taken.state == IntegrityState::Normal);
        prop_assert!(back_up.is_some_and(|samples| samples + 5 * forwards >= 30), "{:?}", back_up);
    }
}
