//! Writes the committed data of this crate anew. From the repository's root:
//! `cargo run --release -p envs --example pin -- harness/envs/data manifests/datasets`
//!
//! Rows of other normalisers than `exact` are kept as they are.

use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};

use envs::{Recipe, catalog, cbandit::constants, reference_returns};

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1).map(PathBuf::from);
    let data = arguments.next().ok_or("expected the data folder")?;
    let recipes = arguments.next().ok_or("expected the folder of recipes")?;
    fs::write(
        data.join("cbandit_constants.csv"),
        constants::to_csv(&constants::draw()),
    )?;
    let table = data.join("normalizers.csv");
    let old = fs::read_to_string(&table)?;
    let kept = old
        .lines()
        .skip(1)
        .filter(|line| !line.starts_with("exact,"));
    let mut text = String::from("normalizer,version,pattern,ref_min,ref_max,source\n");
    text.push_str(&exact_rows(&recipes)?);
    for line in kept {
        text.push_str(line);
        text.push('\n');
    }
    fs::write(table, text)?;
    Ok(())
}

/// Bandit datasets first, by id, then the environments; the first match wins.
fn exact_rows(folder: &Path) -> Result<String, Box<dyn Error>> {
    let mut paths: Vec<PathBuf> = fs::read_dir(folder)?
        .map(|entry| entry.map(|e| e.path()))
        .collect::<Result<_, _>>()?;
    paths.sort();
    let mut rows = String::new();
    for path in paths {
        let recipe = Recipe::parse(&fs::read_to_string(&path)?, &path.display().to_string())?;
        if recipe.environment == "cbandit/default-v0" {
            rows.push_str(&row(&recipe.id, &recipe.environment, Some(&recipe))?);
        }
    }
    // A pattern that another one covers comes first. Images change what is seen, not what is attained.
    let mut environments = Vec::new();
    for info in catalog()
        .iter()
        .filter(|info| info.observation_shape == [0; 3])
    {
        let (stem, _) = info.id.rsplit_once("-v").ok_or("an id without a version")?;
        let pattern = match stem.strip_suffix("default") {
            Some(family) => format!("{family}*"),
            None => format!("{stem}-*"),
        };
        environments.push((pattern, info.id));
    }
    environments.sort_by_key(|(pattern, _)| std::cmp::Reverse(pattern.len()));
    for (pattern, id) in environments {
        rows.push_str(&row(&pattern, id, None)?);
    }
    Ok(rows)
}

fn row(
    pattern: &str,
    environment: &str,
    recipe: Option<&Recipe>,
) -> Result<String, Box<dyn Error>> {
    let r = reference_returns(environment, recipe)?;
    Ok(format!(
        "exact,1,{pattern},{:?},{:?},{}\n",
        r.min, r.max, r.source
    ))
}
