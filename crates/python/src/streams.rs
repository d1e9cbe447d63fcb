//! Marker segments of JPEG and JPEG-LS.

use filmless_core::pixel::streams::{Coding, walk};
use pyo3::prelude::*;

use crate::errors::to_py;

/// Marker, offset and size of each segment of the image at the start of some bytes, and where it ends.
#[pyfunction]
#[allow(clippy::type_complexity)] // it is what Python unpacks
pub fn jpeg_segments(py: Python<'_>, data: &[u8], jpeg_ls: bool) -> PyResult<(Vec<(u8, usize, usize)>, usize)> {
    let coding = if jpeg_ls { Coding::JpegLs } else { Coding::Jpeg };
    let stream = py.detach(|| walk(data, coding)).map_err(to_py)?;
    Ok((stream.segments.iter().map(|found| (found.marker, found.offset, found.size)).collect(), stream.end))
}
