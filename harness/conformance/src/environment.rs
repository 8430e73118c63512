//! Checks of environments.

use crate::outcome::{Stop, Verdict, fail, require, skip};
use crate::problem::{Conduct, Synthetic};
use crate::subject::Context;
use crate::world::World;
use manifest::random::Stream;
use plugin_api::{Code, EnvironmentSpec, Step};
use plugin_host::{Environment, Error};
use std::cell::RefCell;
use std::rc::Rc;

/// Steps of a compared trajectory.
const STEPS: usize = 40;

/// A fresh instance of the environment under test.
pub(crate) fn make(context: &Context) -> Result<Environment, Stop> {
    let id = context.target.id().unwrap_or_default();
    if id.ends_with("/*") {
        return skip(format!(
            "`{id}` stands for a family, not for one environment"
        ));
    }
    let conduct = Conduct {
        seed: 1,
        batch_size: 1,
        poison: None,
        change: None,
        cancel: false,
    };
    let services = Rc::new(RefCell::new(Synthetic::new(World::Continuous, conduct)));
    Ok(Environment::create(
        &context.library,
        id,
        services,
        &context.model_dir,
    )?)
}

/// A deterministic action within the bounds.
fn action(spec: &EnvironmentSpec, seed: u64, step: usize) -> Vec<f32> {
    let mut stream = Stream::new(seed, &["conformance", "environment", "action"]);
    for _ in 0..step * spec.action_dim {
        stream.next_u64();
    }
    (0..spec.action_dim)
        .map(|_| stream.uniform_in(spec.action_low, spec.action_high) as f32)
        .collect()
}

fn middle(spec: &EnvironmentSpec) -> Vec<f32> {
    vec![f64::midpoint(spec.action_low, spec.action_high) as f32; spec.action_dim]
}

/// What an episode shows: observation and, after the first, the step that led to it.
#[derive(PartialEq)]
struct Moment {
    observation: Vec<f64>,
    step: Option<Step>,
}

fn finite(moment: &Moment, when: &str) -> Verdict {
    match moment.observation.iter().position(|x| !x.is_finite()) {
        None => Ok(()),
        Some(i) => fail(
            "finite observations",
            format!(
                "{when}: observation element {i} is {}",
                moment.observation[i]
            ),
        ),
    }
}

/// Runs the episode of `seed` for at most [`STEPS`] steps.
fn episode(environment: &mut Environment, seed: u64) -> Result<Vec<Moment>, Stop> {
    let spec = *environment.spec();
    let mut observation = vec![0.0; spec.observation_dim];
    environment.reset(seed, &mut observation)?;
    continue_episode(environment, seed, observation)
}

fn continue_episode(
    environment: &mut Environment,
    seed: u64,
    start: Vec<f64>,
) -> Result<Vec<Moment>, Stop> {
    let spec = *environment.spec();
    let mut moments = vec![Moment {
        observation: start,
        step: None,
    }];
    finite(&moments[0], "at the start")?;
    for t in 0..STEPS {
        let mut observation = vec![0.0; spec.observation_dim];
        let step = environment.step(&action(&spec, seed, t), &mut observation)?;
        let moment = Moment {
            observation,
            step: Some(step),
        };
        finite(&moment, &format!("after step {}", t + 1))?;
        let over = step.terminated || step.truncated;
        moments.push(moment);
        if over {
            break;
        }
    }
    Ok(moments)
}

/// The first bitwise difference of two episodes in words.
fn difference(a: &[Moment], b: &[Moment]) -> Option<String> {
    if a.len() != b.len() {
        return Some(format!(
            "episodes of {} and {} steps",
            a.len() - 1,
            b.len() - 1
        ));
    }
    a.iter().zip(b).enumerate().find_map(|(t, (a, b))| {
        let bits = |m: &Moment| -> Vec<u64> { m.observation.iter().map(|x| x.to_bits()).collect() };
        if bits(a) != bits(b) {
            return Some(format!(
                "observations after {t} steps: {:?} and {:?}",
                a.observation, b.observation
            ));
        }
        let reward = |m: &Moment| {
            m.step
                .map(|s| (s.reward.to_bits(), s.terminated, s.truncated))
        };
        (reward(a) != reward(b)).then(|| format!("steps {t}: {:?} and {:?}", a.step, b.step))
    })
}

