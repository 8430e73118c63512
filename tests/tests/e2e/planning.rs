//! What is planned, what is shared, and what is refused before anything runs.

use crate::identity::Planner;
use crate::scene::{Scene, nodes};
use manifest::{PolicyView, parse_manifest};
use runner::{CellState, NodeKind, Plan};
use std::collections::BTreeSet;

const HEAD: &str = r#"
manifest_version = 1
[study]
id = "planned"
seeds = { base = 0, count = 2 }
[[benchmark]]
id = "tiny/first-v0"
"#;

fn manifest(text: &str) -> manifest::Manifest {
    parse_manifest(text, "planned.toml").unwrap_or_else(|e| panic!("{e}\n{text}"))
}

/// Three critics, three policies on each, four shares of data for either.
fn matrix() -> String {
    let mut text = HEAD.to_owned();
    for rate in [0.05, 0.1, 0.2] {
        for std in [0.1, 0.2, 0.3] {
            text += &format!(
                "[[pipeline]]\nname = \"critic {rate}, policy {std}\"\nstages = [\n\
                 {{ role = \"value\", learner = \"linear-critic\", updates = 20, params = {{ learning_rate = {rate} }} }},\n\
                 {{ role = \"policy\", learner = \"linear-ascent\", updates = 20, params = {{ act_std = {std} }} }},\n]\n"
            );
        }
    }
    text + "[axes]\n\"value.data_fraction\" = [0.25, 0.5, 0.75, 1.0]\n\
            \"policy.data_fraction\" = [0.25, 0.5, 0.75, 1.0]\n"
}

fn stages(plan: &Plan, role: &str) -> usize {
    let of_role = |n: &&runner::NodePlan| {
        n.kind == NodeKind::Stage && n.job.stages.last().unwrap().role == role
    };
    plan.nodes.values().filter(of_role).count()
}

#[test]
fn a_matrix_of_three_critics_trains_twelve_value_stages_a_seed() {
    let plan = Planner::new().plan(&manifest(&matrix()));
    assert_eq!(plan.cells.len(), 2 * 9 * 16);
    assert_eq!(stages(&plan, "value"), 2 * 12);
    assert_eq!(stages(&plan, "policy"), 2 * 144);
    assert_eq!(plan.count(NodeKind::Evaluation), 2 * 144);
    let alone: usize = plan.cells.iter().map(|c| c.trainings).sum();
    assert_eq!(alone, 2 * 2 * 144);
}

/// The refusal of a pipeline with `stages`, with its hint.
fn refusal(planner: &Planner, stages: &str) -> String {
    let text = format!("{HEAD}[[pipeline]]\nname = \"misfit\"\nstages = [{stages}]\n");
    let error = planner
        .try_plan(&manifest(&text))
        .expect_err("must be refused");
    assert!(error.is_usage(), "{error}");
    format!("{error}\n{}", error.hint().unwrap_or_default())
}

#[track_caller]
fn says(text: &str, words: &[&str]) {
    for word in words {
        assert!(text.contains(word), "`{word}` is not in\n{text}");
    }
}

#[test]
fn learners_that_do_not_fit_the_benchmark_are_refused_with_those_that_would() {
    let mut planner = Planner::new();
    planner.add_learner("goal-critic", "linear-critic", &["goals"], &["critic/1"]);
    planner.add_learner("picker", "linear-bc", &["discrete-actions"], &["policy/1"]);
    planner.add_learner("mystic", "linear-bc", &["second-sight"], &["policy/1"]);
    let goals = "goal = { observation = [0, 1] }";
    planner.scene.add_benchmark_from("tiny/goals-v0", goals);

    let critic = "{ role = \"value\", learner = \"goal-critic\", updates = 5 }";
    let policy = "{ role = \"policy\", learner = \"linear-ascent\", updates = 5 }";
    let text = refusal(&planner, &format!("{critic}, {policy}"));
    says(
        &text,
        &[
            "stage `goal-critic` requires goals",
            "benchmark `tiny/first-v0` has none",
            "`tiny/goals-v0`",
        ],
    );
    let text = refusal(
        &planner,
        "{ role = \"policy\", learner = \"picker\", updates = 5 }",
    );
    says(
        &text,
        &[
            "stage `picker` requires discrete actions",
            "has continuous ones",
        ],
    );
    let text = refusal(
        &planner,
        "{ role = \"policy\", learner = \"mystic\", updates = 5 }",
    );
    says(&text, &["`second-sight`", "does not know"]);
}

