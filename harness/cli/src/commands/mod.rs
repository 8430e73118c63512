//! One file per verb.

pub(crate) mod aggregate;
pub(crate) mod claims;
pub(crate) mod compare;
mod cost;
pub(crate) mod dataset;
pub(crate) mod diagnose;
pub(crate) mod diff;
pub(crate) mod doctor;
mod errors;
mod keep_folder;
mod parts;
pub(crate) mod plan;
pub(crate) mod plugin;
pub(crate) mod published;
pub(crate) mod render;
pub(crate) mod report;
pub(crate) mod reproduce;
pub(crate) mod results;
pub(crate) mod run;
mod session;
pub(crate) mod show;
mod study;
mod worker;

use crate::args::{Arguments, Command};
use crate::exit::{Exit, Outcome};
use crate::output;
use crate::settings::Settings;

/// Runs the chosen command.
pub(crate) fn run(arguments: Arguments, settings: &Settings) -> Outcome {
    let settings = &settings.clone().with(arguments.places);
    match arguments.command {
        Command::Run(args) => run::run(&args, settings),
        Command::Validate(args) => run::validate(&args, settings),
        Command::Plan(args) => plan::plan(&args, settings),
        Command::Status(args) => run::status(&args, settings),
        Command::Show(args) => show::show(&args, settings),
        Command::Table(args) => render::table(&args, settings),
        Command::Scaling(args) => render::scaling(&args, settings),
        Command::Curve(args) => render::curve(&args, settings),
        Command::Aggregate(args) => aggregate::run(&args, settings),
        Command::Report(args) => report::run(&args, settings),
        Command::Claims(args) => claims::run(&args, settings),
        Command::Diagnose(args) => diagnose::run(&args, settings),
        Command::Dataset(args) => dataset::run(args, settings),
        Command::Results(args) => results::run(args, settings),
        Command::Published(args) => published::run(&args, settings),
        Command::Reproduce(args) => reproduce::run(&args, settings),
        Command::Compare(args) => compare::run(&args, settings),
        Command::Plugin(args) => plugin::run(args, settings),
        Command::Diff(args) => diff::run(&args, settings),
        Command::Doctor(args) => doctor::run(&args, settings),
        Command::Physics(args) => dataset::physics(&args),
        Command::Collect(args) => dataset::collect_here(&args),
        Command::Worker(args) => worker::run(&args),
        Command::Schema => {
            let schema =
                serde_json::to_string_pretty(&manifest::manifest_schema()).unwrap_or_default();
            output::data(&schema);
            Ok(Exit::Ok)
        }
    }
}
