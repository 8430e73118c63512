//! A behaviour that completes tasks by planning in the simulator: model-predictive path integral control (Williams,
//! Aldrich and Theodorou, "Model Predictive Path Integral Control: From Theory to Parallel Computation", 2017).
//!
//! Before each step, `samples` sequences of `horizon` actions are drawn around the plan of the step before, each is tried in
//! the simulator, and the new plan is their mean, weighted by how little they cost. The cost of a tried step is how far the
//! task's element is from where it shall be and how far the hand is from its handle. Then the state is put back.

use super::tasks::{ALL, Target};
use super::{COORDINATES, Kitchen, ROBOT};
use crate::simulation::{Place, forward_warnings};
use plugin_api::{BehaviourInfo, BehaviourRequest, Failure, Outcome};
use serde::Deserialize;

pub(super) const BEHAVIOURS: &[BehaviourInfo] = &[BehaviourInfo {
    name: "plan",
    description: "Completes a task, or all of the environment in drawn order, by planning in the simulator.",
    parameters: r#"{"task": "all", "samples": 24, "horizon": 8}"#,
}];

#[derive(Deserialize)]
struct Parameters {
    task: String,
    samples: usize,
    horizon: usize,
}

/// Points between which the noise of a sequence is linear.
const KNOTS: usize = 3;
/// Standard deviation of that noise.
const SPREAD: f64 = 0.6;
/// Temperature of the weights, as a share of the mean cost above the lowest.
const TEMPERATURE: f64 = 0.1;
/// Costs of the element's distance (rad, m) and of the hand's distance (m).
const ELEMENT_COST: f64 = 3.0;
const HAND_COST: f64 = 2.0;

type Action = [f64; ROBOT];

/// The running episode of the behaviour.
pub(super) struct Plan {
    /// What is to be completed, the last first, each with the place of its handle.
    targets: Vec<(&'static Target, Place)>,
    samples: usize,
    hand: Place,
    /// Actions of the next steps.
    actions: Vec<Action>,
    /// Whether `actions` is the plan for the present state.
    fresh: bool,
}

impl Plan {
    /// To be called after each step: the rest of the plan is where the next one starts from, and another task's turn comes
    /// when the present one is complete. The last one stays.
    pub(super) fn advance(&mut self, observed: &[f64; COORDINATES]) {
        self.fresh = false;
        if let [_, .., (target, _)] = self.targets.as_slice()
            && target.element.complete(observed)
        {
            self.targets.pop();
        }
        self.actions.rotate_left(1);
        let before = self.actions.len().saturating_sub(2);
        if let (Some(last), Some(copy)) =
            (self.actions.get(before).copied(), self.actions.last_mut())
        {
            *copy = last;
        }
    }
}

/// Adds noise that is linear between knots, given normal numbers `[KNOTS][ROBOT]`, and clips.
fn perturbed(actions: &[Action], draws: &[f64]) -> Vec<Action> {
    let last = actions.len().saturating_sub(1).max(1) as f64;
    let noisy = actions.iter().enumerate().map(|(t, action)| {
        let at = t as f64 / last * (KNOTS - 1) as f64;
        let knot = (at as usize).min(KNOTS - 2);
        let share = at - knot as f64;
        std::array::from_fn(|joint| {
            let draw = |knot: usize| draws.get(knot * ROBOT + joint).copied().unwrap_or(0.0);
            let noise = (1.0 - share) * draw(knot) + share * draw(knot + 1);
            (action[joint] + SPREAD * noise).clamp(-1.0, 1.0)
        })
    });
    noisy.collect()
}

/// The mean of `tried`, weighted by how little they cost; an infinite cost has no weight.
fn mean(tried: &[Vec<Action>], costs: &[f64]) -> Vec<Action> {
    let finite = || costs.iter().copied().filter(|c| c.is_finite());
    let lowest = finite().fold(f64::MAX, f64::min);
    let excess = finite().map(|c| c - lowest).sum::<f64>() / finite().count().max(1) as f64;
    let temperature = TEMPERATURE * excess + 1e-9;
    let weights = costs.iter().map(|c| libm::exp((lowest - c) / temperature));
    let weights: Vec<f64> = weights.collect();
    let total: f64 = weights.iter().sum();
    let length = tried.first().map_or(0, Vec::len);
    let mut mean = vec![[0.0; ROBOT]; length];
    for (actions, weight) in tried.iter().zip(&weights) {
        for (sum, action) in mean.iter_mut().zip(actions) {
            let entries = sum.iter_mut().zip(action);
            entries.for_each(|(sum, a)| *sum += weight / total * a);
        }
    }
    mean
}

impl Kitchen {
    pub(super) fn begin_plan(&self, request: &BehaviourRequest, seed: u64) -> Outcome<Plan> {
        let Parameters {
            task,
            samples,
            horizon,
        } = request.parameters()?;
        let chosen = self.targets(&task, seed)?;
        if !(1..=4096).contains(&samples) || !(1..=280).contains(&horizon) {
            return Err(Failure::invalid_argument(format!(
                "behaviour `plan` with {samples} samples of {horizon} steps, expected 1 to 4096 of 1 to 280"
            )));
        }
        let mut targets = Vec::new();
        for target in chosen {
            targets.push((target, self.simulation.site(target.handle)?));
        }
        Ok(Plan {
            targets,
            samples,
            hand: self.simulation.site("end_effector")?,
            actions: vec![[0.0; ROBOT]; horizon],
            fresh: false,
        })
    }