#[test]
fn the_best_trajectories_are_chosen_by_rewards_that_do_not_depend_on_goals() {
    let planner = Planner::new();
    let goals = "goal = { observation = [0, 1] }";
    planner.scene.add_benchmark_from("tiny/goals-v0", goals);
    let text = format!(
        "{HEAD}[[pipeline]]\nname = \"best\"\nstages = [{{ role = \"policy\", learner = \"linear-bc\", updates = 5, \
         view = \"best\", data_fraction = 0.1 }}]\n"
    );
    let on_goals = text.replace("tiny/first-v0", "tiny/goals-v0");
    let error = planner.try_plan(&manifest(&on_goals));
    says(
        &error.expect_err("must be refused").to_string(),
        &[
            "stage `linear-bc` with `view = \"best\"` requires rewards of the data's own",
            "benchmark `tiny/goals-v0` has goals that its rewards depend on",
        ],
    );
    let plan = planner.plan(&manifest(&text));
    let is_best = |n: &runner::NodePlan| n.job.stages[0].view.view == PolicyView::Best;
    assert!(plan.nodes.values().all(is_best));
}

#[test]
fn an_update_of_another_policy_than_the_one_that_acts_is_refused() {
    let mut planner = Planner::new();
    let both = ["policy/1", "policy-update/1"];
    planner.add_learner("trainable", "linear-bc", &[], &both);
    let needs = ["critic/1", "policy/1", "policy-update/1"];
    planner.add_learner("adapt", "linear-bc", &needs, &["policy/1"]);
    let critic = "{ role = \"value\", learner = \"linear-critic\", updates = 5 }";
    let fixed = "{ role = \"fixed\", learner = \"linear-ascent\", updates = 5 }";
    let trainable = "{ role = \"base\", learner = \"trainable\", updates = 5 }";
    let adapt = "{ role = \"adapt\", learner = \"adapt\" }";

    let text = refusal(&planner, &format!("{critic}, {fixed}, {adapt}"));
    says(&text, &["requires `policy-update/1`", "`trainable`"]);
    let text = refusal(
        &planner,
        &format!("{critic}, {trainable}, {fixed}, {adapt}"),
    );
    says(
        &text,
        &[
            "of the policy that it is bound to",
            "`linear-ascent`",
            "from = ",
        ],
    );

    let named = adapt.replace(" }", ", from = \"base\" }");
    let text = format!(
        "{HEAD}[[pipeline]]\nname = \"fits\"\nstages = [{critic}, {trainable}, {fixed}, {named}]\n"
    );
    let plan = planner.plan(&manifest(&text));
    // The adapting stage has no node of its own: its evaluation is computed from those it is bound to.
    assert_eq!(stages(&plan, "adapt"), 0);
    for node in plan
        .nodes
        .values()
        .filter(|n| n.kind == NodeKind::Evaluation)
    {
        assert_eq!(node.depends.len(), 2, "{:?}", node.job.upstream);
        let roles: Vec<&str> = node.job.stages.iter().map(|s| s.role.as_str()).collect();
        assert_eq!(roles, ["value", "base", "adapt"]);
    }
}

#[test]
fn an_optional_interface_is_bound_where_an_earlier_stage_provides_it() {
    let mut planner = Planner::new();
    planner.add_learner("coder", "linear-critic", &[], &["encoder/1"]);
    let needs = ["critic/1", "encoder/1?"];
    planner.add_learner("seer", "linear-ascent", &needs, &["policy/1"]);
    let bound = |stages: &[&str]| -> Vec<String> {
        let stages = stages.join(", ");
        let text = format!("{HEAD}[[pipeline]]\nname = \"seen\"\nstages = [{stages}]\n");
        let plan = planner.plan(&manifest(&text));
        let of_policy = |n: &&runner::NodePlan| {
            n.kind == NodeKind::Stage && n.job.stages.last().unwrap().role == "policy"
        };
        let node = plan.nodes.values().find(of_policy).unwrap();
        node.job.stages.last().unwrap().bound_roles.clone()
    };
    let critic = "{ role = \"value\", learner = \"linear-critic\", updates = 5 }";
    let coder = |role: &str| format!("{{ role = \"{role}\", learner = \"coder\", updates = 5 }}");
    let policy = "{ role = \"policy\", learner = \"seer\", updates = 5 }";
    let named = policy.replace(" }", ", from = \"first\" }");
    let (first, second) = (coder("first"), coder("second"));
    assert_eq!(bound(&[critic, policy]), ["value"]);
    assert_eq!(bound(&[&first, critic, policy]), ["first", "value"]);
    assert_eq!(
        bound(&[&first, &second, critic, policy]),
        ["second", "value"]
    );
    assert_eq!(
        bound(&[&first, &second, critic, &named]),
        ["first", "value"]
    );
}

