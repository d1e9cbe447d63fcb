//! Python values as elements.

use std::fmt::Write;
use std::ops::Range;
use std::sync::Arc;

use filmless_core::dataset::{Content, Element};
use filmless_core::error::Place;
use filmless_core::file::{Encoding, SharedBytes};
use filmless_core::value::{Number, format_decimal};
use filmless_core::{Error, Tag, Vr};
use pyo3::buffer::PyBuffer;
use pyo3::exceptions::{PyTypeError, PyValueError};
use pyo3::prelude::*;
use pyo3::pybacked::PyBackedBytes;
use pyo3::types::{PyByteArray, PyBytes, PyDict, PyFloat, PyInt, PyMapping, PyMemoryView, PySet, PyString};

use crate::element::DataElement;
use crate::errors::to_py;
use crate::tag;

/// The values of what was given: of a list or tuple each, else the one.
fn values<'py>(value: &Bound<'py, PyAny>) -> PyResult<Vec<Bound<'py, PyAny>>> {
    if value.is_none() {
        return Ok(Vec::new());
    }
    let single = value.cast::<PyString>().is_ok()
        || value.cast::<PyBytes>().is_ok()
        || value.cast::<PyInt>().is_ok()
        || value.cast::<PyFloat>().is_ok()
        || value.cast::<PyMapping>().is_ok();
    if single || value.cast::<PySet>().is_ok() || value.cast::<PyDict>().is_ok() {
        return Ok(vec![value.clone()]);
    }
    match value.try_iter() {
        Ok(values) => values.collect(),
        Err(_) => Ok(vec![value.clone()]),
    }
}

fn wrong_type(tag: Tag, vr: Vr, value: &Bound<'_, PyAny>, expected: &str) -> PyErr {
    let name = value.get_type().name().map_or_else(|_| "object".to_owned(), |name| name.to_string());
    PyTypeError::new_err(format!(
        "a value of type `{name}` does not fit {vr}, which takes {expected}{}",
        Place::tag(tag)
    ))
}

fn wrong_value(what: impl Into<String>, tag: Tag) -> PyErr {
    PyValueError::new_err(format!("{}{}", what.into(), Place::tag(tag)))
}

/// The element a Python value makes.
pub fn element(tag: Tag, vr: Vr, value: &Bound<'_, PyAny>, encoding: Encoding) -> PyResult<Element> {
    if let Ok(element) = value.cast::<DataElement>() {
        return element.get().copied(element.py());
    }
    match vr {
        Vr::DS => text(tag, vr, value, decimal),
        Vr::IS => text(tag, vr, value, integer),
        Vr::LT | Vr::ST | Vr::UR | Vr::UT => match value.cast::<PyString>() {
            Ok(string) => Ok(Element::text(vr, string.to_str()?)),
            Err(_) if value.is_none() => Ok(Element::text(vr, "")),
            Err(_) => bytes_of_text(value, vr).unwrap_or_else(|| Err(wrong_type(tag, vr, value, "one text"))),
        },
        vr if vr.is_text() => text(tag, vr, value, string),
        Vr::AT => tags(tag, value),
        Vr::US => numbers::<u16>(tag, vr, value),
        Vr::SS => numbers::<i16>(tag, vr, value),
        Vr::UL => numbers::<u32>(tag, vr, value),
        Vr::SL => numbers::<i32>(tag, vr, value),
        Vr::UV => numbers::<u64>(tag, vr, value),
        Vr::SV => numbers::<i64>(tag, vr, value),
        Vr::FL => floats(tag, vr, value, |number, into| (number as f32).write(into)),
        Vr::FD => floats(tag, vr, value, f64::write),
        Vr::UsOrSs => ambiguous(tag, value),
        Vr::UsOrOw | Vr::UsOrSsOrOw if raw(value).is_none() => numbers::<u16>(tag, Vr::US, value),
        vr => bytes(tag, vr, value, encoding),
    }
}

