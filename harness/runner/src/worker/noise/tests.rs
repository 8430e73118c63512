use super::*;

const ID: &str = "lqr-nav/default-v0";

fn noise(value: f64, gradient: f64) -> Noise {
    ensemble(value, gradient, 1, 0.0)
}

fn ensemble(value: f64, gradient: f64, members: usize, shared: f64) -> Noise {
    let dials = Dials {
        value,
        gradient,
        length: 1.0,
        seed: 3,
        members,
        shared,
    };
    let reference = Reference::new(envs::oracle(ID, 0.95, None).unwrap().unwrap());
    let mut environment = envs::make(ID).unwrap();
    Noise::draw(
        dials,
        &reference,
        &Functional::Optimal,
        environment.as_mut(),
    )
    .unwrap()
}

fn draws(n: usize) -> Vec<([f32; 8], [f32; 4])> {
    let mut stream = Stream::new(5, &["test", "noise"]);
    let mut one = || stream.uniform_in(-0.6, 0.6) as f32;
    (0..n)
        .map(|_| {
            (
                std::array::from_fn(|_| one()),
                std::array::from_fn(|_| one()),
            )
        })
        .collect()
}

#[test]
fn the_gradient_of_the_noise_is_that_of_its_value() {
    let noise = noise(0.5, 0.0);
    for (s, a) in draws(20) {
        let mut gradient = [0.0f32; 4];
        let value = noise.perturb(&s, &[], &a, Reduce::Min, Some(&mut gradient));
        assert_eq!(value, noise.perturb(&s, &[], &a, Reduce::Min, None));
        for k in 0..4 {
            let at = |h: f32| {
                let mut b = a;
                b[k] += h;
                (
                    f64::from(b[k]),
                    noise.perturb(&s, &[], &b, Reduce::Min, None),
                )
            };
            let ((a1, q1), (a0, q0)) = (at(1e-2), at(-1e-2));
            let slope = (q1 - q0) / (a1 - a0);
            assert!((slope - f64::from(gradient[k])).abs() < 2e-3 * (1.0 + slope.abs()));
        }
    }
}

#[test]
fn amplitudes_are_relative_to_the_advantage_and_the_gradient() {
    let (loud, quiet) = (noise(1.0, 0.0), noise(0.25, 0.0));
    for (s, a) in draws(5) {
        let (x, y) = (
            loud.perturb(&s, &[], &a, Reduce::Mean, None),
            quiet.perturb(&s, &[], &a, Reduce::Mean, None),
        );
        assert!((x - 4.0 * y).abs() < 1e-12);
    }
    let reference = Reference::new(envs::oracle(ID, 0.95, None).unwrap().unwrap());
    let alone = noise(0.0, 1.0);
    let (mut exact, mut added) = (0.0, 0.0);
    for (s, a) in draws(2_000) {
        let mut g = [0.0f32; 4];
        reference
            .q(&Functional::Optimal, &s, &[], &a, Some(&mut g))
            .unwrap();
        let mut h = g;
        assert_eq!(alone.perturb(&s, &[], &a, Reduce::Min, Some(&mut h)), 0.0);
        for k in 0..4 {
            exact += f64::from(g[k]).powi(2);
            added += f64::from(h[k] - g[k]).powi(2);
        }
    }
    // Other states than those behind the scale, and one draw of the functions: the order of magnitude is what holds.
    let ratio = libm::sqrt(added / exact);
    assert!((0.3..3.0).contains(&ratio), "{ratio}");
}

#[test]
fn clipped_entries_stay_flat() {
    let noise = noise(1.0, 1.0);
    let mut gradient = [0.0f32; 4];
    let far = [2.0, 0.1, 0.1, 0.1];
    let value = noise.perturb(&[0.1; 8], &[], &far, Reduce::Min, Some(&mut gradient));
    assert_eq!(gradient[0], 0.0);
    assert!(gradient[1] != 0.0);
    let edge = [1.0, 0.1, 0.1, 0.1];
    assert_eq!(
        value,
        noise.perturb(&[0.1; 8], &[], &edge, Reduce::Min, None)
    );
}

#[test]
fn the_first_member_is_the_critic_of_one_and_reductions_are_over_all() {
    let (one, three) = (noise(0.5, 0.3), ensemble(0.5, 0.3, 3, 0.0));
    for (s, a) in draws(20) {
        let errors = three.of_members(&s, &[], &a);
        assert_eq!(errors.len(), 3);
        assert_eq!(one.of_members(&s, &[], &a), errors[..1]);
        let mut of = [[0.0f32; 4]; 2];
        let min = three.perturb(&s, &[], &a, Reduce::Min, Some(&mut of[0]));
        let mean = three.perturb(&s, &[], &a, Reduce::Mean, Some(&mut of[1]));
        assert_eq!(min, errors.iter().copied().fold(f64::INFINITY, f64::min));
        assert!((mean - errors.iter().sum::<f64>() / 3.0).abs() < 1e-15);
        let mut alone = [0.0f32; 4];
        one.perturb(&s, &[], &a, Reduce::Mean, Some(&mut alone));
        assert_eq!(min == errors[0], of[0] == alone, "{errors:?}");
    }
}

/// Gradients of the smallest and of the mean member are those of their values.
#[test]
fn gradients_of_an_ensemble_are_those_of_its_values() {
    let noise = ensemble(0.5, 0.0, 4, 0.3);
    for (s, a) in draws(10) {
        for reduce in [Reduce::Min, Reduce::Mean] {
            let mut gradient = [0.0f32; 4];
            noise.perturb(&s, &[], &a, reduce, Some(&mut gradient));
            for k in 0..4 {
                let at = |h: f32| {
                    let mut b = a;
                    b[k] += h;
                    let value = noise.perturb(&s, &[], &b, reduce, None);
                    (
                        f64::from(b[k]),
                        value,
                        smallest(&noise.of_members(&s, &[], &b)),
                    )
                };
                let ((a1, q1, first), (a0, q0, last)) = (at(1e-2), at(-1e-2));
                let slope = (q1 - q0) / (a1 - a0);
                let kink = matches!(reduce, Reduce::Min) && first != last;
                let error = (slope - f64::from(gradient[k])).abs();
                assert!(kink || error < 2e-3 * (1.0 + slope.abs()), "{error}");
            }
        }
    }
}

#[test]
fn errors_of_two_members_correlate_by_the_shared_part() {
    for shared in [0.0, 0.5, 1.0] {
        // Many draws of the pair: one pair's functions correlate by chance over a few lengths of space.
        let noise = ensemble(1.0, 0.0, 64, shared);
        let (mut product, mut square, mut count) = (0.0, 0.0, 0.0);
        for (s, a) in draws(40) {
            let errors = noise.of_members(&s, &[], &a);
            for pair in errors.chunks_exact(2) {
                product += pair[0] * pair[1];
                square += 0.5 * (pair[0] * pair[0] + pair[1] * pair[1]);
                count += 1.0;
            }
        }
        assert!(count == 1280.0 && square > 0.0);
        let correlation = product / square;
        assert!(
            (correlation - shared).abs() < 0.25,
            "{shared}: {correlation}"
        );
        if shared == 1.0 {
            assert!((correlation - 1.0).abs() < 1e-12);
        }
    }
}

#[test]
fn no_amplitude_is_no_noise() {
    let params = serde_json::json!({"value_noise": 0.0, "gradient_noise": 0.0});
    assert_eq!(Dials::of(params.as_object().unwrap()), None);
}
