//! Checks of creating and destroying learners.

use crate::bench::{Bench, Setup, defaults, schema};
use crate::outcome::{Verdict, fail, skip};
use crate::subject::Context;
use plugin_api::{Code, Precision};
use plugin_host::Error;
use serde_json::{Map, Value, json};

/// Requires that a call failed with `code`. `what` describes the call.
pub(crate) fn refused(result: Result<(), Error>, code: Code, what: &str) -> Verdict {
    let expected = format!("an error with code {}", code.name());
    match result {
        Ok(()) => fail(expected, format!("{what} succeeded")),
        Err(error) => match error.failure() {
            Some(failure) if failure.code == code => Ok(()),
            Some(failure) => fail(expected, format!("{what} failed with: {failure}")),
            None => Err(error.into()),
        },
    }
}

/// `defaults`
pub(crate) fn defaults_accepted(context: &Context) -> Verdict {
    Bench::make(context, &Setup::default()).map(|_| ())
}

/// `create-destroy`
pub(crate) fn create_destroy(context: &Context) -> Verdict {
    for _ in 0..100 {
        Bench::make(context, &Setup::default())?;
    }
    Ok(())
}

/// `unknown-hyperparameter`
pub(crate) fn unknown_hyperparameter(context: &Context) -> Verdict {
    let setup = Setup {
        changes: Map::from_iter([("no_such_hyperparameter".to_owned(), json!(1))]),
        ..Default::default()
    };
    refused(
        Bench::attempt(context, &setup)?.map(|_| ()),
        Code::InvalidArgument,
        "create with the unknown hyperparameter `no_such_hyperparameter`",
    )
}

/// A JSON value of a type that a property with this default cannot have.
pub(crate) fn of_another_type(default: &Value) -> Value {
    match default {
        Value::Object(_) => json!("text"),
        _ => json!({ "not": "this type" }),
    }
}

/// `mistyped-hyperparameter`
pub(crate) fn mistyped_hyperparameter(context: &Context) -> Verdict {
    let defaults = defaults(&schema(&context.learner()?));
    if defaults.is_empty() {
        return skip("the learner has no hyperparameters");
    }
    for (name, default) in defaults {
        let wrong = of_another_type(&default);
        let what = format!("create with `{name}` = {wrong} instead of {default}");
        let setup = Setup {
            changes: Map::from_iter([(name, wrong)]),
            ..Default::default()
        };
        refused(
            Bench::attempt(context, &setup)?.map(|_| ()),
            Code::InvalidArgument,
            &what,
        )?;
    }
    Ok(())
}

/// A float64 instance, or nothing where the learner refuses that precision in the proper way.
pub(crate) fn double_precision(context: &Context) -> Result<Option<Bench>, crate::outcome::Stop> {
    let setup = Setup {
        precision: Precision::F64,
        ..Default::default()
    };
    match Bench::attempt(context, &setup)? {
        Ok(bench) => Ok(Some(bench)),
        Err(error) => match error.failure().map(|f| f.code) {
            Some(Code::InvalidArgument | Code::Unsupported) => Ok(None),
            _ => Err(error.into()),
        },
    }
}

/// `float64`
pub(crate) fn float64(context: &Context) -> Verdict {
    let Some(mut bench) = double_precision(context)? else {
        return skip("the learner refuses float64");
    };
    bench.learner.update(2)?;
    let trace = bench.trace(0)?;
    for answer in &trace.answers {
        if let Some(i) = answer.values.iter().position(|x| !x.is_finite()) {
            return fail(
                "finite answers",
                format!("{}: element {i} is {}", answer.question, answer.values[i]),
            );
        }
    }
    crate::policy::expect_dtype(&bench)
}
