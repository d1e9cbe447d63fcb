//! What a data set read from a file knows of that file, and what one that was made needs to become one.

use std::path::PathBuf;

use filmless_core::file::DicomFile;
use pyo3::prelude::*;

/// The file around a data set.
#[derive(Default)]
pub struct Origin {
    /// The file as it was read.
    pub file: Option<DicomFile>,
    /// Its path.
    pub path: Option<PathBuf>,
    /// The file meta information once it was asked for or set.
    pub meta: Option<Py<PyAny>>,
    /// The preamble once it was set.
    pub preamble: Option<Vec<u8>>,
}
