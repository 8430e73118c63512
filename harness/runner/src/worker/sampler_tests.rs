use super::super::replay::{Replay, Step};
use super::super::transform::Transform;
use super::*;
use dataset::{Batch, Transition};

/// Five trajectories of four rows, the even ones terminated, the odd ones truncated; observations are row numbers,
/// actions are 100 more.
fn transitions() -> Transitions {
    let mut batch = Batch::default();
    for row in 0..20_u32 {
        let last = row % 4 == 3;
        let even = (row / 4) % 2 == 0;
        batch.push(Transition {
            episode: row / 4,
            observation: &[row as f32],
            action: &[row as f32 + 100.0],
            reward: 7.0,
            terminated: last && even,
            truncated: last && !even,
            final_observation: last.then_some(&[50.0]),
        });
    }
    Transitions::from_batch(1, 1, batch).unwrap()
}

fn rules() -> GoalRules {
    let text = "format = 1\nid = \"x/y-v0\"\nenvironment = \"x/y-v0\"\ndataset = \"x/y-v0\"\n\
                discount = 0.9\n[goal]\nobservation = [0]\n\
                [evaluation]\nepisodes = 1\nenvironments_per_batch = 1\n";
    let parsed = manifest::parse_benchmark(text, "benchmark.toml").unwrap();
    parsed.goal.unwrap()
}

/// The last trajectory is held out.
fn source() -> Source {
    let all = Rc::new(transitions());
    Source {
        raw: all.clone(),
        encoded: all,
        training: Rc::new((0..16).collect()),
        validation: Rc::new((16..20).collect()),
        goals: Some(rules()),
        transform: Transform::identity(1),
        discount: 0.9,
        replay: None,
    }
}

fn draw(source: Source, request: BatchRequest) -> BatchBuffers {
    let mut out = BatchBuffers::default();
    let mut sampler = Sampler::new(3, "value", 500, source);
    sampler.fill("train", 9, request, &mut out).unwrap();
    out
}

const PLAIN: BatchRequest = BatchRequest {
    goals: Goals::None,
    next_action: false,
    held_out: false,
};

#[test]
fn relabelling_changes_goals_rewards_and_ends_and_no_row() {
    let plain = draw(source(), PLAIN);
    assert!(plain.goal.is_empty() && plain.next_action.is_empty());
    assert!(plain.reward.iter().all(|&r| r == 7.0));
    let request = BatchRequest {
        goals: Goals::Value,
        ..PLAIN
    };
    let relabelled = draw(source(), request);
    assert_eq!(relabelled.row, plain.row);
    assert_eq!(relabelled.next_observation, plain.next_observation);
    assert_eq!(relabelled.goal.len(), 500);
    for i in 0..500 {
        let reached = relabelled.goal[i] == relabelled.observation[i];
        let expected = if reached { (0.0, 1.0) } else { (-1.0, 0.0) };
        assert_eq!((relabelled.reward[i], relabelled.terminated[i]), expected);
        assert!(relabelled.goal[i] < 16.0, "a goal of a held-out state");
    }
}

#[test]
fn rows_without_a_successor_action_are_drawn_only_where_terminated() {
    let request = BatchRequest {
        next_action: true,
        ..PLAIN
    };
    let batch = draw(source(), request);
    for (i, &row) in batch.row.iter().enumerate() {
        let terminated = row % 4 == 3;
        assert!(!terminated || (row / 4) % 2 == 0, "row {row} is truncated");
        let expected = if terminated { 0.0 } else { row as f32 + 101.0 };
        assert_eq!(batch.next_action[i], expected);
    }
    for end in [3, 11] {
        assert!(batch.row.contains(&end), "row {end} is terminated");
    }
}

#[test]
fn held_out_rows_are_those_of_the_validation_trajectories() {
    let request = BatchRequest {
        held_out: true,
        goals: Goals::Future,
        ..PLAIN
    };
    let batch = draw(source(), request);
    assert!(batch.row.iter().all(|row| (16..20).contains(row)));
    assert!(batch.goal.iter().all(|g| (16.0..20.0).contains(g)));
}

#[test]
fn goals_of_a_benchmark_without_goals_are_refused() {
    let mut source = source();
    source.goals = None;
    let mut sampler = Sampler::new(3, "value", 4, source);
    let request = BatchRequest {
        goals: Goals::Policy,
        ..PLAIN
    };
    let mut out = BatchBuffers::default();
    let failure = sampler.fill("train", 0, request, &mut out).unwrap_err();
    assert!(failure.message.contains("goals"), "{failure}");
}

#[test]
fn an_interaction_has_its_share_of_a_batch_and_rows_behind_the_dataset() {
    let mut source = source();
    let mut replay = Replay::new(&source.transform, 1, 1);
    for i in 0..6 {
        replay.push(&Step {
            observation: &[1000.0 + i as f32],
            action: &[0.0],
            reward: 1.0,
            terminated: false,
            truncated: i == 5,
            next_observation: &[1001.0 + i as f32],
        });
    }
    source.replay = Some((Rc::new(RefCell::new(replay)), 0.25));
    let batch = draw(source.clone(), PLAIN);
    let online: Vec<i64> = batch.row.iter().copied().filter(|&r| r >= 20).collect();
    // Four standard deviations of a binomial of 500 draws.
    let share = online.len() as f64 / 500.0;
    assert!(
        (share - 0.25).abs() < 4.0 * (0.25 * 0.75 / 500.0_f64).sqrt(),
        "{share}"
    );
    assert!(online.iter().all(|&row| row < 26));
    let held_out = BatchRequest {
        held_out: true,
        ..PLAIN
    };
    assert!(draw(source, held_out).row.iter().all(|&row| row < 20));
}
