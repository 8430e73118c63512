//! What a larger study would decide, for people and for machines.

use analysis::claims::Forecast;

use crate::error::Result;

/// Renders a forecast of `draws` drawn studies with `larger` numbers of seeds by benchmark.
///
/// # Errors
/// `Json` when a number cannot be written.
pub fn forecast(
    all: &[Forecast],
    larger: &[(String, usize)],
    draws: u32,
    json: bool,
) -> Result<String> {
    if json {
        let seeds: Vec<_> = (larger.iter())
            .map(|(benchmark, seeds)| serde_json::json!({ "benchmark": benchmark, "seeds": seeds }))
            .collect();
        let value = serde_json::json!({ "seeds": seeds, "draws": draws, "claims": all });
        return Ok(serde_json::to_string_pretty(&value)?);
    }
    let seeds: Vec<String> = (larger.iter())
        .map(|(benchmark, seeds)| format!("{seeds} seeds of {benchmark}"))
        .collect();
    let width = all.iter().map(|f| f.id.len()).max().unwrap_or(0);
    let mut out = format!(
        "With {}, of {draws} studies drawn from the seeds measured so far (after Holm):\n\n    {:width$}  supported  contradicted  open\n",
        seeds.join(", "),
        "claim",
    );
    for claim in all {
        let open = 1.0 - claim.supported - claim.contradicted;
        out += &format!(
            "{:>2}  {:width$}  {:>9}  {:>12}  {:>4}\n",
            claim.number,
            claim.id,
            percent(claim.supported),
            percent(claim.contradicted),
            percent(open),
        );
    }
    out += "\nAs good as the estimates so far: a claim that few seeds put on the wrong side stays there.\n";
    Ok(out)
}

pub(crate) fn percent(share: f64) -> String {
    format!("{:.0} %", 100.0 * share)
}
