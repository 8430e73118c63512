//! Fixes of what [`crate::lint`] finds, applied to rows on their way into a dataset and recorded in its origin.
//!
//! Rows pass three stations, an episode at a time: rewards are moved along the file, then the episode is cut, marked and
//! clipped, then it is dropped or numbered. Memory is one episode, and 32 bytes for each that was seen where copies are dropped.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::str::FromStr;

use sha2::{Digest as _, Sha256};

use crate::batch::{Batch, SideValues, Transition};
use crate::lint::{Code, Rows};

/// One fix.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Fix {
    /// Rows that are terminated after exactly so many steps become truncated.
    TimeLimitTerminated {
        /// The limit.
        steps: u32,
    },
    /// Every reward moves to the row before (1: it stood one row late) or to the row after (-1). The one row of the file that is
    /// left without a reward is dropped.
    RewardShifted {
        /// 1 or -1.
        late: i8,
    },
    /// An episode ends before its first row with a NaN or an infinity, truncated, and the rest of it is dropped.
    NonFinite,
    /// Arrays are cut to the shortest of them, by the importer.
    UnequalLengths,
    /// Actions are clipped to their bounds: the declared ones, or [-1, 1].
    ActionsOutOfBounds,
    /// Trajectories that are equal to an earlier one are dropped.
    DuplicateTrajectory,
    /// Episodes of one row without a successor are dropped.
    EmptyEpisode,
}

impl Fix {
    /// What it fixes.
    pub const fn code(self) -> Code {
        match self {
            Self::TimeLimitTerminated { .. } => Code::TimeLimitTerminated,
            Self::RewardShifted { .. } => Code::RewardShifted,
            Self::NonFinite => Code::NonFinite,
            Self::UnequalLengths => Code::UnequalLengths,
            Self::ActionsOutOfBounds => Code::ActionsOutOfBounds,
            Self::DuplicateTrajectory => Code::DuplicateTrajectory,
            Self::EmptyEpisode => Code::EmptyEpisode,
        }
    }
}

impl fmt::Display for Fix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = self.code().name();
        match self {
            Self::TimeLimitTerminated { steps } => write!(f, "{name}={steps}"),
            Self::RewardShifted { late } => write!(f, "{name}={late}"),
            _ => f.write_str(name),
        }
    }
}

impl FromStr for Fix {
    type Err = String;

    /// `CODE` or `CODE=N`, as [`Display`](fmt::Display) writes it.
    fn from_str(text: &str) -> Result<Self, String> {
        let (name, value) = match text.split_once('=') {
            Some((name, value)) => (name, Some(value)),
            None => (text, None),
        };
        let code = Code::ALL.into_iter().find(|code| code.name() == name);
        let fixable = || -> Vec<&str> {
            let all = Code::ALL.into_iter().filter(|code| code.fixable());
            all.map(Code::name).collect()
        };
        match (code, value) {
            (Some(Code::TimeLimitTerminated), Some(steps)) => match steps.parse() {
                Ok(steps) if steps > 0 => Ok(Self::TimeLimitTerminated { steps }),
                _ => Err(format!(
                    "`{text}`: expected a number of steps, for example {name}=1000"
                )),
            },
            (Some(Code::TimeLimitTerminated), None) => {
                Err(format!("`{name}` needs the limit, for example {name}=1000"))
            }
            (Some(Code::RewardShifted), Some("1")) => Ok(Self::RewardShifted { late: 1 }),
            (Some(Code::RewardShifted), Some("-1")) => Ok(Self::RewardShifted { late: -1 }),
            (Some(Code::RewardShifted), _) => Err(format!(
                "`{name}` needs a direction: {name}=1 where the reward of a row stands in the next row, {name}=-1 where it stands in the row before"
            )),
            (Some(_), Some(_)) => Err(format!("`{name}` takes no value")),
            (Some(Code::NonFinite), None) => Ok(Self::NonFinite),
            (Some(Code::UnequalLengths), None) => Ok(Self::UnequalLengths),
            (Some(Code::ActionsOutOfBounds), None) => Ok(Self::ActionsOutOfBounds),
            (Some(Code::DuplicateTrajectory), None) => Ok(Self::DuplicateTrajectory),
            (Some(Code::EmptyEpisode), None) => Ok(Self::EmptyEpisode),
            (Some(_), None) => Err(format!(
                "`{name}` has no fix; those that have one: {}",
                fixable().join(", ")
            )),
            (None, _) => Err(format!(
                "`{name}` is no code of a fix; expected one of {}",
                fixable().join(", ")
            )),
        }
    }
}

