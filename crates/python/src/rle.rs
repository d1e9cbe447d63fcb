//! RLE Lossless.

use filmless_core::pixel::rle::{self, RleError};
use pyo3::buffer::PyBuffer;
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::PyBytes;

/// Decodes the samples of a frame, little endian, by pixel, into `out`. Returns whether a segment held more.
#[pyfunction]
pub fn rle_decode(
    py: Python<'_>,
    data: &[u8],
    samples: usize,
    sample_bytes: usize,
    out: PyBuffer<u8>,
) -> PyResult<bool> {
    if out.readonly() || !out.is_c_contiguous() {
        return Err(PyValueError::new_err("`out` has to be writable and contiguous"));
    }
    #[allow(unsafe_code)]
    // SAFETY: the buffer is writable, contiguous and held until the end; it is the caller's own array, new or given to be
    // written to.
    let target = unsafe { std::slice::from_raw_parts_mut(out.buf_ptr().cast::<u8>(), out.len_bytes()) };
    py.detach(|| rle::decode(data, samples, sample_bytes, target))
        .map_err(|error| PyValueError::new_err(message(error)))
}

fn message(error: RleError) -> &'static str {
    match error {
        RleError::Header => "has a header that does not fit its samples",
        RleError::Segment => "has a segment outside the frame",
        RleError::Short => "has a segment that ends early",
    }
}

/// A frame as RLE.
#[pyfunction]
pub fn rle_encode(
    py: Python<'_>,
    data: PyBuffer<u8>,
    samples: usize,
    sample_bytes: usize,
    columns: usize,
) -> PyResult<Bound<'_, PyBytes>> {
    let data = data.to_vec(py)?;
    let encoded = py.detach(|| rle::encode(&data, samples, sample_bytes, columns));
    let too_many = || PyValueError::new_err("samples have more bytes than RLE has segments");
    Ok(PyBytes::new(py, &encoded.ok_or_else(too_many)?))
}
