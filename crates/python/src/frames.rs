//! Pixel data without the rest of it: its description, its parts, its fragments, its functional groups.

use std::collections::HashMap;
use std::sync::Arc;

use filmless_core::dataset::{Dataset as CoreDataset, ElementRef};
use filmless_core::file::Flags;
use filmless_core::pixel::functional_groups::{Attribute, Column};
use filmless_core::pixel::stored::StoredValue;
use filmless_core::pixel::{bits, fragments as core, functional_groups as groups};
use filmless_core::{Error, Tag, Vr, transfer_syntax};
use pyo3::buffer::PyUntypedBuffer;
use pyo3::exceptions::{PyKeyError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyList, PyString, PyTuple};

use crate::dataset::Dataset;
use crate::errors::to_py;

/// Pixel Data, Float Pixel Data, Double Float Pixel Data: a data set has one of them.
const PIXELS: [Tag; 3] = [Tag(0x7FE0_0010), Tag(0x7FE0_0008), Tag(0x7FE0_0009)];

/// Bytes in which offset and length of an item are handed over.
const ITEM_BYTES: usize = 16;

/// What the Image Pixel Module says, in the order in which it is handed out.
const ATTRIBUTES: [Tag; 10] = [
    Tag(0x0028_0002), // Samples per Pixel
    Tag(0x0028_0004), // Photometric Interpretation
    Tag(0x0028_0006), // Planar Configuration
    Tag(0x0028_0008), // Number of Frames
    Tag(0x0028_0010), // Rows
    Tag(0x0028_0011), // Columns
    Tag(0x0028_0100), // Bits Allocated
    Tag(0x0028_0101), // Bits Stored
    Tag(0x0028_0102), // High Bit
    Tag(0x0028_0103), // Pixel Representation
];

fn syntax_of(py: Python<'_>, dataset: &Dataset) -> String {
    let meta = match dataset.origin().as_ref() {
        Some(origin) => match (&origin.meta, &origin.file) {
            (Some(meta), _) => meta.clone_ref(py),
            (None, Some(file)) => return file.transfer_syntax.clone(),
            (None, None) => return String::new(),
        },
        None => return String::new(),
    };
    let Ok(meta) = meta.bind(py).cast::<Dataset>() else { return String::new() };
    meta.get().shared().lock().data.text(Tag::TRANSFER_SYNTAX_UID).unwrap_or_default()
}

/// What describes the pixel data of a data set: transfer syntax, how it codes them (None when it is not registered);
/// tag, value representation, length, whether in fragments, whether big endian of the pixel data (tag 0 without any);
/// then the values of the Image Pixel Module, as the data set has them.
#[pyfunction]
pub fn pixel_attributes<'py>(dataset: &Bound<'py, Dataset>) -> PyResult<Bound<'py, PyTuple>> {
    let py = dataset.py();
    let mut syntax = syntax_of(py, dataset.get());
    if syntax.is_empty() {
        syntax.push_str("1.2.840.10008.1.2");
    }
    let row = transfer_syntax::find(&syntax);
    let shared = dataset.get().shared();
    let mut found = (0, Vr::UN, 0, false, false);
    for tag in PIXELS {
        if let Some(located) = shared.locate(tag, None)? {
            let element = located.element();
            let in_fragments = element.node().is_some_and(|node| node.flags.has(Flags::FRAGMENTS));
            found = (tag.0, located.vr, element.length(), in_fragments, element.is_big_endian());
            break;
        }
    }
    let (tag, vr, length, in_fragments, big_endian) = found;
    let big_endian = big_endian || row.is_some_and(|row| row.big_endian_pixels && !row.big_endian);
    let family = row.map(|row| row.codec.as_str());
    let mut values = Vec::with_capacity(ATTRIBUTES.len());
    for tag in ATTRIBUTES {
        values.push(shared.value(py, tag, None)?);
    }
    let pixels = (tag, vr.as_str(), length, in_fragments, big_endian);
    (syntax, family, pixels, PyTuple::new(py, values)?).into_pyobject(py)
}

