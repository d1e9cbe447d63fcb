//! From samples to a picture: tables, ramps and colours over arrays.

use filmless_core::pixel::colour::{Ybr, to_rgb_8, to_rgb_16};
use filmless_core::pixel::lut::{SegmentError, expand, look_up, look_up_bytes};
use filmless_core::pixel::sample::{Sample, range};
use filmless_core::pixel::window::Ramp;
use pyo3::buffer::{ElementType, PyBuffer, PyUntypedBuffer};
use pyo3::exceptions::{PyTypeError, PyValueError};
use pyo3::prelude::*;

/// An array of samples, held as long as its slice is used.
struct Samples(PyUntypedBuffer);

impl Samples {
    fn of(array: &Bound<'_, PyAny>) -> PyResult<Self> {
        let buffer = PyUntypedBuffer::get(array)?;
        if !buffer.is_c_contiguous() {
            return Err(PyValueError::new_err("`samples` has to be contiguous"));
        }
        // Items are numbers of 1, 2, 4 or 8 bytes, none of which is aligned to more than its size.
        if !(buffer.buf_ptr() as usize).is_multiple_of(buffer.item_size().max(1)) {
            return Err(PyValueError::new_err("`samples` has to be aligned"));
        }
        Ok(Self(buffer))
    }

    fn kind(&self) -> ElementType {
        ElementType::from_format(self.0.format())
    }

    /// The samples; `T` is of the buffer's item size.
    fn slice<T: Sample>(&self) -> &[T] {
        assert_eq!(self.0.item_size(), size_of::<T>(), "`T` is what `kind` says");
        if self.0.len_bytes() == 0 {
            return &[];
        }
        #[allow(unsafe_code)]
        // SAFETY: the buffer is contiguous, aligned (see `of`), has items of this size, which are plain numbers, and is
        // held as long as the slice.
        unsafe {
            std::slice::from_raw_parts(self.0.buf_ptr().cast::<T>(), self.0.item_count())
        }
    }
}

/// An array to write to, of bytes.
fn target(out: &mut PyBuffer<u8>, bytes: usize) -> PyResult<&mut [u8]> {
    if out.readonly() || !out.is_c_contiguous() || out.len_bytes() != bytes {
        return Err(PyValueError::new_err(format!("`out` has to be writable and contiguous, of {bytes} bytes")));
    }
    if bytes == 0 {
        return Ok(&mut []);
    }
    #[allow(unsafe_code)]
    // SAFETY: the buffer is writable, contiguous, of so many bytes and held until the end; it is a new array of the caller.
    Ok(unsafe { std::slice::from_raw_parts_mut(out.buf_ptr().cast::<u8>(), bytes) })
}

/// Does something with the slice of a buffer, as what its items are.
macro_rules! with_slice {
    ($samples:expr, $slice:ident => $small:expr, $large:expr) => {
        match $samples.kind() {
            ElementType::UnsignedInteger { bytes: 1 } | ElementType::Bool => {
                let $slice = $samples.slice::<u8>();
                $small
            }
            ElementType::SignedInteger { bytes: 1 } => {
                let $slice = $samples.slice::<i8>();
                $small
            }
            ElementType::UnsignedInteger { bytes: 2 } => {
                let $slice = $samples.slice::<u16>();
                $small
            }
            ElementType::SignedInteger { bytes: 2 } => {
                let $slice = $samples.slice::<i16>();
                $small
            }
            ElementType::UnsignedInteger { bytes: 4 } => {
                let $slice = $samples.slice::<u32>();
                $large
            }
            ElementType::SignedInteger { bytes: 4 } => {
                let $slice = $samples.slice::<i32>();
                $large
            }
            ElementType::UnsignedInteger { bytes: 8 } => {
                let $slice = $samples.slice::<u64>();
                $large
            }
            ElementType::SignedInteger { bytes: 8 } => {
                let $slice = $samples.slice::<i64>();
                $large
            }
            ElementType::Float { bytes: 4 } => {
                let $slice = $samples.slice::<f32>();
                $large
            }
            ElementType::Float { bytes: 8 } => {
                let $slice = $samples.slice::<f64>();
                $large
            }
            _ => return Err(PyTypeError::new_err("samples are no numbers of 8, 16, 32 or 64 bits")),
        }
    };
}

/// Draws samples by rescale and ramp into `out`, a byte each.
#[pyfunction]
#[pyo3(signature = (samples, out, *, rescale, ramp, inverse, padding))]
pub fn draw_ramp(
    py: Python<'_>,
    samples: &Bound<'_, PyAny>,
    mut out: PyBuffer<u8>,
    rescale: (f64, f64),
    ramp: (f64, f64),
    inverse: bool,
    padding: Option<(f64, f64)>,
) -> PyResult<()> {
    let samples = Samples::of(samples)?;
    let target = target(&mut out, samples.0.item_count())?;
    let ramp = Ramp { slope: rescale.0, intercept: rescale.1, centre: ramp.0, width: ramp.1, inverse, padding };
    with_slice!(samples, slice => py.detach(|| ramp.apply_by_table(slice, target)), py.detach(|| ramp.apply(slice, target)));
    Ok(())
}

