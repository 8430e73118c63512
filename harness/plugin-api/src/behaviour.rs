//! `behaviour/1`: scripted behaviours of an environment, with which the host makes datasets, and their export.

#![allow(unsafe_code, reason = "this module is part of the C boundary")]

use crate::abi;
use crate::environment::{Environment, sized};
use crate::failure::{Failure, Outcome};
use crate::raw;
use crate::serve::with_instance;
use crate::tensor::output_slice;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};
use std::ffi::c_void;

/// Static facts of one behaviour.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BehaviourInfo {
    /// kebab-case, unique within the environment.
    pub name: &'static str,
    /// One sentence.
    pub description: &'static str,
    /// JSON object that holds every parameter with its default; `{}` where there are none.
    pub parameters: &'static str,
}

/// What the host asks an environment to begin: a behaviour that it offers, with values for all of its parameters.
#[derive(Clone, Debug, PartialEq)]
pub struct BehaviourRequest {
    /// One of those that the environment offers.
    pub name: &'static str,
    parameters: Map<String, Value>,
}

impl BehaviourRequest {
    /// Finds `name` among `offered` and completes the JSON object `parameters` by its defaults.
    ///
    /// # Errors
    /// With code invalid-argument where there is no such behaviour or parameter; the message lists what there is.
    pub fn new(offered: &'static [BehaviourInfo], name: &str, parameters: &str) -> Outcome<Self> {
        let info = offered.iter().find(|info| info.name == name);
        let info = info.ok_or_else(|| unknown_name(offered, name))?;
        let mut complete = object(info.parameters, "the defaults")?;
        for (key, value) in object(parameters, "what was given")? {
            match complete.get_mut(&key) {
                Some(default) => *default = value,
                None => return Err(unknown_parameter(info, &key)),
            }
        }
        Ok(Self {
            name: info.name,
            parameters: complete,
        })
    }

    /// All parameters as a `T`.
    ///
    /// # Errors
    /// With code invalid-argument where a value has another type than `T` expects.
    pub fn parameters<T: DeserializeOwned>(&self) -> Outcome<T> {
        serde_json::from_value(Value::Object(self.parameters.clone())).map_err(|error| {
            let (name, found) = (self.name, self.json());
            Failure::invalid_argument(format!("parameters {found} of behaviour `{name}`: {error}"))
        })
    }

    /// All parameters as JSON text.
    pub fn json(&self) -> String {
        Value::Object(self.parameters.clone()).to_string()
    }
}

fn object(text: &str, what: &str) -> Outcome<Map<String, Value>> {
    serde_json::from_str(text).map_err(|error| {
        Failure::invalid_argument(format!(
            "parameters of a behaviour: {what} is no JSON object: {error}"
        ))
    })
}

fn unknown_name(offered: &[BehaviourInfo], name: &str) -> Failure {
    let known: Vec<String> = offered
        .iter()
        .map(|info| format!("`{}` {}", info.name, info.parameters))
        .collect();
    Failure::invalid_argument(format!(
        "unknown behaviour `{name}`, expected one of {}",
        known.join(", ")
    ))
}

fn unknown_parameter(info: &BehaviourInfo, key: &str) -> Failure {
    Failure::invalid_argument(format!(
        "unknown parameter `{key}` of behaviour `{}`, whose parameters and defaults are {}",
        info.name, info.parameters
    ))
}

/// The function table of an environment type.
pub(crate) fn table<E: Environment>() -> &'static abi::BehaviourV1 {
    struct Table<E>(E);
    impl<E: Environment> Table<E> {
        const BEHAVIOUR: &'static abi::BehaviourV1 = &abi::BehaviourV1 {
            struct_size: size_of::<abi::BehaviourV1>() as u32,
            reserved: 0,
            describe: describe::<E>,
            begin: begin::<E>,
            act: act::<E>,
        };
    }
    Table::<E>::BEHAVIOUR
}

