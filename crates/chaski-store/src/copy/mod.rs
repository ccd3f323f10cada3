//! Copying a data folder into a PostgreSQL database, while its server may be running.
//!
//! Three phases, each of which goes on where an earlier run was ended:
//! 1. *copy*: contacts, messages and events with all that belongs to them, in the order of their keys;
//! 2. *follow*: what the source's feed says has changed since the first phase began is copied again;
//! 3. *compare*: the rest is compared stretch by stretch, by the sums of its rows' hashes, and copied where
//!    it differs. When no server works on the folder, this goes through everything: then the copy is exact,
//!    the database is made ready, and the migration is finished.
//!
//! Exchanges with providers are files in the folder, whose blocks are only ever added to: each run copies the
//! new ones. What the feed does not tell of (a call begun, a place in the queue) is found by the comparison.

pub(crate) mod cell;
pub(crate) mod tables;

use crate::error::StoreError;
use crate::postgres::copy::Sink;
use crate::sqlite::copy::{Source, try_lock};
use crate::sqlite::exchanges::{Week, weeks};
use cell::{Cell, Column, Page, Stretch, Sum, Which};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::{Path, PathBuf};
use tables::{FAMILIES, Family, Told};
use tokio::sync::mpsc;

/// Events that are followed at once, and ids that are copied at once.
const EVENTS: usize = 2000;
const IDS: usize = 500;
/// Blocks of exchanges that are copied at once.
const BLOCKS: u32 = 100;
/// Tables whose numbers are never given again, even when their rows are gone.
const NUMBERED: &[&str] = &["contacts"];

/// What a run is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Phase {
    /// Everything from the first key on.
    Copy,
    /// What changed since.
    Follow,
    /// Whether both sides are the same.
    Compare,
}

impl Phase {
    /// In one word.
    pub fn word(self) -> &'static str {
        match self {
            Self::Copy => "copy",
            Self::Follow => "follow",
            Self::Compare => "compare",
        }
    }
}

/// What is told while a run goes on.
#[derive(Debug, Clone)]
pub enum Note {
    /// Both sides are open.
    Opened {
        /// Host, port and database.
        target: String,
        /// No server works on the data folder: this run finishes the migration.
        is_final: bool,
        /// An earlier run is gone on with.
        goes_on: bool,
    },
    /// How far it has come.
    Progress {
        /// In which phase.
        phase: Phase,
        /// With which table, and those that belong to it.
        table: &'static str,
        /// Rows that were looked at.
        rows: u64,
        /// Rows that were written.
        written: u64,
        /// Which share of the table's keys lies behind it, from 0 to 1, where that is known.
        share: Option<f64>,
        /// The phase has come to the end of the table.
        ended: bool,
    },
}

/// One table on both sides.
#[derive(Debug, Clone)]
pub struct Compared {
    /// Its name in PostgreSQL.
    pub table: &'static str,
    /// Rows that the data folder makes.
    pub rows: u64,
    /// The sum of their hashes.
    pub hash: String,
    /// Rows in the database.
    pub target_rows: u64,
    /// The sum of their hashes.
    pub target_hash: String,
}

impl Compared {
    /// Whether both sides hold the same.
    pub fn is_same(&self) -> bool {
        (self.rows, &self.hash) == (self.target_rows, &self.target_hash)
    }
}

/// What a run came to.
#[derive(Debug, Clone)]
pub struct Report {
    /// The migration is finished: every table is the same on both sides.
    pub is_finished: bool,
    /// No server worked on the data folder.
    pub is_final: bool,
    /// The tables that were compared: all of them in a final run.
    pub tables: Vec<Compared>,
    /// Rows written in this run.
    pub written: u64,
    /// The time of the newest event that was followed, in Unix milliseconds.
    pub up_to: Option<i64>,
}

