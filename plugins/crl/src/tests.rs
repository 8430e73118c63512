use crate::{Crl, losses};
use nn::Minibatch;
use nn::testing::{Data, Driver, FakeHost, Golden, Tabular, check_resume, one_hot};
use plugin_api::{
    Array, Code, Critic, Goals, Network, Outcome, Precision, Query, Reduce, StateValue,
};
use tch::Tensor;

const PRECISIONS: [Precision; 2] = [Precision::F32, Precision::F64];

fn table(rows: usize) -> Data {
    let mut data = Data::bandit((3, 2, rows), 0.8, |s, i| 0.3 * s[i], |_, _| 0.0);
    data.goal_dim = 1;
    data.goal = data.observation.chunks(3).map(|s| s[0] - s[2]).collect();
    data
}

#[test]
fn resumed_training_equals_uninterrupted() {
    for (precision, negatives) in PRECISIONS.into_iter().zip(["matrix", "single"]) {
        let host = FakeHost::new(table(200), precision, 32, 5);
        let hyper = format!(r#"{{"hidden": [16], "latent": 4, "negatives": "{negatives}"}}"#);
        check_resume(|| Driver::<Crl>::new(&host, 20, &hyper).expect("creates"));
    }
}

const DISCOUNT: f64 = 0.3; // a near future differs most between pairs

/// A table of rows `(s, a, g)` in proportion to `p(s, a) p(g | s, a)`, with `g` a geometric future of the behaviour policy;
/// states are visited alike. The table is small, so its own shares, not the process's, are the known distribution.
struct Futures {
    counts: Vec<(usize, usize, usize, f64)>, // s, a, g and their rows
}

impl Futures {
    fn new() -> Self {
        let process = Tabular::new(false);
        let (policy, future) = (process.policy(), process.futures(DISCOUNT));
        let goals = |(s, a)| (0..3).map(move |g| (s, a, g));
        let triples = process.supported().into_iter().flat_map(goals);
        let rows = |s: usize, a: usize, g: usize| (40.0 * policy[s][a] * future[s][a][g]).ceil();
        Self {
            counts: triples.map(|(s, a, g)| (s, a, g, rows(s, a, g))).collect(),
        }
    }

    fn sum(&self, of: impl Fn(usize, usize, usize) -> bool) -> f64 {
        let rows = self.counts.iter().filter(|(s, a, g, _)| of(*s, *a, *g));
        rows.map(|row| row.3).sum()
    }

    /// `log p(g | s, a) / p(g)`
    fn q(&self, s: usize, a: usize, g: usize) -> f64 {
        let own = self.sum(|i, j, k| (i, j, k) == (s, a, g)) / self.sum(|i, j, _| (i, j) == (s, a));
        (own / self.sum(|_, _, k| k == g) * self.sum(|_, _, _| true)).ln()
    }

    /// `log p(g | s) / p(g)`
    fn v(&self, s: usize, g: usize) -> f64 {
        let own = self.sum(|i, _, k| (i, k) == (s, g)) / self.sum(|i, _, _| i == s);
        (own / self.sum(|_, _, k| k == g) * self.sum(|_, _, _| true)).ln()
    }

    fn data(&self) -> Data {
        let mut data = Data {
            observation_dim: 3,
            action_dim: 1,
            goal_dim: 3,
            ..Data::default()
        };
        for (s, a, g, count) in &self.counts {
            for _ in 0..*count as usize {
                let (observation, action) = Tabular::rows(&[(*s, *a)]);
                data.next_observation.extend(&observation);
                data.observation.extend(observation);
                data.action.extend(action);
                data.goal.extend(one_hot(*g));
                data.reward.push(0.0);
                data.terminated.push(0.0);
            }
        }
        data
    }

    /// Trains on `host` and requires what is learned, read as a log-ratio, to be within `tolerance` of the known ones.
    fn check(
        &self,
        (host, updates): (&FakeHost, u64),
        hyper: &str,
        tolerance: f64,
        read: impl Fn(f64) -> f64,
    ) {
        let hyper = format!(
            r#"{{"hidden": [32], "activation": "tanh", "latent": 8, "learning_rate": 0.01,
                "schedule": "cosine", {hyper}}}"#
        );
        let mut crl = Driver::<Crl>::new(host, updates, &hyper).expect("creates");
        crl.update(updates).expect("trains");
        let pairs: Vec<_> = self.counts.iter().map(|(s, a, _, _)| (*s, *a)).collect();
        let goals: Vec<f64> = self.counts.iter().flat_map(|row| one_hot(row.2)).collect();
        let ((s, a), n) = (Tabular::rows(&pairs), pairs.len());
        let s = host.array(&s, &[n as i64, 3]);
        let a = host.array(&a, &[n as i64, 1]);
        let g = host.array(&goals, &[n as i64, 3]);
        let query = Query {
            observation: s.view(),
            goal: Some(g.view()),
            action: a.view(),
            network: Network::Online,
            reduce: Reduce::Member,
        };
        let values = |answer: Outcome<Array>| {
            let answer = answer.expect("answers");
            answer.view().to_f64().expect("floats")
        };
        let q = values(crl.learner().q(&query));
        let v = values(crl.learner().v(s.view(), Some(g.view())));
        for (i, (s, a, g, _)) in self.counts.iter().enumerate() {
            let (log_q, log_v) = (self.q(*s, *a, *g), self.v(*s, *g));
            for (found, expected) in [(q[i], log_q), (q[n + i], log_q), (v[i], log_v)] {
                let found = read(found);
                let close = (found - expected).abs() < tolerance;
                assert!(close, "({s}, {a}, {g}): {found}, expected {expected}");
            }
        }
    }
}

