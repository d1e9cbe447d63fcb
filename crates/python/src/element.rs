//! `filmless.DataElement`: one element of a data set, live.

use std::sync::{Arc, Mutex, PoisonError};

use filmless_core::dataset::{Content, Dataset, Element, ElementRef};
use filmless_core::file::Flags;
use filmless_core::{Tag, Vr, dictionary};
use pyo3::exceptions::{PyKeyError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::PyBytes;

use crate::decode::tag_class;
use crate::errors::to_py;
use crate::sequence::Sequence;
use crate::state::{Located, Position, Shared};
use crate::tag;

/// One element of a data set: tag, value representation and value (PS3.5 7.1).
///
/// Elements taken from a data set are live: setting `value` changes the data set.
#[pyclass(frozen, freelist = 64, module = "filmless._core")]
pub struct DataElement(Mutex<Spot>);

/// Where an element is.
#[derive(Clone)]
struct Spot {
    shared: Shared,
    tag: Tag,
    position: Option<Position>,
}

impl DataElement {
    /// An element of a data set.
    #[inline]
    pub fn at(shared: Shared, tag: Tag, position: Option<Position>) -> Self {
        Self(Mutex::new(Spot { shared, tag, position }))
    }

    /// Becomes another element: only for one that nobody else has.
    #[inline]
    pub fn move_to(&self, shared: Shared, tag: Tag, position: Option<Position>) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Spot { shared, tag, position };
    }

    #[inline]
    fn spot(&self) -> Spot {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Its tag.
    #[inline]
    pub fn core_tag(&self) -> Tag {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).tag
    }

    fn located(&self) -> PyResult<Located> {
        let Spot { shared, tag, position } = self.spot();
        let gone = || PyKeyError::new_err(format!("the element {tag} was removed from its data set"));
        shared.locate(tag, position)?.ok_or_else(gone)
    }

    /// The element with the changes in the list that was handed out for it.
    fn settled(&self, py: Python<'_>) -> PyResult<Located> {
        let spot = self.spot();
        spot.shared.settle(py, spot.tag)?;
        self.located()
    }

    /// The element for another data set: text as text, the rest where it is.
    pub fn copied(&self, py: Python<'_>) -> PyResult<Element> {
        let located = self.settled(py)?;
        let vr = located.vr;
        if vr == Vr::SQ {
            let spot = self.spot();
            let data = spot.shared.snapshot(py)?;
            return Ok(Element::items(data.items(spot.tag).map_err(to_py)?));
        }
        if vr.uses_character_set()
            && let Some(text) = located.text(py)?
        {
            return Ok(Element::text(vr, &text));
        }
        match located.element() {
            ElementRef::Stored(parsed, node) => {
                Ok(Element { vr, content: Content::Stored(Arc::clone(parsed), node), big_endian: false })
            }
            ElementRef::Edited(element) => Ok(element.clone()),
        }
    }

    fn private_creator_text(&self) -> Option<String> {
        let Spot { shared, tag, .. } = self.spot();
        let creator = tag.private_creator()?;
        shared.lock().data.text(creator)
    }

    /// Its name in the dictionaries.
    fn dictionary_name(&self) -> Option<String> {
        let tag = self.core_tag();
        if let Some(creator) = self.private_creator_text() {
            return dictionary::private(&creator, tag).map(|entry| format!("[{}]", entry.name));
        }
        if tag.is_private_creator() {
            return Some("Private Creator".to_owned());
        }
        if tag.is_group_length() {
            return Some(dictionary::lookup(tag).map_or("Group Length", |entry| entry.name).to_owned());
        }
        dictionary::lookup(tag).map(|entry| entry.name.to_owned())
    }
}

/// The representation two letters name.
pub fn vr_from(text: &str) -> PyResult<Vr> {
    let ambiguous = [Vr::UsOrSs, Vr::UsOrOw, Vr::UsOrSsOrOw, Vr::ObOrOw];
    let named = text.as_bytes().try_into().ok().and_then(Vr::from_bytes);
    named
        .or_else(|| ambiguous.into_iter().find(|vr| vr.as_str() == text))
        .ok_or_else(|| PyValueError::new_err(format!("`{text}` is no value representation of PS3.5 6.2")))
}

#[pymethods]
impl DataElement {
    #[new]
    #[pyo3(signature = (tag, vr, value=None))]
    fn new(tag: &Bound<'_, PyAny>, vr: &str, value: Option<&Bound<'_, PyAny>>) -> PyResult<Self> {
        let (tag, vr) = (tag::extract(tag)?, vr_from(vr)?);
        let shared = Shared::new(Dataset::new());
        match value {
            Some(value) => shared.set(tag, vr, value)?,
            None => Python::attach(|py| shared.set(tag, vr, py.None().bind(py)))?,
        }
        Ok(Self::at(shared, tag, None))
    }