unsafe extern "C" fn describe<E: Environment>(
    instance: *mut c_void,
    index: u64,
    out: *mut abi::Behaviour,
    count: *mut u64,
    error: *mut abi::Error,
) -> abi::Status {
    // SAFETY: pointers are valid by the header's contract.
    unsafe {
        with_instance::<E>(instance, error, |environment, _| {
            let offered = environment.behaviours();
            *count = offered.len() as u64;
            if let Some(info) = usize::try_from(index).ok().and_then(|i| offered.get(i)) {
                *out = abi::Behaviour {
                    struct_size: size_of::<abi::Behaviour>() as u32,
                    reserved: 0,
                    name: raw::string(info.name),
                    description: raw::string(info.description),
                    parameters: raw::string(info.parameters),
                };
            }
            Ok(())
        })
    }
}

unsafe extern "C" fn begin<E: Environment>(
    instance: *mut c_void,
    name: abi::Str,
    parameters: abi::Str,
    seed: u64,
    observation: *mut abi::DLTensor,
    error: *mut abi::Error,
) -> abi::Status {
    // SAFETY: pointers are valid by the header's contract.
    unsafe {
        with_instance::<E>(instance, error, |environment, _| {
            let (name, parameters) = (raw::text(name)?, raw::text(parameters)?);
            let request = BehaviourRequest::new(environment.behaviours(), name, parameters)?;
            let expected = environment.spec().observation_dim;
            let observation = output_slice(observation, "observation")?;
            let observation = sized("observation", observation, expected)?;
            environment.begin_behaviour(&request, seed, observation)
        })
    }
}

unsafe extern "C" fn act<E: Environment>(
    instance: *mut c_void,
    action: *mut abi::DLTensor,
    error: *mut abi::Error,
) -> abi::Status {
    // SAFETY: pointers are valid by the header's contract.
    unsafe {
        with_instance::<E>(instance, error, |environment, _| {
            let expected = environment.spec().action_dim;
            let action = sized("action", output_slice(action, "action")?, expected)?;
            environment.behaviour_action(action)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const OFFERED: &[BehaviourInfo] = &[
        BehaviourInfo {
            name: "walk",
            description: "Walks.",
            parameters: r#"{"hold": 10, "speed": 0.5}"#,
        },
        BehaviourInfo {
            name: "rest",
            description: "Rests.",
            parameters: "{}",
        },
    ];

    #[derive(serde::Deserialize, Debug, PartialEq)]
    struct Walk {
        hold: u32,
        speed: f64,
    }

    #[test]
    fn absent_parameters_have_their_defaults() {
        let request = BehaviourRequest::new(OFFERED, "walk", r#"{"speed": 2}"#).unwrap();
        let expected = Walk {
            hold: 10,
            speed: 2.0,
        };
        assert_eq!(request.parameters::<Walk>().unwrap(), expected);
        assert_eq!(
            BehaviourRequest::new(OFFERED, "rest", "{}").unwrap().json(),
            "{}"
        );
    }

    #[test]
    fn refusals_say_what_there_is() {
        let refused = |name: &str, parameters: &str| {
            let failure = BehaviourRequest::new(OFFERED, name, parameters).unwrap_err();
            assert_eq!(failure.code, crate::Code::InvalidArgument);
            failure.message
        };
        let message = refused("run", "{}");
        assert!(
            message.contains(r#"`walk` {"hold": 10, "speed": 0.5}, `rest` {}"#),
            "{message}"
        );
        let message = refused("walk", r#"{"sped": 1}"#);
        assert!(message.contains("`sped`") && message.contains(r#""hold": 10"#));
        assert!(refused("walk", "[1]").contains("no JSON object"));
        let request = BehaviourRequest::new(OFFERED, "walk", r#"{"hold": -1}"#).unwrap();
        let message = request.parameters::<Walk>().unwrap_err().message;
        assert!(
            message.contains(r#""hold":-1"#) && message.contains("`walk`"),
            "{message}"
        );
    }
}
