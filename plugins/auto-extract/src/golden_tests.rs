//! Losses, gradients, updates and scores against an independent implementation: `tests/golden/learners/auto_extract.py`.

use crate::{AutoExtract, Mode, QNormalization, losses};
use nn::testing::{Case, Driver, FakeHost, Golden, KnownCritic};
use nn::{Actor, Dims};
use plugin_api::serve::Instance;
use tch::{Kind, Tensor};

const SCORES: [&str; 4] = [
    "score_cloning",
    "score_gradient",
    "score_difference_se",
    "chosen_gradient",
];

/// The gradients stand among the answers, under the name of their policy.
fn check_gradients(case: &Case, policy: &str, actor: &Actor, loss: &Tensor) {
    let gradients = Tensor::run_backward(&[loss], actor.params.live(), true, false);
    for ((name, _), gradient) in actor.params.shapes().iter().zip(gradients) {
        let flat = gradient.to_kind(Kind::Double).contiguous().view(-1);
        let found = Vec::<f64>::try_from(&flat).expect("float64");
        case.check_answer(&format!("{policy}/{name}"), &found);
    }
}

/// The losses and their gradients at the parameters that the learner has now.
fn check_losses(case: &Case, host: &FakeHost, learner: &mut AutoExtract) {
    let service = host.host();
    let batch = learner.batch(&service, 0).expect("draws");
    let (s, a) = (batch.state().expect("fits"), batch.action().expect("fits"));
    let w = learner.weights(&batch).expect("weighs");
    if let Some(actor) = &learner.cloning {
        let loss = losses::cloning(actor, Some(&w), &actor.mean(&s), &a);
        case.check_loss("awr_loss", loss.double_value(&[]));
        check_gradients(case, "cloning", actor, &loss);
    }
    let constant = match learner.hyper.q_normalization {
        QNormalization::AdvantageStd => learner.critic.advantage_std(&service).expect("spreads"),
        QNormalization::None | QNormalization::MeanAbsQ => 1.0,
    };
    let actor = &learner.gradient;
    let mu = actor.mean(&s);
    let action = actor.policy.proposal(&mu);
    let (q, dq_da) = learner.critic.q_gradient(&batch, &action).expect("answers");
    let n = match learner.hyper.q_normalization {
        QNormalization::MeanAbsQ => q.abs().mean(q.kind()).double_value(&[]),
        QNormalization::None | QNormalization::AdvantageStd => constant,
    };
    let weights = (learner.hyper.mode == Mode::Sum).then_some(&w);
    let near = losses::cloning(actor, weights, &mu, &a);
    let q_pi = losses::value_of_policy(&q, &dq_da, &action);
    let loss = losses::ascent(&q_pi, n, learner.hyper.alpha, &near);
    case.check_loss("actor_loss", loss.double_value(&[]));
    check_gradients(case, "gradient", actor, &loss);
}

#[test]
fn losses_gradients_updates_and_scores_equal_the_reference() {
    let text = include_str!("../../../tests/golden/learners/auto-extract.json");
    let golden: Golden = serde_json::from_str(text).expect("parses");
    for case in &golden.cases {
        let (host, hyper) = (case.host(), &case.hyperparameters);
        let dims = Dims::continuous(&host.problem(1)).expect("continuous");
        let mut critic = Instance::new(KnownCritic::new(dims));
        let mut driver = Driver::<AutoExtract>::bound(&host, golden.horizon, hyper, &mut critic)
            .expect("creates");
        let learner = driver.learner();
        if let Some(actor) = &mut learner.cloning {
            case.start("cloning", &mut actor.params).expect("fits");
        }
        case.start("gradient", &mut learner.gradient.params)
            .expect("fits");
        check_losses(case, &host, learner);
        for (count, total) in [(1, 1), (2, 3)] {
            driver.update(count).expect("trains");
            let learner = driver.learner();
            if let Some(actor) = &learner.cloning {
                case.check_after(total, "cloning", &actor.params);
            }
            case.check_after(total, "gradient", &learner.gradient.params);
        }
        // What the learner itself reported on the way.
        case.check_loss("actor_loss", host.metric("actor_loss")[0].1);
        if driver.learner().cloning.is_none() {
            assert!(host.metric("chosen_gradient").is_empty(), "{}", case.name);
            continue;
        }
        case.check_loss("awr_loss", host.metric("awr_loss")[0].1);
        for name in SCORES {
            for (update, found) in host.metric(name) {
                if update != 2 {
                    case.check_loss(&format!("{name} after {update}"), found);
                }
            }
            assert_eq!(host.metric(name).len(), 3, "{}", case.name);
        }
    }
    assert!(!golden.cases.is_empty());
}
