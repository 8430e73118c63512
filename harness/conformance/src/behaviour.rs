//! Checks of `behaviour/1`.

use crate::creation::{of_another_type, refused};
use crate::environment::make;
use crate::outcome::{Stop, Verdict, fail, require, skip};
use crate::subject::Context;
use plugin_api::Code;
use plugin_host::{Behaviour, Environment};
use serde_json::{Map, Value, json};

/// Steps of a compared episode: few, as a behaviour may plan in the simulator.
const STEPS: usize = 12;

/// A fresh instance and what it offers; skips where that is nothing.
fn offered(context: &Context) -> Result<(Environment, Vec<Behaviour>), Stop> {
    let environment = make(context)?;
    let behaviours = environment.behaviours()?;
    if behaviours.is_empty() {
        return skip("the environment offers no behaviour/1");
    }
    Ok((environment, behaviours))
}

/// Bits of what an episode of a behaviour shows: its first observation, then action and observation of each step.
fn episode(environment: &mut Environment, name: &str, seed: u64) -> Result<Vec<Vec<u64>>, Stop> {
    let spec = *environment.spec();
    let (low, high) = (spec.action_low as f32, spec.action_high as f32);
    let mut observation = vec![0.0; spec.observation_dim];
    environment.begin_behaviour(name, "{}", seed, &mut observation)?;
    let bits = |numbers: &[f64]| numbers.iter().map(|x| x.to_bits()).collect::<Vec<u64>>();
    let mut moments = vec![bits(&observation)];
    for t in 1..=STEPS {
        let (mut action, mut again) = (vec![0.0; spec.action_dim], vec![0.0; spec.action_dim]);
        environment.behaviour_action(&mut action)?;
        environment.behaviour_action(&mut again)?;
        require(
            action == again,
            || format!("`{name}` to act the same when it is asked twice"),
            || format!("{action:?} and {again:?} before step {t}"),
        )?;
        moments.push(action.iter().map(|a| u64::from(a.to_bits())).collect());
        action.iter_mut().for_each(|a| *a = a.clamp(low, high));
        let step = environment.step(&action, &mut observation)?;
        moments.push(bits(&observation));
        require(
            !step.truncated,
            || format!("no truncation in an episode of `{name}`"),
            || format!("truncated at step {t}"),
        )?;
        if step.terminated {
            break;
        }
    }
    Ok(moments)
}

/// `behaviour-repeats`
pub(crate) fn repeats(context: &Context) -> Verdict {
    let (mut one, behaviours) = offered(context)?;
    let (mut other, listed_again) = offered(context)?;
    require(
        behaviours == listed_again,
        || "one list of behaviours in two instances".into(),
        || format!("{behaviours:?} and {listed_again:?}"),
    )?;
    for behaviour in &behaviours {
        let name = &behaviour.name;
        let first = episode(&mut one, name, 21)?;
        let fresh = episode(&mut other, name, 21)?;
        episode(&mut one, name, 22)?;
        let after = episode(&mut one, name, 21)?;
        for (whose, found) in [("two instances", fresh), ("after another episode", after)] {
            if found != first {
                let differs = first.iter().zip(&found).position(|(a, b)| a != b);
                let step = differs.map_or(first.len().min(found.len()), |i| i) / 2;
                return fail(
                    format!("one seed to give one episode of `{name}`, bit for bit"),
                    format!("{whose}: episodes that differ from step {step} on"),
                );
            }
        }
    }
    Ok(())
}

/// `behaviour-refusals`
pub(crate) fn refusals(context: &Context) -> Verdict {
    let (mut environment, behaviours) = offered(context)?;
    let mut observation = vec![0.0; environment.spec().observation_dim];
    let mut action = vec![0.0; environment.spec().action_dim];
    refused(
        environment.behaviour_action(&mut action),
        Code::InvalidArgument,
        "an action before a behaviour was begun",
    )?;
    let unknown = "no-such-behaviour";
    let result = environment.begin_behaviour(unknown, "{}", 1, &mut observation);
    let message = match &result {
        Err(error) => error.to_string(),
        Ok(()) => String::new(),
    };
    refused(result, Code::InvalidArgument, "an unknown behaviour")?;
    for behaviour in &behaviours {
        require(
            message.contains(&behaviour.name),
            || format!("the message to list `{}`", behaviour.name),
            || message.clone(),
        )?;
        for (what, parameters) in mistakes(behaviour)? {
            refused(
                environment.begin_behaviour(&behaviour.name, &parameters, 1, &mut observation),
                Code::InvalidArgument,
                &format!("`{}` with {what}", behaviour.name),
            )?;
        }
    }
    Ok(())
}

/// Texts that are no parameters of the behaviour, each with a description.
fn mistakes(behaviour: &Behaviour) -> Result<Vec<(String, String)>, Stop> {
    let defaults: Map<String, Value> = match serde_json::from_str(&behaviour.parameters) {
        Ok(defaults) => defaults,
        Err(error) => {
            return fail(
                "parameters of a behaviour to be a JSON object with their defaults",
                format!("{}: {error}", behaviour.parameters),
            );
        }
    };
    let mut found = vec![
        ("a list as parameters".to_owned(), "[1]".to_owned()),
        (
            "the unknown parameter `no_such_parameter`".to_owned(),
            json!({ "no_such_parameter": 1 }).to_string(),
        ),
    ];
    for (key, default) in &defaults {
        let wrong = Map::from_iter([(key.clone(), of_another_type(default))]);
        found.push((
            format!("parameter `{key}` of another JSON type"),
            Value::Object(wrong).to_string(),
        ));
    }
    Ok(found)
}
