use super::*;
use crate::dataset_recipe::DatasetRecipe;
use sha2::{Digest, Sha256};

fn recipe(name: &str) -> Recipe {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../manifests/datasets");
    Recipe::parse(
        &std::fs::read_to_string(folder.join(format!("{name}.toml"))).unwrap(),
        name,
    )
    .unwrap()
}

fn short(name: &str, transitions: u64) -> Recipe {
    Recipe {
        transitions,
        ..recipe(name)
    }
}

/// SHA-256 over all columns, in order.
fn digest(recipe: &Recipe, seed: u64) -> String {
    let mut hash = Sha256::new();
    generate(recipe, seed, &mut |t| {
        hash.update(t.episode.to_le_bytes());
        hash.update(t.step.to_le_bytes());
        for x in t
            .observation
            .iter()
            .chain(t.action)
            .chain(t.next_observation)
        {
            hash.update(x.to_le_bytes());
        }
        hash.update(t.reward.to_le_bytes());
        hash.update([u8::from(t.terminated), u8::from(t.truncated)]);
        Ok(())
    })
    .unwrap();
    hash.finalize()
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

#[test]
fn a_seed_decides_every_byte() {
    for name in [
        "cbandit-suboptimal-high-coverage-v0",
        "lqr-nav-mixed-v0",
        "point-maze-umaze-navigate-v0",
        "point-maze-umaze-explore-v0",
    ] {
        let recipe = short(name, 500);
        assert_eq!(digest(&recipe, 7), digest(&recipe, 7), "{name}");
        assert_ne!(digest(&recipe, 7), digest(&recipe, 8), "{name}");
    }
}

#[test]
fn bytes_are_those_of_the_first_release() {
    // A change here means another dataset under the same id: raise `GENERATOR_VERSION` and the ids' versions.
    let digests = [
        (
            "cbandit-suboptimal-high-coverage-v0",
            "aa52d8f10f3f55587819f4f67f0f5e49a6247d5a322b6e963e7e2089d0bfaa80",
        ),
        (
            "lqr-nav-mixed-v0",
            "017bc8ed09eb1cbdf7dd9d1c65082be03223d95972d1578ec32206cd0adf09f3",
        ),
        (
            "point-maze-umaze-navigate-v0",
            "0c5c52f639395cd5099f9c177a8f6e6643b700203172eedbe905c1df98e4ce96",
        ),
        (
            "point-maze-umaze-explore-v0",
            "d43ce23ac0e0236d182bb7ba07320035da6a693fd922bde71d2c0aed591aef5e",
        ),
        (
            "lqr-nav-coverage-v0",
            "687018d50fb43e82d692f569e95e5ddaaa74472707653cc82952c042a2e07fef",
        ),
        (
            "cbandit-discrete-suboptimal-v0",
            "608d893c4a47e6515e589802e495ee97faa905c70a97e44c37aeea077c371482",
        ),
        (
            "point-maze-umaze-goals-navigate-v0",
            "722edf73e7f52a538cae8d7b0612600626e2bbf7306d21fc06a294e80abdc82b",
        ),
        (
            "point-maze-umaze-goals-coverage-v0",
            "2c59771971212aa8854ef536e6eb6db10a9162b6428dd5bd73fb3aef76439860",
        ),
        (
            "point-maze-large-goals-navigate-v0",
            "a1916b20b5edb0b7ba5e771c47dd51329ef61554ccc8ea3b6ef6b194bf83342d",
        ),
        (
            "point-maze-umaze-discrete-navigate-v0",
            "0bc24f8f0dc2c86d695dbeb5721b94159ed449dcc69cfca1955aa871a7c99a05",
        ),
        (
            "point-maze-umaze-discrete-noisy-v0",
            "4542bc04dd6e7a89d806e71f588976e320b83631f81c08f647baae5e20372451",
        ),
        (
            "point-maze-umaze-pixels-navigate-v0",
            "6f9c29e69a213cbceaa8e6de6b51ef3ecf1bf5ff606cb12f2fa0925057c1cc8e",
        ),
    ];
    let found = digests.map(|(name, _)| (name, digest(&short(name, 500), 0)));
    assert_eq!(
        found,
        digests.map(|(name, digest)| (name, digest.to_owned()))
    );
}

#[test]
fn every_committed_recipe_is_valid_and_generates() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../manifests/datasets");
    let include = |name: &str| std::fs::read_to_string(folder.join(name));
    let (mut seen, mut simulated) = (0, 0);
    for entry in std::fs::read_dir(&folder).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_none_or(|e| e != "toml") {
            continue;
        }
        let stem = path.file_stem().unwrap().to_str().unwrap().to_owned();
        let text = std::fs::read_to_string(&path).unwrap();
        let recipe = DatasetRecipe::parse(&text, &stem, &include).unwrap();
        assert_eq!(recipe.id().replace('/', "-"), stem);
        if matches!(recipe, DatasetRecipe::Simulated(_)) {
            simulated += 1;
            continue;
        }
        let recipe = short(&stem, 60);
        let spec = crate::make(&recipe.environment).unwrap().spec().clone();
        let bounds = spec.action_low..=spec.action_high;
        let mut rows = 0;
        generate(&recipe, 1, &mut |t| {
            rows += 1;
            assert!(t.action.iter().all(|a| bounds.contains(a)));
            assert!(!(t.terminated && t.truncated));
            Ok(())
        })
        .unwrap();
        assert_eq!(rows, 60);
        seen += 1;
    }
    assert!(seen >= 8 && simulated >= 20, "{seen} {simulated}");
}

