//! What is measured of a policy and its critic beside its returns.
//!
//! | set of states | suffix | at most |
//! |---|---|---|
//! | the policy stage's training view, rows evenly spaced | `_train` | 10,000 |
//! | the held-out trajectories, rows evenly spaced | `_validation` | 10,000 |
//! | states that the policy visits in evaluation, each as often as it is visited | `_evaluation` | 10,000 |
//! | the [probe set](probe), common to all methods and seeds | `_probe` | 1,000 |
//!
//! `regret_*` on fixed sets is taken at 2,000 of the states, evenly spaced.
//!
//! | metric | page | when |
//! |---|---|---|
//! | `action_mse_*`, `regret_*` | [`errors`] | every snapshot |
//! | `mean_abs_action`, `saturated_share` | [`actions`] | every snapshot |
//! | `q_error_*`, `q_bias_*`, `q_rank_correlation_*`, `q_gradient_cosine_*` | [`value`] | last snapshot |
//! | `train_log_likelihood`, `validation_log_likelihood` | [`actions`] | every snapshot |
//! | `coverage_distance` | [`coverage`] | last snapshot |
//! | `behaviour_regret`: mean regret of the dataset's own actions on the training states | [`errors`] | last snapshot |
//! | `critic_gradients_per_action`, `policy_updates_per_action` | [`cost`] | every snapshot |
//!
//! Value metrics compare with the optimal policy's values; with the suffix `_behaviour` with those of the policy that made
//! the data, and with `_expectile` with the fixed point of implicit Q-learning at the critic's own expectile, where these
//! are known. States and goals are those of the environment: a benchmark's transform is applied on the way to the policy.
//! Goals of dataset states are drawn by the benchmark's rule for policies, once for all methods. A policy that learns while
//! it acts has no action at a state without the episode before it, so only visited states count there.

mod actions;
pub(crate) mod call;
pub(crate) mod cost;
mod coverage;
mod errors;
mod probe;
mod reference;
mod states;
mod value;

#[cfg(test)]
mod tests;

pub(crate) use call::Form;
pub(crate) use probe::probe;
pub(crate) use reference::Reference;
pub(crate) use states::{States, Visits};

use super::environment::Simulator;
use super::failure::Stop;
use super::goals;
use dataset::Transitions;
use envs::{BehaviourSpec, Functional};
use manifest::GoalRules;
use manifest::random::Stream;
use plugin_host::Bound;
use reference::Target;
use value::{Learned, VALUE_STATES};

/// States of a fixed set at which regret is taken, at most: exact values cost more than actions.
const REGRET_STATES: usize = 2_000;

/// A metric's name and value.
pub(crate) type Named = (String, f64);

/// The data of an evaluation.
pub(crate) struct Data<'a> {
    /// Transitions with the environment's own states.
    pub(crate) transitions: &'a Transitions,
    /// Rows of the policy stage's training view.
    pub(crate) train: &'a [u32],
    /// Rows of the held-out trajectories.
    pub(crate) validation: &'a [u32],
    pub(crate) goals: Option<&'a GoalRules>,
    pub(crate) discount: f64,
    /// The policy that made them, if it is known.
    pub(crate) behaviour: Option<&'a BehaviourSpec>,
}

/// Everything that is the same for all snapshots of an evaluation.
pub(crate) struct Measures {
    form: Form,
    reference: Option<Reference>,
    behaviour: Option<BehaviourSpec>,
    train: Fixed,
    validation: Fixed,
    probe: Fixed,
    /// Episodes have one step: Q is the reward, whatever the policy.
    single_step: bool,
}

/// A fixed set of states with what the reference says there.
#[derive(Default)]
struct Fixed {
    states: States,
    target: Option<Target>,
}

impl Measures {
    /// Prepares all fixed sets; the reference policy plays in `simulator`.
    pub(crate) fn new(
        form: Form,
        reference: Option<Reference>,
        data: &Data<'_>,
        simulator: &mut Simulator,
    ) -> Result<Self, Stop> {
        let probe = match &reference {
            Some(reference) => probe(&form, reference, simulator)?,
            None => States::default(),
        };
        let fixed = |states: States| -> Result<Fixed, Stop> {
            let target = reference
                .as_ref()
                .map(|r| r.target(&form, &states, REGRET_STATES));
            Ok(Fixed {
                target: target.transpose()?,
                states,
            })
        };
        Ok(Self {
            train: fixed(of_data(&form, data, data.train))?,
            validation: fixed(of_data(&form, data, data.validation))?,
            probe: fixed(probe)?,
            behaviour: data.behaviour.cloned(),
            single_step: simulator.spec().horizon == 1,
            form,
            reference,
        })
    }

    pub(crate) fn form(&self) -> &Form {
        &self.form
    }

    /// Errors and likelihoods on the fixed sets, for a policy that does not change while it acts.
    pub(crate) fn on_fixed_states(&self, policy: &Bound) -> Result<Vec<Named>, Stop> {
        let mut out = Vec::new();
        for (name, fixed) in [("train", &self.train), ("validation", &self.validation)] {
            let mean = actions::log_likelihood(&self.form, policy, &fixed.states)?;
            push(&mut out, &format!("{name}_log_likelihood"), mean);
        }
        let sets = [
            ("train", &self.train),
            ("validation", &self.validation),
            ("probe", &self.probe),
        ];
        for (set, fixed) in sets {
            if fixed.target.is_some() {
                let actions = self.form.greedy(policy, fixed.states.rows())?;
                self.errors(
                    set,
                    &fixed.states,
                    fixed.target.as_ref(),
                    &actions,
                    &mut out,
                )?;
            }
        }
        Ok(out)
    }

