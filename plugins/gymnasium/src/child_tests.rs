//! Children that misbehave: each is a failure of its own kind, and none outlives its `Child`.

#![allow(
    clippy::print_stdout,
    reason = "the test harness shows the reason of a skip"
)]

use crate::child::{Child, Limits};
use crate::frame::Request;
use crate::interpreter::Interpreter;
use crate::trouble::Trouble;
use plugin_api::{Code, Failure};
use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

/// What every fake begins with: it answers the question for packages, and the next one by `answer`.
const FAKE: &str = r#"
import os, struct, sys, time
H = struct.Struct("<5I")
def read(n):
    data = b""
    while len(data) < n:
        more = os.read(0, n - len(data))
        if not more: sys.exit(0)
        data += more
    return data
def ask():
    magic, kind, sequence, instance, length = H.unpack(read(20))
    read(length)
    return kind, sequence, instance
def send(data):
    while data: data = data[os.write(1, data):]
def frame(kind, sequence, instance, payload, magic=0x59534741):
    return H.pack(magic, kind, sequence, instance, len(payload)) + payload
def reply(kind, sequence, instance, payload):
    send(frame(kind | 0x100, sequence, instance, payload))
reply(*ask(), b"fake\n")
kind, sequence, instance = ask()
"#;

/// An interpreter of any kind; these children need the standard library only.
#[allow(
    clippy::disallowed_methods,
    reason = "tests are configured by environment variables"
)]
fn python() -> Option<PathBuf> {
    let named = std::env::var_os("ASSAY_TEST_PYTHON").map(PathBuf::from);
    let python = named.unwrap_or_else(|| "python3".into());
    if Command::new(&python).arg("--version").output().is_ok() {
        return Some(python);
    }
    println!("skipped: {} does not run", python.display());
    None
}

fn interpreter(python: PathBuf) -> Interpreter {
    Interpreter {
        python,
        packages: "fake\n".into(),
    }
}

fn start(rest: &str, deadline: Duration) -> Option<Result<Child, Trouble>> {
    let limits = Limits {
        start: Duration::from_secs(60),
        call: deadline,
    };
    let source = format!("{FAKE}{rest}");
    Some(Child::start(&interpreter(python()?), &source, limits))
}

/// What a step gets from a child whose second answer is `rest`.
fn step(rest: &str) -> Option<(Child, Trouble)> {
    let mut child = start(rest, Duration::from_secs(60))?.unwrap();
    let found = child.ask(Request::Step, 4, &[0; 8], Some(24), "x/y-v0");
    let trouble = found.map(<[u8]>::to_vec).unwrap_err();
    Some((child, trouble))
}

fn message(trouble: &Trouble) -> String {
    Failure::from(trouble.clone()).message
}

#[test]
fn a_good_reply_is_its_payload() {
    let Some(child) = start(
        "reply(kind, sequence, instance, bytes(24))",
        Duration::from_secs(60),
    ) else {
        return;
    };
    let mut child = child.unwrap();
    let reply = child.ask(Request::Step, 4, &[0; 8], Some(24), "x/y-v0");
    assert_eq!(reply, Ok(&[0; 24][..]));
}

#[test]
fn a_child_that_dies_is_reported_with_status_and_last_words() {
    let Some((mut child, trouble)) =
        step("sys.stderr.write('first\\nlast straw\\n'); sys.stderr.flush(); os._exit(7)")
    else {
        return;
    };
    assert_eq!(trouble.name(), "child-died");
    let text = message(&trouble);
    assert!(
        text.contains("exit status: 7") && text.contains("last straw"),
        "{text}"
    );
    // Later calls say the same instead of waiting.
    let again = child.ask(Request::Reset, 4, &[0; 8], None, "x/y-v0");
    assert_eq!(again.map(<[u8]>::to_vec), Err(trouble));

    let Some((_, trouble)) = step("os.kill(os.getpid(), 11); time.sleep(60)") else {
        return;
    };
    assert!(message(&trouble).contains("signal: 11"), "{trouble:?}");
}

#[test]
fn a_child_that_hangs_is_killed() {
    let Some(child) = start("time.sleep(600)", Duration::from_millis(200)) else {
        return;
    };
    let mut child = child.unwrap();
    let found = child.ask(Request::Step, 4, &[0; 8], Some(24), "x/y-v0");
    let trouble = found.map(<[u8]>::to_vec).unwrap_err();
    assert_eq!(trouble.name(), "child-hung");
    assert!(message(&trouble).contains("within 0.2 s"), "{trouble:?}");
    assert!(!child.is_usable());
}

