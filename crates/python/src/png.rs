//! What pictures that are not DICOM need: the filters of PNG, LZW of TIFF.

use filmless_core::pixel::lzw;
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

/// A buffer to be written to.
fn target(out: &mut PyBuffer<u8>) -> PyResult<&mut [u8]> {
    if out.readonly() || !out.is_c_contiguous() {
        return Err(PyValueError::new_err("the buffer has to be writable and contiguous"));
    }
    if out.len_bytes() == 0 {
        return Ok(&mut []);
    }
    #[allow(unsafe_code)]
    // SAFETY: the buffer is writable, contiguous and held until the end; the caller made it for this.
    Ok(unsafe { std::slice::from_raw_parts_mut(out.buf_ptr().cast::<u8>(), out.len_bytes()) })
}

/// Undoes the filters of rows of PNG where they are, and moves the rows together.
#[pyfunction]
pub fn png_unfilter(py: Python<'_>, mut rows: PyBuffer<u8>, row: usize, step: usize) -> PyResult<()> {
    let target = target(&mut rows)?;
    py.detach(|| png::unfilter(target, row, step)).map_err(|error| {
        PyValueError::new_err(match error {
            PngError::Size => "the bytes are not whole rows of whole pixels",
            PngError::Filter => "a row is of no filter that PNG has",
        })
    })
}

/// Decodes LZW of TIFF into `out`, until it is full. Returns how many bytes there are; None when it is no LZW.
#[pyfunction]
pub fn lzw_decode(py: Python<'_>, coded: &[u8], mut out: PyBuffer<u8>) -> PyResult<Option<usize>> {
    let target = target(&mut out)?;
    Ok(py.detach(|| lzw::decode(coded, target)))
}
