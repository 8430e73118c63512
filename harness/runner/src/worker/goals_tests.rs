use super::*;
use dataset::{Batch, Transition};
use manifest::random::Family;
use std::collections::BTreeMap;

const DISCOUNT: f64 = 0.9;
const DRAWS: usize = 40_000;

/// One trajectory per length; the observation of a row is its index.
fn transitions(lengths: &[usize]) -> Transitions {
    let mut batch = Batch::default();
    let mut row = 0;
    for (episode, &length) in lengths.iter().enumerate() {
        for t in 0..length {
            batch.push(Transition {
                episode: episode as u32,
                observation: &[row as f32],
                action: &[0.0],
                reward: 1.0,
                terminated: false,
                truncated: t + 1 == length,
                final_observation: None,
            });
            row += 1;
        }
    }
    Transitions::from_batch(1, 1, batch).unwrap()
}

fn sampling(shares: [f64; 3], future: Future, end: End) -> GoalSampling {
    let [current, trajectory, random] = shares;
    GoalSampling {
        current,
        trajectory,
        random,
        future,
        end,
    }
}

/// The law of steps ahead that the rule promises, written out state by state.
fn law(future: Future, end: End, later: usize) -> BTreeMap<usize, f64> {
    let mut weights: Vec<f64> = (1..=later)
        .map(|k| match future {
            Future::Geometric => (1.0 - DISCOUNT) * DISCOUNT.powi(k as i32 - 1),
            Future::Uniform => 1.0,
        })
        .collect();
    match end {
        End::Clamp => weights[later - 1] = DISCOUNT.powi(later as i32 - 1),
        End::Rounded if later > 1 => {
            weights[0] = 0.5;
            weights[later - 1] = 0.5;
        }
        _ => {}
    }
    let sum: f64 = weights.iter().sum();
    let share = |(i, w): (usize, f64)| (i + 1, w / sum);
    weights.into_iter().enumerate().map(share).collect()
}

/// Pearson's statistic of counts against probabilities, and its degrees of freedom.
fn chi_square(counts: &BTreeMap<usize, usize>, law: &BTreeMap<usize, f64>) -> (f64, f64) {
    let n: usize = counts.values().sum();
    let outside: Vec<_> = counts.keys().filter(|k| !law.contains_key(k)).collect();
    assert!(outside.is_empty(), "drawn outside of the law: {outside:?}");
    let mut statistic = 0.0;
    for (k, p) in law {
        let expected = p * n as f64;
        assert!(expected >= 5.0, "too few draws expected at {k}: {expected}");
        let found = counts.get(k).copied().unwrap_or_default() as f64;
        statistic += (found - expected).powi(2) / expected;
    }
    (statistic, law.len() as f64 - 1.0)
}

/// Upper 1e-4 point of the chi-square distribution, by Wilson and Hilferty.
fn critical(freedom: f64) -> f64 {
    let h = 2.0 / (9.0 * freedom);
    freedom * (1.0 - h + 3.719 * h.sqrt()).powi(3)
}

fn draw(
    rule: &GoalSampling,
    data: &Transitions,
    view: &[u32],
    row: usize,
) -> BTreeMap<usize, usize> {
    let mut random = Family::new(11, &["goals"]).at(0);
    let mut counts = BTreeMap::new();
    for _ in 0..DRAWS {
        let goal = goal_row(rule, DISCOUNT, data, view, row, &mut random);
        *counts.entry(goal).or_default() += 1;
    }
    counts
}

const LAWS: [(Future, End); 4] = [
    (Future::Geometric, End::Truncate),
    (Future::Geometric, End::Clamp),
    (Future::Uniform, End::Even),
    (Future::Uniform, End::Rounded),
];

