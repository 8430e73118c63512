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
  assay doctor --fix     fetch what is missing (about 0.5 GB the first time)")]
pub(crate) struct DoctorArgs {
    /// Fetch what is missing
    #[arg(long)]
    fix: bool,
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
