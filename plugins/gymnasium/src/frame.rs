//! The frames between the two processes; `python/bridge.py` has the same layouts. All numbers are little-endian.

/// First word of every frame.
const MAGIC: u32 = u32::from_le_bytes(*b"AGSY");
/// Bytes of a header: magic, kind, sequence number, instance, length of the payload.
pub(crate) const HEADER: usize = 20;
/// Bytes of the magic word.
pub(crate) const MARK: usize = 4;
/// Kind of a reply that tells of a failure.
const ERROR: u32 = 0x1ff;
/// Set in the kind of any other reply.
const REPLY: u32 = 0x100;
/// No payload is longer: 16 Mi numbers.
const LONGEST: usize = 128 << 20;

/// What is asked of the child.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
pub(crate) enum Request {
    /// Make an environment (payload: its id) and describe it.
    Describe = 1,
    /// Seed, `u64`; the reply is observation and goal.
    Reset = 2,
    /// Action `[A]` float32; the reply is a [`StepReply`].
    Step = 3,
    /// State `[state_dim]` float64; the reply is observation and goal.
    SetState = 4,
    /// The instance is no longer needed; the reply is empty.
    Close = 5,
    /// The interpreter's packages; the reply is a text.
    Packages = 6,
    /// Seed `u64`, name of a behaviour, line break, JSON object of its parameters; the reply is the observation.
    Begin = 7,
    /// The behaviour's action; the reply is `[A]` float32.
    Act = 8,
}

impl Request {
    /// The name by which failures call it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Describe => "create",
            Self::Reset => "reset",
            Self::Step => "step",
            Self::SetState => "set_state",
            Self::Close => "close",
            Self::Packages => "start",
            Self::Begin => "begin_behaviour",
            Self::Act => "behaviour_action",
        }
    }
}

/// What a header announces.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Announced {
    /// The payload tells of a failure.
    pub(crate) failed: bool,
    /// Bytes of the payload.
    pub(crate) length: usize,
}

/// Appends the frame of a request to `out`.
pub(crate) fn encode(
    out: &mut Vec<u8>,
    request: Request,
    sequence: u32,
    instance: u32,
    payload: &[u8],
) {
    let length = payload.len() as u32;
    for word in [MAGIC, request as u32, sequence, instance, length] {
        out.extend_from_slice(&word.to_le_bytes());
    }
    out.extend_from_slice(payload);
}

/// Whether `bytes` begin as a frame does.
pub(crate) fn mark(bytes: &[u8]) -> Result<(), String> {
    match bytes.get(..MARK) {
        Some(found) if found == MAGIC.to_le_bytes() => Ok(()),
        found => Err(format!(
            "a frame that begins with {:02x?}, expected {:02x?}",
            found.unwrap_or(bytes),
            MAGIC.to_le_bytes()
        )),
    }
}

/// Reads the header of the reply to `request`, or says what is wrong with it.
pub(crate) fn header(
    bytes: &[u8; HEADER],
    request: Request,
    sequence: u32,
    instance: u32,
) -> Result<Announced, String> {
    let mut words = [0_u32; 5];
    for (word, chunk) in words.iter_mut().zip(bytes.chunks_exact(4)) {
        *word = chunk.iter().rev().fold(0, |x, b| x << 8 | u32::from(*b));
    }
    let [_, kind, found_sequence, found_instance, length] = words;
    mark(bytes)?;
    if kind != ERROR && kind != REPLY | request as u32 {
        let expected = REPLY | request as u32;
        return Err(format!("a reply of kind {kind:#x}, expected {expected:#x}"));
    }
    if (found_sequence, found_instance) != (sequence, instance) {
        return Err(format!(
            "a reply to request {found_sequence} of instance {found_instance}, expected request {sequence} of instance {instance}"
        ));
    }
    let length = length as usize;
    if length > LONGEST {
        return Err(format!(
            "a payload of {length} bytes, the longest allowed has {LONGEST}"
        ));
    }
    Ok(Announced {
        failed: kind == ERROR,
        length,
    })
}

/// Sizes and limits of an environment, as the child found them.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Description {
    pub(crate) observation_dim: usize,
    pub(crate) action_dim: usize,
    pub(crate) state_dim: usize,
    pub(crate) goal_dim: usize,
    pub(crate) action_count: usize,
    pub(crate) horizon: u32,
    pub(crate) observation_shape: [usize; 3],
    /// Whether there are scripts that can act in it.
    pub(crate) scripted: bool,
    pub(crate) action_low: f64,
    pub(crate) action_high: f64,
    /// The id in Gymnasium's registry.
    pub(crate) registry_id: String,
}

/// Reads fixed-size numbers off the front of a payload.
struct Reader<'a>(&'a [u8]);

impl Reader<'_> {
    fn take<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (first, rest) = self.0.split_first_chunk::<N>()?;
        self.0 = rest;
        Some(*first)
    }

    fn size(&mut self) -> Option<usize> {
        usize::try_from(u64::from_le_bytes(self.take()?)).ok()
    }

    fn word(&mut self) -> Option<u32> {
        Some(u32::from_le_bytes(self.take()?))
    }

    fn real(&mut self) -> Option<f64> {
        Some(f64::from_le_bytes(self.take()?))
    }
}