/// What a later run needs to go on.
#[derive(Debug, Default, Serialize, Deserialize)]
struct Progress {
    /// How far each workspace's feed was followed.
    feed: BTreeMap<i64, i64>,
    /// Up to which key the first phase has come.
    after: BTreeMap<String, Vec<i64>>,
    /// What it is through with.
    copied: BTreeSet<String>,
    /// Up to which block the exchanges of each week were copied.
    #[serde(default)]
    exchanges: BTreeMap<i64, i64>,
}

impl Progress {
    fn text(&self) -> String {
        serde_json::to_string(self).expect("numbers and names are plain data")
    }
}

/// Copies the store of a data folder into the database of a `postgres://` URL.
///
/// # Errors
/// There is no store, it has another schema, the database cannot be used, is not empty, or a connection
/// is lost. Running it again goes on.
pub async fn migrate(
    data: &Path,
    url: &str,
    tell: &mut (dyn FnMut(Note) + Send),
) -> Result<Report, StoreError> {
    let source = Source::open(data)?;
    let lock = try_lock(data)?;
    let Some(fingerprint) = source.fingerprint()? else {
        return Err(StoreError::Conflict(format!(
            "{} holds no workspace: there is nothing to copy",
            data.display()
        )));
    };
    let first = Progress { feed: source.heads()?.into_iter().collect(), ..Progress::default() };
    let (sink, known) = Sink::open(url, &fingerprint, &first.text()).await?;
    let fault =
        |e: serde_json::Error| StoreError::Fault(format!("the migration's progress cannot be read: {e}"));
    let progress = known.as_ref().map(|text| serde_json::from_str(text)).transpose().map_err(fault)?;
    let (is_final, goes_on) = (lock.is_some(), known.is_some());
    tell(Note::Opened { target: sink.shown.clone(), is_final, goes_on });
    let mut run = Run {
        folder: data.to_owned(),
        source,
        sink,
        progress: progress.unwrap_or(first),
        is_final,
        written: 0,
        tell,
    };
    run.all().await
}

struct Run<'t> {
    folder: PathBuf,
    source: Source,
    sink: Sink,
    progress: Progress,
    is_final: bool,
    written: u64,
    tell: &'t mut (dyn FnMut(Note) + Send),
}

