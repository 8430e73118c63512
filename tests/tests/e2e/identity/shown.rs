//! What each leaf of the shown part of a manifest does to ids: nothing.

use super::effects::{NONE, REFUSED, Row, set};
use serde_json::json;

pub(super) fn rows() -> Vec<Row> {
    let leaves: [(&str, &str, &str); 35] = [
        ("table[].id", "/table/0/id", "other"),
        ("table[].benchmark", "/table/0/benchmark", "tiny/second-v0"),
        ("table[].metric", "/table/0/metric", "regret"),
        ("table[].rows", "/table/0/rows", "kind"),
        ("table[].columns", "/table/0/columns", "kind"),
        ("table[].where.*", "/table/0/where/kind", "b"),
        ("table[].better", "/table/0/better", "higher"),
        ("figure[].id", "/figure/0/id", "other"),
        ("figure[].kind", "/figure/0/kind", "curve"),
        (
            "figure[].benchmark",
            "/figure/0/benchmark",
            "tiny/second-v0",
        ),
        ("figure[].metrics[]", "/figure/0/metrics/0", "regret"),
        ("figure[].where.*", "/figure/0/where/kind", "b"),
        ("finding[]<ratio>.id", "/finding/0/id", "other"),
        (
            "finding[]<ratio>.benchmark",
            "/finding/0/benchmark",
            "tiny/second-v0",
        ),
        ("finding[]<ratio>.metric", "/finding/0/metric", "regret"),
        (
            "finding[]<ratio>.numerator",
            "/finding/0/numerator",
            "Climbing",
        ),
        (
            "finding[]<ratio>.denominator",
            "/finding/0/denominator",
            "Cloning",
        ),
        ("finding[]<ratio-of-ratios>.id", "/finding/1/id", "other"),
        (
            "finding[]<ratio-of-ratios>.benchmark",
            "/finding/1/benchmark",
            "tiny/second-v0",
        ),
        (
            "finding[]<ratio-of-ratios>.metric",
            "/finding/1/metric",
            "regret",
        ),
        (
            "finding[]<ratio-of-ratios>.a.numerator",
            "/finding/1/a/numerator",
            "Climbing",
        ),
        (
            "finding[]<ratio-of-ratios>.a.denominator",
            "/finding/1/a/denominator",
            "Cloning",
        ),
        (
            "finding[]<ratio-of-ratios>.b.numerator",
            "/finding/1/b/numerator",
            "Cloning",
        ),
        (
            "finding[]<ratio-of-ratios>.b.denominator",
            "/finding/1/b/denominator",
            "Climbing",
        ),
        ("finding[]<order>.id", "/finding/2/id", "other"),
        (
            "finding[]<order>.benchmark",
            "/finding/2/benchmark",
            "tiny/second-v0",
        ),
        ("finding[]<order>.metric", "/finding/2/metric", "regret"),
        ("finding[]<order>.first", "/finding/2/first", "Climbing"),
        ("finding[]<order>.second", "/finding/2/second", "Cloning"),
        ("finding[]<order>.better", "/finding/2/better", "higher"),
        (
            "finding[]<train-evaluation-gap>.id",
            "/finding/3/id",
            "other",
        ),
        (
            "finding[]<train-evaluation-gap>.benchmark",
            "/finding/3/benchmark",
            "tiny/second-v0",
        ),
        (
            "finding[]<train-evaluation-gap>.pipeline",
            "/finding/3/pipeline",
            "Climbing",
        ),
        (
            "finding[]<ratio>.sweep",
            "/finding/0/sweep",
            "climb.act_std",
        ),
        ("finding[].kind", "/finding/3/kind", "no-such-kind"),
    ];
    let effect = |leaf| {
        if leaf == "finding[].kind" {
            REFUSED
        } else {
            NONE
        }
    };
    let row = |(leaf, pointer, value): (&'static str, &'static str, &str)| {
        set(leaf, pointer, json!(value), effect(leaf))
    };
    leaves.into_iter().map(row).collect()
}
