//! The zip files: Stable-Baselines3's, and PyTorch's inside it.

use super::network::Activation;
use super::pickle;
use super::{Tensor, Tensors};
use serde::Deserialize;
use std::fs::File;
use std::io::{Cursor, Read, Seek};
use std::path::Path;
use zip::ZipArchive;

/// The largest member that is read; actors have a few megabytes.
const LIMIT_BYTES: u64 = 256 << 20;

/// An opened file.
pub(super) struct Archive {
    zip: ZipArchive<File>,
}

/// The part of `data` that is of interest: how hidden layers are activated, in words.
#[derive(Deserialize, Default)]
struct Facts {
    #[serde(default)]
    policy_kwargs: Options,
}

#[derive(Deserialize, Default)]
struct Options {
    activation_fn: Option<String>,
}

impl Archive {
    pub(super) fn open(path: &Path) -> Result<Self, String> {
        let file = File::open(path).map_err(|e| e.to_string())?;
        let zip = ZipArchive::new(file).map_err(|e| format!("it is no zip file: {e}"))?;
        Ok(Self { zip })
    }

    /// The activation that the file declares; it declares none where it is the usual one.
    pub(super) fn activation(&mut self) -> Result<Option<Activation>, String> {
        let text = member(&mut self.zip, "data")?;
        let facts: Facts = serde_json::from_slice(&text).map_err(|e| format!("`data`: {e}"))?;
        let Some(class) = facts.policy_kwargs.activation_fn else {
            return Ok(None);
        };
        // `<class 'torch.nn.modules.activation.ELU'>`
        let name = class
            .trim_end_matches("'>")
            .rsplit('.')
            .next()
            .unwrap_or_default();
        let known = Activation::named(&name.to_lowercase());
        known.map(Some).ok_or(format!(
            "its hidden layers are activated by `{name}`, and only ReLU, Tanh and ELU are read here"
        ))
    }

    /// The tensors of the policy, by name.
    pub(super) fn state_dictionary(&mut self) -> Result<Tensors, String> {
        let bytes = member(&mut self.zip, "policy.pth")?;
        let mut zip = ZipArchive::new(Cursor::new(bytes)).map_err(|e| {
            format!("`policy.pth` is no zip file (PyTorch before 1.6 wrote others): {e}")
        })?;
        let root = (0..zip.len())
            .filter_map(|i| zip.name_for_index(i))
            .find_map(|name| name.ok()?.strip_suffix("/data.pkl").map(str::to_owned))
            .ok_or("`policy.pth` has no `data.pkl`")?;
        if let Ok(order) = member(&mut zip, &format!("{root}/byteorder"))
            && order != b"little"
        {
            return Err("`policy.pth` is not little-endian".into());
        }
        let text = member(&mut zip, &format!("{root}/data.pkl"))?;
        let mut tensors = Tensors::new();
        for (name, tensor) in pickle::read(&text)? {
            let storage = member(&mut zip, &format!("{root}/data/{}", tensor.storage))?;
            let values = read_tensor(&name, &tensor, &storage)?;
            tensors.insert(name, values);
        }
        Ok(tensors)
    }
}

fn member<R: Read + Seek>(zip: &mut ZipArchive<R>, name: &str) -> Result<Vec<u8>, String> {
    let file = zip
        .by_name(name)
        .map_err(|e| format!("it has no `{name}`: {e}"))?;
    let mut bytes = Vec::new();
    file.take(LIMIT_BYTES + 1)
        .read_to_end(&mut bytes)
        .map_err(|e| format!("`{name}`: {e}"))?;
    if bytes.len() as u64 > LIMIT_BYTES {
        return Err(format!("`{name}` is larger than {} MiB", LIMIT_BYTES >> 20));
    }
    Ok(bytes)
}

/// Contiguous tensors alone: a view into a storage would need its strides.
fn read_tensor(name: &str, tensor: &pickle::Tensor, storage: &[u8]) -> Result<Tensor, String> {
    let mut stride = 1;
    for (size, found) in tensor.shape.iter().zip(&tensor.strides).rev() {
        if *found != stride && *size > 1 {
            return Err(format!("`{name}` is not contiguous"));
        }
        stride = stride
            .checked_mul(*size)
            .ok_or(format!("`{name}` is too large"))?;
    }
    let values = tensor
        .offset
        .checked_add(stride)
        .and_then(|end| Some(tensor.offset.checked_mul(4)?..end.checked_mul(4)?))
        .and_then(|range| storage.get(range))
        .ok_or(format!("`{name}` reaches beyond its storage"))?;
    let values: Vec<f32> = values
        .chunks_exact(4)
        .map(|b| f32::from_le_bytes([b[0], b[1], b[2], b[3]]))
        .collect();
    if let Some(bad) = values.iter().position(|x| !x.is_finite()) {
        return Err(format!("`{name}` is not finite at element {bad}"));
    }
    Ok(Tensor {
        shape: tensor.shape.clone(),
        values,
    })
}