impl Run<'_> {
    async fn all(&mut self) -> Result<Report, StoreError> {
        for family in FAMILIES.iter().filter(|family| family.is_big()) {
            if !self.progress.copied.contains(family.lead) {
                self.copy(family).await?;
            }
        }
        let up_to = self.follow().await?;
        self.exchanges().await?;
        let mut tables = Vec::new();
        let is_final = self.is_final;
        for family in FAMILIES.iter().filter(|family| is_final || !family.is_big()) {
            tables.extend(self.compare(family).await?);
        }
        let is_same = tables.iter().all(Compared::is_same);
        if self.is_final && is_same {
            self.finish().await?;
        }
        Ok(Report {
            is_finished: self.is_final && is_same,
            is_final: self.is_final,
            tables,
            written: self.written,
            up_to,
        })
    }

    /// The first phase for one family.
    async fn copy(&mut self, family: &'static Family) -> Result<(), StoreError> {
        let after =
            self.progress.after.get(family.lead).map(|key| key.iter().copied().map(Cell::Int).collect());
        let ends = self.source.ends(family)?;
        let mut rows = 0;
        let mut pages = read(self.folder.clone(), family, self.sink.columns(family), after);
        while let Some(page) = pages.recv().await {
            let page = page?;
            let to = upper(&page);
            match &to {
                Some(key) => drop(self.progress.after.insert(family.lead.to_owned(), key.clone())),
                None => {
                    self.progress.after.remove(family.lead);
                    self.progress.copied.insert(family.lead.to_owned());
                }
            }
            self.sink.write(family, &page, true, &self.progress.text()).await?;
            rows += size(&page);
            self.written += size(&page);
            let share = to.as_ref().map_or(Some(1.0), |key| key.last().map(|key| share(ends, *key)));
            self.tell(Phase::Copy, family.lead, (rows, rows), share, to.is_none());
        }
        Ok(())
    }

    /// The second phase. Returns when the newest event was.
    async fn follow(&mut self) -> Result<Option<i64>, StoreError> {
        let mut rows = 0;
        let up_to = self.source.newest()?;
        for (workspace, head) in self.source.heads()? {
            let mut place = self.progress.feed.get(&workspace).copied().unwrap_or(0);
            if place > head {
                return Err(StoreError::Conflict(format!(
                    "the data folder is older than what was copied from it (event {head} of workspace {workspace}, where {place} was copied): give the folder that the server used last, or an empty database"
                )));
            }
            loop {
                let named = self.source.named(workspace, place, EVENTS)?;
                let Some(last) = named.last().map(|event| event.seq) else { break };
                let contacts: BTreeSet<i64> = named.iter().filter_map(|event| event.contact).collect();
                let messages: BTreeSet<i64> = named.iter().filter_map(|event| event.message).collect();
                for family in FAMILIES {
                    rows += match family.told {
                        Told::Nothing => 0,
                        Told::Contact => self.again(family, &contacts).await?,
                        Told::Message => self.again(family, &messages).await?,
                        Told::Grows => self.grown(family, workspace, (place, last)).await?,
                    };
                }
                place = last;
                self.progress.feed.insert(workspace, place);
                self.sink.remember(&self.progress.text()).await?;
                let share = (head > 0).then(|| share((0, head), place));
                self.tell(Phase::Follow, "events", (rows, rows), share, false);
                if named.len() < EVENTS {
                    break;
                }
            }
        }
        self.tell(Phase::Follow, "events", (rows, rows), Some(1.0), true);
        Ok(up_to)
    }

    /// Copies what was said to providers: blocks, which are written once, in the order of their files.
    async fn exchanges(&mut self) -> Result<(), StoreError> {
        let mut rows = 0;
        for week in weeks(&self.folder) {
            let mut after = self.progress.exchanges.get(&week).copied().unwrap_or(0);
            let from = Week::open(&self.folder, week, after)?;
            loop {
                let blocks = from.blocks(after, BLOCKS)?;
                let Some(last) = blocks.last() else { break };
                after = last.id;
                self.progress.exchanges.insert(week, after);
                self.sink.write_blocks(from.at, &blocks, &self.progress.text()).await?;
                let exchanges = blocks.iter().map(|block| block.places.len() as u64).sum::<u64>();
                rows += exchanges;
                self.written += exchanges;
                self.tell(Phase::Copy, "exchanges", (rows, rows), None, false);
            }
        }
        self.tell(Phase::Copy, "exchanges", (rows, rows), Some(1.0), true);
        Ok(())
    }

    /// Copies the rows of these contacts or messages again.
    async fn again(&mut self, family: &'static Family, ids: &BTreeSet<i64>) -> Result<u64, StoreError> {
        let (columns, text) = (self.sink.columns(family), self.progress.text());
        let ids: Vec<i64> = ids.iter().copied().collect();
        let mut rows = 0;
        for ids in ids.chunks(IDS) {
            let page = self.source.of(family, &columns, Which::Ids(ids.to_owned()))?;
            self.sink.write(family, &page, false, &text).await?;
            rows += size(&page);
        }
        self.written += rows;
        Ok(rows)
    }

    /// Copies new events.
    async fn grown(
        &mut self,
        family: &'static Family,
        workspace: i64,
        seqs: (i64, i64),
    ) -> Result<u64, StoreError> {
        let key = |seq| Some(vec![Cell::Int(workspace), Cell::Int(seq)]);
        let stretch = Stretch { after: key(seqs.0), to: key(seqs.1) };
        let page = self.source.of(family, &self.sink.columns(family), Which::Stretch(stretch))?;
        self.sink.write(family, &page, false, &self.progress.text()).await?;
        self.written += size(&page);
        Ok(size(&page))
    }

    /// The third phase for one family: stretches that differ are written, and looked at again.
    async fn compare(&mut self, family: &'static Family) -> Result<Vec<Compared>, StoreError> {
        let ends = if family.is_big() { Some(self.source.ends(family)?) } else { None };
        let mut both = vec![(Sum::default(), Sum::default()); family.tables.len()];
        let (mut rows, mut written) = (0, 0);
        let mut pages = read(self.folder.clone(), family, self.sink.columns(family), None);
        while let Some(page) = pages.recv().await {
            let page = page?;
            let mut sums = self.sink.sums(family, &page.which).await?;
            if sums.iter().zip(&page.tables).any(|(sum, table)| *sum != table.sum) {
                self.sink.write(family, &page, false, &self.progress.text()).await?;
                sums = self.sink.sums(family, &page.which).await?;
                written += size(&page);
                self.written += size(&page);
            }
            for ((source, target), (here, there)) in both.iter_mut().zip(page.tables.iter().zip(sums)) {
                source.add(here.sum);
                target.add(there);
            }
            rows += size(&page);
            let to = upper(&page);
            let part = ends.zip(to.as_ref().and_then(|key| key.last())).map(|(ends, key)| share(ends, *key));
            let ended = is_last(&page);
            self.tell(
                Phase::Compare,
                family.lead,
                (rows, written),
                if ended { Some(1.0) } else { part },
                ended,
            );
        }
        let compared = |(table, (source, target)): (&tables::Table, &(Sum, Sum))| Compared {
            table: table.name,
            rows: source.rows,
            hash: source.shown(),
            target_rows: target.rows,
            target_hash: target.shown(),
        };
        Ok(family.tables.iter().zip(&both).map(compared).collect())
    }

    async fn finish(&mut self) -> Result<(), StoreError> {
        let busy = self.source.busy_lanes()?;
        let mut given = HashMap::new();
        for table in NUMBERED {
            given.insert(*table, self.source.last_given(table)?);
        }
        let found = self.sink.finish(busy, self.source.id_floor()?, &given).await?;
        if found == busy {
            return Ok(());
        }
        Err(StoreError::Fault(format!(
            "lanes: {found} have a part at their head in the database, {busy} in the data folder"
        )))
    }

    fn tell(
        &mut self,
        phase: Phase,
        table: &'static str,
        (rows, written): (u64, u64),
        share: Option<f64>,
        ended: bool,
    ) {
        (self.tell)(Note::Progress { phase, table, rows, written, share, ended });
    }
}

