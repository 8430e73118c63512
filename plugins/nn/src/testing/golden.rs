//! Cases of `tests/golden/learners/*.json` and their tolerances.

use super::host::{Data, FakeHost};
use super::numbers;
use crate::params::ParamSet;
use plugin_api::{Outcome, Precision};
use serde::Deserialize;
use std::collections::BTreeMap;
use tch::Tensor;

/// Values by parameter name, row-major.
pub type Values = BTreeMap<String, Vec<f64>>;

/// A file of cases.
#[derive(Deserialize)]
pub struct Golden {
    /// Updates over which schedules run.
    pub horizon: u64,
    /// The cases.
    pub cases: Vec<Case>,
}

/// One case; `reference.py` beside the files says what each field is.
#[derive(Deserialize)]
pub struct Case {
    /// What varies, and the precision.
    pub name: String,
    precision: String,
    /// JSON text.
    pub hyperparameters: String,
    data: Data,
    parameters: Values,
    losses: BTreeMap<String, f64>,
    #[serde(default)]
    answers: Values,
    gradients: Values,
    after_1: Values,
    after_3: Values,
}

/// A hundredth of the losses' usual terms, which are of order one.
const LOSS_SCALE: f64 = 1e-2;

impl Case {
    /// A host that gives the case's batch at every step.
    pub fn host(&self) -> Box<FakeHost> {
        FakeHost::whole(self.data.clone(), self.precision())
    }

    fn precision(&self) -> Precision {
        match self.precision.as_str() {
            "float32" => Precision::F32,
            "float64" => Precision::F64,
            other => panic!("{}: unknown precision {other}", self.name),
        }
    }

    /// A constant of the case, row-major.
    pub fn parameter(&self, name: &str) -> &[f64] {
        &self.parameters[name]
    }

    /// Overwrites parameters by those of the case named `<prefix>/<parameter>`.
    pub fn start(&self, prefix: &str, params: &mut ParamSet) -> Outcome<()> {
        let names: Vec<String> = params
            .shapes()
            .iter()
            .map(|(name, _)| (*name).into())
            .collect();
        for name in names {
            params.assign(&name, &self.parameters[&format!("{prefix}/{name}")])?;
        }
        Ok(())
    }

    /// Asserts a loss. One near zero is a difference of terms that are not, and in float32 is held to the tolerance of a loss of [`LOSS_SCALE`]: processors
    /// sum the terms in different orders.
    pub fn check_loss(&self, name: &str, found: f64) {
        let expected = self.losses[name];
        let close = (found - expected).abs() <= 1e-5 * LOSS_SCALE;
        if matches!(self.precision(), Precision::F32) && close {
            return;
        }
        self.check(name, &[found], &[expected]);
    }

    /// Asserts what an interface answers at the start.
    pub fn check_answer(&self, name: &str, found: &[f64]) {
        self.check(name, found, &self.answers[name]);
    }

    /// Asserts the gradients of `loss` in the parameters of `params`.
    pub fn check_gradients(&self, params: &ParamSet, loss: &Tensor) {
        let gradients = Tensor::run_backward(&[loss], params.live(), true, false);
        for ((name, _), gradient) in params.shapes().iter().zip(gradients) {
            let found = numbers(&gradient);
            let name = format!("online/{name}");
            self.check(
                &format!("gradient of {name}"),
                &found,
                &self.gradients[&name],
            );
        }
    }

    /// Asserts the parameters after one or three updates.
    pub fn check_after(&self, updates: u64, prefix: &str, params: &ParamSet) {
        let expected = match updates {
            1 => &self.after_1,
            3 => &self.after_3,
            other => panic!("the case holds no parameters after {other} updates"),
        };
        for (name, _) in params.shapes() {
            let found = params.values(name).expect("exists");
            let name = format!("{prefix}/{name}");
            self.check(&format!("{name} after {updates}"), &found, &expected[&name]);
        }
    }

    /// float64: every element to 1e-10 relative to `max(1, |x|)`; float32: the tensor to 1e-5 of its norm.
    fn check(&self, what: &str, found: &[f64], expected: &[f64]) {
        assert_eq!(found.len(), expected.len(), "{}: {what}", self.name);
        let norm = |x: &mut dyn Iterator<Item = f64>| x.map(|x| x * x).sum::<f64>().sqrt();
        let error = match self.precision() {
            Precision::F64 => {
                let scaled = |(f, e): (&f64, &f64)| (f - e).abs() / e.abs().max(1.0) / 1e-10;
                found.iter().zip(expected).map(scaled).fold(0.0, f64::max)
            }
            Precision::F32 => {
                let difference = norm(&mut found.iter().zip(expected).map(|(f, e)| f - e));
                let size = norm(&mut expected.iter().copied());
                if difference == 0.0 {
                    0.0
                } else {
                    difference / size / 1e-5
                }
            }
        };
        assert!(
            error <= 1.0,
            "{}: {what} is off by {error:.3} tolerances\nfound    {found:?}\nexpected {expected:?}",
            self.name
        );
    }
}
