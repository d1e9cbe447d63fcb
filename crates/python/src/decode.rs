//! Values as Python has them.

use std::borrow::Cow;

use filmless_core::charset::CharacterSet;
use filmless_core::value::{Number, Text, Value, parse_decimal, parse_integer, trim};
use filmless_core::Vr;
use pyo3::{BoundObject, IntoPyObject};
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyBytes, PyFloat, PyInt, PyList, PyString, PyType};

/// A value, and whether it is a list that its owner may change.
pub struct Decoded<'py> {
    pub value: Bound<'py, PyAny>,
    pub is_list: bool,
}

impl<'py> Decoded<'py> {
    fn single(value: Bound<'py, PyAny>) -> Self {
        Self { value, is_list: false }
    }

    fn list(values: Vec<Bound<'py, PyAny>>, py: Python<'py>) -> PyResult<Self> {
        Ok(Self { value: PyList::new(py, values)?.into_any(), is_list: true })
    }
}

/// A single number, or a single text of ASCII letters, when it is one: what most values are.
///
/// It makes no list and runs no Python. What it leaves to [`decode`] is decided there anew, so both agree.
#[inline]
pub fn plain<'py>(py: Python<'py>, bytes: &[u8], vr: Vr, big_endian: bool) -> Option<Bound<'py, PyAny>> {
    let one = |size: usize| bytes.len() == size;
    match vr {
        Vr::US if one(2) => Some(PyInt::new(py, u16::read(bytes, big_endian)).into_any()),
        Vr::SS if one(2) => Some(PyInt::new(py, i16::read(bytes, big_endian)).into_any()),
        Vr::UL if one(4) => Some(PyInt::new(py, u32::read(bytes, big_endian)).into_any()),
        Vr::SL if one(4) => Some(PyInt::new(py, i32::read(bytes, big_endian)).into_any()),
        Vr::FL if one(4) => Some(PyFloat::new(py, f64::from(f32::read(bytes, big_endian))).into_any()),
        Vr::FD if one(8) => Some(PyFloat::new(py, f64::read(bytes, big_endian)).into_any()),
        Vr::AE | Vr::AS | Vr::CS | Vr::DA | Vr::DS | Vr::DT | Vr::IS | Vr::LO | Vr::SH | Vr::TM => {
            if bytes.is_empty() || !bytes.iter().all(|&byte| matches!(byte, 0x20..0x7F) && byte != b'\\') {
                return None;
            }
            let text = trim(std::str::from_utf8(bytes).ok()?, vr);
            match vr {
                Vr::DS => Some(PyFloat::new(py, parse_decimal(text)?).into_any()),
                Vr::IS => Some(PyInt::new(py, parse_integer(text)?).into_any()),
                _ => Some(PyString::new(py, text).into_any()),
            }
        }
        _ => None,
    }
}

/// Decodes the bytes of a value.
pub fn decode<'py>(py: Python<'py>, bytes: &[u8], vr: Vr, big_endian: bool, character_set: &CharacterSet) -> PyResult<Decoded<'py>> {
    match Value::new(bytes, vr, big_endian, character_set) {
        Value::Text(text) => strings(py, &text, vr),
        Value::Decimal(text) => decimals(py, &text),
        Value::Integer(text) => integers(py, &text),
        Value::Tags(tags) => {
            let class = tag_class(py)?;
            several(py, tags.len(), tags.iter().map(|tag| class.call1((tag.0,))))
        }
        Value::U16(numbers) => numeric(py, numbers.len(), numbers.iter()),
        Value::I16(numbers) => numeric(py, numbers.len(), numbers.iter()),
        Value::U32(numbers) => numeric(py, numbers.len(), numbers.iter()),
        Value::I32(numbers) => numeric(py, numbers.len(), numbers.iter()),
        Value::U64(numbers) => numeric(py, numbers.len(), numbers.iter()),
        Value::I64(numbers) => numeric(py, numbers.len(), numbers.iter()),
        Value::F32(numbers) => numeric(py, numbers.len(), numbers.iter().map(f64::from)),
        Value::F64(numbers) => numeric(py, numbers.len(), numbers.iter()),
        Value::Bytes([]) => Ok(Decoded::single(py.None().into_bound(py))),
        Value::Bytes(bytes) => Ok(Decoded::single(PyBytes::new(py, bytes).into_any())),
    }
}

