//! The dictionaries and the registry of transfer syntaxes.

use filmless_core::transfer_syntax::{REGISTRY, TransferSyntax};
use filmless_core::{Tag, dictionary};
use pyo3::prelude::*;
use pyo3::types::PyDict;

use crate::tag;

type Row = (u32, &'static str, &'static str, &'static str, &'static str, bool);

/// The row of the data dictionary for a keyword or tag: tag, VR, VM, keyword, name, retired.
#[pyfunction]
pub fn dictionary_entry(key: &Bound<'_, PyAny>) -> Option<Row> {
    let tag = tag::extract(key).ok()?;
    dictionary::lookup(tag).map(|entry| (tag.0, entry.vr.as_str(), entry.vm, entry.keyword, entry.name, entry.retired))
}

/// The row of a private dictionary: VR, VM, name.
#[pyfunction]
pub fn private_entry(creator: &str, tag: u32) -> Option<(&'static str, &'static str, &'static str)> {
    dictionary::private(creator, Tag(tag)).map(|entry| (entry.vr.as_str(), entry.vm, entry.name))
}

/// Every keyword of the data dictionary.
#[pyfunction]
pub fn keywords() -> Vec<&'static str> {
    dictionary::keywords().map(|entry| entry.keyword).filter(|keyword| !keyword.is_empty()).collect()
}

/// The row of the UID registry for a UID or keyword: UID, name, kind, keyword, retired.
#[pyfunction]
pub fn uid_entry(uid: &str) -> Option<(&'static str, &'static str, &'static str, &'static str, bool)> {
    let row = dictionary::uid(uid).or_else(|| dictionary::uid_by_keyword(uid))?;
    Some((row.uid, row.name, row.kind.as_str(), row.keyword, row.retired))
}

fn row<'py>(py: Python<'py>, syntax: &TransferSyntax) -> PyResult<Bound<'py, PyDict>> {
    let row = PyDict::new(py);
    row.set_item("uid", syntax.uid)?;
    row.set_item("name", syntax.name)?;
    row.set_item("keyword", syntax.keyword)?;
    row.set_item("explicit", syntax.explicit)?;
    row.set_item("big_endian", syntax.big_endian)?;
    row.set_item("big_endian_pixels", syntax.big_endian_pixels)?;
    row.set_item("deflated", syntax.deflated)?;
    row.set_item("encapsulated", syntax.encapsulated)?;
    row.set_item("codec", syntax.codec.as_str())?;
    row.set_item("lossless", syntax.lossless)?;
    row.set_item("lossy", syntax.lossy)?;
    row.set_item("retired", syntax.retired)?;
    row.set_item("bits", syntax.bits)?;
    row.set_item("media_type", syntax.media_type)?;
    Ok(row)
}

/// The registry's row for a transfer syntax, by UID or keyword.
#[pyfunction]
pub fn transfer_syntax<'py>(py: Python<'py>, name: &str) -> PyResult<Option<Bound<'py, PyDict>>> {
    let found =
        filmless_core::transfer_syntax::find(name).or_else(|| filmless_core::transfer_syntax::find_by_keyword(name));
    found.map(|syntax| row(py, syntax)).transpose()
}

/// Every row of the registry.
#[pyfunction]
pub fn transfer_syntaxes(py: Python<'_>) -> PyResult<Vec<Bound<'_, PyDict>>> {
    REGISTRY.iter().map(|syntax| row(py, syntax)).collect()
}