/// Observation, action and whether the step ended the episode by the task's rule.
fn rows(recipe: &Recipe, seed: u64) -> Vec<(Vec<f32>, Vec<f32>, bool)> {
    let mut rows = Vec::new();
    generate(recipe, seed, &mut |t| {
        rows.push((t.observation.to_vec(), t.action.to_vec(), t.terminated));
        Ok(())
    })
    .unwrap();
    rows
}

#[test]
fn clean_labels_change_the_stored_actions_and_nothing_else() {
    for name in ["lqr-nav-coverage-v0", "point-maze-umaze-goals-coverage-v0"] {
        let executed = short(name, 300);
        let clean = Recipe {
            action_label: ActionLabel::Clean,
            ..executed.clone()
        };
        let (noisy, clean) = (rows(&executed, 5), rows(&clean, 5));
        let mut squares = Vec::new();
        for (n, c) in noisy.iter().zip(&clean) {
            assert_eq!((&n.0, n.2), (&c.0, c.2), "{name}");
            for (a, b) in n.1.iter().zip(&c.1) {
                squares.push(f64::from(a - b) * f64::from(a - b));
            }
        }
        let spread = mean_and_error(&squares).0;
        assert!(spread > 0.01 && spread < 0.1, "{name}: {spread}");
    }
    let lqr = Recipe {
        action_label: ActionLabel::Clean,
        ..short("lqr-nav-coverage-v0", 50)
    };
    let mut best = [0.0f32; lqr::AXES];
    for (observation, action, _) in rows(&lqr, 1) {
        LqrOracle::new(lqr::DISCOUNT)
            .optimal_action(&observation, None, &mut best)
            .unwrap();
        assert_eq!(action, best);
    }
}

#[test]
fn without_noise_both_labels_are_one() {
    let quiet = |action_label| Recipe {
        action_label,
        behaviour: BehaviourSpec::ScaledOptimal {
            gain: 1.0,
            bias: 0.0,
            noise: 0.0,
        },
        ..short("lqr-nav-coverage-v0", 100)
    };
    assert_eq!(
        rows(&quiet(ActionLabel::Clean), 2),
        rows(&quiet(ActionLabel::Executed), 2)
    );
}

#[test]
fn more_noise_covers_more_states() {
    let spread = |noise| {
        let recipe = Recipe {
            behaviour: BehaviourSpec::ScaledOptimal {
                gain: 1.0,
                bias: 0.0,
                noise,
            },
            ..short("lqr-nav-coverage-v0", 2_000)
        };
        let squares: Vec<f64> = rows(&recipe, 0)
            .iter()
            .map(|r| r.0.iter().map(|x| f64::from(x * x)).sum())
            .collect();
        mean_and_error(&squares).0
    };
    assert!(spread(0.05) < spread(0.2) && spread(0.2) < spread(0.5));
}

#[test]
fn wanderers_pass_an_episodes_goal_and_optimal_policies_end_there() {
    let wandering = rows(&short("point-maze-umaze-goals-navigate-v0", 1_000), 0);
    assert!(wandering.iter().all(|r| !r.2));
    let pursuing = rows(&short("point-maze-umaze-goals-coverage-v0", 1_000), 0);
    assert!(pursuing.iter().filter(|r| r.2).count() > 20);
}