#[inline]
fn numeric<'py, T>(py: Python<'py>, count: usize, mut numbers: impl Iterator<Item = T>) -> PyResult<Decoded<'py>>
where
    T: IntoPyObject<'py>,
    PyErr: From<T::Error>,
{
    let object = |number: T| -> PyResult<Bound<'py, PyAny>> { Ok(number.into_pyobject(py)?.into_any().into_bound()) };
    if count == 1
        && let Some(number) = numbers.next()
    {
        return Ok(Decoded::single(object(number)?));
    }
    several(py, count, numbers.map(object))
}

fn several<'py>(py: Python<'py>, count: usize, values: impl Iterator<Item = PyResult<Bound<'py, PyAny>>>) -> PyResult<Decoded<'py>> {
    let mut values = values.collect::<PyResult<Vec<_>>>()?;
    match count {
        0 => Ok(Decoded::single(py.None().into_bound(py))),
        1 => Ok(Decoded::single(values.remove(0))),
        _ => Decoded::list(values, py),
    }
}

fn person_name(py: Python<'_>) -> PyResult<&Bound<'_, PyType>> {
    static CLASS: PyOnceLock<Py<PyType>> = PyOnceLock::new();
    CLASS.import(py, "filmless.dataset", "PersonName")
}

fn uid(py: Python<'_>) -> PyResult<&Bound<'_, PyType>> {
    static CLASS: PyOnceLock<Py<PyType>> = PyOnceLock::new();
    CLASS.import(py, "filmless.dataset", "UID")
}

/// `filmless.dataset.Tag`.
pub fn tag_class(py: Python<'_>) -> PyResult<&Bound<'_, PyType>> {
    static CLASS: PyOnceLock<Py<PyType>> = PyOnceLock::new();
    CLASS.import(py, "filmless.dataset", "Tag")
}

#[inline]
fn string<'py>(py: Python<'py>, text: &str, vr: Vr) -> PyResult<Bound<'py, PyAny>> {
    let text = PyString::new(py, text);
    match vr {
        Vr::PN => person_name(py)?.call1((text,)),
        Vr::UI => uid(py)?.call1((text,)),
        _ => Ok(text.into_any()),
    }
}

fn strings<'py>(py: Python<'py>, text: &Text<'_>, vr: Vr) -> PyResult<Decoded<'py>> {
    if text.is_multiple() {
        Decoded::list(text.iter().map(|value| string(py, value, vr)).collect::<PyResult<_>>()?, py)
    } else {
        Ok(Decoded::single(string(py, text.single(), vr)?))
    }
}

/// A decimal string as a float; what is no number stays text, what is empty is None.
fn decimal<'py>(py: Python<'py>, text: &str) -> PyResult<Bound<'py, PyAny>> {
    match parse_decimal(text) {
        Some(number) => Ok(number.into_pyobject(py)?.into_any()),
        None if text.is_empty() => Ok(py.None().into_bound(py)),
        None => Ok(PyString::new(py, text).into_any()),
    }
}

fn decimals<'py>(py: Python<'py>, text: &Text<'_>) -> PyResult<Decoded<'py>> {
    if text.is_multiple() {
        Decoded::list(text.iter().map(|value| decimal(py, value)).collect::<PyResult<_>>()?, py)
    } else {
        Ok(Decoded::single(decimal(py, text.single())?))
    }
}

/// An integer string as an int; one with a fraction as a float, as [`decimal`] has it.
fn integer<'py>(py: Python<'py>, text: &str) -> PyResult<Bound<'py, PyAny>> {
    match parse_integer(text) {
        Some(number) => Ok(number.into_pyobject(py)?.into_any()),
        None => decimal(py, text),
    }
}

fn integers<'py>(py: Python<'py>, text: &Text<'_>) -> PyResult<Decoded<'py>> {
    if text.is_multiple() {
        Decoded::list(text.iter().map(|value| integer(py, value)).collect::<PyResult<_>>()?, py)
    } else {
        Ok(Decoded::single(integer(py, text.single())?))
    }
}

/// The text of a value as it stands, components and all.
pub fn text<'a>(bytes: &'a [u8], vr: Vr, character_set: &CharacterSet) -> Cow<'a, str> {
    filmless_core::value::text(bytes, vr, character_set).whole
}
