//! Every check, in the order in which results are listed.

use crate::check::{Check, Kind};
use crate::{
    batches, behaviour, conduct, creation, critic, descriptor, discrete, environment, kinds,
    oracle, policy, requests, shapes, state, subject::Context, test_time, training, update,
};

/// Every check.
pub fn checks() -> &'static [Check] {
    CHECKS
}

const PLUGIN: &[Kind] = &[Kind::Plugin];
const LEARNER: &[Kind] = &[Kind::Learner];
const ENVIRONMENT: &[Kind] = &[Kind::Environment];
const BOTH: &[Kind] = &[Kind::Learner, Kind::Environment];

macro_rules! check {
    ($kinds:expr, $name:literal, $title:literal, $run:expr, $description:literal) => {
        Check {
            name: $name,
            title: $title,
            description: $description,
            kinds: $kinds,
            each_problem: true,
            interface: None,
            run: $run,
        }
    };
}

/// A check that is not repeated for every kind of problem.
const fn once(check: Check) -> Check {
    Check {
        each_problem: false,
        ..check
    }
}

/// A check of one interface.
const fn of(interface: &'static str, check: Check) -> Check {
    Check {
        interface: Some(interface),
        ..check
    }
}

fn create_destroy(context: &Context) -> crate::outcome::Verdict {
    if context.target.kind() == Kind::Environment {
        return environment::create_destroy(context);
    }
    creation::create_destroy(context)
}

