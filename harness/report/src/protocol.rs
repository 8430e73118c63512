//! Differences of two protocols, for people and for machines.

use analysis::protocol::{Difference, Section};

use crate::error::Result;
use crate::grid;
use crate::tables::TableFormat;

/// Renders `differences` between the protocols named `first` and `second`, which agree on `agreed` facts. CSV, LaTeX and HTML are not offered
/// and give Markdown.
///
/// # Errors
/// `Json` when they cannot be written as JSON.
pub fn protocol_differences(
    (first, second): (&str, &str),
    differences: &[Difference],
    agreed: usize,
    format: TableFormat,
) -> Result<String> {
    if format == TableFormat::Json {
        let value = serde_json::json!({
            "first": first, "second": second, "agreed": agreed, "differences": differences,
        });
        return Ok(serde_json::to_string_pretty(&value)?);
    }
    let mut cells = vec![["", "", first, second].map(str::to_owned).to_vec()];
    let mut before = None;
    for difference in differences {
        let section = if before == Some(difference.section) {
            ""
        } else {
            title(difference.section)
        };
        before = Some(difference.section);
        let said = |side: &Option<String>| side.clone().unwrap_or_else(|| "not said".into());
        let (name, left, right) = (
            &difference.name,
            said(&difference.first),
            said(&difference.second),
        );
        cells.push(vec![section.to_owned(), name.clone(), left, right]);
    }
    let table = match (differences, format) {
        ([], _) => String::new(),
        (_, TableFormat::Console) => grid::console(&cells),
        _ => grid::markdown(&cells) + "\n",
    };
    Ok(format!(
        "{table}{} differ or are said by one alone, {agreed} are the same\n",
        differences.len()
    ))
}

fn title(section: Section) -> &'static str {
    match section {
        Section::Evaluation => "evaluation",
        Section::Data => "data",
        Section::Training => "training",
        Section::Methods => "methods",
    }
}