/// Calls a function with an open value; reading goes on without the interpreter.
fn with_element<T: Send>(
    dataset: &Bound<'_, Dataset>,
    tag: u32,
    read: impl FnOnce(ElementRef<'_>) -> Result<T, Error> + Send,
) -> PyResult<T> {
    let py = dataset.py();
    let located = dataset.get().shared().locate(Tag(tag), None)?.ok_or_else(|| PyKeyError::new_err(tag))?;
    py.detach(|| read(located.element())).map_err(to_py)
}

/// Bytes of a value between two offsets in it; what is behind its end is left out.
#[pyfunction]
pub fn value_range<'py>(
    dataset: &Bound<'py, Dataset>,
    tag: u32,
    start: u64,
    end: u64,
) -> PyResult<Bound<'py, PyBytes>> {
    let py = dataset.py();
    let located = dataset.get().shared().locate(Tag(tag), None)?.ok_or_else(|| PyKeyError::new_err(tag))?;
    let value = StoredValue::open(located.element()).map_err(to_py)?;
    let end = end.min(value.length());
    // No more than the value has, so no more than the file.
    let length = end.saturating_sub(start) as usize;
    PyBytes::new_with(py, length, |out| py.detach(|| value.read_into(start, out)).map(drop).map_err(to_py))
}

/// The bytes of an array that may be written to.
#[allow(clippy::mut_from_ref, unsafe_code)]
fn writable(out: &PyUntypedBuffer) -> PyResult<&mut [u8]> {
    if out.readonly() || !out.is_c_contiguous() {
        return Err(PyValueError::new_err("`out` has to be writable and contiguous"));
    }
    if out.len_bytes() == 0 {
        return Ok(&mut []);
    }
    // SAFETY: the buffer is writable, contiguous and held as long as the slice; it is the caller's own array, new or
    // given to be written to, and a byte has no alignment.
    Ok(unsafe { std::slice::from_raw_parts_mut(out.buf_ptr().cast::<u8>(), out.len_bytes()) })
}

/// Fills an array with the bytes of a value from an offset on. Returns how many there were.
#[pyfunction]
pub fn read_into(dataset: &Bound<'_, Dataset>, tag: u32, start: u64, out: &Bound<'_, PyAny>) -> PyResult<usize> {
    let buffer = PyUntypedBuffer::get(out)?;
    let target = writable(&buffer)?;
    with_element(dataset, tag, |element| StoredValue::open(element)?.read_into(start, target))
}

/// Drops the bits of an array's samples that are not theirs, in place; carries the sign of those that are.
#[pyfunction]
pub fn keep_stored(py: Python<'_>, samples: &Bound<'_, PyAny>, stored: u32, high: u32, signed: bool) -> PyResult<()> {
    let buffer = PyUntypedBuffer::get(samples)?;
    let (size, target) = (buffer.item_size(), writable(&buffer)?);
    py.detach(|| bits::keep_stored(target, size, stored, high, signed));
    Ok(())
}

/// Takes packed samples of up to 16 bits apart into an array.
#[pyfunction]
pub fn unpack_bits(py: Python<'_>, data: &[u8], first_bit: u32, stored: u32, out: &Bound<'_, PyAny>) -> PyResult<()> {
    let buffer = PyUntypedBuffer::get(out)?;
    let target = writable(&buffer)?;
    py.detach(|| bits::unpack(data, first_bit, stored, target));
    Ok(())
}

