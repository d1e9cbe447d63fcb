//! Tags as Python writes them: keywords, numbers, pairs of numbers, hexadecimal text.

use filmless_core::{Tag, dictionary};
use pyo3::exceptions::{PyKeyError, PyTypeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::{PyString, PyTuple};

/// The tag a keyword or text such as `0010,0010` names.
pub fn from_text(text: &str) -> Option<Tag> {
    if let Some(entry) = dictionary::by_keyword(text) {
        return Some(entry.tag);
    }
    let digits: String = text.chars().filter(|letter| !matches!(letter, '(' | ')' | ',' | ' ')).collect();
    let hexadecimal = digits.len() == 8 && digits.bytes().all(|byte| byte.is_ascii_hexdigit());
    hexadecimal.then(|| u32::from_str_radix(&digits, 16).ok().map(Tag)).flatten()
}

/// The tag a Python key names.
pub fn extract(key: &Bound<'_, PyAny>) -> PyResult<Tag> {
    if let Ok(text) = key.cast::<PyString>() {
        let text = text.to_str()?;
        return from_text(text)
            .ok_or_else(|| PyKeyError::new_err(format!("`{text}` is no keyword of the data dictionary")));
    }
    if let Ok(pair) = key.cast::<PyTuple>() {
        let (group, element): (u16, u16) =
            pair.extract().map_err(|_| PyValueError::new_err("a tag is a pair of 16-bit numbers, (group, element)"))?;
        return Ok(Tag::new(group, element));
    }
    if let Ok(number) = key.extract::<u32>() {
        return Ok(Tag(number));
    }
    Err(PyTypeError::new_err("a tag is a keyword, a 32-bit number, a pair of numbers, or text such as `0010,0010`"))
}