#[test]
fn what_is_no_frame_is_refused() {
    let cases = [
        ("send(b'hello from print()\\n')", "begins with"),
        (
            "reply(kind, sequence + 1, instance, bytes(24))",
            "expected request 2",
        ),
        ("reply(kind, sequence, 5, bytes(24))", "of instance 5"),
        (
            "reply(2, sequence, instance, bytes(24))",
            "a reply of kind 0x102",
        ),
        (
            "reply(kind, sequence, instance, bytes(16))",
            "a payload of 16 bytes",
        ),
        (
            "send(H.pack(0x59534741, kind | 0x100, sequence, instance, 1 << 31))",
            "payload of",
        ),
        (
            "send(frame(kind | 0x100, sequence, instance, bytes(24)) + b'more')",
            "4 bytes after",
        ),
    ];
    for (rest, expected) in cases {
        let Some((child, trouble)) = step(&format!("{rest}\ntime.sleep(60)")) else {
            return;
        };
        assert_eq!(trouble.name(), "bad-frame", "{rest}");
        assert!(message(&trouble).contains(expected), "{rest}: {trouble:?}");
        assert!(!child.is_usable(), "{rest}");
    }
}

#[test]
fn half_a_frame_is_a_death() {
    let Some((_, trouble)) = step("send(b'AGSY' + bytes(3))") else {
        return;
    };
    assert_eq!(trouble.name(), "child-died", "{trouble:?}");
}

#[test]
fn a_reported_failure_leaves_the_child_usable() {
    let rest = "send(frame(0x1FF, sequence, instance, struct.pack('<I', 4) + b'ValueError: no'))
reply(*ask(), b'')";
    let Some((mut child, trouble)) = step(rest) else {
        return;
    };
    assert_eq!(trouble.name(), "raised");
    assert_eq!(Failure::from(trouble).code, Code::HostFailed);
    assert!(child.is_usable());
    assert_eq!(
        child.ask(Request::Close, 4, &[], Some(0), "x/y-v0"),
        Ok(&[][..])
    );
}

#[test]
fn much_on_stderr_does_not_block() {
    // More than a pipe holds.
    let rest = "for _ in range(100): os.write(2, b' ' * 999 + b'\\n')
reply(kind, sequence, instance, bytes(24))";
    let Some(child) = start(rest, Duration::from_secs(60)) else {
        return;
    };
    let mut child = child.unwrap();
    assert!(
        child
            .ask(Request::Step, 4, &[0; 8], Some(24), "x/y-v0")
            .is_ok()
    );
}

#[test]
fn a_long_request_to_a_deaf_child_ends_at_the_deadline() {
    let Some(child) = start("time.sleep(600)", Duration::from_millis(300)) else {
        return;
    };
    let mut child = child.unwrap();
    // More than a pipe holds.
    let found = child.ask(Request::SetState, 4, &vec![0; 1 << 20], None, "x/y-v0");
    assert_eq!(found.map(<[u8]>::to_vec).unwrap_err().name(), "child-hung");
}

#[test]
fn other_packages_are_refused() {
    let Some(python) = python() else { return };
    let planned = Interpreter {
        packages: "other\n".into(),
        ..interpreter(python)
    };
    let found = Child::start(&planned, FAKE, Limits::default()).map(|_| ());
    let trouble = found.unwrap_err();
    assert_eq!(trouble.name(), "other-packages");
    assert!(message(&trouble).contains("-other, +fake"), "{trouble:?}");
}

#[test]
fn what_is_no_interpreter_is_named() {
    let found = Child::start(
        &interpreter("/no/such/python".into()),
        FAKE,
        Limits::default(),
    );
    let trouble = found.map(|_| ()).unwrap_err();
    assert_eq!(trouble.name(), "no-interpreter");
    assert!(message(&trouble).contains("/no/such/python"), "{trouble:?}");
    let found = Child::start(&interpreter("/bin/false".into()), FAKE, Limits::default());
    assert_eq!(found.map(|_| ()).unwrap_err().name(), "child-died");
}

#[test]
fn a_dropped_child_is_gone() {
    for rest in [
        "ask()",
        "import signal\nsignal.signal(15, signal.SIG_IGN)\ntime.sleep(600)",
    ] {
        let Some(child) = start(rest, Duration::from_secs(60)) else {
            return;
        };
        let child = child.unwrap();
        let process = PathBuf::from(format!("/proc/{}", child.id()));
        assert!(process.exists());
        drop(child);
        assert!(!process.exists(), "{rest}");
    }
}
