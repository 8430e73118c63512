use super::*;

fn recipe(name: &str) -> Recipe {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../manifests/datasets");
    Recipe::parse(&std::fs::read_to_string(folder.join(name)).unwrap(), name).unwrap()
}

fn assert_pinned(id: &str, computed: &References) {
    let row = lookup("exact", id).unwrap();
    let tolerance = 1e-9 * (1.0 + computed.min.abs());
    assert!(
        (row.ref_min - computed.min).abs() < tolerance,
        "{id}: {} {}",
        row.ref_min,
        computed.min
    );
    assert!(
        (row.ref_max - computed.max).abs() < tolerance,
        "{id}: {} {}",
        row.ref_max,
        computed.max
    );
    assert_eq!(row.source, computed.source);
}

#[test]
fn computed_references_agree_with_the_committed_table() {
    for name in [
        "suboptimal-high-coverage-v0",
        "optimal-low-coverage-v0",
        "narrow-expert-v0",
    ] {
        let recipe = recipe(&format!("cbandit-{name}.toml"));
        assert_pinned(
            &recipe.id,
            &reference_returns(&recipe.environment, Some(&recipe)).unwrap(),
        );
    }
    for id in [
        "cbandit/default-v0",
        "cbandit/discrete-v0",
        "lqr-nav/default-v0",
        "point-maze/umaze-v0",
        "point-maze/umaze-goals-v0",
        "point-maze/umaze-discrete-v0",
        "point-maze/large-goals-v0",
    ] {
        assert_pinned(id, &reference_returns(id, None).unwrap());
    }
}

#[test]
fn computed_references_of_the_larger_mazes_agree_with_the_committed_table() {
    for id in [
        "point-maze/medium-v0",
        "point-maze/large-v0",
        "point-maze/medium-goals-v0",
    ] {
        assert_pinned(id, &reference_returns(id, None).unwrap());
    }
}

#[test]
fn lqr_references_are_the_mean_returns_of_rollouts() {
    let references = reference_returns("lqr-nav/default-v0", None).unwrap();
    let oracle = LqrOracle::new(lqr::DISCOUNT);
    let mut env = crate::make("lqr-nav/default-v0").unwrap();
    let mut s = [0.0f32; lqr::STATE_DIM];
    for (optimal, expected) in [(false, references.min), (true, references.max)] {
        let returns: Vec<f64> = (0..2_000)
            .map(|seed| {
                env.reset(seed, &mut s).unwrap();
                (0..lqr::HORIZON)
                    .map(|_| {
                        let best = oracle.action(&s.map(f64::from)).map(|a| a as f32);
                        env.step(if optimal { &best } else { &[0.0; lqr::AXES] }, &mut s)
                            .unwrap()
                            .reward
                    })
                    .sum()
            })
            .collect();
        let (mean, error) = mean_and_error(&returns);
        assert!(
            (mean - expected).abs() < 5.0 * error,
            "{mean} {expected} {error}"
        );
    }
}

#[test]
fn the_first_matching_pattern_wins_and_slashes_read_as_dashes() {
    assert_eq!(lookup("d4rl", "hopper/d4rl-v4").unwrap().ref_max, 3234.3);
    assert_eq!(
        lookup("d4rl", "hopper-medium-v2").unwrap().ref_min,
        -20.272305
    );
    assert_eq!(lookup("d4rl", "antmaze/large-v2").unwrap().ref_max, 1.0);
    assert_eq!(lookup("d4rl", "maze2d-umaze-v1").unwrap().ref_max, 161.86);
    assert_eq!(
        lookup("d4rl", "walker2d/d4rl-mj20-v4").unwrap().ref_min,
        1.629008
    );
    assert_eq!(
        lookup("d4rl", "kitchen/d4rl-mixed-v0").unwrap().ref_max,
        4.0
    );
    let goals = "antmaze/ogbench-large-task3-v0";
    assert_eq!(lookup("ogbench", goals).unwrap().score(1.0), 100.0);
    assert_eq!(
        lookup("exorl", "dm-cheetah/run-backward-v1")
            .unwrap()
            .score(250.0),
        25.0
    );
    let dataset = lookup("exact", "cbandit/narrow-expert-v0").unwrap();
    assert_ne!(
        dataset.ref_min,
        lookup("exact", "cbandit/default-v0").unwrap().ref_min
    );
}

#[test]
fn images_score_as_the_states_behind_them() {
    let row = lookup("exact", "point-maze/umaze-pixels-v0").unwrap();
    assert_eq!(row, lookup("exact", "point-maze/umaze-v0").unwrap());
}

#[test]
fn unknown_names_and_ids_are_refused() {
    let error = lookup("d4lr", "hopper-medium-v2").unwrap_err();
    assert_eq!(
        error.to_string(),
        "unknown score normaliser `d4lr`, known are exact, d4rl, ogbench, exorl"
    );
    assert!(matches!(
        lookup("d4rl", "cartpole/x-v0"),
        Err(Error::NoReferences { .. })
    ));
}

#[test]
fn references_score_zero_and_a_hundred() {
    for row in normalizers() {
        assert!(row.ref_max > row.ref_min, "{row:?}");
        assert!(
            row.score(row.ref_min).abs() < 1e-12 && (row.score(row.ref_max) - 100.0).abs() < 1e-12
        );
    }
}