#[test]
fn later_states_follow_their_own_law_and_no_other() {
    let data = transitions(&[3, 20, 4]);
    let view: Vec<u32> = (0..27).collect();
    // Row 6 has 16 later states in its trajectory.
    let row = 6;
    for (future, end) in LAWS {
        let rule = sampling([0.0, 1.0, 0.0], future, end);
        let counts = draw(&rule, &data, &view, row);
        for (other_future, other_end) in LAWS {
            let law = law(other_future, other_end, 16);
            let law = law.into_iter().map(|(k, p)| (row + k, p)).collect();
            let (statistic, freedom) = chi_square(&counts, &law);
            let own = (future, end) == (other_future, other_end);
            assert_eq!(
                statistic < critical(freedom),
                own,
                "{future:?} {end:?} against {other_future:?} {other_end:?}: {statistic} on {freedom}"
            );
        }
    }
}

#[test]
fn the_mixture_follows_the_three_probabilities() {
    let data = transitions(&[5, 6]);
    // The view lacks the first two rows of the first trajectory.
    let view: Vec<u32> = (2..11).collect();
    let row = 7;
    let rule = sampling([0.2, 0.5, 0.3], Future::Geometric, End::Truncate);
    let mut law: BTreeMap<usize, f64> = law(Future::Geometric, End::Truncate, 3)
        .into_iter()
        .map(|(k, p)| (row + k, 0.5 * p))
        .collect();
    *law.entry(row).or_default() += 0.2;
    for &any in &view {
        *law.entry(any as usize).or_default() += 0.3 / view.len() as f64;
    }
    let (statistic, freedom) = chi_square(&draw(&rule, &data, &view, row), &law);
    assert!(
        statistic < critical(freedom),
        "{statistic} on {freedom} degrees"
    );
}

#[test]
fn the_last_state_of_a_trajectory_is_its_own_trajectory_goal() {
    let data = transitions(&[3, 2]);
    for (future, end) in LAWS {
        let rule = sampling([0.0, 1.0, 0.0], future, end);
        let counts = draw(&rule, &data, &[0, 1, 2, 3, 4], 2);
        assert_eq!(counts, BTreeMap::from([(2, DRAWS)]));
    }
}

#[test]
fn a_single_later_state_and_a_discount_of_zero_are_no_special_cases() {
    for (future, end) in LAWS {
        for uniform in [0.0, 0.5, 1.0 - f64::EPSILON] {
            assert_eq!(steps_ahead(future, end, DISCOUNT, 1, uniform), 1);
            let steps = steps_ahead(Future::Geometric, End::Clamp, 0.0, 9, uniform);
            assert_eq!(steps, 1);
        }
    }
}

#[test]
fn a_goal_is_reached_by_index_or_by_distance() {
    let data = transitions(&[4]);
    let mut rules: GoalRules = toml_rules("observation = [0]");
    assert!(reached(&rules, &data, 1, 1));
    assert!(!reached(&rules, &data, 1, 2));
    rules.reached = Reached::Distance;
    rules.radius = Some(1.0);
    assert!(reached(&rules, &data, 1, 2));
    assert!(!reached(&rules, &data, 1, 3));
}

/// Rules through the parser of benchmark definitions, with its defaults.
fn toml_rules(goal: &str) -> GoalRules {
    let text = format!(
        "format = 1\nid = \"x/y-v0\"\nenvironment = \"x/y-v0\"\ndataset = \"x/y-v0\"\ndiscount = 0.9\n\
         [goal]\n{goal}\n[evaluation]\nepisodes = 1\nenvironments_per_batch = 1\n"
    );
    let parsed = manifest::parse_benchmark(&text, "benchmark.toml").unwrap();
    parsed.goal.unwrap()
}

#[test]
fn rules_default_to_those_of_the_reference_codes() {
    let rules = toml_rules("observation = [0]");
    let value = rule(&rules, Goals::Value).unwrap();
    let expected = sampling([0.2, 0.5, 0.3], Future::Geometric, End::Truncate);
    assert_eq!(*value, expected);
    assert_eq!(rule(&rules, Goals::Policy).unwrap().end, End::Even);
    assert!((rule(&rules, Goals::Future).unwrap().trajectory - 1.0).abs() < 1e-12);
    assert!(rule(&rules, Goals::None).is_none());
}
