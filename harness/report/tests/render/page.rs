//! The page: the same numbers as elsewhere, the same bytes again, every kind of hole, names that try to be markup.

use std::path::Path;

use analysis::Study;
use report::{PAGE, Page, TableFormat, TableOptions, page, table, write_all};

use crate::fixture::{Row, broken, quickstart, row, study, write};

fn of(study: &Study, rows: &[Row]) -> Page {
    let dir = tempfile::tempdir().unwrap();
    write(dir.path(), study, rows);
    page(dir.path()).unwrap()
}

fn has(page: &Page, texts: &[&str]) {
    for text in texts {
        assert!(page.html.contains(text), "`{text}` is not on the page");
    }
}

/// The data block.
fn data(page: &Page) -> serde_json::Value {
    let (_, rest) = page.html.split_once("id=\"data\">").unwrap();
    let (block, _) = rest.split_once("</script>").unwrap();
    serde_json::from_str(block).unwrap()
}

#[test]
fn a_page_repeats_its_bytes_and_holds_every_number_of_the_tables() {
    let dir = tempfile::tempdir().unwrap();
    let (study, mut rows) = quickstart();
    write(dir.path(), &study, &rows);
    let first = page(dir.path()).unwrap();
    assert!(first.measured);
    let markdown = table(dir.path(), &TableOptions::default(), TableFormat::Markdown).unwrap();
    let fragment = table(dir.path(), &TableOptions::default(), TableFormat::Html).unwrap();
    let mut intervals = 0;
    let (tables, _) = markdown.split_once("## Findings").unwrap();
    for (part, fragment) in [(tables, fragment.as_str()), (&markdown, &first.html)] {
        for line in part.lines().filter(|line| line.starts_with("| ")) {
            for (at, _) in line.match_indices('[') {
                let interval = &line[at..=at + line[at..].find(']').unwrap()];
                let heading = interval == "[95 %]";
                let shown = fragment.contains(interval) && first.html.contains(interval);
                assert!(heading || shown, "{interval}");
                intervals += 1;
            }
        }
    }
    assert!(intervals >= 17, "{intervals}");
    // What `run` writes is what `report` writes, whatever the order of rows.
    write_all(dir.path(), dir.path()).unwrap();
    assert_eq!(
        std::fs::read_to_string(dir.path().join(PAGE)).unwrap(),
        first.html
    );
    rows.reverse();
    write(dir.path(), &study, &rows);
    assert_eq!(page(dir.path()).unwrap(), first);
    // To be looked at, and for the check in a browser.
    let kept = Path::new(env!("CARGO_TARGET_TMPDIR")).join(PAGE);
    std::fs::write(kept, &first.html).unwrap();
}

#[test]
fn a_page_loads_nothing_and_every_cell_is_in_its_data() {
    let (study, rows) = quickstart();
    let page = of(&study, &rows);
    let addresses = page.html.matches("http").count();
    let known = ["xmlns=\"http://www.w3.org/2000/svg\"", "http-equiv="];
    let known: usize = known.iter().map(|k| page.html.matches(k).count()).sum();
    assert_eq!(
        addresses, known,
        "a page names no address but SVG's own name"
    );
    has(
        &page,
        &["default-src &#39;none&#39;", "script-src &#39;sha256-"],
    );
    let data = data(&page);
    let cells = data["cells"].as_array().unwrap();
    let buttons = page.html.matches("data-c=\"").count();
    assert_eq!(cells.len(), buttons);
    let sets = data["sets"].as_array().unwrap().len() as u64;
    assert!(
        cells
            .iter()
            .all(|c| c[0].is_null() || c[0].as_u64().unwrap() < sets)
    );
}

#[test]
fn names_that_try_to_be_markup_stay_text() {
    let evil = "</script><script>alert(1)</script>\"'&";
    let mut study = study(&[evil], "loss");
    evil.clone_into(&mut study.title);
    let rows = [row(evil, 0, "loss", 1.0), broken(evil, 1, "failed", evil)];
    let page = of(&study, &rows);
    assert!(!page.html.contains("<script>alert"), "{}", page.html);
    assert_eq!(
        page.html.matches("</script>").count(),
        2,
        "the data block and the script"
    );
    has(
        &page,
        &["&lt;/script&gt;&lt;script&gt;alert(1)&lt;/script&gt;&quot;&#39;&amp;"],
    );
    let reason = data(&page)["reasons"][0].as_str().unwrap().to_owned();
    assert!(reason.contains(evil), "{reason}");
}

#[test]
fn holes_are_said_and_nothing_measured_is_a_page_too() {
    let names = study(&["p", "q"], "loss");
    let nan = Row {
        value: Some(f64::NAN),
        ..row("q", 7, "loss", 0.0)
    };
    let page_of = |rows: &[Row]| of(&names, rows);
    let one = page_of(&[row("p", 7, "loss", 1.0), nan]);
    assert!(one.measured);
    has(
        &one,
        &["one seed (7): no intervals", "not finite", "`loss` is NaN"],
    );
    let failed = page_of(&[
        broken("p", 0, "failed", "out of memory"),
        broken("q", 0, "skipped", "no sense"),
    ]);
    assert!(!failed.measured);
    has(
        &failed,
        &[
            "Nothing was measured",
            "out of memory",
            "no sense",
            "1 run failed",
            "1 run skipped",
        ],
    );
    let dir = tempfile::tempdir().unwrap();
    write(dir.path(), &names, &[]);
    std::fs::remove_file(dir.path().join("observations.parquet")).unwrap();
    let none = page(dir.path()).unwrap();
    assert!(!none.measured);
    has(
        &none,
        &["Nothing was measured", "A tiny study", "0 evaluations"],
    );
}

#[test]
fn verdicts_on_other_results_are_called_so() {
    let dir = tempfile::tempdir().unwrap();
    write(
        dir.path(),
        &study(&["p"], "loss"),
        &[row("p", 0, "loss", 1.0)],
    );
    let record = |observations: &str| {
        let text = serde_json::json!({
            "observations": observations,
            "registration": { "before_results": true },
            "report": {
                "claims_id": "c", "title": "Some claims", "claims_digest": "00", "manifest_digest": "sha256:00",
                "claims": [{
                    "number": 1, "statement": "p is good", "verdict": "supported", "verdict_holm": "not-testable",
                    "reason": "too few seeds", "runs": 1,
                }],
            },
        });
        std::fs::write(dir.path().join(report::CLAIMS_RECORD), text.to_string()).unwrap();
    };
    record("other");
    has(
        &page(dir.path()).unwrap(),
        &["Decided on other results", "p is good", "not testable here"],
    );
    let bytes = std::fs::read(dir.path().join("observations.parquet")).unwrap();
    record(&manifest::identity::sha256_hex(&bytes));
    assert!(
        !page(dir.path())
            .unwrap()
            .html
            .contains("Decided on other results")
    );
}