#[test]
fn a_stage_without_training_sees_no_more_data_than_the_policy_it_improves() {
    let mut planner = Planner::new();
    planner.add_learner("improve", "linear-bc", &["policy/1"], &["policy/1"]);
    let text = format!(
        "{HEAD}[[pipeline]]\nname = \"improved\"\nstages = [\n\
         {{ role = \"policy\", learner = \"linear-bc\", updates = 5 }},\n\
         {{ role = \"improve\", learner = \"improve\" }},\n]\n\
         [axes]\n\"policy.data_fraction\" = [0.5, 1.0]\n"
    );
    let plan = planner.plan(&manifest(&text));
    let mut views = BTreeSet::new();
    for node in plan
        .nodes
        .values()
        .filter(|n| n.kind == NodeKind::Evaluation)
    {
        let [policy, improve] = node.job.stages.as_slice() else {
            panic!("{:?}", node.job.stages)
        };
        assert_eq!(policy.view, improve.view);
        assert!(improve.run_id.is_empty() && !policy.run_id.is_empty());
        views.insert(format!("{:?}", improve.view));
    }
    assert_eq!(
        views.len(),
        2 * 2,
        "two shares of data, two seeds: {views:?}"
    );
}

const TUNED: &str = r#"
[[pipeline]]
name = "cloning"
stages = [ { role = "policy", learner = "linear-bc", updates = 5 } ]
[[pipeline]]
name = "climbing"
stages = [
  { role = "value", learner = "linear-critic", updates = 5 },
  { role = "policy", learner = "linear-ascent", updates = 5 },
]
[axes]
"policy.data_fraction" = [0.5, 1.0]
[[sweep]]
parameter = "policy.act_std"
values = [0.2, 0.4]
pipelines = ["climbing"]
tune = true
"#;

#[test]
fn tuned_values_run_on_tuning_seeds_and_on_those_of_the_report() {
    let seeds = "seeds = { base = 0, count = 2 }";
    let tuning = format!("{seeds}\ntuning = {{ seeds = {{ base = 50, count = 3 }} }}");
    let text = format!("{HEAD}{TUNED}").replace(seeds, &tuning);
    let plan = Planner::new().plan(&manifest(&text));
    let of = |pipeline: &str, tuning: bool| {
        let cells = plan.cells.iter();
        cells
            .filter(|c| c.pipeline == pipeline && c.tuning == tuning)
            .count()
    };
    // Two shares of data; the declared value and two others, which are off the axes.
    assert_eq!(of("climbing", false), 2 * (2 + 2));
    assert_eq!(of("climbing", true), 3 * (1 + 2));
    assert_eq!((of("cloning", false), of("cloning", true)), (2 * 2, 0));
    for cell in &plan.cells {
        assert_eq!(cell.tuning, cell.seed >= 50);
        let CellState::Planned { evaluation } = &cell.state else {
            panic!("{cell:?}")
        };
        let job = plan.nodes[evaluation].job.evaluation.clone().unwrap();
        assert_eq!(job.seed, u64::from(cell.tuning), "seed of the episodes");
    }
}

#[test]
fn tuning_and_reporting_on_the_same_seeds_is_refused_at_validate() {
    let scene = Scene::new();
    let study = |tuning: &str| {
        format!("{HEAD}{TUNED}")
            .replace("tiny/first-v0", "tiny/bandit-v0")
            .replace("count = 2 }", &format!("count = 2 }}\n{tuning}"))
    };
    for (tuning, words) in [
        (
            "tuning = { seeds = { base = 1, count = 3 } }",
            ["seeds 1..=1 are tuned on and reported on", "study.tuning"],
        ),
        (
            "tuning = { seeds = { base = 5, count = 3 }, evaluation_seed = 0 }",
            ["episodes of seed 0", "study.tuning"],
        ),
        ("", ["`policy.act_std` is tuned", "sweep[0].tune"]),
    ] {
        scene.write("tuned.toml", &study(tuning));
        scene
            .run(&["validate", "tuned.toml"])
            .expect(2)
            .says(&words);
    }
    assert!(nodes(&scene.results()).is_empty());
}
