//! Parts of the value of pixel data, read without the rest of it.

use filmless_core::dataset::ElementRef;
use filmless_core::pixel::fragments as core;
use filmless_core::{Error, Tag};
use pyo3::exceptions::PyKeyError;
use pyo3::prelude::*;
use pyo3::types::PyBytes;

use crate::dataset::Dataset;
use crate::errors::to_py;

fn with_element<T: Send>(
    dataset: &Bound<'_, Dataset>,
    tag: u32,
    read: impl FnOnce(ElementRef<'_>) -> Result<T, Error> + Send,
) -> PyResult<T> {
    let py = dataset.py();
    let data = dataset.get().shared().snapshot(py)?;
    let found = py.detach(|| data.get(Tag(tag)).and_then(|element| element.map(read).transpose()));
    found.map_err(to_py)?.ok_or_else(|| PyKeyError::new_err(tag))
}

/// Bytes of a value between two offsets in it; what is behind its end is left out.
#[pyfunction]
pub fn value_range<'py>(
    dataset: &Bound<'py, Dataset>,
    tag: u32,
    start: u64,
    end: u64,
) -> PyResult<Bound<'py, PyBytes>> {
    let bytes = with_element(dataset, tag, |element| Ok(core::range(element, start, end)?.into_owned()))?;
    Ok(PyBytes::new(dataset.py(), &bytes))
}

/// Offset and length of each item of an encapsulated value, and whether it ends before it should.
#[pyfunction]
pub fn fragments(dataset: &Bound<'_, Dataset>, tag: u32, most: usize) -> PyResult<(Vec<(u64, u64)>, bool)> {
    let found = with_element(dataset, tag, |element| core::fragments(element, most))?;
    Ok((found.items, found.truncated))
}
