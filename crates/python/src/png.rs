//! The filters of PNG.

use filmless_core::pixel::png::{self, PngError};
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

/// Undoes the filters of rows of PNG, into `out`.
#[pyfunction]
pub fn png_unfilter(
    py: Python<'_>,
    filtered: PyBuffer<u8>,
    row: usize,
    step: usize,
    out: PyBuffer<u8>,
) -> PyResult<()> {
    if out.readonly() || !out.is_c_contiguous() || !filtered.is_c_contiguous() {
        return Err(PyValueError::new_err("`filtered` and `out` have to be contiguous, `out` writable"));
    }
    if filtered.len_bytes() == 0 || out.len_bytes() == 0 {
        return Err(PyValueError::new_err("there are no rows"));
    }
    #[allow(unsafe_code)]
    // SAFETY: both buffers are contiguous and held until the end; the caller made both for this, and nobody else writes.
    let (filtered, target) = unsafe {
        (
            std::slice::from_raw_parts(filtered.buf_ptr().cast::<u8>(), filtered.len_bytes()),
            std::slice::from_raw_parts_mut(out.buf_ptr().cast::<u8>(), out.len_bytes()),
        )
    };
    py.detach(|| png::unfilter(filtered, row, step, target)).map_err(|error| {
        PyValueError::new_err(match error {
            PngError::Size => "the bytes are not whole rows of whole pixels",
            PngError::Filter => "a row is of no filter that PNG has",
        })
    })
}
