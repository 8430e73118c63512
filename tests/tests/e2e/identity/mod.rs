//! Every leaf of the manifest changes the ids it should and no others.

mod effects;
mod shown;

use crate::scene::Scene;
use effects::{Edit, GROUPS, NONE, REFUSED, rows};
use manifest::{Manifest, Position, manifest_schema, parse_manifest};
use plugin_host::Search;
use runner::{NodePlan, Places, Plan, Resolver};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

const BASE: &str = include_str!("base.toml");

/// Paths of all leaves below `schema`: `[]` for items, `.*` for values of free keys, `<kind>` for variants.
fn leaves(root: &Value, schema: &Value, path: &str, found: &mut BTreeSet<String>) {
    if let Some(reference) = schema["$ref"].as_str() {
        let target = root.pointer(reference.trim_start_matches('#')).unwrap();
        return leaves(root, target, path, found);
    }
    let options = schema["anyOf"].as_array().or(schema["oneOf"].as_array());
    let options = options
        .into_iter()
        .flatten()
        .filter(|o| o["type"] != "null");
    let options: Vec<&Value> = options.collect();
    if let [only] = options.as_slice() {
        return leaves(root, only, path, found);
    }
    if options.iter().any(|o| o["properties"].is_object()) {
        found.insert(format!("{path}.kind"));
        for option in options {
            let kind = option["properties"]["kind"]["const"].as_str().unwrap();
            properties(root, option, &format!("{path}<{kind}>"), found);
        }
        return;
    }
    if schema["properties"].is_object() {
        return properties(root, schema, path, found);
    }
    if schema["additionalProperties"].is_object() || schema["additionalProperties"] == true {
        return leaves(
            root,
            &schema["additionalProperties"],
            &format!("{path}.*"),
            found,
        );
    }
    if schema["items"].is_object() || schema["items"] == true {
        return leaves(root, &schema["items"], &format!("{path}[]"), found);
    }
    found.insert(path.to_owned());
}

fn properties(root: &Value, schema: &Value, path: &str, found: &mut BTreeSet<String>) {
    for (name, property) in schema["properties"].as_object().unwrap() {
        if property["const"].is_null() {
            let dot = if path.is_empty() { "" } else { "." };
            leaves(root, property, &format!("{path}{dot}{name}"), found);
        }
    }
}

/// Leaves of declared experts and of rewards, which the environment of the table refuses, and the schedule, which its online phase does; their tests
/// are with those of experts, of rewards and of stages in turn.
const ELSEWHERE: [&str; 9] = [
    "benchmark[].expert.learner",
    "benchmark[].expert.dataset",
    "benchmark[].expert.updates",
    "benchmark[].expert.params.*",
    "benchmark[].expert.seed",
    "benchmark[].reward.divide_by",
    "benchmark[].reward.scale",
    "benchmark[].reward.shift",
    "pipeline[].schedule",
];

#[test]
fn the_table_of_effects_has_every_leaf_of_the_schema_and_no_other() {
    let schema = manifest_schema();
    let mut in_schema = BTreeSet::new();
    leaves(&schema, &schema, "", &mut in_schema);
    let mut in_table: Vec<String> = rows()
        .iter()
        .map(|(leaf, _, _)| (*leaf).to_owned())
        .collect();
    in_table.extend(ELSEWHERE.map(str::to_owned));
    let unique: BTreeSet<String> = in_table.iter().cloned().collect();
    assert_eq!(unique.len(), in_table.len(), "a leaf stands twice");
    assert_eq!(unique, in_schema);
}

/// A scene with three benchmarks, the fixtures, and `linear-bc` under a second id.
pub(crate) struct Planner {
    pub(crate) scene: Scene,
    search: Search,
}

