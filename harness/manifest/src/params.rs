//! Hyperparameters against a learner's JSON Schema: unknown keys, types, ranges, defaults.

use crate::error::{Error, Position, nearest};
use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// The built-in learner that knows the environment's exact solution.
pub const ORACLE: &str = "oracle";

/// The schema of the oracle's hyperparameters.
pub fn oracle_schema() -> Value {
    serde_json::json!({
        "type": "object",
        "properties": {
            "functional": {
                "type": "string", "enum": ["optimal", "behaviour", "expectile"], "default": "optimal",
                "description": "whose Q: the optimal policy's, that of the policy that made the data, or what implicit Q-learning converges to on those data"
            },
            "state_value": {
                "type": "string", "enum": ["optimal", "behaviour", "expectile"], "default": "behaviour",
                "description": "whose V stands beside it"
            },
            "expectile": {
                "type": "number", "exclusiveMinimum": 0.0, "exclusiveMaximum": 1.0, "default": 0.7,
                "description": "expectile of the functional `expectile`; unused by the others"
            },
            "value_noise": {
                "type": "number", "minimum": 0.0, "default": 0.0,
                "description": "amplitude of a smooth random function added to Q and its gradient, relative to the deviation of the advantage"
            },
            "gradient_noise": {
                "type": "number", "minimum": 0.0, "default": 0.0,
                "description": "length of a smooth random field added to dQ/da alone, relative to the length of dQ/da"
            },
            "noise_length": {
                "type": "number", "exclusiveMinimum": 0.0, "default": 1.0,
                "description": "distance over which the noise changes, in deviations of the state and half ranges of the action"
            },
            "noise_seed": {
                "type": "integer", "minimum": 0, "default": 0,
                "description": "seed of the noise; the same for all run seeds unless it is an axis"
            },
            "members": {
                "type": "integer", "minimum": 1, "maximum": 64, "default": 1,
                "description": "members of the critic, each with noise of its own and of the same amplitude; the first is the critic of one member"
            },
            "shared_noise": {
                "type": "number", "minimum": 0.0, "maximum": 1.0, "default": 0.0,
                "description": "share of the noise's variance that is common to all members; at 0 their errors are independent, at 1 they agree"
            }
        }
    })
}

/// Fills `given` up with the schema's defaults and checks every value. `locate` places a parameter in its file.
///
/// # Errors
/// Unknown names (with the nearest), wrong types and values outside their range.
pub fn resolve(
    learner: &str,
    schema: &Value,
    given: &BTreeMap<String, Value>,
    locate: &dyn Fn(&str) -> Position,
) -> Result<Map<String, Value>, Error> {
    let empty = Map::new();
    let properties = schema
        .get("properties")
        .and_then(Value::as_object)
        .unwrap_or(&empty);
    for (name, value) in given {
        let Some(property) = properties.get(name) else {
            return Err(Error::UnknownName {
                at: locate(name),
                what: format!("hyperparameter of `{learner}`"),
                name: name.clone(),
                nearest: nearest(name, properties.keys().map(String::as_str)),
                known: properties.keys().cloned().collect(),
            });
        };
        check_value(schema, property, value).map_err(|reason| Error::Value {
            at: locate(name),
            reason: format!("`{name}` of `{learner}`: {reason}"),
            hint: property
                .get("description")
                .and_then(Value::as_str)
                .map(|d| format!("{name}: {d}")),
        })?;
    }
    let mut resolved = Map::new();
    for (name, property) in properties {
        let value = given.get(name).or_else(|| property.get("default"));
        let Some(value) = value else {
            return Err(Error::Value {
                at: locate(name),
                reason: format!(
                    "`{learner}` needs the hyperparameter `{name}`, which has no default"
                ),
                hint: None,
            });
        };
        resolved.insert(name.clone(), like_default(property, value));
    }
    Ok(resolved)
}

/// `3` given for a number is `3.0`: one value, one canonical form.
fn like_default(property: &Value, value: &Value) -> Value {
    let is_number = property.get("type").and_then(Value::as_str) == Some("number");
    match value.as_f64() {
        Some(number) if is_number => {
            serde_json::Number::from_f64(number).map_or_else(|| value.clone(), Value::Number)
        }
        _ => value.clone(),
    }
}

