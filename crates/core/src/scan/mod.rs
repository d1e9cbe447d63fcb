//! Many headers to rows: a few attributes of each file, read side by side.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use rayon::prelude::*;

use crate::charset::CharacterSet;
use crate::dataset::{Context, Dataset};
use crate::error::{Error, Result};
use crate::file::{self, ReadOptions};
use crate::finding::Finding;
use crate::{Tag, Vr};

/// One attribute of one file: the bytes of its value and what decodes them.
#[derive(Clone, Debug)]
pub struct Cell {
    /// Value representation.
    pub vr: Vr,
    /// The value; of a sequence nothing.
    pub bytes: Box<[u8]>,
    /// Words have their most significant byte first.
    pub big_endian: bool,
    /// Decodes text.
    pub character_set: CharacterSet,
    /// Number of items, of a sequence.
    pub items: usize,
}

/// What one file gave.
#[derive(Debug, Default)]
pub struct Row {
    /// A cell per tag that was asked for; nothing where the file has no such element.
    pub cells: Vec<Option<Cell>>,
    /// Oddities as far as the file was read.
    pub findings: Vec<Finding>,
    /// Why the file could not be read.
    pub error: Option<Error>,
}

/// Reads the attributes of many files, on as many threads as asked for (0: as many as there are cores).
///
/// # Errors
/// [`Error::Io`] when threads cannot be started. A file that cannot be read is a row with its error.
pub fn scan(paths: &[PathBuf], tags: &[Tag], options: &ReadOptions, threads: usize) -> Result<Vec<Row>> {
    let mut options = *options;
    // Nothing behind the last tag is looked at; file meta information always is.
    let last = tags.iter().copied().filter(|tag| tag.group() != 2).max().unwrap_or(Tag::SPECIFIC_CHARACTER_SET);
    options.stop = Some(Tag(last.0.saturating_add(1)));
    if threads == 1 {
        return Ok(paths.iter().map(|path| row(path, tags, &options)).collect());
    }
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().map_err(std::io::Error::other)?;
    Ok(pool.install(|| paths.par_iter().map(|path| row(path, tags, &options)).collect()))
}

fn row(path: &Path, tags: &[Tag], options: &ReadOptions) -> Row {
    match cells(path, tags, options) {
        Ok((cells, findings)) => Row { cells, findings, error: None },
        Err(error) => Row { cells: vec![None; tags.len()], findings: Vec::new(), error: Some(error) },
    }
}

fn cells(path: &Path, tags: &[Tag], options: &ReadOptions) -> Result<(Vec<Option<Cell>>, Vec<Finding>)> {
    let file = file::read_path(path, options)?;
    let context = file.dataset.context();
    let meta_context = Arc::new(Context::default());
    let mut cells = Vec::with_capacity(tags.len());
    for &tag in tags {
        let (dataset, context) = if tag.group() == 2 { (&file.meta, &meta_context) } else { (&file.dataset, &context) };
        cells.push(cell(dataset, tag, context)?);
    }
    let mut findings = file.findings;
    if let Some(parsed) = file.dataset.parsed() {
        parsed.collect_findings(&mut findings);
    }
    Ok((cells, findings))
}

fn cell(dataset: &Dataset, tag: Tag, context: &Arc<Context>) -> Result<Option<Cell>> {
    let Some(element) = dataset.get(tag)? else { return Ok(None) };
    let vr = dataset.vr(tag, element, context);
    let sequence = vr == Vr::SQ;
    Ok(Some(Cell {
        vr,
        bytes: if sequence { Box::default() } else { element.bytes()?.into() },
        big_endian: element.is_big_endian(),
        character_set: element.character_set(context),
        items: if sequence { Dataset::items_of(element, context)?.len() } else { 0 },
    }))
}
