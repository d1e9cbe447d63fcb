//! The core's errors as the exceptions of `filmless.errors`.

use std::path::Path;

use filmless_core::Error;
use pyo3::exceptions::{PyFileNotFoundError, PyIsADirectoryError, PyOSError};
use pyo3::prelude::*;
use pyo3::types::PyDict;

/// The exception for an error of the core.
pub fn to_py(error: Error) -> PyErr {
    at_path(error, None)
}

/// The exception for an error of the core, with the file it happened in.
pub fn at_path(error: Error, path: Option<&Path>) -> PyErr {
    if let Error::Io(error) = error {
        return io_error(&error, path);
    }
    Python::attach(|py| build(py, &error, path).unwrap_or_else(|failure| failure))
}

/// `OSError` as Python's own `open` raises it.
fn io_error(error: &std::io::Error, path: Option<&Path>) -> PyErr {
    match (error.raw_os_error(), path) {
        (Some(number), Some(path)) => {
            let text = error.to_string();
            let text = text.split(" (os error").next().unwrap_or_default().to_owned();
            PyOSError::new_err((number, text, path.to_path_buf()))
        }
        (Some(number), None) => PyOSError::new_err((number, error.to_string())),
        (None, _) if error.kind() == std::io::ErrorKind::NotFound => PyFileNotFoundError::new_err(error.to_string()),
        (None, path) if error.kind() == std::io::ErrorKind::IsADirectory => {
            const EISDIR: i32 = 21; // everywhere
            PyIsADirectoryError::new_err((EISDIR, error.to_string(), path.map(Path::to_path_buf)))
        }
        (None, _) => PyOSError::new_err(error.to_string()),
    }
}

fn build(py: Python<'_>, error: &Error, path: Option<&Path>) -> PyResult<PyErr> {
    let class = match error {
        Error::Format { .. } | Error::Changed | Error::Io(_) => "FormatError",
        Error::Truncated { .. } => "TruncatedError",
        Error::Value { .. } => "ValueRepresentationError",
        Error::Unsupported { .. } => "UnsupportedError",
        Error::Limit { .. } => "LimitError",
    };
    let keywords = PyDict::new(py);
    let place = error.place();
    if let Some(tag) = place.tag {
        keywords.set_item("tag", tag.0)?;
    }
    if let Some(offset) = place.offset {
        keywords.set_item("offset", offset)?;
    }
    if let Some(path) = path {
        keywords.set_item("path", path)?;
    }
    match error {
        Error::Unsupported { feature, uid } => {
            keywords.set_item("feature", feature)?;
            keywords.set_item("uid", uid)?;
        }
        Error::Limit { limit, maximum, .. } => {
            keywords.set_item("limit", limit)?;
            keywords.set_item("value", maximum)?;
            keywords.set_item("hint", format!("pass `{limit}=` to allow more, if you trust the source"))?;
        }
        Error::Changed => keywords.set_item("hint", "read the file again")?,
        _ => {}
    }
    let exception = py.import("filmless.errors")?.getattr(class)?.call((error.to_string(),), Some(&keywords))?;
    Ok(PyErr::from_value(exception))
}