/// The subset of JSON Schema that hyperparameter structs produce.
fn check_value(root: &Value, property: &Value, value: &Value) -> Result<(), String> {
    if let Some(reference) = property.get("$ref").and_then(Value::as_str) {
        let target = reference
            .strip_prefix('#')
            .and_then(|pointer| root.pointer(pointer));
        return check_value(
            root,
            target.ok_or_else(|| format!("the schema refers to {reference}, which is missing"))?,
            value,
        );
    }
    for list in ["oneOf", "anyOf"] {
        if let Some(options) = property.get(list).and_then(Value::as_array) {
            return any_of(root, options, value);
        }
    }
    if let Some(all) = property.get("allOf").and_then(Value::as_array) {
        return all.iter().try_for_each(|p| check_value(root, p, value));
    }
    if let Some(constant) = property.get("const") {
        return if constant == value {
            Ok(())
        } else {
            Err(format!("expected {constant}, found {value}"))
        };
    }
    if let Some(options) = property.get("enum").and_then(Value::as_array) {
        if options.contains(value) {
            return Ok(());
        }
        let names: Vec<&str> = options.iter().filter_map(Value::as_str).collect();
        let near = value
            .as_str()
            .and_then(|v| nearest(v, names))
            .map(|n| format!("; did you mean \"{n}\"?"));
        let options: Vec<String> = options.iter().map(ToString::to_string).collect();
        return Err(format!(
            "expected one of {}, found {value}{}",
            options.join(", "),
            near.unwrap_or_default()
        ));
    }
    check_type(property, value)?;
    check_range(property, value)?;
    if let (Some(items), Some(values)) = (property.get("items"), value.as_array()) {
        values
            .iter()
            .try_for_each(|v| check_value(root, items, v))?;
    }
    Ok(())
}

fn any_of(root: &Value, options: &[Value], value: &Value) -> Result<(), String> {
    let failures: Vec<String> = options
        .iter()
        .filter_map(|o| check_value(root, o, value).err())
        .collect();
    if failures.len() < options.len() {
        return Ok(());
    }
    let constants: Vec<&Value> = options.iter().filter_map(|o| o.get("const")).collect();
    if constants.len() == options.len() {
        let names: Vec<&str> = constants.iter().filter_map(|c| c.as_str()).collect();
        let near = value
            .as_str()
            .and_then(|v| nearest(v, names))
            .map(|n| format!("; did you mean \"{n}\"?"));
        let listed: Vec<String> = constants.iter().map(ToString::to_string).collect();
        return Err(format!(
            "expected one of {}, found {value}{}",
            listed.join(", "),
            near.unwrap_or_default()
        ));
    }
    Err(failures.join("; or "))
}

fn check_type(property: &Value, value: &Value) -> Result<(), String> {
    let fits = |name: &str| match name {
        "number" => value.is_number(),
        "integer" => value.is_i64() || value.is_u64(),
        "string" => value.is_string(),
        "boolean" => value.is_boolean(),
        "array" => value.is_array(),
        "object" => value.is_object(),
        "null" => value.is_null(),
        _ => true,
    };
    let expected: Vec<&str> = match property.get("type") {
        Some(Value::String(name)) => vec![name],
        Some(Value::Array(names)) => names.iter().filter_map(Value::as_str).collect(),
        _ => return Ok(()),
    };
    if expected.iter().any(|name| fits(name)) {
        return Ok(());
    }
    Err(format!("expected {}, found {value}", expected.join(" or ")))
}

fn check_range(property: &Value, value: &Value) -> Result<(), String> {
    let Some(number) = value.as_f64() else {
        return Ok(());
    };
    let bound = |name: &str| property.get(name).and_then(Value::as_f64);
    let bad = |what: String| Err(format!("expected a number {what}, found {number}"));
    match (
        bound("minimum"),
        bound("maximum"),
        bound("exclusiveMinimum"),
        bound("exclusiveMaximum"),
    ) {
        (Some(low), _, _, _) if number < low => bad(format!("of at least {low}")),
        (_, Some(high), _, _) if number > high => bad(format!("of at most {high}")),
        (_, _, Some(low), _) if number <= low => bad(format!("above {low}")),
        (_, _, _, Some(high)) if number >= high => bad(format!("below {high}")),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn schema() -> Value {
        serde_json::json!({"type": "object", "$defs": {"Mode": {"oneOf": [{"const": "a"}, {"const": "bee"}]}}, "properties": {
            "alpha": {"type": "number", "default": 1.0, "minimum": 0.0},
            "mode": {"$ref": "#/$defs/Mode", "default": "a"},
            "hidden": {"type": "array", "items": {"type": "integer", "minimum": 1}, "default": [64]}
        }})
    }

    fn check(name: &str, value: Value) -> Result<Map<String, Value>, String> {
        let given = BTreeMap::from([(name.to_owned(), value)]);
        resolve("x", &schema(), &given, &|_| Position::default())
            .map_err(|e| format!("{e} {:?}", e.hint()))
    }

    #[test]
    fn fills_defaults_and_canonicalises_numbers() {
        let one = check("alpha", serde_json::json!(3)).unwrap();
        assert_eq!(one, check("alpha", serde_json::json!(3.0)).unwrap());
        assert_eq!(one["mode"], "a");
    }

    #[test]
    fn refuses_what_does_not_fit() {
        for (name, value, words) in [
            ("alhpa", serde_json::json!(1), "alpha"),
            ("alpha", serde_json::json!("x"), "expected number"),
            ("alpha", serde_json::json!(-1), "at least 0"),
            ("mode", serde_json::json!("bea"), "did you mean \\\"bee\\\""),
            ("hidden", serde_json::json!([0]), "at least 1"),
        ] {
            let error = check(name, value).unwrap_err();
            assert!(
                error
                    .replace("\\\"", "\"")
                    .contains(&words.replace("\\\"", "\"")),
                "{error}"
            );
        }
    }
}