#[test]
fn images_show_the_trajectories_of_the_states() {
    let seen = rows(&short("point-maze-umaze-pixels-navigate-v0", 400), 3);
    let states = rows(&short("point-maze-umaze-navigate-v0", 400), 3);
    let task = maze::task("point-maze/umaze-pixels-v0").unwrap();
    for (image, state) in seen.iter().zip(&states) {
        assert_eq!((&image.1, image.2), (&state.1, state.2));
        let found = task.state(&image.0).unwrap();
        for (a, b) in found.iter().zip(&state.0) {
            assert!((a - f64::from(*b)).abs() < 1e-5);
        }
    }
}

#[test]
fn the_exact_value_of_a_discrete_behaviour_is_the_mean_generated_reward() {
    let recipe = recipe("cbandit-discrete-suboptimal-v0");
    let mut rewards = Vec::new();
    generate(&recipe, 3, &mut |t| {
        rewards.push(t.reward);
        Ok(())
    })
    .unwrap();
    let (mean, error) = mean_and_error(&rewards);
    let value = behaviour_value(&recipe).unwrap();
    assert!(value.exact && (mean - value.mean_return).abs() < 5.0 * error);
}

#[test]
fn episodes_are_contiguous_and_the_last_one_is_truncated() {
    type Row = (u64, u32, bool, bool, Vec<f32>, Vec<f32>);
    let mut rows: Vec<Row> = Vec::new();
    generate(&short("lqr-nav-suboptimal-v0", 60), 0, &mut |t| {
        rows.push((
            t.episode,
            t.step,
            t.terminated,
            t.truncated,
            t.observation.to_vec(),
            t.next_observation.to_vec(),
        ));
        Ok(())
    })
    .unwrap();
    for pair in rows.windows(2) {
        if pair[0].3 {
            assert_eq!((pair[1].0, pair[1].1), (pair[0].0 + 1, 0));
        } else {
            assert_eq!((pair[1].0, pair[1].1), (pair[0].0, pair[0].1 + 1));
            assert_eq!(pair[0].5, pair[1].4);
        }
    }
    let last = rows.last().unwrap();
    assert_eq!((last.0, last.1, last.2, last.3), (2, 9, false, true));
}

#[test]
fn low_coverage_starts_lie_in_the_stated_box_and_share_their_draws() {
    let starts = |name: &str| {
        let mut states = Vec::new();
        generate(&short(name, 200), 4, &mut |t| {
            states.extend_from_slice(t.observation);
            Ok(())
        })
        .unwrap();
        states
    };
    let (low, full) = (
        starts("cbandit-optimal-low-coverage-v0"),
        starts("cbandit-narrow-expert-v0"),
    );
    assert!(low.iter().all(|s| (-0.0501..=0.6501).contains(s)));
    for (l, f) in low.iter().zip(&full) {
        assert!((l - (0.35 * f + 0.3)).abs() < 1e-6);
    }
}

#[test]
fn the_exact_behaviour_value_is_the_mean_generated_reward() {
    let recipe = recipe("cbandit-suboptimal-high-coverage-v0");
    let mut rewards = Vec::new();
    generate(&recipe, 3, &mut |t| {
        rewards.push(t.reward);
        Ok(())
    })
    .unwrap();
    let (mean, error) = mean_and_error(&rewards);
    let value = behaviour_value(&recipe).unwrap();
    assert!(value.exact);
    assert!(
        (mean - value.mean_return).abs() < 5.0 * error,
        "{mean} {value:?}"
    );
    let sampled = behaviour_value(&short("lqr-nav-suboptimal-v0", 25)).unwrap();
    assert!(!sampled.exact && sampled.standard_error > 0.0);
}

#[test]
fn navigating_reaches_the_goal_and_exploring_seldom_does() {
    let successes = |name: &str| {
        let (mut reached, mut episodes) = (0, 0);
        generate(&short(name, 20_000), 0, &mut |t| {
            reached += usize::from(t.terminated);
            episodes += usize::from(t.terminated || t.truncated);
            Ok(())
        })
        .unwrap();
        reached as f64 / episodes as f64
    };
    let (navigate, explore) = (
        successes("point-maze-umaze-navigate-v0"),
        successes("point-maze-umaze-explore-v0"),
    );
    assert!(navigate > 0.6, "{navigate}");
    assert!(explore < navigate, "{explore}");
}

#[test]
fn a_failing_sink_stops_the_generation() {
    let mut seen = 0;
    let result = generate(&short("cbandit-narrow-expert-v0", 100), 0, &mut |_| {
        seen += 1;
        if seen == 3 {
            Err("disk full".into())
        } else {
            Ok(())
        }
    });
    assert!(matches!(result, Err(Error::Sink(_))));
    assert_eq!(seen, 3);
}