/// The whole table as every batch has no error of sampling. Stated tolerance: 0.05 in the logarithm, of which up to
/// `ratio / B = 0.02` because no row's goal is its own negative.
#[test]
fn f_is_the_log_ratio_of_densities_up_to_the_constant_of_the_matrix() {
    let futures = Futures::new();
    let data = futures.data();
    let constant = ((data.rows() - 1) as f64).ln();
    let host = FakeHost::whole(data, Precision::F32);
    futures.check((&host, 5000), r#""offset": "kept""#, 0.05, |f| f + constant);
    let far = |row: &&(usize, usize, usize, f64)| futures.q(row.0, row.1, row.2).abs() > 0.5;
    assert!(futures.counts.iter().filter(far).count() >= 8);
}

/// Stated tolerance: 0.2 in the logarithm (negatives are drawn).
#[test]
fn with_a_single_negative_there_is_no_constant() {
    let futures = Futures::new();
    let host = FakeHost::new(futures.data(), Precision::F32, 512, 5);
    futures.check((&host, 1500), r#""negatives": "single""#, 0.2, |f| f);
}

fn ask(host: &FakeHost, network: Network, reduce: Reduce, goal: Option<&Array>) -> Code {
    let (s, a) = (
        host.array(&[0.1; 3], &[1, 3]),
        host.array(&[0.2; 2], &[1, 2]),
    );
    let query = Query {
        observation: s.view(),
        goal: goal.map(Array::view),
        action: a.view(),
        network,
        reduce,
    };
    let mut crl = Driver::<Crl>::new(host, 1, r#"{"hidden": [4]}"#).expect("creates");
    let refused = crl.learner().q_gradient(&query).map(|_| ());
    refused.expect_err("refused").code
}

#[test]
fn bad_requests_are_refused() {
    let host = FakeHost::new(table(10), Precision::F32, 4, 5);
    let goal = host.array(&[0.3], &[1, 1]);
    let (online, min) = (Network::Online, Reduce::Min);
    assert_eq!(
        ask(&host, Network::Target, min, Some(&goal)),
        Code::Unsupported
    );
    assert_eq!(
        ask(&host, online, Reduce::Member, Some(&goal)),
        Code::Unsupported
    );
    assert_eq!(ask(&host, online, min, None), Code::InvalidArgument);

    let refuse = |data: Data, hyper: &str, part: &str| {
        let host = FakeHost::new(data, Precision::F32, 4, 5);
        let failure = Driver::<Crl>::new(&host, 1, hyper).err().expect("refused");
        assert_eq!(failure.code, Code::InvalidArgument);
        assert!(failure.message.contains(part), "{failure}");
    };
    refuse(table(10), r#"{"latent": 0}"#, "`latent` is 0");
    let mut plain = table(10);
    plain.goal_dim = 0;
    refuse(plain, "{}", "needs goals");
}

#[test]
fn goals_of_the_future_are_asked_for_and_a_bad_one_stops() {
    let mut data = table(20);
    data.goal[..20].fill(f64::NAN);
    let host = FakeHost::new(data, Precision::F32, 8, 5);
    let mut crl = Driver::<Crl>::new(&host, 1, r#"{"hidden": [4]}"#).expect("creates");
    let failure = crl.update(1).expect_err("stops");
    assert_eq!(failure.code, Code::NonFinite);
    let expected = "q_loss is NaN in update 1";
    assert!(failure.message.contains(expected), "{failure}");
    let asked = host.request("train").expect("a batch was drawn");
    assert_eq!((asked.goals, asked.next_action), (Goals::Future, false));
}

#[test]
fn dq_da_equals_finite_differences() {
    let host = FakeHost::new(table(50), Precision::F64, 16, 5);
    for answer in ["f", "exp"] {
        let hyper = format!(r#"{{"hidden": [8], "activation": "tanh", "answer": "{answer}"}}"#);
        let mut crl = Driver::<Crl>::new(&host, 20, &hyper).expect("creates");
        crl.update(20).expect("trains");
        let (s, g) = (
            host.array(&[0.4, -0.2, 0.7], &[1, 3]),
            host.array(&[0.3], &[1, 1]),
        );
        let mut ask = |a: [f64; 2]| {
            let a = host.array(&a, &[1, 2]);
            let query = Query {
                observation: s.view(),
                goal: Some(g.view()),
                action: a.view(),
                network: Network::Online,
                reduce: Reduce::Mean,
            };
            let (q, dq) = crl.learner().q_gradient(&query).expect("answers");
            let plain = crl.learner().q(&query).expect("answers");
            assert_eq!(
                q.view().to_f64().expect("f64"),
                plain.view().to_f64().expect("f64")
            );
            (
                q.view().to_f64().expect("f64")[0],
                dq.view().to_f64().expect("f64"),
            )
        };
        let base = [0.1, -0.5];
        let gradient = ask(base).1;
        for i in 0..2 {
            let mut at = |by: f64| {
                let mut a = base;
                a[i] += by;
                ask(a).0
            };
            let slope = (at(1e-6) - at(-1e-6)) / 2e-6;
            assert!(
                (slope - gradient[i]).abs() < 1e-8,
                "{slope} {}",
                gradient[i]
            );
        }
    }
}

#[test]
fn losses_gradients_and_updates_equal_the_reference() {
    let text = include_str!("../../../tests/golden/learners/crl.json");
    let golden: Golden = serde_json::from_str(text).expect("parses");
    for case in &golden.cases {
        let (host, hyper) = (case.host(), &case.hyperparameters);
        let mut driver = Driver::<Crl>::new(&host, golden.horizon, hyper).expect("creates");
        let learner = driver.learner();
        case.start("online", &mut learner.nets.q).expect("fits");
        case.start("online", &mut learner.nets.v).expect("fits");
        let service = host.host();
        let batch =
            Minibatch::draw_for(&service, learner.dims, "train", 0, Goals::Future).expect("draws");
        let raw = batch.raw();
        let query = Query {
            observation: raw.observation,
            goal: raw.goal,
            action: raw.action,
            network: Network::Online,
            reduce: Reduce::Min,
        };
        for (name, answer) in [
            ("q", learner.q(&query)),
            ("v", learner.v(raw.observation, raw.goal)),
        ] {
            let values = answer.expect("answers").view().to_f64().expect("floats");
            case.check_answer(name, &values);
        }
        let of = |loss: plugin_api::Outcome<Tensor>| loss.expect("computes");
        let q_loss = of(losses::critic_loss(&learner.nets, &batch, &learner.hyper));
        let v_loss = of(losses::value_loss(&learner.nets, &batch, &learner.hyper));
        case.check_loss("q_loss", q_loss.double_value(&[]));
        case.check_loss("v_loss", v_loss.double_value(&[]));
        case.check_gradients(&learner.nets.q, &q_loss);
        case.check_gradients(&learner.nets.v, &v_loss);
        for (count, total) in [(1, 1), (2, 3)] {
            driver.update(count).expect("trains");
            let nets = &driver.learner().nets;
            case.check_after(total, "online", &nets.q);
            case.check_after(total, "online", &nets.v);
        }
        assert_eq!(host.metric("q_loss").len(), 3, "{}", case.name);
    }
}
