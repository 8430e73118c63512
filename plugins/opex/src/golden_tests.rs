//! Actions against an independent implementation: `tests/golden/learners/test_time.py`.

use crate::Opex;
use nn::testing::{Driver, Golden, Quadratic};
use plugin_api::ActMode;
use plugin_api::serve::Instance;

#[test]
fn actions_equal_the_reference() {
    let text = include_str!("../../../tests/golden/learners/opex.json");
    let golden: Golden = serde_json::from_str(text).expect("parses");
    for case in &golden.cases {
        let of = |name: &str| case.parameter(name).iter().copied();
        let bias: Vec<f64> = of("policy/bias").collect();
        let gain = of("policy/gain").next().expect("one number");
        let mut quadratic = Quadratic::new(0.0, gain, bias.len());
        quadratic.members = of("critic/target").zip(of("critic/offset")).collect();
        quadratic.bias = bias;
        let (host, mut base) = (case.host(), Instance::new(quadratic));
        let mut opex =
            Driver::<Opex>::bound(&host, 0, &case.hyperparameters, &mut base).expect("creates");
        let data = host.data();
        let shape = [data.rows() as i64, data.observation_dim as i64];
        let states = host.array(&data.observation, &shape);
        let mut policy = opex.policy().expect("offers a policy");
        let action = policy.act(states.view(), None, ActMode::Greedy);
        let action = action.expect("acts").to_f64().expect("floats");
        case.check_answer("greedy", &action);
    }
    assert!(!golden.cases.is_empty());
}
