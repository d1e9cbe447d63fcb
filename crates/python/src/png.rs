//! The filters of PNG.

use filmless_core::pixel::png;
use pyo3::buffer::PyBuffer;
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::PyBytes;

/// The rows of a picture behind the number of the filter of each.
#[pyfunction]
pub fn png_filter(py: Python<'_>, samples: PyBuffer<u8>, row: usize, step: usize) -> PyResult<Bound<'_, PyBytes>> {
    let samples = samples.to_vec(py)?;
    let filtered = py.detach(|| png::filter(&samples, row, step));
    let refused = || PyValueError::new_err("the samples are not whole rows of whole pixels");
    Ok(PyBytes::new(py, &filtered.ok_or_else(refused)?))
}
