//! JSON Schema of the manifest.

use crate::types::Manifest;

/// The JSON Schema of a manifest, for editors and for `assay schema`.
pub fn manifest_schema() -> serde_json::Value {
    serde_json::Value::from(schemars::schema_for!(Manifest))
}
