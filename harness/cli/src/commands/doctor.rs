//! `assay doctor`: what is installed, what is missing, how to mend it.

use super::session::Runtimes;
use crate::exit::{Exit, Outcome};
use crate::output;
use crate::progress::Download;
use crate::settings::Settings;
use clap::Args;
use plugin_host::numeric::{Request, resolve};
use plugin_host::{Search, Sidecar};
use provision::Component;

#[derive(Debug, Args)]
#[command(after_help = "Examples:
  assay doctor           what is here
  assay doctor --fix     fetch what is missing (about 0.5 GB the first time)
  assay doctor --create gymnasium
                         set up Python with Gymnasium and OGBench for the plugin `gymnasium`;
                         or with ASSAY_GYMNASIUM_PYTHON set, take down what that interpreter has")]
pub(crate) struct DoctorArgs {
    /// Fetch what is missing
    #[arg(long)]
    fix: bool,
    /// Set up something that not every study needs
    #[arg(long, value_name = "WHAT", value_parser = ["gymnasium"])]
    create: Option<String>,
    /// Machine-readable output
    #[arg(long)]
    json: bool,
}

struct Line {
    ok: bool,
    what: String,
    detail: String,
}

/// `assay doctor`
pub(crate) fn run(args: &DoctorArgs, settings: &Settings) -> Outcome {
    let provision = settings.provision()?;
    if args.fix {
        for component in Component::ALL.into_iter().filter(|c| !c.on_demand()) {
            provision::ensure(provision, component, &mut Download::new())?;
        }
    }
    if args.create.is_some() {
        provision::create_python_side(provision, &mut |text| output::note(text))?;
    }
    let mut lines = Vec::new();
    for component in Component::ALL {
        let found = provision::located(provision, component);
        let (ok, detail) = match found {
            Ok(Some(folder)) => (true, folder.display().to_string()),
            Ok(None) if component.on_demand() => (
                true,
                format!(
                    "fetched when an environment needs it ({} MB)",
                    component.download_bytes().div_ceil(1_000_000)
                ),
            ),
            Ok(None) => (
                false,
                format!(
                    "not in {}; `assay doctor --fix` fetches it",
                    provision.cache.display()
                ),
            ),
            Err(error) => (false, format!("{error}; {}", error.hint())),
        };
        lines.push(Line {
            ok,
            what: component.to_string(),
            detail,
        });
    }
    lines.push(python_side(provision));
    let numeric = resolve(Request::Fast);
    lines.push(match numeric {
        Ok(mode) => Line {
            ok: true,
            what: "numeric mode `fast`".into(),
            detail: format!(
                "{}, {} thread per worker",
                mode.instruction_path, mode.threads
            ),
        },
        Err(reason) => Line {
            ok: false,
            what: "numeric mode".into(),
            detail: reason,
        },
    });
    lines.extend(plugins(settings));
    for (what, path) in [
        ("installation", &settings.home),
        ("data", &settings.data),
        ("results", &settings.results),
    ] {
        lines.push(Line {
            ok: true,
            what: what.into(),
            detail: path.display().to_string(),
        });
    }
    let healthy = lines.iter().all(|l| l.ok);
    if args.json {
        let list: Vec<_> = lines
            .iter()
            .map(|l| serde_json::json!({ "ok": l.ok, "what": l.what, "detail": l.detail }))
            .collect();
        output::data(&serde_json::Value::from(list).to_string());
    } else {
        let text: Vec<String> = lines
            .iter()
            .map(|l| {
                format!(
                    "  {:<8}{:<24} {}",
                    if l.ok { "ok" } else { "MISSING" },
                    l.what,
                    l.detail
                )
            })
            .collect();
        output::data(&text.join("\n"));
    }
    Ok(if healthy { Exit::Ok } else { Exit::Negative })
}

/// The interpreter for Gymnasium's environments. That there is none is no fault: few studies need it.
fn python_side(provision: &provision::Settings) -> Line {
    let (ok, detail) = match provision::located_python_side(provision) {
        None => (
            true,
            "not set up; where it is needed, `assay doctor --create gymnasium`".into(),
        ),
        Some(side) => match provision::verify_python_side(&side) {
            Ok(()) => (true, side.python.display().to_string()),
            Err(error) => (false, format!("{error}; {}", error.hint())),
        },
    };
    Line {
        ok,
        what: "gymnasium in Python".into(),
        detail,
    }
}

fn plugins(settings: &Settings) -> Vec<Line> {
    let search = Search::new(&settings.plugin_path);
    if search.candidates.is_empty() {
        let detail = format!(
            "none in {}; `cargo xtask plugins` builds them",
            search.trace().join(", ")
        );
        return vec![Line {
            ok: false,
            what: "plugins".into(),
            detail,
        }];
    }
    let runtimes = Runtimes { settings };
    let line = |library: &std::path::Path, sidecar: &Sidecar| {
        let missing: Vec<String> = sidecar
            .runtimes
            .iter()
            .filter_map(|r| runtimes.find(r).err())
            .collect();
        let detail = if missing.is_empty() {
            library.display().to_string()
        } else {
            missing.join("; ")
        };
        Line {
            ok: missing.is_empty(),
            what: format!("plugin {} {}", sidecar.id, sidecar.version),
            detail,
        }
    };
    search
        .candidates
        .iter()
        .map(|c| match &c.sidecar {
            Ok(sidecar) => line(&c.library, sidecar),
            Err(error) => Line {
                ok: false,
                what: "plugin".into(),
                detail: error.to_string(),
            },
        })
        .collect()
}
