//! What to try next, from what was found.

use crate::claims::Labels;

use super::{Basis, Bottleneck, SignatureKind, Subject};

/// Steps in order of promise.
pub(super) fn next(subject: &Subject, labels: &Labels) -> Vec<String> {
    let mut steps: Vec<&str> = Vec::new();
    let extraction = labels.get("extraction").map_or("", String::as_str);
    match subject.bottleneck {
        Some(Bottleneck::Value) => {
            let objective = subject.parts.iter().find(|p| p.name == "value objective");
            let estimation = subject.parts.iter().find(|p| p.name == "value estimation");
            if let (Some(objective), Some(estimation)) = (objective, estimation)
                && objective.effect.value > estimation.effect.value
            {
                steps.push("change the value objective: a higher expectile, or one that improves on the behaviour");
            }
            steps.push("give the value function more data or a longer budget, and look at q_error on training and held-out states");
            steps.push("lower its variance: an ensemble, the minimum of two critics");
        }
        Some(Bottleneck::Extraction) => {
            if extraction == "AWR" {
                steps.push("extract by the critic's gradient (ddpg-bc) instead of weighted cloning (awr), and tune alpha");
            } else {
                steps.push("tune the weight of cloning (alpha) over three orders of magnitude, on tuning seeds");
            }
            steps.push("let validation choose the extraction (auto-extract), or improve actions at test time (opex)");
            steps.push("a better value function will not help before this is mended");
        }
        Some(Bottleneck::Generalisation) => {
            steps.push("collect data from more states, even if its actions are worse");
            steps.push(
                "adapt on the states that are met: opex, ttt, or a phase of online fine-tuning",
            );
            steps.push("try another code of the state, and compare evaluation errors at equal training error");
        }
        None if subject.basis == Basis::SlopesAndErrors => {
            steps.push(
                "add a data matrix (value.data_fraction x policy.data_fraction) and more seeds",
            );
            steps.push("on an environment with exact values, add pipelines with value = \"Q*\"");
        }
        None => steps.push("run more seeds: the parts are not told apart"),
    }
    let no_gain = subject
        .signatures
        .iter()
        .find(|s| s.kind == SignatureKind::NoGainFromData);
    if no_gain.is_some_and(|s| s.present == Some(true)) {
        steps.push("do not collect more of the same data: it changes nothing");
    }
    steps.into_iter().map(str::to_owned).collect()
}
