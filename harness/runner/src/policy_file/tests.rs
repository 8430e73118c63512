use super::*;
use serde::Deserialize;

const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/fixtures/data/sb3");

#[derive(Deserialize)]
struct Golden {
    cases: BTreeMap<String, Case>,
}

#[derive(Deserialize)]
struct Case {
    bound: f32,
    observation_dim: usize,
    observation: Vec<f32>,
    action: Vec<f32>,
}

fn file(name: &str) -> std::path::PathBuf {
    Path::new(FOLDER).join(format!("{name}.zip"))
}

#[test]
fn actions_are_those_that_the_library_gives() {
    let text = include_str!("../../../../tests/golden/policies/policies.json");
    let golden: Golden = serde_json::from_str(text).unwrap();
    for (name, case) in golden.cases {
        let policy = PolicyFile::read(&file(&name)).unwrap();
        assert_eq!(policy.dims(), (case.observation_dim, 1), "{name}");
        for (observation, expected) in case
            .observation
            .chunks(case.observation_dim)
            .zip(&case.action)
        {
            let mut action = [0.0];
            policy.act(observation, [-case.bound, case.bound], &mut action);
            let error = (action[0] - expected).abs();
            assert!(error < 1e-6, "{name}: {action:?}, expected {expected}");
        }
    }
}

#[test]
fn what_is_no_plain_policy_is_refused_and_nothing_is_called() {
    let refused = |name: &str| PolicyFile::read(&file(name)).unwrap_err().to_string();
    assert!(
        refused("double").contains("DoubleStorage"),
        "{}",
        refused("double")
    );
    let call = refused("call");
    assert!(
        call.contains("numpy") && call.contains("not executed"),
        "{call}"
    );
    assert!(refused("absent").contains("absent.zip"));
    let npz = Path::new(FOLDER).join("../../../golden/policies/policies.json");
    let found = PolicyFile::read(&npz).unwrap_err().to_string();
    assert!(found.contains("no zip file"), "{found}");
}

/// Every byte of a small file changed in turn: an answer or an error, never a panic.
#[test]
fn damaged_files_are_refused_or_read() {
    let bytes = std::fs::read(file("ppo")).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("damaged.zip");
    let mut refused = 0;
    for i in 0..bytes.len() {
        let mut damaged = bytes.clone();
        damaged[i] ^= 1 << (i % 8);
        std::fs::write(&path, damaged).unwrap();
        refused += usize::from(PolicyFile::read(&path).is_err());
    }
    assert!(refused > bytes.len() / 2, "{refused} of {}", bytes.len());
    let alphabet = b"\x80(.NJKMXqrhj})tsucQRb\x85\x86\x87\n\x00\x01a";
    let mut random = manifest::random::Stream::new(7, &["pickle"]);
    for _ in 0..20_000 {
        let size = random.below(60) as usize;
        let mut letter = || alphabet[random.below(alphabet.len() as u64) as usize];
        let text: Vec<u8> = (0..size).map(|_| letter()).collect();
        let _ = pickle::read(&text);
    }
}