/// `environment-spec`
pub(crate) fn spec(context: &Context) -> Verdict {
    let environment = make(context)?;
    let spec = environment.spec();
    require(
        spec.observation_dim > 0 && spec.action_dim > 0 && spec.horizon > 0,
        || "positive observation_dim, action_dim and horizon".into(),
        || {
            format!(
                "observation_dim {}, action_dim {}, horizon {}",
                spec.observation_dim, spec.action_dim, spec.horizon
            )
        },
    )?;
    require(
        spec.action_low.is_finite()
            && spec.action_high.is_finite()
            && spec.action_low < spec.action_high,
        || "finite action bounds, the lower below the upper".into(),
        || format!("[{}, {}]", spec.action_low, spec.action_high),
    )
}

/// `same-trajectory`
pub(crate) fn same_trajectory(context: &Context) -> Verdict {
    let mut first = make(context)?;
    let mut second = make(context)?;
    let expected = "the same seed and actions to give the same trajectory, bit for bit";
    let one = episode(&mut first, 11)?;
    if let Some(difference) = difference(&one, &episode(&mut second, 11)?) {
        return fail(expected, format!("two instances: {difference}"));
    }
    // An episode is a function of its seed alone, whatever ran before.
    episode(&mut first, 12)?;
    match difference(&one, &episode(&mut first, 11)?) {
        None => Ok(()),
        Some(difference) => fail(expected, format!("after another episode: {difference}")),
    }
}

/// `other-trajectory`
pub(crate) fn other_trajectory(context: &Context) -> Verdict {
    let mut environment = make(context)?;
    let starts: Vec<Vec<u64>> = (1..=4)
        .map(|seed| {
            let first = episode(&mut environment, seed)?.swap_remove(0);
            Ok(first.observation.iter().map(|x| x.to_bits()).collect())
        })
        .collect::<Result<_, Stop>>()?;
    require(
        starts.iter().any(|s| *s != starts[0]),
        || "other seeds to give other initial observations".into(),
        || "the same initial observation for seeds 1 to 4".into(),
    )
}

/// `episode-goal`
pub(crate) fn episode_goal(context: &Context) -> Verdict {
    let (mut one, mut other) = (make(context)?, make(context)?);
    let spec = *one.spec();
    if spec.goal_dim == 0 {
        return skip("the environment has no goals");
    }
    let mut observation = vec![0.0; spec.observation_dim];
    let read = |environment: &mut Environment| -> Result<Vec<f64>, Stop> {
        let mut goal = vec![0.0; spec.goal_dim];
        environment.goal(&mut goal)?;
        Ok(goal)
    };
    other.reset(4, &mut observation)?;
    for seed in 1..4 {
        one.reset(seed, &mut observation)?;
        let first = read(&mut one)?;
        other.reset(seed, &mut observation)?;
        let again = read(&mut other)?;
        require(
            first == again,
            || format!("one goal of seed {seed} in two instances"),
            || format!("{first:?} and {again:?}"),
        )?;
        for t in 0..STEPS {
            let step = one.step(&action(&spec, seed, t), &mut observation)?;
            let goal = read(&mut one)?;
            require(
                goal == first,
                || "the goal of an episode to stay".into(),
                || format!("{first:?} at the start, {goal:?} after step {}", t + 1),
            )?;
            if step.terminated || step.truncated {
                break;
            }
        }
    }
    Ok(())
}

/// `horizon`
pub(crate) fn horizon(context: &Context) -> Verdict {
    let mut environment = make(context)?;
    let spec = *environment.spec();
    let mut observation = vec![0.0; spec.observation_dim];
    let mut longest = 0;
    for seed in 0..8_u64 {
        environment.reset(seed, &mut observation)?;
        for t in 1..=spec.horizon {
            let action = if seed % 2 == 0 {
                middle(&spec)
            } else {
                action(&spec, seed, t as usize % STEPS)
            };
            let step = environment.step(&action, &mut observation)?;
            require(
                step.truncated == (t == spec.horizon) || step.terminated,
                || format!("truncation at step {} and not before", spec.horizon),
                || format!("truncated = {} at step {t} of seed {seed}", step.truncated),
            )?;
            longest = longest.max(t);
            if step.terminated {
                break;
            }
        }
        if longest == spec.horizon {
            return Ok(());
        }
    }
    skip(format!(
        "every tried episode terminated before the horizon of {} steps (longest {longest})",
        spec.horizon
    ))
}