/// One row, owned.
#[derive(Clone, Debug)]
struct Row {
    /// Its number in the source.
    source: u64,
    episode: u32,
    observation: Vec<f32>,
    action: Vec<f32>,
    reward: f32,
    terminated: bool,
    truncated: bool,
    final_observation: Option<Vec<f32>>,
    side: Vec<SideValues>,
}

impl Row {
    fn finite(&self) -> bool {
        let side = self.side.iter().all(|values| match values {
            SideValues::F32(values) => values.iter().all(|x| x.is_finite()),
            SideValues::F64(values) => values.iter().all(|x| x.is_finite()),
        });
        let core = self.observation.iter().chain(&self.action);
        side && self.reward.is_finite()
            && core
                .chain(self.final_observation.iter().flatten())
                .all(|x| x.is_finite())
    }
}

/// The stations with what they hold.
pub(crate) struct Repair {
    fixes: Vec<Fix>,
    widths: (usize, usize),
    bounds: Option<Vec<[f32; 2]>>,
    /// A row whose reward stands in the row to come, or the reward of the row to come.
    waiting: Option<Row>,
    reward_before: Option<f32>,
    episode: Vec<Row>,
    seen: BTreeSet<[u8; 32]>,
    read: u64,
    written: u32,
    put_right: BTreeMap<Fix, Rows>,
}

impl Repair {
    pub(crate) fn new(
        fixes: &[Fix],
        widths: (usize, usize),
        bounds: Option<Vec<[f32; 2]>>,
    ) -> Self {
        Self {
            fixes: fixes.to_vec(),
            widths,
            bounds,
            waiting: None,
            reward_before: None,
            episode: Vec::new(),
            seen: BTreeSet::new(),
            read: 0,
            written: 0,
            put_right: fixes.iter().map(|&fix| (fix, Rows::default())).collect(),
        }
    }

    /// Takes rows; gives the episodes that are complete.
    pub(crate) fn push(&mut self, batch: Batch) -> Batch {
        let mut out = Batch::default();
        let first = self.read;
        self.read += batch.len() as u64;
        for row in rows(batch, self.widths, first) {
            if let Some(row) = self.moved(row) {
                self.add(row, &mut out);
            }
        }
        out
    }

    /// Gives the last episode.
    pub(crate) fn finish(&mut self) -> Batch {
        let mut out = Batch::default();
        if let Some(last) = self.waiting.take() {
            // Its reward stood in a row that is not there.
            self.note(Code::RewardShifted, last.source);
        }
        self.close(&mut out);
        out
    }

    /// What was done, one sentence a fix.
    pub(crate) fn notes(&self) -> Vec<String> {
        let what = |fix: &Fix| match fix.code() {
            Code::TimeLimitTerminated => "rows marked truncated in place of terminated",
            Code::RewardShifted => "rows dropped, all other rewards moved",
            Code::NonFinite => "episodes cut before their first such row",
            Code::ActionsOutOfBounds => "actions clipped",
            Code::DuplicateTrajectory => "trajectories dropped",
            Code::EmptyEpisode => "episodes dropped",
            _ => "",
        };
        let noted = self
            .put_right
            .iter()
            .filter(|(fix, _)| !what(fix).is_empty());
        noted
            .map(|(fix, rows)| format!("fix `{fix}`: {} {}", rows.count, what(fix)))
            .collect()
    }

    /// What each fix was applied to, by rows of the source.
    pub(crate) fn put_right(&self) -> Vec<(Fix, Rows)> {
        self.put_right.clone().into_iter().collect()
    }

    fn note(&mut self, code: Code, row: u64) {
        if let Some((_, rows)) = self
            .put_right
            .iter_mut()
            .find(|(fix, _)| fix.code() == code)
        {
            rows.push(row);
        }
    }

    fn has(&self, code: Code) -> bool {
        self.fixes.iter().any(|fix| fix.code() == code)
    }

    /// The row that now has its reward, if there is one.
    fn moved(&mut self, mut row: Row) -> Option<Row> {
        let late = self.fixes.iter().find_map(|fix| match fix {
            Fix::RewardShifted { late } => Some(*late),
            _ => None,
        });
        match late {
            None => Some(row),
            Some(1) => {
                let reward = row.reward;
                let before = self.waiting.replace(row);
                before.map(|before| Row { reward, ..before })
            }
            Some(_) => {
                let before = self.reward_before.replace(row.reward);
                if before.is_none() {
                    self.note(Code::RewardShifted, row.source);
                }
                row.reward = before?;
                Some(row)
            }
        }
    }

    fn add(&mut self, row: Row, out: &mut Batch) {
        if self
            .episode
            .last()
            .is_some_and(|last| last.episode != row.episode)
        {
            self.close(out);
        }
        self.episode.push(row);
    }

