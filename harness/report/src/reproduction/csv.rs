//! One line a cell, all digits.

use analysis::verdicts::{CellVerdict, Outlook, Reproduction};

use super::words::reason;
use crate::published::word;
use crate::tables::quote;

const HEADER: &str = "table,algorithm,dataset,pipeline,benchmark,published_mean,published_spread,published_sd_low,published_sd_high,published_n,\
own_mean,own_sd,own_n,difference,difference_low,difference_high,p_difference,p_equivalence,verdict,verdict_holm,detail,investigate,outlook,\
further_runs,reasons,missing,seeds,evaluation_ids\n";

pub(super) fn render(found: &Reproduction) -> String {
    let mut out = HEADER.to_owned();
    for cell in &found.cells {
        let fields: Vec<String> = fields(found, cell).iter().map(|f| quote(f)).collect();
        out += &fields.join(",");
        out.push('\n');
    }
    out
}

fn fields(found: &Reproduction, cell: &CellVerdict) -> Vec<String> {
    let number = |x: Option<f64>| x.map(|x| x.to_string()).unwrap_or_default();
    let count = |n: Option<u32>| n.map(|n| n.to_string()).unwrap_or_default();
    let (published, own, gap) = (&cell.published, cell.own.as_ref(), cell.gap.as_ref());
    let (kind, further) = match cell.outlook {
        None => ("", None),
        Some(Outlook::Further(runs)) => ("further", Some(runs)),
        Some(Outlook::TooMany) => ("too-many", None),
        Some(Outlook::Capped) => ("capped", None),
    };
    let reasons: Vec<String> = cell.reasons.iter().map(reason).collect();
    let seeds = own.map(|o| o.seeds.iter().map(ToString::to_string).collect::<Vec<_>>());
    vec![
        found.table.clone(),
        cell.algorithm.clone(),
        cell.dataset.clone(),
        cell.pipeline.clone().unwrap_or_default(),
        cell.benchmark.clone().unwrap_or_default(),
        published.mean.to_string(),
        number(published.spread),
        number(published.sd.map(|s| s.0)),
        number(published.sd.map(|s| s.1)),
        count(published.n),
        number(own.map(|o| o.mean)),
        number(own.and_then(|o| o.sd)),
        count(own.map(|o| o.n)),
        number(cell.difference),
        number(gap.map(|g| g.interval.low)),
        number(gap.map(|g| g.interval.high)),
        number(gap.map(|g| g.p_difference)),
        number(gap.map(|g| g.p_equivalence)),
        word(&cell.verdict),
        word(&cell.verdict_holm),
        cell.detail.as_ref().map(word).unwrap_or_default(),
        cell.investigate.to_string(),
        kind.to_owned(),
        count(further),
        reasons.join("; "),
        cell.missing.join("; "),
        seeds.unwrap_or_default().join(" "),
        own.map(|o| o.evaluation_ids.join(" ")).unwrap_or_default(),
    ]
}