impl Description {
    /// Reads the reply to [`Request::Describe`]; none where it is too short.
    pub(crate) fn decode(payload: &[u8]) -> Option<Self> {
        let mut reader = Reader(payload);
        let [observation_dim, action_dim, state_dim, goal_dim] = [
            reader.size()?,
            reader.size()?,
            reader.size()?,
            reader.size()?,
        ];
        let (action_count, horizon) = (reader.word()? as usize, reader.word()?);
        let observation_shape = [reader.word()?, reader.word()?, reader.word()?];
        let scripted = reader.word()? & 1 != 0;
        Some(Self {
            observation_dim,
            action_dim,
            state_dim,
            goal_dim,
            action_count,
            horizon,
            observation_shape: observation_shape.map(|n| n as usize),
            scripted,
            action_low: reader.real()?,
            action_high: reader.real()?,
            registry_id: String::from_utf8_lossy(reader.0).into_owned(),
        })
    }
}

/// Bytes of a [`StepReply`] before its observation.
pub(crate) const STEP_HEAD: usize = 16;

/// The front of the reply to [`Request::Step`]; the observation `[S]` float64 follows.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct StepReply {
    pub(crate) reward: f64,
    pub(crate) terminated: bool,
    pub(crate) truncated: bool,
}

impl StepReply {
    /// Reads the front of `payload` and returns the rest.
    pub(crate) fn decode(payload: &[u8]) -> Option<(Self, &[u8])> {
        let mut reader = Reader(payload);
        let (reward, flags, _) = (reader.real()?, reader.word()?, reader.word()?);
        let reply = Self {
            reward,
            terminated: flags & 1 != 0,
            truncated: flags & 2 != 0,
        };
        Some((reply, reader.0))
    }
}

/// Fills `out` with the float64 numbers of `payload`.
pub(crate) fn numbers(payload: &[u8], out: &mut [f64]) {
    let mut reader = Reader(payload);
    for x in out {
        *x = reader.real().unwrap_or(f64::NAN);
    }
}

/// Fills `out` with the float32 numbers of `payload`.
pub(crate) fn short_numbers(payload: &[u8], out: &mut [f32]) {
    let mut reader = Reader(payload);
    for x in out {
        *x = reader.take().map_or(f32::NAN, f32::from_le_bytes);
    }
}

/// Code and text of a failure that the child reports.
pub(crate) fn failure(payload: &[u8]) -> Option<(u32, String)> {
    let mut reader = Reader(payload);
    let code = reader.word()?;
    Some((code, String::from_utf8_lossy(reader.0).into_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame(payload: &[u8]) -> [u8; HEADER] {
        let mut out = Vec::new();
        encode(&mut out, Request::Step, 7, 3, payload);
        // As the child answers: the same header with another kind.
        out[5] = 1;
        out[..HEADER].try_into().unwrap()
    }

    #[test]
    fn a_reply_must_answer_the_request() {
        let bytes = frame(&[0; 24]);
        let good = header(&bytes, Request::Step, 7, 3);
        assert_eq!(
            good,
            Ok(Announced {
                failed: false,
                length: 24
            })
        );
        let wrong = |i: usize, request, sequence| {
            let mut bytes = bytes;
            bytes[i] ^= 0x40;
            let found = header(&bytes, request, sequence, 3);
            found.unwrap_err()
        };
        assert!(wrong(0, Request::Step, 7).contains("begins with"));
        assert!(wrong(4, Request::Step, 7).contains("kind"));
        assert!(wrong(8, Request::Step, 7).contains("request 71"));
        assert!(wrong(12, Request::Step, 7).contains("instance 67"));
        assert!(wrong(19, Request::Step, 7).contains("payload of"));
    }

    #[test]
    fn headers_are_little_endian_words() {
        let mut out = Vec::new();
        encode(&mut out, Request::Reset, 0x0102, 5, &[9; 8]);
        let expected =
            b"AGSY\x02\0\0\0\x02\x01\0\0\x05\0\0\0\x08\0\0\0\x09\x09\x09\x09\x09\x09\x09\x09";
        assert_eq!(out, expected);
    }

    #[test]
    fn descriptions_and_steps_are_read_field_by_field() {
        let mut payload = Vec::new();
        for size in [4_u64, 1, 0, 2] {
            payload.extend(size.to_le_bytes());
        }
        for word in [2_u32, 500, 3, 8, 9, 1] {
            payload.extend(word.to_le_bytes());
        }
        for real in [-1.5_f64, 2.5] {
            payload.extend(real.to_le_bytes());
        }
        payload.extend(b"CartPole-v1");
        let found = Description::decode(&payload).unwrap();
        let expected = Description {
            observation_dim: 4,
            action_dim: 1,
            state_dim: 0,
            goal_dim: 2,
            action_count: 2,
            horizon: 500,
            observation_shape: [3, 8, 9],
            scripted: true,
            action_low: -1.5,
            action_high: 2.5,
            registry_id: "CartPole-v1".into(),
        };
        assert_eq!(found, expected);
        assert_eq!(Description::decode(&payload[..71]), None);

        let mut payload = 0.5_f64.to_le_bytes().to_vec();
        payload.extend([2, 0, 0, 0, 0, 0, 0, 0]);
        payload.extend(7.0_f64.to_le_bytes());
        let (step, rest) = StepReply::decode(&payload).unwrap();
        assert!(!step.terminated && step.truncated && step.reward == 0.5);
        let mut observation = [0.0];
        numbers(rest, &mut observation);
        assert_eq!(observation, [7.0]);
    }
}