/// Reads a family ahead of its writer, on a thread and a connection of its own.
fn read(
    folder: PathBuf,
    family: &'static Family,
    columns: Vec<Vec<Column>>,
    mut after: Option<Vec<Cell>>,
) -> mpsc::Receiver<Result<Page, StoreError>> {
    let (pages, received) = mpsc::channel(2);
    tokio::task::spawn_blocking(move || {
        let source = Source::open(&folder);
        loop {
            let page = source.as_ref().map_err(Clone::clone);
            let page = page.and_then(|source| source.next(family, &columns, after.take()));
            let is_end = page.as_ref().map_or(true, is_last);
            if let Ok(Page { which: Which::Stretch(stretch), .. }) = &page {
                after.clone_from(&stretch.to);
            }
            if pages.blocking_send(page).is_err() || is_end {
                return;
            }
        }
    });
    received
}

fn is_last(page: &Page) -> bool {
    !matches!(&page.which, Which::Stretch(Stretch { to: Some(_), .. }))
}

/// The key that a page ends at, where it consists of numbers.
fn upper(page: &Page) -> Option<Vec<i64>> {
    let Which::Stretch(Stretch { to: Some(to), .. }) = &page.which else { return None };
    let number = |cell: &Cell| if let Cell::Int(number) = cell { Some(*number) } else { None };
    to.iter().map(number).collect()
}

fn size(page: &Page) -> u64 {
    page.tables.iter().map(|rows| rows.sum.rows).sum()
}

#[expect(clippy::cast_precision_loss, reason = "it is shown as a percentage")]
fn share((first, last): (i64, i64), key: i64) -> f64 {
    if last <= first { 1.0 } else { ((key - first) as f64 / (last - first) as f64).clamp(0.0, 1.0) }
}

#[cfg(test)]
mod tests;
