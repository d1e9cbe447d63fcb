//! A piece of a data set, as it came.

use std::ffi::c_int;

use pyo3::exceptions::PyBufferError;
use pyo3::ffi;
use pyo3::prelude::*;
use pyo3::types::PyBytes;

/// A piece of a data set: bytes that can be read without a copy, by `memoryview` and whatever takes buffers.
///
/// DICOM
/// -----
/// PS3.8 E.2
#[pyclass(frozen, module = "filmless._core")]
pub struct Chunk(pub Vec<u8>);

#[pymethods]
impl Chunk {
    fn __len__(&self) -> usize {
        self.0.len()
    }

    fn __bytes__<'py>(&self, py: Python<'py>) -> Bound<'py, PyBytes> {
        PyBytes::new(py, &self.0)
    }

    fn __repr__(&self) -> String {
        format!("<Chunk of {} bytes>", self.0.len())
    }

    #[allow(unsafe_code)]
    unsafe fn __getbuffer__(slf: Bound<'_, Self>, view: *mut ffi::Py_buffer, flags: c_int) -> PyResult<()> {
        let bytes = &slf.get().0;
        // SAFETY: the class is frozen, so the bytes neither move nor change while the object lives; the view holds a
        // reference to it, and is read-only. `view` is the interpreter's.
        unsafe { fill(view, slf.as_any(), bytes.as_ptr().cast_mut(), bytes.len(), true, flags) }
    }
}

/// Fills a view of bytes that an object holds.
///
/// # Safety
/// `view` is to be filled; the bytes stay where they are until it is released.
#[allow(unsafe_code)]
pub unsafe fn fill(
    view: *mut ffi::Py_buffer,
    object: &Bound<'_, PyAny>,
    bytes: *mut u8,
    length: usize,
    readonly: bool,
    flags: c_int,
) -> PyResult<()> {
    if view.is_null() {
        return Err(PyBufferError::new_err("no view to fill"));
    }
    let (bytes, length, readonly) = (bytes.cast(), length as ffi::Py_ssize_t, c_int::from(readonly));
    // SAFETY: as the caller promises. On failure the interpreter has set an exception, and holds nothing.
    if unsafe { ffi::PyBuffer_FillInfo(view, object.as_ptr(), bytes, length, readonly, flags) } == 0 {
        Ok(())
    } else {
        // SAFETY: it was seen not to be null.
        unsafe { (*view).obj = std::ptr::null_mut() };
        Err(PyErr::fetch(object.py()))
    }
}