    /// Errors and statistics on visited states.
    pub(crate) fn on_visits(&self, visits: &Visits) -> Result<Vec<Named>, Stop> {
        let mut out = Vec::new();
        let states = visits.states();
        if let Some(reference) = &self.reference {
            let target = reference.target(&self.form, states, usize::MAX)?;
            self.errors(
                "evaluation",
                states,
                Some(&target),
                &states.action,
                &mut out,
            )?;
        }
        if let Some((mean, share)) = actions::extent(&self.form, &states.action) {
            push(&mut out, "mean_abs_action", Some(mean));
            push(&mut out, "saturated_share", Some(share));
        }
        Ok(out)
    }

    /// What is measured of the last snapshot only. `adapts`: the policy changes while it acts.
    pub(crate) fn at_the_end(
        &self,
        policy: &Bound,
        adapts: bool,
        critic: Option<&CriticOf>,
        visits: &Visits,
    ) -> Result<Vec<Named>, Stop> {
        let mut out = Vec::new();
        let visited = visits.states();
        if self.form.observation_dim <= coverage::WIDTH_CAP {
            let near = visited.thinned(&self.form, coverage::VISITED_CAP);
            let data = &self.train.states.observation;
            let distance = coverage::distance(self.form.observation_dim, &near.observation, data);
            push(&mut out, "coverage_distance", distance);
        }
        if let (Some(reference), Some(target)) = (&self.reference, &self.train.target) {
            let own = &self.train.states.action;
            let errors = errors::errors(&self.form, reference, &self.train.states, target, own)?;
            push(&mut out, "behaviour_regret", errors.regret);
        }
        if let Some(critic) = critic {
            let policy = (!adapts).then_some(policy);
            self.value("train", &self.train.states, policy, critic, &mut out)?;
            self.value(
                "validation",
                &self.validation.states,
                policy,
                critic,
                &mut out,
            )?;
            self.value("evaluation", visited, None, critic, &mut out)?;
        }
        Ok(out)
    }

    fn errors(
        &self,
        set: &str,
        states: &States,
        target: Option<&Target>,
        actions: &[f32],
        out: &mut Vec<Named>,
    ) -> Result<(), Stop> {
        let (Some(reference), Some(target)) = (&self.reference, target) else {
            return Ok(());
        };
        let errors = errors::errors(&self.form, reference, states, target, actions)?;
        push(out, &format!("action_mse_{set}"), errors.action_mse);
        push(out, &format!("regret_{set}"), errors.regret);
        Ok(())
    }

    /// Value accuracy on one set. Gradients are taken at the actions of `policy`; on visited states those are the set's own.
    fn value(
        &self,
        set: &str,
        states: &States,
        policy: Option<&Bound>,
        critic: &CriticOf,
        out: &mut Vec<Named>,
    ) -> Result<(), Stop> {
        let states = states.thinned(&self.form, VALUE_STATES);
        let Some(reference) = self.reference.as_ref() else {
            return Ok(());
        };
        if !reference.knows(&Functional::Optimal, &self.form, &states) {
            return Ok(());
        }
        let given = policy
            .map(|p| self.form.greedy(p, states.rows()))
            .transpose()?;
        let actions = match (&given, set) {
            (Some(actions), _) => Some(actions.as_slice()),
            (None, "evaluation") => Some(states.action.as_slice()),
            (None, _) => None,
        };
        let learned = Learned::ask(&self.form, &critic.bound, &states, actions)?;
        let mut known = None;
        for (suffix, functional) in self.functionals(critic) {
            if !reference.knows(&functional, &self.form, &states) {
                continue;
            }
            let found = match known.filter(|_| self.single_step) {
                Some(found) => Some(found),
                None => learned.compare(reference, &functional)?,
            };
            let Some(found) = found else {
                continue;
            };
            known = Some(found);
            let mut add = |name: &str, value| push(out, &format!("{name}_{set}{suffix}"), value);
            add("q_error", Some(found.error));
            add("q_bias", Some(found.bias));
            add("q_rank_correlation", found.rank_correlation);
            add("q_gradient_cosine", found.gradient_cosine);
        }
        Ok(())
    }

    fn functionals(&self, critic: &CriticOf) -> Vec<(&'static str, Functional)> {
        let mut all = vec![("", Functional::Optimal)];
        if let Some(behaviour) = &self.behaviour {
            all.push(("_behaviour", Functional::Behaviour(behaviour.clone())));
            let expectile = critic.expectile.map(|expectile| Functional::Expectile {
                expectile,
                behaviour: behaviour.clone(),
            });
            all.extend(expectile.map(|f| ("_expectile", f)));
        }
        all
    }
}

/// The critic behind a policy.
pub(crate) struct CriticOf {
    pub(crate) bound: Bound,
    /// The expectile that its stage was trained with, if it has that hyperparameter.
    pub(crate) expectile: Option<f64>,
}

fn push(out: &mut Vec<Named>, name: &str, value: Option<f64>) {
    out.extend(value.map(|value| (name.to_owned(), value)));
}

/// At most 10,000 of `rows` with actions, and with goals where the benchmark has them.
fn of_data(form: &Form, data: &Data<'_>, rows: &[u32]) -> States {
    let chosen = states::spaced(rows, states::state_cap(form.observation_dim));
    let mut states = States::of_rows(data.transitions, &chosen);
    if let Some(rules) = data.goals {
        let mut draws = Stream::new(0, &["measure", "goals"]);
        for &row in &chosen {
            let rule = &rules.policy;
            let (discount, all) = (data.discount, data.transitions);
            let goal = goals::goal_row(rule, discount, all, rows, row as usize, &mut draws);
            let state = data.transitions.observation_at(goal);
            states
                .goal
                .extend(rules.observation.iter().map(|&i| state[i]));
        }
    }
    states
}
