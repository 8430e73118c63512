//! Checks of arguments that do not fit the problem.

use crate::bench::{Bench, Setup};
use crate::outcome::{Stop, Verdict, fail};
use crate::probe::{Probe, normal};
use crate::subject::Context;
use crate::upstream::array;
use crate::world::{GOAL_DIM, OBSERVATION_DIM, World};
use plugin_api::{ActMode, Code, Dtype, Failure, Network, Precision, Reduce};

const ROWS: usize = 4;

fn refused_call(result: Result<(), Failure>, what: &str) -> Verdict {
    let expected = format!("an error with code {}", Code::InvalidArgument.name());
    match result {
        Err(failure) if failure.code == Code::InvalidArgument => Ok(()),
        Err(failure) => fail(expected, format!("{what} failed with: {failure}")),
        Ok(()) => fail(expected, format!("{what} succeeded")),
    }
}

fn fitting(world: World) -> Probe {
    Probe::sized(world, Precision::F32, ROWS)
}

/// Observations that do not fit the problem, in words.
fn misfits(world: World) -> Vec<(String, Probe)> {
    let s = OBSERVATION_DIM;
    let with = |observation| Probe {
        observation,
        ..fitting(world)
    };
    let wide = |width| normal("misfit", ROWS, width, Dtype::F32);
    vec![
        (
            format!("[{ROWS}, {}] observations (S = {s})", s + 1),
            with(wide(s + 1)),
        ),
        (
            format!("[{ROWS}, {}] observations (S = {s})", s - 1),
            with(wide(s - 1)),
        ),
        (
            format!("[{s}] observations (expected two dimensions)"),
            with(array(vec![0.0; s], &[s as i64], Dtype::F32)),
        ),
        (
            "float64 observations (the problem is float32)".into(),
            with(array(
                vec![0.0; ROWS * s],
                &[ROWS as i64, s as i64],
                Dtype::F64,
            )),
        ),
    ]
}

/// Goals that do not fit the problem, in words.
fn goal_misfits(world: World) -> Vec<(String, Probe)> {
    if !world.has_goals() {
        return Vec::new();
    }
    let with = |goal| Probe {
        goal,
        ..fitting(world)
    };
    let of = |rows, width| Some(normal("misfit", rows, width, Dtype::F32));
    let (g, more) = (GOAL_DIM, ROWS + 1);
    vec![
        (format!("no goals (G = {g})"), with(None)),
        (
            format!("[{ROWS}, {}] goals (G = {g})", g + 1),
            with(of(ROWS, g + 1)),
        ),
        (
            format!("[{more}, {g}] goals for {ROWS} observations"),
            with(of(more, g)),
        ),
    ]
}

/// Asks a promised interface about `probe`; nothing where it is not promised. A fresh instance for each call: one that
/// panicked answers nothing else.
fn ask(
    context: &Context,
    interface_id: &str,
    probe: &Probe,
) -> Result<Option<Result<(), Failure>>, Stop> {
    let bench = Bench::make(context, &Setup::default())?;
    if !bench.provides(interface_id) {
        return Ok(None);
    }
    let bound = bench.bind(interface_id)?;
    let (observation, goal) = (probe.observation.view(), probe.goal());
    let (online, mean) = (Network::Online, Reduce::Mean);
    let query = probe.query(online, mean);
    Ok(Some(match interface_id {
        "policy/1" => bound
            .policy()?
            .act(observation, goal, ActMode::Greedy)
            .map(|_| ()),
        "critic/1" => bound.critic()?.q(&query).map(|_| ()),
        "state-value/1" => bound.state_value()?.v(observation, goal).map(|_| ()),
        "q-all/1" => bound
            .discrete_critic()?
            .q_all(observation, goal, online, mean)
            .map(|_| ()),
        "policy-discrete/1" => bound
            .discrete_policy()?
            .log_probs(observation, goal)
            .map(|_| ()),
        _ => bound.encoder()?.encode(observation).map(|_| ()),
    }))
}

/// `wrong-dimensions`
pub(crate) fn wrong_dimensions(context: &Context) -> Verdict {
    let world = context.world;
    let on_state = [
        ("policy/1", "act"),
        ("critic/1", "q"),
        ("state-value/1", "v"),
        ("q-all/1", "q_all"),
        ("policy-discrete/1", "log_probs"),
    ];
    let encode = [("encoder/1", "encode")];
    for (name, probe) in misfits(world) {
        for (id, function) in on_state.iter().chain(&encode) {
            if let Some(result) = ask(context, id, &probe)? {
                refused_call(result, &format!("{function} on {name}"))?;
            }
        }
    }
    for (name, probe) in goal_misfits(world) {
        for (id, function) in on_state {
            if let Some(result) = ask(context, id, &probe)? {
                refused_call(result, &format!("{function} with {name}"))?;
            }
        }
    }
    wrong_actions(context)
}

fn wrong_actions(context: &Context) -> Verdict {
    let width = context.world.action_width();
    let probe = Probe {
        action: normal("misfit", ROWS, width + 1, Dtype::F32),
        ..fitting(context.world)
    };
    let query = probe.query(Network::Online, Reduce::Mean);
    for function in ["q", "q_gradient", "step"] {
        let bench = Bench::make(context, &Setup::default())?;
        let result = match function {
            "step" if bench.provides("policy-update/1") => {
                let bound = bench.bind("policy-update/1")?;
                let mut update = bound.policy_update()?;
                update.begin(0.1)?;
                let (observation, action) = (probe.observation.view(), probe.action.view());
                update
                    .step(observation, probe.goal(), action, 0.0)
                    .map(|_| ())
            }
            "q" if bench.provides("critic/1") => {
                bench.bind("critic/1")?.critic()?.q(&query).map(|_| ())
            }
            "q_gradient" if bench.provides("critic/1") && !context.world.is_discrete() => {
                let bound = bench.bind("critic/1")?;
                bound.critic()?.q_gradient(&query).map(|_| ())
            }
            _ => continue,
        };
        let what = if function == "step" {
            "dq_da"
        } else {
            "actions"
        };
        let name = format!("{function} on [{ROWS}, {}] {what} (A = {width})", width + 1);
        refused_call(result, &name)?;
    }
    Ok(())
}