    /// Fixes the episode that is held and appends it to `out`.
    fn close(&mut self, out: &mut Batch) {
        let mut episode = std::mem::take(&mut self.episode);
        if self.has(Code::NonFinite)
            && let Some(bad) = episode.iter().position(|row| !row.finite())
        {
            self.note(Code::NonFinite, episode[bad].source);
            // The observation of the bad row may be finite, but it is not known to be right.
            episode.truncate(bad);
            if let Some(last) = episode.last_mut() {
                last.truncated = true;
            }
        }
        let steps = self.fixes.iter().find_map(|fix| match fix {
            Fix::TimeLimitTerminated { steps } => Some(*steps as usize),
            _ => None,
        });
        if steps == Some(episode.len())
            && let Some(last) = episode.last_mut().filter(|last| last.terminated)
        {
            (last.terminated, last.truncated) = (false, true);
            let row = last.source;
            self.note(Code::TimeLimitTerminated, row);
        }
        if self.has(Code::ActionsOutOfBounds) {
            self.clip(&mut episode);
        }
        if self.dropped(&episode) {
            return;
        }
        let number = self.written;
        self.written += 1;
        for row in &mut episode {
            row.episode = number;
        }
        append(out, episode);
    }

    fn clip(&mut self, episode: &mut [Row]) {
        for row in episode {
            let before = row.action.clone();
            for (i, a) in row.action.iter_mut().enumerate() {
                let [low, high] = self.bounds.as_ref().map_or([-1.0, 1.0], |bounds| bounds[i]);
                *a = a.clamp(low, high);
            }
            if before != row.action {
                self.note(Code::ActionsOutOfBounds, row.source);
            }
        }
    }

    fn dropped(&mut self, episode: &[Row]) -> bool {
        let [first, ..] = episode else {
            return true;
        };
        let lonely = episode.len() == 1 && !first.terminated && first.final_observation.is_none();
        if lonely && self.has(Code::EmptyEpisode) {
            self.note(Code::EmptyEpisode, first.source);
            return true;
        }
        if episode.len() > 1
            && self.has(Code::DuplicateTrajectory)
            && !self.seen.insert(fingerprint(episode))
        {
            self.note(Code::DuplicateTrajectory, first.source);
            return true;
        }
        false
    }
}

fn fingerprint(episode: &[Row]) -> [u8; 32] {
    let mut hash = Sha256::new();
    for row in episode {
        let values = row
            .observation
            .iter()
            .chain(&row.action)
            .chain([&row.reward]);
        values.for_each(|x| hash.update(x.to_le_bytes()));
        hash.update([u8::from(row.terminated)]);
    }
    hash.finalize().into()
}

fn rows(batch: Batch, (d, a): (usize, usize), first: u64) -> impl Iterator<Item = Row> {
    let n = batch.len();
    let mut finals = batch.final_rows.clone().into_iter().enumerate().peekable();
    (0..n).map(move |i| {
        let place = finals.next_if(|&(_, row)| row as usize == i);
        let side = batch.side.iter().map(|values| match values {
            SideValues::F32(values) => SideValues::F32(piece(values, i, n).to_vec()),
            SideValues::F64(values) => SideValues::F64(piece(values, i, n).to_vec()),
        });
        Row {
            source: first + i as u64,
            episode: batch.episode[i],
            observation: batch.observation[i * d..(i + 1) * d].to_vec(),
            action: batch.action[i * a..(i + 1) * a].to_vec(),
            reward: batch.reward[i],
            terminated: batch.terminated[i],
            truncated: batch.truncated[i],
            final_observation: place
                .map(|(k, _)| batch.final_observation[k * d..(k + 1) * d].to_vec()),
            side: side.collect(),
        }
    })
}

/// The values of row `i` of `n`.
fn piece<T>(values: &[T], i: usize, n: usize) -> &[T] {
    let width = values.len() / n;
    &values[i * width..(i + 1) * width]
}

fn append(out: &mut Batch, episode: Vec<Row>) {
    for row in episode {
        out.push(Transition {
            episode: row.episode,
            observation: &row.observation,
            action: &row.action,
            reward: row.reward,
            terminated: row.terminated,
            truncated: row.truncated,
            final_observation: row.final_observation.as_deref(),
        });
        if out.side.is_empty() {
            out.side = row.side;
            continue;
        }
        for (all, own) in out.side.iter_mut().zip(row.side) {
            match (all, own) {
                (SideValues::F32(all), SideValues::F32(own)) => all.extend(own),
                (SideValues::F64(all), SideValues::F64(own)) => all.extend(own),
                // Columns have one type.
                _ => {}
            }
        }
    }
}
