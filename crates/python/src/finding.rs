//! `filmless.Finding`: what was odd in a file that was read all the same.

use filmless_core as core;
use pyo3::prelude::*;

/// A deviation from the Standard in a file that was read all the same.
#[pyclass(frozen, module = "filmless._core", eq, hash)]
#[derive(PartialEq, Eq, Hash, Clone)]
pub struct Finding {
    /// Stable name of the deviation.
    #[pyo3(get)]
    code: String,
    /// Tag of the element, or None.
    #[pyo3(get)]
    tag: Option<u32>,
    /// Bytes from the start of the file.
    #[pyo3(get)]
    offset: u64,
    /// One sentence for people.
    #[pyo3(get)]
    message: String,
}

impl From<core::Finding> for Finding {
    fn from(finding: core::Finding) -> Self {
        Self {
            code: finding.code.as_str().to_owned(),
            tag: finding.tag.map(|tag| tag.0),
            offset: finding.offset,
            message: finding.code.message().to_owned(),
        }
    }
}

#[pymethods]
impl Finding {
    #[new]
    fn new(code: String, tag: Option<u32>, offset: u64, message: String) -> Self {
        Self { code, tag, offset, message }
    }

    fn __getnewargs__(&self) -> (String, Option<u32>, u64, String) {
        (self.code.clone(), self.tag, self.offset, self.message.clone())
    }

    fn __str__(&self) -> String {
        let place = core::error::Place { tag: self.tag.map(core::Tag), offset: Some(self.offset) };
        format!("{} [{}]{place}", self.message, self.code)
    }

    fn __repr__(&self) -> String {
        let tag = self.tag.map_or_else(|| "None".to_owned(), |tag| format!("0x{tag:08X}"));
        format!("Finding(code={:?}, tag={tag}, offset={}, message={:?})", self.code, self.offset, self.message)
    }
}
