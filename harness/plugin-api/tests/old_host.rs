//! A plugin built with this SDK on a host of ABI 1.0: what 1.1 appended is absent, and nothing beyond 1.0 is read.

#![allow(unsafe_code, reason = "the test plays the host of the C boundary")]

use plugin_api::learner::descriptor;
use plugin_api::{
    BatchRequest, Code, Goals, Host, Learner, LearnerInfo, Outcome, Problem, Provide, Upstream,
    abi, raw,
};
use std::ffi::c_void;
use std::io::{Read, Write};

/// `assay_host` of ABI 1.0, and no byte more.
#[repr(C)]
struct OldHost {
    struct_size: u32,
    abi_minor: u32,
    ctx: *mut c_void,
    batch:
        unsafe extern "C" fn(*mut c_void, abi::Str, u64, *mut abi::Batch, *mut abi::Error) -> u32,
    random: unsafe extern "C" fn(
        *mut c_void,
        abi::Str,
        u64,
        u32,
        *mut f64,
        u64,
        *mut abi::Error,
    ) -> u32,
    log: unsafe extern "C" fn(*mut c_void, u32, abi::Str),
    metric: unsafe extern "C" fn(*mut c_void, abi::Str, u64, f64, *mut abi::Error) -> u32,
    cancelled: unsafe extern "C" fn(*mut c_void) -> u32,
}

/// `assay_problem` of ABI 1.0, and no byte more.
#[repr(C)]
struct OldProblem {
    struct_size: u32,
    precision: u32,
    sizes: [u64; 4],
    numbers: [f64; 3],
    counts: [u64; 3],
}

unsafe extern "C" fn batch(
    ctx: *mut c_void,
    _: abi::Str,
    _: u64,
    out: *mut abi::Batch,
    _: *mut abi::Error,
) -> u32 {
    let ctx = ctx.cast::<abi::DLTensor>().cast_const();
    // SAFETY: `out` has at least the fields of 1.0, `ctx` is the array of the test.
    unsafe {
        (*out).observation = ctx;
        (*out).action = ctx;
        (*out).reward = ctx;
        (*out).terminated = ctx;
        (*out).next_observation = ctx;
        (*out).row = ctx;
    }
    abi::OK
}

unsafe extern "C" fn random(
    _: *mut c_void,
    _: abi::Str,
    _: u64,
    _: u32,
    _: *mut f64,
    _: u64,
    _: *mut abi::Error,
) -> u32 {
    abi::OK
}

unsafe extern "C" fn log(_: *mut c_void, _: u32, _: abi::Str) {}

unsafe extern "C" fn metric(
    _: *mut c_void,
    _: abi::Str,
    _: u64,
    _: f64,
    _: *mut abi::Error,
) -> u32 {
    abi::OK
}

unsafe extern "C" fn cancelled(_: *mut c_void) -> u32 {
    0
}

fn old_host(ctx: *mut c_void) -> Box<OldHost> {
    Box::new(OldHost {
        struct_size: size_of::<OldHost>() as u32,
        abi_minor: 0,
        ctx,
        batch,
        random,
        log,
        metric,
        cancelled,
    })
}

fn adopt(table: &OldHost) -> Outcome<Host> {
    // SAFETY: the table says how large it is, and outlives the host in every test.
    unsafe { Host::from_raw(std::ptr::from_ref(table).cast()) }
}

#[test]
fn batches_of_1_0_work_and_requests_of_1_1_are_refused() {
    assert_eq!(size_of::<OldHost>(), abi::HOST_SIZE_1_0);
    let array = plugin_api::Array::from_vec(vec![1.0_f32, 2.0], &[2]);
    let mut tensor = *array.view().as_dl();
    let table = old_host((&raw mut tensor).cast());
    let host = adopt(&table).unwrap();
    for batch in [
        host.batch("train", 0).unwrap(),
        host.batch_with("train", 0, BatchRequest::default())
            .unwrap(),
    ] {
        assert_eq!(batch.reward.as_slice::<f32>().unwrap(), [1.0, 2.0]);
        assert!(batch.goal.is_none() && batch.next_action.is_none());
    }
    let requests = [
        BatchRequest {
            goals: Goals::Value,
            ..BatchRequest::default()
        },
        BatchRequest {
            next_action: true,
            ..BatchRequest::default()
        },
        BatchRequest {
            held_out: true,
            ..BatchRequest::default()
        },
    ];
    for request in requests {
        let failure = host.batch_with("train", 0, request).err().unwrap();
        assert_eq!(failure.code, Code::Unsupported);
        assert_eq!(
            failure.message,
            "batch_with needs a host of ABI 1.1; this one offers 1.0"
        );
    }
}

#[test]
fn a_table_smaller_than_1_0_is_refused() {
    let mut table = old_host(std::ptr::null_mut());
    table.struct_size = 48;
    let failure = adopt(&table).err().unwrap();
    assert_eq!(failure.code, Code::InvalidArgument);
    assert_eq!(
        failure.message,
        "the host table has 48 bytes, expected at least 56"
    );
}

/// Refuses with the shape that it was given.
struct Shape;

#[derive(Default, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
struct Nothing {}

impl Provide for Shape {}

impl Learner for Shape {
    type Hyper = Nothing;

    const INFO: LearnerInfo = LearnerInfo {
        id: "shape",
        version: "1.0.0",
        description: "says what shape it was given",
        requires: &[],
        provides: &[],
        bitwise: true,
    };

    fn create(_: Host, problem: &Problem, _: Nothing, _: Upstream) -> Outcome<Self> {
        Err(plugin_api::Failure::unsupported(format!(
            "rows {}, shape {:?}",
            problem.row_count, problem.observation_shape
        )))
    }

    fn update(&mut self, _: u64) -> Outcome<()> {
        Ok(())
    }

    fn save(&self, _: &mut dyn Write) -> Outcome<()> {
        Ok(())
    }

    fn load(&mut self, _: &mut dyn Read) -> Outcome<()> {
        Ok(())
    }
}

fn created(problem: *const abi::Problem) -> String {
    let table = old_host(std::ptr::null_mut());
    let mut instance = std::ptr::null_mut();
    // SAFETY: every argument is valid for the call by its own size.
    let outcome = raw::call(|error| unsafe {
        (descriptor::<Shape>().create)(
            std::ptr::from_ref(&*table).cast(),
            problem,
            raw::string("{}"),
            std::ptr::null(),
            0,
            &raw mut instance,
            error,
        )
    });
    outcome.expect_err("the learner refuses").message
}

#[test]
fn a_problem_of_1_0_has_no_shape_and_one_of_1_1_has_its_own() {
    assert_eq!(size_of::<OldProblem>(), abi::PROBLEM_SIZE_1_0);
    let old = Box::new(OldProblem {
        struct_size: size_of::<OldProblem>() as u32,
        precision: abi::FLOAT32,
        sizes: [3, 2, 0, 0],
        numbers: [-1.0, 1.0, 0.99],
        counts: [16, 10, 64],
    });
    let address = std::ptr::from_ref(&*old).cast();
    assert_eq!(created(address), "rows 64, shape [0, 0, 0]");
    let new = abi::Problem {
        struct_size: size_of::<abi::Problem>() as u32,
        precision: abi::FLOAT32,
        observation_dim: 12,
        action_dim: 2,
        action_count: 0,
        goal_dim: 0,
        action_low: -1.0,
        action_high: 1.0,
        discount: 0.99,
        batch_size: 16,
        updates: 10,
        row_count: 64,
        observation_shape: [3, 2, 2],
    };
    assert_eq!(created(&raw const new), "rows 64, shape [3, 2, 2]");
}