/// Offset and length of each item of an encapsulated value (two numbers of 64 bits an item), what each begins with
/// (8 bytes an item), whether it ends before it should, and where something else than an item stood, if anywhere.
#[pyfunction]
#[allow(clippy::type_complexity)]
pub fn fragments<'py>(
    dataset: &Bound<'py, Dataset>,
    tag: u32,
    most: usize,
) -> PyResult<(Bound<'py, PyBytes>, Bound<'py, PyBytes>, bool, Option<u64>)> {
    let py = dataset.py();
    let found = with_element(dataset, tag, |element| core::fragments(element, most))?;
    let items = PyBytes::new_with(py, found.items.len() * ITEM_BYTES, |out| {
        for (raw, &(start, length)) in out.as_chunks_mut::<ITEM_BYTES>().0.iter_mut().zip(&found.items) {
            raw[..8].copy_from_slice(&start.to_ne_bytes());
            raw[8..].copy_from_slice(&length.to_ne_bytes());
        }
        Ok(())
    })?;
    Ok((items, PyBytes::new(py, found.heads.as_flattened()), found.truncated, found.stray))
}

/// The last bytes of items of an encapsulated value, 4 of each; of each its offset and length, as [`fragments`] has them.
#[pyfunction]
pub fn fragment_tails<'py>(dataset: &Bound<'py, Dataset>, tag: u32, items: &[u8]) -> PyResult<Bound<'py, PyBytes>> {
    let number = |raw: &[u8]| raw.try_into().map_or(0, u64::from_ne_bytes);
    let items: Vec<(u64, u64)> =
        items.as_chunks::<ITEM_BYTES>().0.iter().map(|raw| (number(&raw[..8]), number(&raw[8..]))).collect();
    let tails = with_element(dataset, tag, |element| core::tails(element, &items))?;
    Ok(PyBytes::new(dataset.py(), tails.as_flattened()))
}

/// Attributes of functional groups as columns: (macro, attribute, numbers of each frame or 0 for as many as there are,
/// whether text). Returns the number of per-frame items, and of each attribute None or (numbers of a row, float64 of
/// all rows or texts, whether all frames share the one row).
#[pyfunction]
pub fn functional_groups<'py>(
    dataset: &Bound<'py, Dataset>,
    attributes: Vec<(u32, u32, usize, bool)>,
) -> PyResult<(usize, Bound<'py, PyList>)> {
    let py = dataset.py();
    let data: CoreDataset = dataset.get().shared().snapshot(py)?;
    let attributes: Vec<Attribute> = attributes
        .into_iter()
        .map(|(group, tag, width, text)| Attribute { group: Tag(group), tag: Tag(tag), width, text })
        .collect();
    let (frames, columns) = py.detach(|| groups::columns(&data, &attributes)).map_err(to_py)?;
    let all = PyList::empty(py);
    for column in columns {
        all.append(column.map(|column| of_column(py, &column)).transpose()?)?;
    }
    Ok((frames, all))
}

/// Texts as a list in which those that are one in the core are one object.
fn of_texts<'py>(py: Python<'py>, texts: &[Option<Arc<str>>]) -> PyResult<Bound<'py, PyList>> {
    let mut made: HashMap<*const u8, Bound<'py, PyString>> = HashMap::new();
    let objects = texts.iter().map(|text| {
        text.as_ref().map(|text| made.entry(text.as_ptr()).or_insert_with(|| PyString::new(py, text)).clone())
    });
    PyList::new(py, objects.collect::<Vec<_>>())
}

fn of_column<'py>(py: Python<'py>, column: &Column) -> PyResult<Bound<'py, PyTuple>> {
    let values = if column.width == 0 {
        of_texts(py, &column.texts)?.into_any()
    } else {
        let bytes = column.numbers.len() * size_of::<f64>();
        let fill = |out: &mut [u8]| {
            for (raw, number) in out.chunks_exact_mut(size_of::<f64>()).zip(&column.numbers) {
                raw.copy_from_slice(&number.to_ne_bytes());
            }
            Ok(())
        };
        PyBytes::new_with(py, bytes, fill)?.into_any()
    };
    (column.width, values, column.shared).into_pyobject(py)
}
