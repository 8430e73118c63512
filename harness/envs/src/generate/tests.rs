use super::*;
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
    ];
    let found = digests.map(|(name, _)| (name, digest(&short(name, 500), 0)));
    for (found, expected) in found.iter().zip(&digests) {
        assert_eq!((found.0, found.1.as_str()), *expected, "{found:?}");
    }
}

#[test]
fn every_committed_recipe_is_valid_and_generates() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../manifests/datasets");
    let mut seen = 0;
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let stem = path.file_stem().unwrap().to_str().unwrap().to_owned();
        let recipe = short(&stem, 60);
        assert_eq!(recipe.id.replace('/', "-"), stem);
        let mut rows = 0;
        generate(&recipe, 1, &mut |t| {
            rows += 1;
            assert!(t.action.iter().all(|a| a.abs() <= 1.0));
            assert!(!(t.terminated && t.truncated));
            Ok(())
        })
        .unwrap();
        assert_eq!(rows, 60);
        seen += 1;
    }
    assert!(seen >= 8);
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
