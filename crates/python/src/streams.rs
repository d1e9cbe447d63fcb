//! Marker segments of JPEG and JPEG-LS.

use filmless_core::pixel::entropy;
use filmless_core::pixel::streams::{self, Coding, walk};
use pyo3::prelude::*;

use crate::errors::to_py;

/// Marker, offset and size of a segment.
type Segment = (u8, usize, usize);
/// How many restart markers a scan has, and whether they are in order.
type Restarts = (usize, bool);

/// The segments of the image at the start of some bytes, the restart markers of each scan, and where it ends.
#[pyfunction]
pub fn jpeg_segments(py: Python<'_>, data: &[u8], jpeg_ls: bool) -> PyResult<(Vec<Segment>, Vec<Restarts>, usize)> {
    let coding = if jpeg_ls { Coding::JpegLs } else { Coding::Jpeg };
    let stream = py.detach(|| walk(data, coding)).map_err(to_py)?;
    let segments = stream.segments.iter().map(|found| (found.marker, found.offset, found.size)).collect();
    Ok((segments, stream.restarts.iter().map(|found| (found.count, found.in_order)).collect(), stream.end))
}

/// Where the entropy-coded data of sequential JPEG are damaged; none when no damage shows, or it is of another process.
#[pyfunction]
pub fn jpeg_damage(py: Python<'_>, data: &[u8], segments: Vec<Segment>) -> Option<usize> {
    let segments: Vec<_> =
        segments.into_iter().map(|(marker, offset, size)| streams::Segment { marker, offset, size }).collect();
    py.detach(|| entropy::damage(data, &segments))
}
