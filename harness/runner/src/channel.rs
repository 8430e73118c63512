//! The framed channel between worker and coordinator: length-prefixed JSON over a Unix socket. Results go through files;
//! this carries progress and the outcome. A worker whose coordinator is gone sees the end of the stream and leaves.

use serde::{Deserialize, Serialize};
use std::io::{Read, Write};
use std::os::unix::net::UnixStream;
use store::FailureKind;

/// What a worker says.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "kebab-case")]
pub(crate) enum Message {
    /// Work so far.
    Progress {
        /// Updates made, or episodes finished.
        position: u64,
        /// Out of.
        total: u64,
        /// Updates or steps per second.
        rate_per_s: f64,
    },
    /// The node is in the store.
    Finished,
    /// The node cannot be computed.
    Failed {
        /// Kind of failure.
        kind: FailureKind,
        /// One sentence.
        message: String,
    },
}

/// No message is larger; anything above is not ours.
const LIMIT_BYTES: u32 = 1 << 20;

pub(crate) fn send(stream: &mut UnixStream, message: &Message) -> std::io::Result<()> {
    let body = serde_json::to_vec(message).map_err(std::io::Error::other)?;
    stream.write_all(&(body.len() as u32).to_le_bytes())?;
    stream.write_all(&body)
}

/// The next message; `None` at the end of the stream.
pub(crate) fn receive(stream: &mut UnixStream) -> std::io::Result<Option<Message>> {
    let mut size = [0; 4];
    match stream.read_exact(&mut size) {
        Ok(()) => {}
        Err(e) if e.kind() == std::io::ErrorKind::UnexpectedEof => return Ok(None),
        Err(e) => return Err(e),
    }
    let size = u32::from_le_bytes(size);
    if size > LIMIT_BYTES {
        return Err(std::io::Error::other(format!("a message of {size} bytes")));
    }
    let mut body = vec![0; size as usize];
    stream.read_exact(&mut body)?;
    serde_json::from_slice(&body)
        .map(Some)
        .map_err(std::io::Error::other)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_arrive_whole_and_the_end_is_seen() {
        let (mut a, mut b) = UnixStream::pair().unwrap();
        let sent = Message::Progress {
            position: 1,
            total: 2,
            rate_per_s: 3.5,
        };
        send(&mut a, &sent).unwrap();
        drop(a);
        assert_eq!(receive(&mut b).unwrap(), Some(sent));
        assert_eq!(receive(&mut b).unwrap(), None);
    }
}