impl Planner {
    pub(crate) fn new() -> Self {
        let scene = Scene::new();
        for (name, gain) in [("first", 0.3), ("second", 0.5), ("third", 0.7)] {
            scene.add_benchmark(&format!("tiny/{name}-v0"), gain);
        }
        let twin = scene.path("plugins/libtwin.so");
        std::fs::copy(tests::built_library("good-plugins"), &twin).unwrap();
        let mut sidecar = tests::metadata(&twin);
        sidecar.learners.retain(|l| l.id == "linear-bc");
        sidecar.learners[0].id = "linear-bc-twin".into();
        sidecar.environments.clear();
        sidecar.write(&twin).unwrap();
        let search = Search::new(&[scene.path("plugins")]);
        Self { scene, search }
    }

    /// Adds the learner `id` by changing the metadata of a copy of `like`: planning looks at nothing else.
    pub(crate) fn add_learner(
        &mut self,
        id: &str,
        like: &str,
        requires: &[&str],
        provides: &[&str],
    ) {
        let library = self.scene.path(&format!("plugins/lib{id}.so"));
        std::fs::copy(tests::built_library("good-plugins"), &library).unwrap();
        let mut sidecar = tests::metadata(&library);
        sidecar.learners.retain(|l| l.id == like);
        let learner = &mut sidecar.learners[0];
        learner.id = id.into();
        learner.requires = requires.iter().map(|&r| r.to_owned()).collect();
        learner.provides = provides.iter().map(|&p| p.to_owned()).collect();
        sidecar.environments.clear();
        sidecar.write(&library).unwrap();
        self.search = Search::new(&[self.scene.path("plugins")]);
    }

    pub(crate) fn plan(&self, manifest: &Manifest) -> Plan {
        self.try_plan(manifest)
            .unwrap_or_else(|e| panic!("{e} {:?}", e.hint()))
    }

    pub(crate) fn try_plan(&self, manifest: &Manifest) -> Result<Plan, runner::Error> {
        let places = Places {
            home: self.scene.path("home"),
            data: self.scene.path("data"),
            results: self.scene.results(),
            benchmarks: vec![self.scene.path("benchmarks")],
            models: Vec::new(),
        };
        let resolver = Resolver {
            search: &self.search,
            runtime: &|name| Err(format!("{name} is not needed here")),
            models: &|_| Ok(()),
            locate: &|_| Position::default(),
            collect: &|_| Err("nothing is collected here".into()),
            policy_file: None,
            note: &|_| {},
        };
        runner::plan(manifest, &places, &resolver)
    }
}

type Groups = BTreeMap<String, BTreeSet<String>>;

/// Ids by group; `id` picks which.
fn groups(plan: &Plan, id: fn(&NodePlan) -> &String) -> Groups {
    let mut groups = Groups::new();
    for node in plan.nodes.values() {
        let kind = match node.job.evaluation {
            Some(_) => "evaluation",
            None => "stage",
        };
        let role = &node.job.stages.last().unwrap().role;
        let ids = groups.entry(format!("{kind} {role}")).or_default();
        ids.insert(id(node).clone());
    }
    groups
}

/// One letter a group.
fn effect(before: &Groups, after: &Groups) -> String {
    let empty = BTreeSet::new();
    let letter = |group: &&str| {
        let (a, b) = (&before[*group], after.get(*group).unwrap_or(&empty));
        match (a.is_subset(b), b.is_subset(a), a.is_disjoint(b)) {
            (true, true, _) => '=',
            (true, ..) => 'G',
            (_, true, _) => 'S',
            (.., true) => 'R',
            _ => 'M',
        }
    };
    GROUPS.iter().map(letter).collect()
}

fn base() -> Value {
    toml::from_str(BASE).unwrap()
}

/// Sets the value at `pointer`; the key itself may be new.
fn put(manifest: &mut Value, pointer: &str, value: Value) {
    let (parent, key) = pointer.rsplit_once('/').unwrap();
    let parent = manifest.pointer_mut(parent).unwrap();
    match parent {
        Value::Array(items) => items[key.parse::<usize>().unwrap()] = value,
        _ => parent[key] = value,
    }
}

fn apply(edit: &Edit, digest: &str) -> Value {
    let mut manifest = base();
    match edit {
        Edit::Set(pointer, value) => put(&mut manifest, pointer, value.clone()),
        Edit::Rename(from, to) => {
            manifest = serde_json::from_str(&manifest.to_string().replace(from, to)).unwrap();
        }
        Edit::Pin(pointer) => put(&mut manifest, pointer, digest.into()),
    }
    assert_ne!(manifest, base(), "the edit changes nothing");
    manifest
}

