//! Policies of Stable-Baselines3 in the zip files that it saves, read without Python: the network of the actor and nothing else.
//!
//! What is pickled is not executed: the pickle of a state dictionary may only make dictionaries, tuples and tensors, and everything else in
//! it is refused. Statistics by which a wrapper normalised observations are not in these files, so that policies trained behind one act wrongly.

mod archive;
mod network;
mod pickle;

use archive::Archive;
use network::{Activation, Layer, Network, Output};
use std::collections::BTreeMap;
use std::path::Path;

/// Why a file cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("{file}: {reason}")]
pub struct PolicyFileError {
    /// The file.
    pub file: String,
    /// What is wrong with it.
    pub reason: String,
}

/// A deterministic policy.
#[derive(Clone, Debug)]
pub(crate) struct PolicyFile {
    network: Network,
}

/// A tensor in single precision, row-major.
#[derive(Clone, Debug, PartialEq)]
struct Tensor {
    shape: Vec<usize>,
    values: Vec<f32>,
}

type Tensors = BTreeMap<String, Tensor>;

/// Where the layers of an actor are, by the kinds of policy that there are.
const FORMS: [(&str, &str, &str, Output); 4] = [
    // SAC and TQC with state-dependent noise: the mean is clipped, then squashed.
    (
        "actor.latent_pi.",
        "actor.mu.0",
        "relu",
        Output::ClippedTanh,
    ),
    // SAC and TQC.
    ("actor.latent_pi.", "actor.mu", "relu", Output::Tanh),
    // PPO, A2C and TRPO.
    (
        "mlp_extractor.policy_net.",
        "action_net",
        "tanh",
        Output::Clip,
    ),
    // TD3 and DDPG: one stack of layers.
    ("actor.mu.", "", "relu", Output::Tanh),
];

impl PolicyFile {
    /// Reads the file.
    ///
    /// # Errors
    /// A file that is no such zip, a policy that is no plain network, anything but tensors in it.
    pub(crate) fn read(path: &Path) -> Result<Self, PolicyFileError> {
        let refuse = |reason: String| PolicyFileError {
            file: path.display().to_string(),
            reason,
        };
        let mut archive = Archive::open(path).map_err(&refuse)?;
        let hidden = archive.activation().map_err(&refuse)?;
        let tensors = archive.state_dictionary().map_err(&refuse)?;
        let network = network_of(&tensors, hidden).map_err(&refuse)?;
        Ok(Self { network })
    }

    /// Entries of an observation and of an action.
    pub(crate) fn dims(&self) -> (usize, usize) {
        self.network.dims()
    }

    /// The action at `observation`, within the bounds.
    pub(crate) fn act(&self, observation: &[f32], [low, high]: [f32; 2], action: &mut [f32]) {
        self.network.act(observation, [low, high], action);
    }
}

/// The actor among `tensors`; `hidden` is the activation that the file declares, if it does.
fn network_of(tensors: &Tensors, hidden: Option<Activation>) -> Result<Network, String> {
    if let Some(name) = tensors.keys().find(|n| n.contains("features_extractor.")) {
        return Err(format!(
            "its policy reads observations by a network of its own (`{name}`), and only plain vectors are read here"
        ));
    }
    for (stack, last, usual, output) in FORMS {
        let names = stacked(tensors, stack);
        let complete = last.is_empty() || tensors.contains_key(&format!("{last}.weight"));
        if names.is_empty() || !complete {
            continue;
        }
        let own = (!last.is_empty()).then(|| last.to_owned());
        let layers: Result<Vec<Layer>, String> = names
            .into_iter()
            .chain(own)
            .map(|name| layer(tensors, &name))
            .collect();
        let hidden = hidden.unwrap_or(Activation::named(usual).unwrap_or(Activation::Relu));
        return Network::new(layers?, hidden, output);
    }
    let found: Vec<&str> = tensors.keys().map(String::as_str).take(6).collect();
    Err(format!(
        "its policy has none of the actors of SAC, TQC, TD3, DDPG, PPO, A2C and TRPO; it holds {}",
        found.join(", ")
    ))
}

/// The layers `<stack>0`, `<stack>2`, ... in their order.
fn stacked(tensors: &Tensors, stack: &str) -> Vec<String> {
    let mut indices: Vec<usize> = tensors
        .keys()
        .filter_map(|name| {
            let rest = name.strip_prefix(stack)?.strip_suffix(".weight")?;
            rest.parse().ok()
        })
        .collect();
    indices.sort_unstable();
    indices.into_iter().map(|i| format!("{stack}{i}")).collect()
}

fn layer(tensors: &Tensors, name: &str) -> Result<Layer, String> {
    let find = |part: &str| {
        let key = format!("{name}.{part}");
        tensors
            .get(&key)
            .ok_or(format!("it lacks the tensor `{key}`"))
    };
    let (weight, bias) = (find("weight")?, find("bias")?);
    let [outputs, inputs] = weight.shape[..] else {
        return Err(format!(
            "`{name}.weight` has {} dimensions, expected 2",
            weight.shape.len()
        ));
    };
    if bias.shape != [outputs] {
        return Err(format!(
            "`{name}.bias` has shape {:?}, expected [{outputs}]",
            bias.shape
        ));
    }
    Ok(Layer {
        inputs,
        weight: weight.values.clone(),
        bias: bias.values.clone(),
    })
}

#[cfg(test)]
mod tests;
