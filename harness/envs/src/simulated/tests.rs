use super::*;
use serde_json::json;

const TRAINING: &str = r#"
    environment = "hopper/v4"
    learner = "td3"
    steps = 1000
    warmup_steps = 100
    snapshot_interval_steps = 250
"#;

const GOOD: &str = r#"
    format = 1
    id = "hopper/test-v0"
    label = "test"
    description = "for tests"
    environment = "hopper/v4"
    transitions = 500
    trainings = { td3 = "td3.toml" }
    behaviour = { kind = "trained", training = "td3", at = { progress = 0.3 }, noise = 0.1 }
"#;

fn include(path: &str) -> std::io::Result<String> {
    if path == "td3.toml" {
        return Ok(TRAINING.into());
    }
    Err(std::io::Error::other("no such file"))
}

fn parse(text: &str) -> Result<SimulatedRecipe, Error> {
    SimulatedRecipe::parse(text, "r.toml", &include)
}

fn error(from: &str, to: &str) -> String {
    assert!(GOOD.contains(from), "{from}");
    parse(&GOOD.replace(from, to)).unwrap_err().to_string()
}

#[test]
fn every_refusal_names_file_key_and_value() {
    let cases = [
        (
            "transitions = 500",
            "transitions = 0",
            "key `transitions`: expected a positive number, found 0",
        ),
        (
            "td3.toml",
            "td4.toml",
            "key `trainings.td3`: expected a training, or the path of its file",
        ),
        (
            "training = \"td3\"",
            "training = \"sac\"",
            "key `behaviour.training`: expected one of [trainings]: td3, found `sac`",
        ),
        (
            "{ progress = 0.3 }",
            "{ progress = 3.0 }",
            "key `behaviour.at.progress`: expected a number from 0 to 1",
        ),
        (
            "{ progress = 0.3 }",
            "{ steps = 300 }",
            "key `behaviour.at.steps`: expected a multiple of 250 up to 1000",
        ),
        ("hopper/test-v0", "hopper/test", "key `id`"),
        ("noise = 0.1", "noise = -0.1", "key `behaviour.noise`"),
    ];
    for (from, to, expected) in cases {
        let found = error(from, to);
        assert!(found.contains(expected), "{found}");
        assert!(found.starts_with("r.toml"), "{found}");
    }
    let behaviour =
        "{ kind = \"trained\", training = \"td3\", at = { progress = 0.3 }, noise = 0.1 }";
    let replay = "{ kind = \"replay\", training = \"td3\" }";
    assert!(parse(&GOOD.replace(behaviour, replay)).is_ok());
    let long = GOOD.replace(behaviour, replay).replace("500", "1001");
    let found = parse(&long).unwrap_err().to_string();
    assert!(found.contains("at most the 1000 steps"), "{found}");
    let nested =
        format!("{{ kind = \"mixture\", parts = [{{ share = 1.0, behaviour = {replay} }}] }}");
    let found = parse(&GOOD.replace(behaviour, &nested))
        .unwrap_err()
        .to_string();
    assert!(
        found.contains("behaviour.parts[0].behaviour.kind"),
        "{found}"
    );
}

#[test]
fn a_training_may_stand_in_the_recipe_or_beside_it() {
    let here = TRAINING.trim().replace('\n', ",");
    let inline = GOOD.replace("\"td3.toml\"", &format!("{{ {here} }}"));
    assert_eq!(parse(&inline).unwrap(), parse(GOOD).unwrap());
    let bad = inline.replace("warmup_steps", "warm_up_steps");
    let found = parse(&bad).unwrap_err().to_string();
    assert!(
        found.contains("trainings.td3") && found.contains("warm_up_steps"),
        "{found}"
    );
    let bad = inline.replace("= 250", "= 300");
    let found = parse(&bad).unwrap_err().to_string();
    assert!(found.contains("a divisor of the 1000 steps"), "{found}");
}

#[test]
fn the_hash_covers_content_and_not_names() {
    let base = parse(GOOD).unwrap();
    let renamed = GOOD
        .replace("\"test\"", "\"other\"")
        .replace("test-v0", "test-v1");
    assert_eq!(base.hash(), parse(&renamed).unwrap().hash());
    for (from, to) in [
        ("0.3 }", "0.4 }"),
        ("500", "501"),
        ("noise = 0.1", "noise = 0.2"),
    ] {
        assert_ne!(
            base.hash(),
            parse(&GOOD.replace(from, to)).unwrap().hash(),
            "{to}"
        );
    }
}

#[test]
fn keys_can_be_set_anew() {
    let base = parse(GOOD).unwrap();
    let set = |key: &str, value| base.with_overrides(&BTreeMap::from([(key.to_owned(), value)]));
    let noisy = set("behaviour.noise", json!(0.5)).unwrap();
    assert!(noisy.id.starts_with("hopper/test-r"), "{}", noisy.id);
    assert_eq!(set("behaviour.noise", json!(0.1)).unwrap().id, base.id);
    let longer = set("trainings.td3.steps", json!(2000)).unwrap();
    assert_eq!(longer.trainings["td3"].steps, 2000);
    let found = set("behaviour.nois", json!(0.5)).unwrap_err().to_string();
    assert!(found.contains("behaviour.nois"), "{found}");
    let found = set("environment", json!("x/y-v0")).unwrap_err().to_string();
    assert!(found.contains("environment"), "{found}");
}