static CHECKS: &[Check] = &[
    check!(
        PLUGIN,
        "descriptor",
        "descriptor",
        descriptor::descriptor,
        "Ids are kebab-case (environments: family/name-vN), versions semantic, runtimes a name and a version, interface \
         ids a name and a number; every learner provides an interface; no id occurs twice."
    ),
    check!(
        PLUGIN,
        "versions",
        "ABI numbers, sealed bytes",
        descriptor::versions,
        "The lowest ABI minor needed does not exceed the one built against; the host refuses other bytes than the sealed \
         ones; the entry answers the same descriptor each time. A library of another ABI major does not get this far."
    ),
    once(check!(
        LEARNER,
        "schema",
        "hyperparameter schema",
        descriptor::hyperparameters_schema,
        "The hyperparameters are described by the JSON Schema of an object in which every property carries its default."
    )),
    check!(
        LEARNER,
        "defaults",
        "schema defaults are accepted",
        creation::defaults_accepted,
        "An instance can be created with the object of all defaults."
    ),
    once(check!(
        LEARNER,
        "continuous-problems",
        "problems with continuous actions",
        kinds::continuous,
        "A problem with continuous actions is accepted, or refused by create with code invalid-argument; then the check is \
         skipped with the learner's words. Every other check of the learner runs on each kind of problem that it accepts."
    )),
    once(check!(
        LEARNER,
        "discrete-problems",
        "problems with discrete actions",
        kinds::discrete,
        "As `continuous-problems` for four discrete actions."
    )),
    once(check!(
        LEARNER,
        "goal-problems",
        "problems with goals",
        kinds::goals,
        "As `continuous-problems` for goals of two dimensions. A learner that accepts them and asks for batches asks for \
         batches with goals."
    )),
    check!(
        LEARNER,
        "unknown-hyperparameter",
        "unknown hyperparameter is refused",
        creation::unknown_hyperparameter,
        "create with a further property `no_such_hyperparameter` fails with code invalid-argument."
    ),
    check!(
        LEARNER,
        "mistyped-hyperparameter",
        "mistyped hyperparameter is refused",
        creation::mistyped_hyperparameter,
        "create with each property in turn replaced by a value of another JSON type fails with code invalid-argument."
    ),
    check!(
        LEARNER,
        "interfaces",
        "promised interfaces are there",
        descriptor::interfaces,
        "An instance with default hyperparameters answers every interface of `provides`, and NULL for an unknown one."
    ),
    check!(
        LEARNER,
        "requirements",
        "missing upstream is refused",
        descriptor::requirements,
        "create without the interfaces of `requires` fails with code invalid-argument."
    ),
    check!(
        BOTH,
        "create-destroy",
        "create and destroy 100 times",
        create_destroy,
        "One hundred instances are created and destroyed, one after the other."
    ),
    check!(
        LEARNER,
        "same-seed",
        "same seed, same bytes",
        training::same_seed,
        "Two instances with the same seed and batches have the same saved bytes, answers and metrics, bit for bit. \
         Skipped where the learner declares no determinism."
    ),
    check!(
        LEARNER,
        "other-seed",
        "another seed, other bytes",
        training::other_seed,
        "Training under another seed, hence on other batches and noise, gives another state. Skipped where training does \
         not change the state."
    ),
    check!(
        LEARNER,
        "no-updates",
        "update(0) changes nothing",
        training::no_updates,
        "Zero updates are allowed and leave saved bytes and answers as they were."
    ),
    check!(
        LEARNER,
        "split-updates",
        "update(n), update(m) equals update(n + m)",
        training::split_updates,
        "Updates asked for in two calls give the same bytes as in one call."
    ),
    check!(
        LEARNER,
        "resume",
        "save, load, continue equals uninterrupted (bitwise)",
        training::resume,
        "k updates, save, load into a fresh instance, n - k updates give the same bytes, answers and metrics as n updates; \
         right after loading, every answer (target networks too) equals that of the saved instance."
    ),
    check!(
        LEARNER,
        "resume-in-pieces",
        "the same through 7-byte streams",
        training::resume_in_pieces,
        "As `resume`, with streams that move at most seven bytes a call, so that the plugin must loop."
    ),
    check!(
        LEARNER,
        "empty-state",
        "empty state is refused",
        state::empty,
        "load of zero bytes fails with code invalid-state; the instance can then be destroyed."
    ),
    check!(
        LEARNER,
        "random-state",
        "random state is refused",
        state::random,
        "load of random bytes, as many as a real state and 256, fails with code invalid-state."
    ),
    check!(
        LEARNER,
        "truncated-state",
        "truncated state is refused",
        state::truncated,
        "load of the first 1, 100, half, and all but 8 and 1 bytes of a state fails with code invalid-state."
    ),
    check!(
        LEARNER,
        "overlong-state",
        "overlong state is refused",
        state::overlong,
        "load of a state followed by further bytes fails with code invalid-state."
    ),
    check!(
        LEARNER,
        "nan-batch",
        "NaN in a batch is noticed",
        batches::nan,
        "A NaN in any column of floats (goal and next action where they are asked for) leads to an error with code non-finite or to a \
         non-finite metric, unless the learner does not use that column."
    ),
    check!(
        LEARNER,
        "terminal-rows",
        "nothing is learned from beyond the end",
        requests::terminal_rows,
        "Training on batches whose terminated rows have other next observations gives the same bytes."
    ),
    check!(
        LEARNER,
        "next-actions",
        "next actions are used",
        requests::next_actions,
        "Where the learner asks for next actions, training on other ones gives other bytes."
    ),
    check!(
        LEARNER,
        "batch-of-one",
        "batch of one works",
        batches::of_one,
        "Training on batches of one row and asking about one row give finite answers."
    ),
    check!(
        LEARNER,
        "metrics",
        "metrics are finite and well named",
        training::metrics,
        "On finite data every metric is finite, its name is of lower-case words joined by _, its update is in range."
    ),
    check!(
        LEARNER,
        "cancel",
        "stops when asked to",
        training::cancel,
        "While the host asks to stop, update ends with code cancelled."
    ),
    check!(
        LEARNER,
        "float64",
        "float64 problems",
        creation::float64,
        "A float64 problem is refused with code invalid-argument or unsupported, or answered in float64."
    ),
    check!(
        LEARNER,
        "wrong-dimensions",
        "wrong dimensions are refused",
        shapes::wrong_dimensions,
        "Every function of an interface on arrays of the wrong width, number of dimensions or element type, and without the \
         goals that the problem has, fails with code invalid-argument; a panic does not count."
    ),
    of(
        "policy/1",
        check!(
            LEARNER,
            "actions",
            "actions finite, in bounds, right shape",
            policy::actions,
            "Greedy and sampled actions, before and after training, near and far from the data, are [B, A], finite and \
         within the action bounds; discrete ones are [B, 1] and indices."
        ),
    ),
    of(
        "policy/1",
        check!(
            LEARNER,
            "greedy",
            "greedy actions are deterministic",
            policy::greedy,
            "Asking twice for greedy actions gives the same bits, also with a sampled call in between."
        ),
    ),
    of(
        "policy/1",
        check!(
            LEARNER,
            "sampled",
            "sampled actions depend on position only",
            policy::sampled,
            "Equal positions give equal actions whatever was asked in between; other positions give other noise. Skipped for \
         deterministic policies."
        ),
    ),
    of(
        "critic/1",
        check!(
            LEARNER,
            "critic-values",
            "Q: shapes, members, target",
            critic::values,
            "q is [B], or [M, B] per member; minimum and mean are those of the members; a missing target network and a \
         gradient without reduction answer unsupported."
        ),
    ),
    of(
        "critic/1",
        check!(
            LEARNER,
            "critic-gradient",
            "dQ/da agrees with differences of Q",
            critic::gradient,
            "q_gradient agrees with central differences of q at every probed place where q is smooth."
        ),
    ),
    of(
        "state-value/1",
        check!(
            LEARNER,
            "state-value",
            "V: shape, finite",
            critic::state_value,
            "v is [B] and finite."
        ),
    ),
    of(
        "q-all/1",
        check!(
            LEARNER,
            "q-all",
            "Q of all actions: shapes, members, target",
            discrete::q_all,
            "q_all is [B, K], or [M, B, K] per member; minimum and mean are those of the members; a missing target network \
         answers unsupported."
        ),
    ),
    of(
        "policy-discrete/1",
        check!(
            LEARNER,
            "log-probabilities",
            "probabilities of all actions sum to 1",
            discrete::log_probs,
            "log_probs is [B, K] and the probabilities of each row sum to 1."
        ),
    ),
    of(
        "encoder/1",
        check!(
            LEARNER,
            "encoder",
            "codes: shape, finite, row by row",
            discrete::encoder,
            "encode is [B, E] and finite, with one E; an observation has the same code alone and among others."
        ),
    ),
    of(
        "policy-update/1",
        check!(
            LEARNER,
            "update-still",
            "policy updates: rate 0 changes nothing",
            update::still,
            "Steps of policy-update/1 with a learning rate of 0 leave actions and saved bytes as they were and give a KL of 0; \
         a step before begin fails with code invalid-argument."
        ),
    ),
    of(
        "policy-update/1",
        check!(
            LEARNER,
            "update-ascent",
            "policy updates: upwards",
            update::ascent,
            "A small step without a KL term raises <dq_da, mu>; the step after it gives a KL above 0."
        ),
    ),
    of(
        "policy-update/1",
        check!(
            LEARNER,
            "update-reset",
            "policy updates: reset returns (bitwise)",
            update::reset,
            "reset and begin return to the trained policy, bit for bit, with a fresh optimiser: the same steps give the same \
         actions again. save() writes the trained policy whatever was done since."
        ),
    ),
    of(
        "test-time/1",
        check!(
            LEARNER,
            "test-time-counts",
            "test time: counts never fall",
            test_time::counts,
            "Over three episodes the counts of test-time/1 never fall and `sequential` stays as it is."
        ),
    ),
    of(
        "test-time/1",
        check!(
            LEARNER,
            "test-time-repeats",
            "test time: a fresh instance repeats",
            test_time::repeats,
            "Two fresh instances that play the same episodes give the same actions and counts, bit for bit; a batch of several \
         rows in between changes no later action."
        ),
    ),
    check!(
        LEARNER,
        "views",
        "views stay valid",
        critic::views,
        "Views lent by one instance keep their values while another instance trains and answers."
    ),
    check!(
        LEARNER,
        "poisoning",
        "a panic poisons the instance",
        conduct::poisoning,
        "After a call that ended in a caught panic, update and save answer poisoned. Skipped where nothing panics."
    ),
    check!(
        ENVIRONMENT,
        "environment-spec",
        "sizes and bounds",
        environment::spec,
        "Dimensions and horizon are positive, action bounds finite and in order."
    ),
    check!(
        ENVIRONMENT,
        "same-trajectory",
        "same seed, same trajectory",
        environment::same_trajectory,
        "One seed with one sequence of actions gives one trajectory, bit for bit: in two instances, and after another \
         episode. Observations and rewards are finite."
    ),
    check!(
        ENVIRONMENT,
        "other-trajectory",
        "another seed, another start",
        environment::other_trajectory,
        "Seeds 1 to 4 do not all start with the same observation."
    ),
    check!(
        ENVIRONMENT,
        "episode-goal",
        "one goal an episode",
        environment::episode_goal,
        "Where the environment has goals, an episode's goal is a function of its seed and stays until the next reset."
    ),
    check!(
        ENVIRONMENT,
        "horizon",
        "truncation at the horizon",
        environment::horizon,
        "An episode that does not terminate is truncated at exactly its horizon."
    ),
    check!(
        ENVIRONMENT,
        "set-state",
        "set_state is reproducible",
        environment::set_state,
        "One state gives one trajectory, bit for bit, in the same and in a fresh instance; a vector of another length is \
         refused with code invalid-argument."
    ),
    check!(
        ENVIRONMENT,
        "nan-action",
        "NaN action is refused",
        environment::nan_action,
        "step with a NaN in the action fails with code non-finite."
    ),
    check!(
        ENVIRONMENT,
        "action-size",
        "wrong sizes are refused",
        environment::action_size,
        "step with an action or into an observation of another length fails with code invalid-argument."
    ),
    check!(
        ENVIRONMENT,
        "oracle-gradient",
        "dQ*/da agrees with differences of Q*",
        oracle::gradient,
        "Where the environment offers oracle/1, dQ*/da agrees with central differences of Q*."
    ),
    check!(
        ENVIRONMENT,
        "oracle-optimal",
        "V* = Q*(s, pi*(s)), nothing better",
        oracle::optimal,
        "Where the environment offers oracle/1, V* equals Q* at the optimal action and no tried action has a higher Q*."
    ),
    check!(
        ENVIRONMENT,
        "behaviour-repeats",
        "same seed, same behaviour",
        behaviour::repeats,
        "Where the environment offers behaviour/1, one seed gives one sequence of actions and observations, bit for bit: in \
         two instances, and after another episode. Asking for an action twice gives it twice; no horizon ends the episode."
    ),
    check!(
        ENVIRONMENT,
        "behaviour-refusals",
        "unknown behaviours and parameters are refused",
        behaviour::refusals,
        "begin of an unknown behaviour, with an unknown parameter, with a parameter of another JSON type, or with what is no \
         JSON object fails with code invalid-argument; so does act before begin. The message on an unknown name lists the \
         names that there are."
    ),
    check!(
        BOTH,
        "stdout",
        "nothing on stdout",
        conduct::stdout,
        "A whole life of an instance prints nothing on stdout, which belongs to the host."
    ),
    check!(
        BOTH,
        "working-directory",
        "working directory unchanged",
        conduct::working_directory,
        "A whole life of an instance leaves the working directory as it was."
    ),
    check!(
        BOTH,
        "environment-variables",
        "environment variables unchanged",
        conduct::environment_variables,
        "A whole life of an instance sets and removes no environment variable."
    ),
    check!(
        BOTH,
        "threads",
        "no threads left behind",
        conduct::no_threads,
        "After the instance is destroyed the process has no more threads than before the library was loaded. Runtimes \
         are loaded before and told to compute in one thread, so theirs are no excuse."
    ),
];

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn names_are_unique_and_descriptions_are_sentences() {
        let names: BTreeSet<&str> = checks().iter().map(|c| c.name).collect();
        assert_eq!(names.len(), checks().len());
        for check in checks() {
            assert!(check.description.ends_with('.'), "{}", check.name);
            assert!(!check.kinds.is_empty(), "{}", check.name);
        }
    }
}