/// Looks samples of 8 or 16 bits up in `table`, whose first entry is that of `first`. Entries are as long as `out` says.
#[pyfunction]
pub fn look_up_samples(
    py: Python<'_>,
    samples: &Bound<'_, PyAny>,
    first: i64,
    table: &[u8],
    mut out: PyBuffer<u8>,
) -> PyResult<()> {
    let samples = Samples::of(samples)?;
    let bytes = out.len_bytes();
    let target = target(&mut out, bytes)?;
    let count = samples.0.item_count();
    macro_rules! entries {
        ($slice:ident, $($bytes:literal)*) => {
            match target.len().checked_div(count) {
                None => (),
                Some(1) => py.detach(|| look_up_bytes($slice, first, table, target)),
                $(Some($bytes) => {
                    let (table, out) = (table.as_chunks::<$bytes>().0, target.as_chunks_mut::<$bytes>().0);
                    py.detach(|| look_up($slice, first, table, out));
                })*
                _ => return Err(PyValueError::new_err("entries have to be of 1, 2, 3 or 6 bytes")),
            }
        };
    }
    with_slice!(
        samples,
        slice => entries!(slice, 2 3 6),
        { let _ = slice; return Err(PyTypeError::new_err("samples of more than 16 bits have no table")) }
    );
    Ok(())
}

/// The least and the greatest sample, but for those from `skip[0]` to `skip[1]` and what is not finite.
#[pyfunction]
pub fn sample_range<'py>(
    py: Python<'py>,
    samples: &Bound<'py, PyAny>,
    skip: Option<(f64, f64)>,
) -> PyResult<Option<(Bound<'py, PyAny>, Bound<'py, PyAny>)>> {
    let samples = Samples::of(samples)?;
    macro_rules! found {
        ($slice:ident) => {
            match py.detach(|| range($slice, skip)) {
                None => None,
                Some((least, greatest)) => {
                    Some((least.into_pyobject(py)?.into_any(), greatest.into_pyobject(py)?.into_any()))
                }
            }
        };
    }
    Ok(with_slice!(samples, slice => found!(slice), found!(slice)))
}

/// Converts pixels of three samples of 8 or 16 bits to RGB of as many: `full`, `partial` or `reversible`.
#[pyfunction]
pub fn ybr_to_rgb(
    py: Python<'_>,
    kind: &str,
    bits: u32,
    samples: &Bound<'_, PyAny>,
    out: &Bound<'_, PyAny>,
) -> PyResult<()> {
    let ybr = match kind {
        "full" => Ybr::Full,
        "partial" => Ybr::Partial,
        "reversible" => Ybr::Reversible,
        _ => return Err(PyValueError::new_err("expected full, partial or reversible")),
    };
    let samples = Samples::of(samples)?;
    if let ElementType::UnsignedInteger { bytes: 1 } = samples.kind() {
        let mut out = out.extract::<PyBuffer<u8>>()?;
        let target = target(&mut out, samples.0.len_bytes())?;
        let pixels = samples.slice::<u8>().as_chunks::<3>().0;
        py.detach(|| to_rgb_8(ybr, pixels, target.as_chunks_mut::<3>().0));
        return Ok(());
    }
    if samples.kind() != (ElementType::UnsignedInteger { bytes: 2 }) {
        return Err(PyTypeError::new_err("expected unsigned samples of 8 or 16 bits"));
    }
    let out = out.extract::<PyBuffer<u16>>()?;
    if out.readonly() || !out.is_c_contiguous() || out.item_count() != samples.0.item_count() {
        return Err(PyValueError::new_err("`out` has to be writable and contiguous, and as long as `samples`"));
    }
    let pixels = samples.slice::<u16>().as_chunks::<3>().0;
    if pixels.is_empty() {
        return Ok(());
    }
    #[allow(unsafe_code)]
    // SAFETY: the buffer is writable, contiguous, of so many aligned items (PyO3 checked that) and held until the end.
    let target = unsafe { std::slice::from_raw_parts_mut(out.buf_ptr().cast::<u16>(), out.item_count()) };
    py.detach(|| to_rgb_16(ybr, bits, pixels, target.as_chunks_mut::<3>().0));
    Ok(())
}

/// The entries of a table that is stored in segments of numbers of one or two bytes.
#[pyfunction]
pub fn expand_segments(data: Vec<u16>, number_bytes: usize, entries: usize) -> PyResult<Vec<u16>> {
    if !(1..=2).contains(&number_bytes) {
        return Err(PyValueError::new_err("numbers have to be of 1 or 2 bytes"));
    }
    expand(&data, number_bytes, entries).map_err(|error| {
        PyValueError::new_err(match error {
            SegmentError::Short => "ends inside a segment",
            SegmentError::Segment => "has a segment that is none",
            SegmentError::Reference => "has a segment that refers to none",
            SegmentError::Long => "has more entries than its descriptor says",
        })
    })
}