    /// Tag, an int with group and element.
    #[getter]
    fn tag<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        tag_class(py)?.call1((self.core_tag().0,))
    }

    /// Value representation, two letters.
    #[getter(VR)]
    fn vr(&self) -> PyResult<&'static str> {
        Ok(self.located()?.vr.as_str())
    }

    /// Whether it is UN in the file, or was set as such: `VR` is what the dictionaries know.
    #[getter]
    fn _is_unknown(&self) -> PyResult<bool> {
        let located = self.located()?;
        let element = located.element();
        let implicit = element.node().is_some_and(|node| node.flags.has(Flags::IMPLICIT));
        Ok(!implicit && element.written_vr() == Vr::UN)
    }

    /// Number of values.
    #[getter(VM)]
    fn vm(&self, py: Python<'_>) -> PyResult<usize> {
        let located = self.settled(py)?;
        if located.vr == Vr::SQ {
            return Ok(1);
        }
        let element = located.element();
        let character_set = element.character_set(&located.context);
        located.with_bytes(py, |bytes| {
            Ok(filmless_core::value::Value::new(bytes, located.vr, element.is_big_endian(), &character_set)
                .multiplicity())
        })
    }

    /// The value: of the Python type that fits its representation, a list when there are several.
    #[getter]
    fn value<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        let Spot { shared, tag, position } = self.spot();
        match shared.value(py, tag, position)? {
            Some(value) => Ok(value),
            None => Err(self.located().err().unwrap_or_else(|| PyKeyError::new_err("no such element"))),
        }
    }

    #[setter]
    fn set_value(&self, value: &Bound<'_, PyAny>) -> PyResult<()> {
        let vr = self.located()?.vr;
        let spot = self.spot();
        spot.shared.set(spot.tag, vr, value)
    }

    /// Keyword of the data dictionary, or an empty string.
    #[getter]
    fn keyword(&self) -> &'static str {
        dictionary::lookup(self.core_tag()).map_or("", |entry| entry.keyword)
    }

    /// Name of the data dictionary; of a private element the name in square brackets.
    #[getter]
    fn name(&self) -> String {
        let unknown =
            || if self.core_tag().is_private() { "Private tag data".to_owned() } else { "Unknown".to_owned() };
        self.dictionary_name().unwrap_or_else(unknown)
    }

    /// Text as it stands, components and all; None for what is not text.
    #[getter]
    fn text(&self, py: Python<'_>) -> PyResult<Option<String>> {
        self.settled(py)?.text(py)
    }

    /// Bytes of the value as they lie in the file, padding included.
    #[getter]
    fn raw<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyBytes>> {
        self.settled(py)?.with_bytes(py, |bytes| Ok(PyBytes::new(py, bytes)))
    }

    /// Number of bytes of the value, known without reading it.
    #[getter]
    fn length(&self, py: Python<'_>) -> PyResult<u64> {
        Ok(self.settled(py)?.element().length())
    }

    /// Where the value begins in the file, or None for an element that was set.
    #[getter]
    fn offset(&self, py: Python<'_>) -> PyResult<Option<u64>> {
        Ok(self.settled(py)?.element().node().map(|node| node.offset))
    }

    /// Whether the value lies in the file and is longer than what is kept in memory.
    #[getter]
    fn is_bulk(&self, py: Python<'_>) -> PyResult<bool> {
        Ok(self.settled(py)?.element().length() > filmless_core::file::INLINE)
    }

    /// Whether the length is undefined in the file: a delimiter ends the value.
    #[getter]
    fn is_undefined_length(&self) -> PyResult<bool> {
        Ok(self.located()?.element().node().is_some_and(|node| node.flags.has(Flags::UNDEFINED)))
    }

    /// Whether the value is a sequence of fragments (PS3.5 A.4).
    #[getter]
    fn is_encapsulated(&self) -> PyResult<bool> {
        Ok(self.located()?.element().node().is_some_and(|node| node.flags.has(Flags::FRAGMENTS)))
    }

    /// Whether words of the value have their most significant byte first.
    #[getter]
    fn is_big_endian(&self, py: Python<'_>) -> PyResult<bool> {
        Ok(self.settled(py)?.element().is_big_endian())
    }

    /// Whether the group is odd.
    #[getter]
    fn is_private(&self) -> bool {
        self.core_tag().is_private()
    }

    /// The private creator that reserves the element's block, or None.
    #[getter]
    fn private_creator(&self) -> Option<String> {
        self.private_creator_text()
    }

    /// Whether there is no value.
    #[getter]
    fn is_empty(&self, py: Python<'_>) -> PyResult<bool> {
        let value = self.value(py)?;
        match value.cast::<Sequence>() {
            Ok(sequence) => Ok(sequence.get().is_empty()),
            Err(_) => Ok(value.is_none() || value.len().is_ok_and(|length| length == 0)),
        }
    }

    fn __eq__(&self, other: &Bound<'_, PyAny>) -> PyResult<bool> {
        let Ok(other) = other.cast::<Self>() else { return Ok(false) };
        let py = other.py();
        let other = other.get();
        if self.core_tag() != other.core_tag() || self.vr()? != other.vr()? {
            return Ok(false);
        }
        self.value(py)?.eq(other.value(py)?)
    }

    #[allow(clippy::type_complexity)]
    fn __reduce__<'py>(
        slf: &Bound<'py, Self>,
    ) -> PyResult<(Bound<'py, PyAny>, (u32, &'static str, Bound<'py, PyAny>))> {
        let element = slf.get();
        Ok((slf.get_type().into_any(), (element.core_tag().0, element.vr()?, element.value(slf.py())?)))
    }

    fn __repr__(slf: &Bound<'_, Self>) -> PyResult<String> {
        let rendering = slf.py().import("filmless.display")?.getattr("render_element")?;
        rendering.call1((slf,))?.extract()
    }
}
