//! CSV with a line of names.

use std::fs::File;
use std::io::{BufReader, Read};
use std::path::{Path, PathBuf};

use csv::{ByteRecord, Reader, ReaderBuilder};

use super::super::window::Window;
use super::super::{ImportOptions, problem};
use super::{Head, Mapping, Piece, Table, mapping_error, mapping_of};
use crate::batch::SideValues;
use crate::error::{Error, ImportProblem, Result};
use crate::schema::{Column, Dtype};
use crate::writer::io_error;

/// Values of a window, at most.
const WINDOW_VALUES: usize = 1 << 18;

/// Bytes of a line, at most: the reader holds a line as a whole.
const MAX_LINE: usize = 16 << 20;

/// The places of the mapped columns in a line.
struct Places {
    episode: Option<usize>,
    observation: Vec<usize>,
    action: Vec<usize>,
    reward: Option<usize>,
    terminated: Option<usize>,
    truncated: Option<usize>,
    next: Vec<usize>,
    side: Vec<Vec<usize>>,
}

impl Places {
    fn of(mapping: &Mapping, names: &[String]) -> Self {
        // Every name is there: the mapping was resolved against these names.
        let at = |name: &String| names.iter().position(|n| n == name);
        let all = |columns: &[String]| columns.iter().filter_map(at).collect();
        Self {
            episode: mapping.episode.as_ref().and_then(at),
            observation: all(&mapping.observation),
            action: all(&mapping.action),
            reward: mapping.reward.as_ref().and_then(at),
            terminated: mapping.terminated.as_ref().and_then(at),
            truncated: mapping.truncated.as_ref().and_then(at),
            next: all(&mapping.next_observation),
            side: mapping
                .side
                .iter()
                .map(|(_, columns)| all(columns))
                .collect(),
        }
    }
}

pub(super) struct Source {
    path: PathBuf,
    names: Vec<String>,
    places: Places,
    reader: Reader<Lines>,
    record: ByteRecord,
    total: u64,
    read: u64,
    window_rows: usize,
}

impl Source {
    pub(super) fn open(file: &Path, options: &ImportOptions) -> Result<(Self, Head)> {
        let mapping = mapping_of(file, options)?;
        let total = lines(file)?.saturating_sub(1);
        let source = Lines::open(file)?;
        let mut reader = ReaderBuilder::new().from_reader(source);
        let names: Vec<String> = reader
            .byte_headers()
            .map_err(|source| csv_error(file, source))?
            .iter()
            .map(|name| String::from_utf8_lossy(name).trim().to_owned())
            .collect();
        let mapping = mapping
            .resolve(&names)
            .map_err(|text| mapping_error(file, text))?;
        let places = Places::of(&mapping, &names);
        let (d, a) = (places.observation.len(), places.action.len());
        let head = Head {
            widths: (d as u32, a as u32),
            next_width: places.next.len() as u32,
            side: mapping
                .side
                .iter()
                .map(|(name, columns)| Column::new(name, Dtype::F32, columns.len() as u32))
                .collect(),
            dtypes: vec![("columns".to_owned(), "text".to_owned())],
        };
        let source = Self {
            path: file.to_owned(),
            window_rows: (WINDOW_VALUES / names.len().max(1)).max(1),
            names,
            places,
            reader,
            record: ByteRecord::new(),
            total,
            read: 0,
        };
        Ok((source, head))
    }

    fn wrong(&self, at: usize, expected: &'static str) -> Error {
        let found = String::from_utf8_lossy(self.record.get(at).unwrap_or_default());
        problem(
            &self.path,
            ImportProblem::Cell {
                line: self.record.position().map_or(0, csv::Position::line),
                column: self.names[at].clone(),
                expected,
                found: found.chars().take(40).collect(),
            },
        )
    }

    fn text(&self, at: usize) -> &str {
        let bytes = self.record.get(at).unwrap_or_default();
        std::str::from_utf8(bytes).unwrap_or_default().trim()
    }

    fn number(&self, at: usize) -> Result<f32> {
        match self.text(at).parse::<f32>() {
            Ok(value) if value.is_finite() => Ok(value),
            _ => Err(self.wrong(at, "a finite number")),
        }
    }