fn parse(manifest: &Value) -> Result<Manifest, manifest::Error> {
    parse_manifest(&toml::to_string(manifest).unwrap(), "edited.toml")
}

/// Drawing a study anew leaves it the same study, so that its claims stay registered and its results stay its own.
#[test]
fn figures_are_not_in_the_digest_of_the_manifest() {
    let mut manifest = base();
    let original = manifest::identity::id_of(&parse(&manifest).unwrap());
    manifest.as_object_mut().unwrap().remove("figure").unwrap();
    let without = parse(&manifest).unwrap();
    assert!(without.figures.is_empty());
    assert_eq!(manifest::identity::id_of(&without), original);
}

#[test]
fn every_leaf_changes_the_ids_it_should_and_no_others() {
    let planner = Planner::new();
    let original = planner.plan(&parse(&base()).unwrap());
    let digest = original.benchmarks[0].datasets[&3].1.clone();
    let mut wrong = Vec::new();
    for (leaf, edit, expected) in rows() {
        let manifest = parse(&apply(&edit, &digest));
        let (run, spec) = match manifest {
            Err(_) => (REFUSED.to_owned(), REFUSED.to_owned()),
            Ok(manifest) => {
                let plan = planner.plan(&manifest);
                let compare = |id: fn(&NodePlan) -> &String| {
                    effect(&groups(&original, id), &groups(&plan, id))
                };
                (compare(|n| &n.ids.run_id), compare(|n| &n.ids.spec_id))
            }
        };
        // Only ids with binaries can tell whether they are trusted.
        let expected_spec = if leaf == "training.identity" {
            NONE
        } else {
            expected
        };
        for (which, found, expected) in [("run", run, expected), ("spec", spec, expected_spec)] {
            if found != expected {
                wrong.push(format!("{leaf}: {which} ids {found}, expected {expected}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{GROUPS:?}\n{}", wrong.join("\n"));
}

/// Reverses every list that is a set; stages have an order.
fn reversed(value: &Value, key: &str) -> Value {
    match value {
        Value::Array(items) => {
            let items = items.iter().map(|item| reversed(item, ""));
            let mut items: Vec<Value> = items.collect();
            if key != "stages" {
                items.reverse();
            }
            Value::Array(items)
        }
        Value::Object(map) => map
            .iter()
            .map(|(k, v)| (k.clone(), reversed(v, k)))
            .collect(),
        other => other.clone(),
    }
}

#[test]
fn the_order_of_keys_tables_and_sets_changes_no_id() {
    let planner = Planner::new();
    let ids = |manifest: &Manifest| {
        let plan = planner.plan(manifest);
        let all = plan.nodes.values().map(|n| n.ids.clone());
        all.collect::<BTreeSet<_>>()
    };
    let mut text = BASE.replace("values = [0.2]", "values = [0.2, 0.3]");
    let original = ids(&parse_manifest(&text, "m.toml").unwrap());
    let permuted = reversed(&toml::from_str(&text).unwrap(), "");
    assert_eq!(ids(&parse(&permuted).unwrap()), original);

    // Keys of inline tables and whole tables by hand: a map of the parser would sort them.
    for (from, to) in [
        (
            "role = \"rival\", learner = \"linear-critic\", updates = 10",
            "updates = 10, role = \"rival\", learner = \"linear-critic\"",
        ),
        ("base = 0, count = 2", "count = 2, base = 0"),
        ("learning_rate = 0.05", "learning_rate = 5e-2"),
    ] {
        text = text.replace(from, to);
    }
    let (head, tail) = text.split_once("[training]").unwrap();
    let (version, head) = head.split_once("[study]").unwrap();
    let moved = format!("# a comment\n{version}\n[training]{tail}\n[study]{head}");
    assert_eq!(ids(&parse_manifest(&moved, "m.toml").unwrap()), original);
}