fn text(
    tag: Tag,
    vr: Vr,
    value: &Bound<'_, PyAny>,
    write: fn(Tag, Vr, &Bound<'_, PyAny>, &mut String) -> PyResult<()>,
) -> PyResult<Element> {
    if let Some(element) = bytes_of_text(value, vr) {
        return element;
    }
    let mut joined = String::new();
    for (index, value) in values(value)?.iter().enumerate() {
        if index > 0 {
            joined.push('\\');
        }
        write(tag, vr, value, &mut joined)?;
    }
    Ok(Element::text(vr, &joined))
}

/// Bytes for a text representation are taken as they are.
fn bytes_of_text(value: &Bound<'_, PyAny>, vr: Vr) -> Option<PyResult<Element>> {
    let bytes = value.cast::<PyBytes>().ok()?;
    Some(Ok(Element::bytes(vr, bytes.as_bytes())))
}

/// Text as it is; dates and times as DA, TM and DT have them.
fn string(tag: Tag, vr: Vr, value: &Bound<'_, PyAny>, into: &mut String) -> PyResult<()> {
    if let Ok(string) = value.cast::<PyString>() {
        into.push_str(string.to_str()?);
        return Ok(());
    }
    if value.is_none() {
        return Ok(());
    }
    let format = match vr {
        Vr::DA => Some("%Y%m%d"),
        Vr::TM => Some("%H%M%S.%f"),
        Vr::DT => Some("%Y%m%d%H%M%S.%f%z"),
        _ => None,
    };
    if let Some(format) = format
        && value.hasattr("strftime")?
    {
        let formatted: String = value.call_method1("strftime", (format,))?.extract()?;
        into.push_str(&formatted);
        return Ok(());
    }
    Err(wrong_type(tag, vr, value, "text"))
}

fn decimal(tag: Tag, vr: Vr, value: &Bound<'_, PyAny>, into: &mut String) -> PyResult<()> {
    if let Ok(string) = value.cast::<PyString>() {
        let text = string.to_str()?;
        if text
            .split('\\')
            .all(|part| part.trim().is_empty() || filmless_core::value::parse_decimal(part.trim()).is_some())
        {
            into.push_str(text.trim());
            return Ok(());
        }
        return Err(wrong_value("the text is no decimal number", tag));
    }
    if value.is_none() {
        return Ok(());
    }
    if let Ok(number) = value.cast::<PyInt>()
        && let Ok(number) = number.extract::<i64>()
        && number.abs() < 1_000_000_000_000_000
    {
        write!(into, "{number}").map_err(|_| PyValueError::new_err("out of memory"))?;
        return Ok(());
    }
    let number: f64 = value.extract().map_err(|_| wrong_type(tag, vr, value, "a number or its text"))?;
    let formatted =
        format_decimal(number).ok_or_else(|| wrong_value("DS cannot hold a number that is not finite", tag))?;
    into.push_str(&formatted);
    Ok(())
}

fn integer(tag: Tag, vr: Vr, value: &Bound<'_, PyAny>, into: &mut String) -> PyResult<()> {
    if let Ok(string) = value.cast::<PyString>() {
        let text = string.to_str()?;
        if text.split('\\').all(|part| part.trim().is_empty() || filmless_core::value::parse_integer(part).is_some()) {
            into.push_str(text.trim());
            return Ok(());
        }
        return Err(wrong_value("the text is no integer", tag));
    }
    if value.is_none() {
        return Ok(());
    }
    let number = match value.cast::<PyFloat>() {
        Ok(float) if float.value().fract() == 0.0 && float.value().abs() < 9e15 => float.value() as i64,
        Ok(_) => return Err(wrong_value("IS takes whole numbers", tag)),
        Err(_) => value.extract::<i64>().map_err(|_| wrong_type(tag, vr, value, "an integer or its text"))?,
    };
    if i32::try_from(number).is_err() {
        return Err(wrong_value("IS takes integers from -2147483648 to 2147483647", tag));
    }
    write!(into, "{number}").map_err(|_| PyValueError::new_err("out of memory"))
}

fn tags(tag: Tag, value: &Bound<'_, PyAny>) -> PyResult<Element> {
    if let Some(bytes) = raw(value) {
        return Ok(Element { vr: Vr::AT, content: Content::Bytes(bytes), big_endian: false });
    }
    let pair = value.extract::<(u16, u16)>().is_ok() && value.cast::<pyo3::types::PyTuple>().is_ok();
    let all = if pair { vec![value.clone()] } else { values(value)? };
    let mut bytes = Vec::new();
    for value in all {
        let value = tag::extract(&value).map_err(|_| wrong_type(tag, Vr::AT, &value, "tags"))?;
        value.group().write(&mut bytes);
        value.element().write(&mut bytes);
    }
    Ok(Element::bytes(Vr::AT, bytes))
}

fn whole(tag: Tag, vr: Vr, value: &Bound<'_, PyAny>) -> PyResult<i128> {
    if let Ok(float) = value.cast::<PyFloat>() {
        if float.value().fract() == 0.0 && float.value().abs() < 9e15 {
            return Ok(float.value() as i128);
        }
        return Err(wrong_value(format!("{vr} takes whole numbers"), tag));
    }
    if value.cast::<PyString>().is_ok() {
        return Err(wrong_type(tag, vr, value, "integers"));
    }
    if let Ok(number) = value.extract::<i64>() {
        return Ok(i128::from(number));
    }
    value.extract::<u64>().map(i128::from).map_err(|_| wrong_type(tag, vr, value, "integers"))
}

fn numbers<T: Number + TryFrom<i128>>(tag: Tag, vr: Vr, value: &Bound<'_, PyAny>) -> PyResult<Element> {
    if let Some(bytes) = raw(value) {
        return Ok(Element { vr, content: Content::Bytes(bytes), big_endian: false });
    }
    let mut bytes = Vec::new();
    for value in values(value)? {
        let number = whole(tag, vr, &value)?;
        let number =
            T::try_from(number).map_err(|_| wrong_value(format!("the number is out of the range of {vr}"), tag))?;
        number.write(&mut bytes);
    }
    Ok(Element::bytes(vr, bytes))
}

/// A value for `US or SS`: which of them it is, Pixel Representation decides when it is written, unless the sign does.
fn ambiguous(tag: Tag, value: &Bound<'_, PyAny>) -> PyResult<Element> {
    let negative = values(value)?.iter().any(|value| value.extract::<f64>().is_ok_and(|number| number < 0.0));
    if negative {
        return numbers::<i16>(tag, Vr::SS, value);
    }
    let element = numbers::<u16>(tag, Vr::UsOrSs, value)?;
    Ok(element)
}

fn floats(tag: Tag, vr: Vr, value: &Bound<'_, PyAny>, write: fn(f64, &mut Vec<u8>)) -> PyResult<Element> {
    if let Some(bytes) = raw(value) {
        return Ok(Element { vr, content: Content::Bytes(bytes), big_endian: false });
    }
    let mut bytes = Vec::new();
    for value in values(value)? {
        let number = value.extract::<f64>().map_err(|_| wrong_type(tag, vr, &value, "numbers"))?;
        write(number, &mut bytes);
    }
    Ok(Element::bytes(vr, bytes))
}

/// A part of bytes that cannot change.
struct Part {
    whole: PyBackedBytes,
    range: Range<usize>,
}

impl AsRef<[u8]> for Part {
    fn as_ref(&self) -> &[u8] {
        &self.whole[self.range.clone()]
    }
}

/// The bytes of an object that holds bytes, not copied when it cannot change.
fn raw(value: &Bound<'_, PyAny>) -> Option<SharedBytes> {
    if let Ok(bytes) = value.cast::<PyBytes>() {
        return Some(Arc::new(PyBackedBytes::from(bytes.clone())));
    }
    value.cast::<PyByteArray>().ok().map(|bytes| Arc::new(PyBackedBytes::from(bytes.clone())) as SharedBytes)
}

/// What a memoryview shows of bytes, such as the pixels in a file that was read.
fn part_of_bytes(value: &Bound<'_, PyAny>) -> Option<SharedBytes> {
    let view = value.cast::<PyMemoryView>().ok()?;
    let of = view.getattr("obj").ok()?;
    let whole = PyBackedBytes::from(of.cast::<PyBytes>().ok()?.clone());
    let buffer = PyBuffer::<u8>::get(view).ok().filter(|buffer| buffer.is_c_contiguous())?;
    let start = (buffer.buf_ptr() as usize).checked_sub(whole.as_ptr() as usize)?;
    let range = start..start.checked_add(buffer.len_bytes())?;
    (range.end <= whole.len()).then(|| Arc::new(Part { whole, range }) as SharedBytes)
}

fn bytes(tag: Tag, vr: Vr, value: &Bound<'_, PyAny>, encoding: Encoding) -> PyResult<Element> {
    // Words that Python hands over are in the byte order of the data set, as those that it was handed are.
    let big_endian = encoding.big_endian;
    if let Some(bytes) = raw(value).or_else(|| part_of_bytes(value)) {
        return Ok(Element { vr, content: Content::Bytes(bytes), big_endian });
    }
    if value.is_none() {
        return Ok(Element::bytes(vr, []));
    }
    let buffer = PyBuffer::<u8>::get(value).or_else(|_| {
        let view = value.py().get_type::<pyo3::types::PyMemoryView>().call1((value,))?;
        let flat = view.call_method1("cast", ("B",))?;
        PyBuffer::<u8>::get(&flat)
    });
    let buffer = buffer.map_err(|_| wrong_type(tag, vr, value, "bytes"))?;
    let copied = buffer.to_vec(value.py())?;
    if copied.len() as u64 > u64::from(u32::MAX - 1) {
        let what = format!("a value of {} bytes is too long for an element", copied.len());
        return Err(to_py(Error::value(what, Place::tag(tag))));
    }
    Ok(Element { vr, content: Content::Bytes(Arc::new(copied)), big_endian })
}
