//! `assay dataset lint --physics` through the real plugin `mujoco`, on stretches of HalfCheetah that gymnasium recorded. Needs
//! what `cargo xtask test` builds; says why it skips otherwise.

use crate::scene::Done;
use dataset::{
    Batch, Column, DatasetWriter, Description, Dtype, Generator, Origin, SideValues, Transition,
    WriteOptions,
};
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

const OBSERVATION: usize = 17;
const ACTION: usize = 6;
const COORDINATES: usize = 9;
const VELOCITIES: usize = 9;

/// The rows of `tests/golden/mujoco/halfcheetah.bin`, stretch after stretch.
struct Recorded {
    /// Steps of a stretch.
    steps: usize,
    actions: Vec<f32>,
    /// One more than there are steps, for each stretch.
    observations: Vec<f64>,
    rewards: Vec<f64>,
}

impl Recorded {
    fn read() -> Self {
        let folder = tests::root().join("tests/golden/mujoco");
        let text = std::fs::read_to_string(folder.join("halfcheetah.json")).unwrap();
        let header: Value = serde_json::from_str(&text).unwrap();
        let bytes = std::fs::read(folder.join("halfcheetah.bin")).unwrap();
        let array = |name: &str, width: usize| {
            let mut all = header["arrays"].as_array().unwrap().iter();
            let found = all.find(|a| a["name"] == name).unwrap();
            let shape: Vec<usize> = serde_json::from_value(found["shape"].clone()).unwrap();
            let start = found["offset"].as_u64().unwrap() as usize;
            let end = start + width * shape.iter().product::<usize>();
            (shape[1], bytes[start..end].to_vec())
        };
        let float64 = |name: &str| -> Vec<f64> {
            let (_, bytes) = array(name, 8);
            let number = |b: &[u8]| f64::from_le_bytes(b.try_into().unwrap());
            bytes.chunks_exact(8).map(number).collect()
        };
        let (steps, actions) = array("action", 4);
        let number = |b: &[u8]| f32::from_le_bytes(b.try_into().unwrap());
        Self {
            steps,
            actions: actions.chunks_exact(4).map(number).collect(),
            observations: float64("observation"),
            rewards: float64("reward_gymnasium"),
        }
    }

    /// Observation `t` of stretch `k`, up to `steps`.
    fn observation(&self, k: usize, t: usize) -> &[f64] {
        let row = k * (self.steps + 1) + t;
        &self.observations[row * OBSERVATION..(row + 1) * OBSERVATION]
    }

    /// An episode for each stretch. A row has the reward of the row `reward_from` after it and the state of the row
    /// `state_from` after it, where its episode has that row.
    fn batch(&self, reward_from: isize, state_from: isize) -> Batch {
        let mut batch = Batch::default();
        let (mut coordinates, mut velocities) = (Vec::new(), Vec::new());
        for k in 0..self.rewards.len() / self.steps {
            for t in 0..self.steps {
                let row = k * self.steps + t;
                let there = |from: isize| t.saturating_add_signed(from).min(self.steps - 1);
                let single = |x: &f64| *x as f32;
                let observation: Vec<f32> = self.observation(k, t).iter().map(single).collect();
                let last = t + 1 == self.steps;
                let next: Vec<f32> = self.observation(k, t + 1).iter().map(single).collect();
                batch.push(Transition {
                    episode: k as u32,
                    observation: &observation,
                    action: &self.actions[row * ACTION..(row + 1) * ACTION],
                    reward: self.rewards[k * self.steps + there(reward_from)] as f32,
                    terminated: false,
                    truncated: last,
                    final_observation: last.then_some(&next),
                });
                // Where the robot is along the track is not observed, and changes nothing.
                let state = self.observation(k, there(state_from));
                coordinates.push(0.0);
                coordinates.extend(&state[..COORDINATES - 1]);
                velocities.extend(&state[COORDINATES - 1..]);
            }
        }
        batch.side = vec![SideValues::F64(coordinates), SideValues::F64(velocities)];
        batch
    }
}

fn write(data: &Path, id: &str, batch: Batch) {
    let description = Description {
        id: id.parse().unwrap(),
        environment: "halfcheetah/gymnasium-v4".to_owned(),
        generator: Generator::assay("a test"),
        origin: Origin::recipe(serde_json::json!({})).unwrap(),
        behaviour: Vec::new(),
        licence: None,
        source: None,
        action_bounds: None,
        declared: Default::default(),
    };
    let side = [
        Column::new("qpos", Dtype::F64, COORDINATES as u32),
        Column::new("qvel", Dtype::F64, VELOCITIES as u32),
    ];
    let widths = (OBSERVATION as u32, ACTION as u32);
    let options = WriteOptions::default();
    let mut writer = DatasetWriter::create(data, description, widths, &side, options).unwrap();
    writer.push(batch).unwrap();
    writer.finish().unwrap();
}

fn lint(assay: &Path, plugins: &Path, data: &Path, id: &str) -> Done {
    let output = Command::new(assay)
        .args(["dataset", "lint", id, "--physics", "--json"])
        .env("ASSAY_DATA", data)
        .env("ASSAY_PLUGIN_PATH", plugins)
        .stdin(Stdio::null())
        .output();
    output.unwrap().into()
}

/// Codes, and what was seen.
fn findings(report: &Value) -> Vec<(&str, &str)> {
    let all = report["findings"].as_array().unwrap().iter();
    all.map(|f| (f["code"].as_str().unwrap(), f["seen"].as_str().unwrap()))
        .collect()
}

#[test]
fn a_replay_finds_rewards_and_states_that_are_a_row_off_and_nothing_else() {
    let (Some(assay), Some(plugins)): (Option<PathBuf>, Option<PathBuf>) = (
        tests::provided("ASSAY_TEST_BINARY"),
        tests::provided("ASSAY_TEST_PLUGINS"),
    ) else {
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let recorded = Recorded::read();
    let cases = [
        ("cheetah/clean-v0", (0, 0), None),
        (
            "cheetah/late-v0",
            (-1, 0),
            Some(("reward-shifted", "one row later")),
        ),
        (
            "cheetah/early-v0",
            (1, 0),
            Some(("reward-shifted", "one row earlier")),
        ),
        (
            "cheetah/moved-v0",
            (0, 1),
            Some(("physics-differs", "one row later")),
        ),
    ];
    for (id, (reward_from, state_from), expected) in cases {
        write(folder.path(), id, recorded.batch(reward_from, state_from));
        let linted = lint(&assay, &plugins, folder.path(), id);
        let linted = linted.expect(i32::from(expected.is_some()));
        let report = linted.json();
        assert!(
            report["physics"]["rows"].as_u64().unwrap() > 1000,
            "{report}"
        );
        let found = findings(&report);
        match expected {
            None => assert_eq!(found, [], "{id}"),
            Some((code, words)) => assert!(
                found.iter().any(|(c, seen)| *c == code
                    && seen.contains("replayed")
                    && seen.contains(words)),
                "{id}: {found:?}"
            ),
        }
    }
}