/// `set-state`
pub(crate) fn set_state(context: &Context) -> Verdict {
    let mut environment = make(context)?;
    let spec = *environment.spec();
    if spec.state_dim == 0 {
        return skip("states of this environment cannot be set");
    }
    let mut stream = Stream::new(0, &["conformance", "environment", "state"]);
    let state: Vec<f64> = (0..spec.state_dim)
        .map(|_| stream.uniform_in(0.0, 0.01))
        .collect();
    let run = |environment: &mut Environment| -> Result<Vec<Moment>, Stop> {
        let mut observation = vec![0.0; spec.observation_dim];
        environment.set_state(&state, &mut observation)?;
        continue_episode(environment, 5, observation)
    };
    let first = run(&mut environment)?;
    episode(&mut environment, 3)?;
    let again = run(&mut environment)?;
    let fresh = run(&mut make(context)?)?;
    for (whom, other) in [("the same instance", again), ("a fresh instance", fresh)] {
        if let Some(difference) = difference(&first, &other) {
            return fail(
                "one state to give one trajectory, whatever ran before",
                format!("{whom}: {difference}"),
            );
        }
    }
    let mut observation = vec![0.0; spec.observation_dim];
    let long = vec![0.0; spec.state_dim + 1];
    refused(
        environment.set_state(&long, &mut observation),
        Code::InvalidArgument,
        "set_state with one number too many",
    )
}

fn refused(result: Result<(), Error>, code: Code, what: &str) -> Verdict {
    crate::creation::refused(result, code, what)
}

/// `nan-action`
pub(crate) fn nan_action(context: &Context) -> Verdict {
    let mut environment = make(context)?;
    let spec = *environment.spec();
    let mut observation = vec![0.0; spec.observation_dim];
    environment.reset(1, &mut observation)?;
    let mut action = middle(&spec);
    if let Some(first) = action.first_mut() {
        *first = f32::NAN;
    }
    let result = environment.step(&action, &mut observation).map(|_| ());
    // The host refuses a non-finite observation or reward by itself; the plugin must refuse the action.
    if let Err(error) = &result
        && error.to_string().contains("observation is not finite")
    {
        return fail("the action to be refused", error.to_string());
    }
    refused(result, Code::NonFinite, "step with a NaN action")
}

/// `action-size`
pub(crate) fn action_size(context: &Context) -> Verdict {
    let mut environment = make(context)?;
    let spec = *environment.spec();
    let mut observation = vec![0.0; spec.observation_dim];
    for size in [spec.action_dim + 1, spec.action_dim - 1] {
        environment.reset(1, &mut observation)?;
        let action = vec![middle(&spec).first().copied().unwrap_or_default(); size];
        refused(
            environment.step(&action, &mut observation).map(|_| ()),
            Code::InvalidArgument,
            &format!("step with {size} numbers (A = {})", spec.action_dim),
        )?;
    }
    environment.reset(1, &mut observation)?;
    let mut long = vec![0.0; spec.observation_dim + 1];
    refused(
        environment.step(&middle(&spec), &mut long).map(|_| ()),
        Code::InvalidArgument,
        &format!(
            "step into {} numbers (S = {})",
            spec.observation_dim + 1,
            spec.observation_dim
        ),
    )
}

/// `create-destroy`
pub(crate) fn create_destroy(context: &Context) -> Verdict {
    for _ in 0..100 {
        make(context)?;
    }
    Ok(())
}

/// Makes an instance, runs an episode, destroys it.
pub(crate) fn exercise(context: &Context) -> Verdict {
    let mut environment = make(context)?;
    episode(&mut environment, 1).map(|_| ())
}
