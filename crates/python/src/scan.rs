//! Many headers as columns.

use std::path::PathBuf;

use filmless_core::{Tag, Vr, scan as core};
use pyo3::prelude::*;
use pyo3::types::PyList;

use crate::decode;
use crate::errors::{at_path, to_py};
use crate::file::Options;
use crate::finding::Finding;

fn cell<'py>(py: Python<'py>, cell: Option<&core::Cell>) -> PyResult<Bound<'py, PyAny>> {
    match cell {
        None => Ok(py.None().into_bound(py)),
        Some(cell) if cell.vr == Vr::SQ => Ok(cell.items.into_pyobject(py)?.into_any()),
        Some(cell) => Ok(decode::decode(py, &cell.bytes, cell.vr, cell.big_endian, &cell.character_set)?.value),
    }
}

/// Columns of the attributes, then of findings and errors.
#[pyfunction]
#[allow(clippy::type_complexity)]
pub fn scan(
    py: Python<'_>,
    paths: Vec<PathBuf>,
    tags: Vec<u32>,
    options: Options,
    threads: usize,
) -> PyResult<(Vec<Bound<'_, PyList>>, Bound<'_, PyList>, Bound<'_, PyList>)> {
    let tags: Vec<Tag> = tags.into_iter().map(Tag).collect();
    let rows = py.detach(|| core::scan(&paths, &tags, &options.to_core(), threads)).map_err(to_py)?;
    let mut columns = Vec::with_capacity(tags.len());
    for index in 0..tags.len() {
        let values = rows.iter().map(|row| cell(py, row.cells[index].as_ref())).collect::<PyResult<Vec<_>>>()?;
        columns.push(PyList::new(py, values)?);
    }
    let findings = PyList::empty(py);
    let errors = PyList::empty(py);
    for (row, path) in rows.into_iter().zip(&paths) {
        findings.append(row.findings.into_iter().map(Finding::from).collect::<Vec<_>>())?;
        match row.error {
            Some(error) => errors.append(at_path(error, Some(path)).value(py))?,
            None => errors.append(py.None())?,
        }
    }
    Ok((columns, findings, errors))
}
