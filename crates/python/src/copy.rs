//! Copies and pickles of data sets, and whether two are the same.

use std::sync::Arc;

use filmless_core::compare;
use filmless_core::file::{self, DicomFile, ReadOptions};
use pyo3::prelude::*;
use pyo3::pybacked::PyBackedBytes;
use pyo3::types::{PyBytes, PyDict};

use crate::dataset::Dataset;
use crate::errors::to_py;
use crate::finding::Finding;
use crate::origin::Origin;
use crate::state::{Handle, Shared};

/// A data set of its own with the same elements and file.
#[pyfunction]
pub fn copied(dataset: &Bound<'_, Dataset>) -> PyResult<Handle> {
    let py = dataset.py();
    let shared = Shared::new(dataset.get().shared().snapshot(py)?);
    let (file, path, preamble, meta) = match dataset.get().origin().as_ref() {
        Some(origin) => (
            origin.file.clone(),
            origin.path.clone(),
            origin.preamble.clone(),
            origin.meta.as_ref().map(|meta| meta.clone_ref(py)),
        ),
        None => return Ok(Handle::new(shared, None)),
    };
    let meta = meta.map(|meta| meta.bind(py).call_method0("copy").map(Bound::unbind)).transpose()?;
    Ok(Handle::new(shared, Some(Origin { file, path, meta, preamble })))
}

/// The bytes that [`unpickled`] makes a data set of, and what a file of it does not hold.
#[pyfunction]
pub fn pickled<'py>(dataset: &Bound<'py, Dataset>) -> PyResult<(Bound<'py, PyBytes>, Bound<'py, PyDict>)> {
    let py = dataset.py();
    let attributes = PyDict::new(py);
    let path = dataset.get().origin().as_ref().map(|origin| origin.path.clone());
    let bare = path.is_none();
    attributes.set_item("path", path.flatten())?;
    attributes.set_item("bare", bare)?;
    Ok((crate::file::bytes_of(dataset, bare)?, attributes))
}

/// A data set from a pickle.
#[pyfunction]
pub fn unpickled(data: PyBackedBytes, attributes: &Bound<'_, PyDict>) -> PyResult<Handle> {
    let py = attributes.py();
    let bytes: file::SharedBytes = Arc::new(data);
    let options = ReadOptions { force: true, ..ReadOptions::default() };
    let file = py.detach(|| file::read_bytes(bytes, &options)).map_err(to_py)?;
    let shared = Shared::new(file.dataset.clone());
    let bare = attributes.get_item("bare")?.is_some_and(|bare| bare.is_truthy().unwrap_or(false));
    if bare {
        return Ok(Handle::new(shared, None));
    }
    let path = attributes.get_item("path")?.and_then(|path| path.extract().ok());
    Ok(Handle::new(shared, Some(Origin { file: Some(file), path, ..Origin::default() })))
}

/// Whether two data sets have the same elements with the same values.
#[pyfunction]
pub fn same(left: &Bound<'_, Dataset>, right: &Bound<'_, Dataset>) -> PyResult<bool> {
    let py = left.py();
    let (left, right) = (left.get().shared().snapshot(py)?, right.get().shared().snapshot(py)?);
    py.detach(|| compare::same(&left, &right)).map_err(to_py)
}

/// Every finding of a data set and its file, by offset.
#[pyfunction]
pub fn findings(dataset: &Bound<'_, Dataset>) -> PyResult<Vec<Finding>> {
    let py = dataset.py();
    let data = dataset.get().shared().snapshot(py)?;
    let file = dataset.get().origin().as_ref().and_then(|origin| origin.file.clone());
    let found = py.detach(|| match file {
        Some(file) => filmless_core::check::check_file(&DicomFile { dataset: data, ..file }),
        None => filmless_core::check::check(&data),
    });
    Ok(found.map_err(to_py)?.into_iter().map(Finding::from).collect())
}