    fn numbers(&self, places: &[usize], out: &mut Vec<f32>) -> Result<()> {
        for &at in places {
            out.push(self.number(at)?);
        }
        Ok(())
    }

    fn flag(&self, at: usize) -> Result<bool> {
        match self.text(at) {
            "0" | "0.0" | "false" | "False" | "FALSE" => Ok(false),
            "1" | "1.0" | "true" | "True" | "TRUE" => Ok(true),
            _ => Err(self.wrong(at, "0, 1, true or false")),
        }
    }

    fn row(&self, piece: &mut Piece) -> Result<()> {
        let (window, places) = (&mut piece.window, &self.places);
        if let (Some(at), Some(episodes)) = (places.episode, &mut piece.episodes) {
            let number = self.text(at).parse();
            episodes.push(number.map_err(|_| self.wrong(at, "an integer"))?);
        }
        self.numbers(&places.observation, &mut window.observations)?;
        self.numbers(&places.action, &mut window.actions)?;
        if let Some(next) = &mut window.next_observations {
            self.numbers(&places.next, next)?;
        }
        let reward = places.reward.map(|at| self.number(at)).transpose()?;
        window.rewards.push(reward.unwrap_or(0.0));
        let terminated = places.terminated.map(|at| self.flag(at)).transpose()?;
        window.terminals.push(terminated.unwrap_or(false));
        if let (Some(at), Some(timeouts)) = (places.truncated, &mut window.timeouts) {
            timeouts.push(self.flag(at)?);
        }
        for (columns, values) in places.side.iter().zip(&mut window.side) {
            if let SideValues::F32(values) = values {
                self.numbers(columns, values)?;
            }
        }
        Ok(())
    }
}

impl Table for Source {
    fn total(&self) -> u64 {
        self.total
    }

    fn piece(&mut self) -> Result<Option<Piece>> {
        let places = &self.places;
        let mut piece = Piece {
            window: Window {
                start: self.read,
                timeouts: places.truncated.map(|_| Vec::new()),
                next_observations: (!places.next.is_empty()).then(Vec::new),
                side: places
                    .side
                    .iter()
                    .map(|_| SideValues::F32(Vec::new()))
                    .collect(),
                ..Window::default()
            },
            episodes: places.episode.map(|_| Vec::new()),
        };
        let mut count = 0;
        while count < self.window_rows {
            let more = self.reader.read_byte_record(&mut self.record);
            if !more.map_err(|source| csv_error(&self.path, source))? {
                break;
            }
            self.row(&mut piece)?;
            count += 1;
        }
        self.read += count as u64;
        Ok((count > 0).then_some(piece))
    }
}

fn csv_error(path: &Path, source: csv::Error) -> Error {
    problem(path, ImportProblem::Csv(source))
}

/// Lines of a file, for the progress only: quoted line breaks count, too.
fn lines(path: &Path) -> Result<u64> {
    let mut file = File::open(path).map_err(io_error(path, "open the file"))?;
    let mut block = vec![0; 1 << 16];
    let mut count = 0;
    loop {
        let n = file
            .read(&mut block)
            .map_err(io_error(path, "read the file"))?;
        if n == 0 {
            return Ok(count);
        }
        count += block[..n].iter().filter(|&&byte| byte == b'\n').count() as u64;
    }
}

/// A file whose lines are not too long to be held.
struct Lines {
    file: BufReader<File>,
    current: usize,
}

impl Lines {
    fn open(path: &Path) -> Result<Self> {
        let file = File::open(path).map_err(io_error(path, "open the file"))?;
        let file = BufReader::new(file);
        Ok(Self { file, current: 0 })
    }
}

impl Read for Lines {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let n = self.file.read(buffer)?;
        self.current = match buffer[..n].iter().rposition(|&byte| byte == b'\n') {
            Some(at) => n - at,
            None => self.current + n,
        };
        if self.current > MAX_LINE {
            let text = format!("a line is longer than {MAX_LINE} bytes");
            return Err(std::io::Error::new(std::io::ErrorKind::InvalidData, text));
        }
        Ok(n)
    }
}