    /// The task of this name, or all of the environment in an order that is drawn.
    fn targets(&self, task: &str, seed: u64) -> Outcome<Vec<&'static Target>> {
        if task == "all" {
            let draws = self.host.uniform("behaviour/order", seed, ALL.len())?;
            let mut drawn: Vec<_> = ALL.iter().zip(draws).collect();
            drawn.retain(|(target, _)| self.elements.contains(&target.element));
            drawn.sort_by(|(_, a), (_, b)| a.total_cmp(b));
            return Ok(drawn.into_iter().map(|(target, _)| target).collect());
        }
        let target = ALL.iter().find(|target| target.name == task);
        target.map(|target| vec![target]).ok_or_else(|| {
            let known: Vec<&str> = ALL.iter().map(|target| target.name).collect();
            Failure::invalid_argument(format!(
                "unknown task `{task}` of behaviour `plan`, expected `all` or one of {}",
                known.join(", ")
            ))
        })
    }

    /// Writes the first action of the plan for the present state.
    pub(super) fn act(&mut self, action: &mut [f32]) -> Outcome<()> {
        let step = self.steps.expect_running()?;
        crate::calls::expect_length("action", action.len(), ROBOT)?;
        let Some(mut plan) = self.plan.take() else {
            return Err(Failure::invalid_argument(
                "act was called in an episode of no behaviour",
            ));
        };
        let improved = if plan.fresh {
            Ok(())
        } else {
            self.improve(&mut plan, step)
        };
        let first = plan.actions.first().copied().unwrap_or_default();
        self.plan = Some(plan);
        forward_warnings(&self.host);
        improved?;
        action
            .iter_mut()
            .zip(first)
            .for_each(|(out, a)| *out = a as f32);
        Ok(())
    }

    fn improve(&mut self, plan: &mut Plan, step: u32) -> Outcome<()> {
        let each = KNOTS * ROBOT;
        let stream = format!("behaviour/plan/{step}");
        let draws = self.host.normal(&stream, self.seed, plan.samples * each)?;
        // The plan itself is tried, too.
        let mut tried = vec![plan.actions.clone()];
        tried.extend(
            draws
                .chunks_exact(each)
                .map(|draws| perturbed(&plan.actions, draws)),
        );
        let saved = self.simulation.save();
        let mut costs = Vec::with_capacity(tried.len());
        for actions in &tried {
            costs.push(self.cost(plan, actions));
            self.simulation.restore(&saved)?;
        }
        if !costs.iter().any(|cost| cost.is_finite()) {
            return Err(Failure::non_finite(
                "every plan that was tried makes the simulation unstable",
            ));
        }
        plan.actions = mean(&tried, &costs);
        plan.fresh = true;
        Ok(())
    }

    /// Cost of a sequence of actions from the present state; infinite where it makes the simulation unstable.
    fn cost(&mut self, plan: &Plan, actions: &[Action]) -> f64 {
        let Some((target, handle)) = plan.targets.last() else {
            return f64::INFINITY;
        };
        let mut seen = self.observed;
        let mut cost = 0.0;
        for action in actions {
            if self.drive(action.iter().copied(), &seen).is_err() {
                return f64::INFINITY;
            }
            let qpos: Option<&[f64; COORDINATES]> = self.simulation.qpos().first_chunk();
            seen = qpos.copied().unwrap_or(seen);
            let element = target.element.distance(&seen);
            let hand = self.simulation.distance_m(plan.hand, *handle);
            cost += ELEMENT_COST * element + HAND_COST * hand;
        }
        cost
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn noise_is_linear_between_its_knots_and_actions_stay_in_bounds() {
        let mut draws = vec![0.0; KNOTS * ROBOT];
        (draws[0], draws[ROBOT], draws[2 * ROBOT]) = (1.0, 0.0, 9.0);
        let found = perturbed(&[[0.0; ROBOT]; 5], &draws);
        let first: Vec<f64> = found.iter().map(|action| action[0]).collect();
        assert_eq!(first, [SPREAD, SPREAD / 2.0, 0.0, 1.0, 1.0]);
        assert!(
            found
                .iter()
                .all(|action| action[1..].iter().all(|a| *a == 0.0))
        );
    }

    #[test]
    fn the_cheapest_sequence_dominates_the_mean() {
        let tried = [vec![[1.0; ROBOT]], vec![[-1.0; ROBOT]]];
        let found = mean(&tried, &[1.0, 5.0]);
        assert!(found[0][0] > 0.99, "{found:?}");
        assert_eq!(mean(&tried, &[2.0, 2.0])[0][0], 0.0);
        assert_eq!(mean(&tried, &[f64::INFINITY, 2.0])[0][0], -1.0);
    }
}
