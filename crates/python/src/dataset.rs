//! `filmless._core.Dataset`: the base of `filmless.Dataset`.

use std::sync::{Mutex, MutexGuard, PoisonError};

use filmless_core::dataset::Dataset as CoreDataset;
use filmless_core::file::{Flags, Node};
use filmless_core::{Tag, Vr, dictionary};
use pyo3::exceptions::{PyAttributeError, PyKeyError};
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyDict, PyString, PyType};

use crate::element::{DataElement, vr_from};
use crate::errors::to_py;
use crate::origin::Origin;
use crate::state::{Handle, Shared};
use crate::tag;
use crate::walk::{ElementIterator, Walker};

/// A data set, or an item of a sequence: elements by tag (PS3.5 7).
#[pyclass(frozen, subclass, module = "filmless._core")]
pub struct Dataset {
    shared: Shared,
    origin: Mutex<Option<Box<Origin>>>,
}

/// A `filmless.Dataset` of a state.
pub fn wrap(py: Python<'_>, shared: Shared, origin: Option<Origin>) -> PyResult<Bound<'_, PyAny>> {
    static CLASS: PyOnceLock<Py<PyType>> = PyOnceLock::new();
    CLASS.import(py, "filmless.dataset", "Dataset")?.call1((Handle::new(shared, origin),))
}

impl Dataset {
    /// The state that elements and items share with it.
    pub fn shared(&self) -> &Shared {
        &self.shared
    }

    /// What it knows of its file.
    pub fn origin(&self) -> MutexGuard<'_, Option<Box<Origin>>> {
        self.origin.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn vr_for(&self, tag: Tag) -> PyResult<Vr> {
        if let Some(located) = self.shared.locate(tag, None)? {
            return Ok(located.vr);
        }
        if let Some(creator) = tag.private_creator() {
            let creator = self.shared.lock().data.text(creator);
            let known = creator.and_then(|creator| dictionary::private(&creator, tag)).map(|entry| entry.vr);
            return Ok(known.unwrap_or(Vr::UN));
        }
        dictionary::vr(tag).ok_or_else(|| {
            PyKeyError::new_err(format!(
                "{tag} is not in the data dictionary: use `add_new` and name the value representation"
            ))
        })
    }

    fn set(&self, tag: Tag, value: &Bound<'_, PyAny>) -> PyResult<()> {
        if let Ok(element) = value.cast::<DataElement>() {
            let vr = vr_from(element.getattr("VR")?.extract()?)?;
            let live = element.getattr("value")?;
            return if vr == Vr::SQ { self.shared.set(tag, vr, &live) } else { self.shared.set(tag, vr, value) };
        }
        self.shared.set(tag, self.vr_for(tag)?, value)
    }
}

/// A keyword of the dictionary, which begins with a capital letter as no attribute of the class does.
#[inline]
fn keyword_tag(name: &str) -> Option<Tag> {
    if !name.as_bytes().first().is_some_and(u8::is_ascii_uppercase) {
        return None;
    }
    dictionary::by_keyword(name).map(|entry| entry.tag)
}

fn object_method<'py>(
    py: Python<'py>,
    cell: &'static PyOnceLock<Py<PyAny>>,
    name: &str,
) -> PyResult<Bound<'py, PyAny>> {
    let method =
        cell.get_or_try_init(py, || Ok::<_, PyErr>(py.import("builtins")?.getattr("object")?.getattr(name)?.unbind()))?;
    Ok(method.bind(py).clone())
}

/// Sets an attribute that is no keyword, or deletes it. `object.__setattr__` itself refuses classes with a method of
/// their own for it; this is what it would do.
#[allow(unsafe_code)]
fn set_plain_attribute(
    slf: &Bound<'_, Dataset>,
    name: &Bound<'_, PyString>,
    value: Option<&Bound<'_, PyAny>>,
) -> PyResult<()> {
    let value = value.map_or(std::ptr::null_mut(), Bound::as_ptr);
    // SAFETY: the pointers are of objects borrowed for the call; a null value asks for deletion.
    let status = unsafe { pyo3::ffi::PyObject_GenericSetAttr(slf.as_ptr(), name.as_ptr(), value) };
    if status == 0 { Ok(()) } else { Err(PyErr::fetch(slf.py())) }
}

#[pymethods]
impl Dataset {
    #[new]
    #[pyo3(signature = (source=None))]
    fn new(source: Option<&Bound<'_, PyAny>>) -> PyResult<Self> {
        if let Some(handle) = source.and_then(|source| source.cast::<Handle>().ok()) {
            let handle = handle.get();
            let origin = handle.origin.lock().unwrap_or_else(PoisonError::into_inner).take();
            return Ok(Self { shared: handle.shared.clone(), origin: Mutex::new(origin) });
        }
        let new = Self { shared: Shared::new(CoreDataset::new()), origin: Mutex::new(None) };
        if let Some(source) = source.filter(|source| !source.is_none()) {
            new.update(source)?;
        }
        Ok(new)
    }

    fn __getattribute__<'py>(slf: &Bound<'py, Self>, name: &Bound<'py, PyString>) -> PyResult<Bound<'py, PyAny>> {
        static METHOD: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
        let py = slf.py();
        let Some(tag) = keyword_tag(name.to_str()?) else {
            return object_method(py, &METHOD, "__getattribute__")?.call1((slf, name));
        };
        match slf.get().shared.value(py, tag, None)? {
            Some(value) => Ok(value),
            None => Err(PyAttributeError::new_err(format!("the data set has no element {tag} {name}"))),
        }
    }

    fn __setattr__(slf: &Bound<'_, Self>, name: &Bound<'_, PyString>, value: &Bound<'_, PyAny>) -> PyResult<()> {
        let text = name.to_str()?;
        if let Some(tag) = keyword_tag(text) {
            return slf.get().set(tag, value);
        }
        if text.as_bytes().first().is_some_and(u8::is_ascii_uppercase) {
            let hint = slf.py().import("filmless.values")?.getattr("nearest_keyword")?.call1((name,))?;
            let mut message = format!("`{text}` is no keyword of the data dictionary");
            if let Ok(hint) = hint.extract::<String>() {
                message.push_str("\nhint: did you mean `");
                message.push_str(&hint);
                message.push_str("`?");
            }
            return Err(PyAttributeError::new_err(message));
        }
        set_plain_attribute(slf, name, Some(value))
    }

    fn __delattr__(slf: &Bound<'_, Self>, name: &Bound<'_, PyString>) -> PyResult<()> {
        let Some(tag) = keyword_tag(name.to_str()?) else {
            return set_plain_attribute(slf, name, None);
        };
        if slf.get().shared.remove(tag)? {
            return Ok(());
        }
        Err(PyAttributeError::new_err(format!("the data set has no element {tag} {name}")))
    }

    fn __getitem__(&self, key: &Bound<'_, PyAny>) -> PyResult<DataElement> {
        let tag = tag::extract(key)?;
        if self.shared.locate(tag, None)?.is_none() {
            return Err(PyKeyError::new_err(format!("the data set has no element {tag}")));
        }
        Ok(DataElement::at(self.shared.clone(), tag, None))
    }

    fn __setitem__(&self, key: &Bound<'_, PyAny>, value: &Bound<'_, PyAny>) -> PyResult<()> {
        self.set(tag::extract(key)?, value)
    }

    fn __delitem__(&self, key: &Bound<'_, PyAny>) -> PyResult<()> {
        let tag = tag::extract(key)?;
        if self.shared.remove(tag)? {
            return Ok(());
        }
        Err(PyKeyError::new_err(format!("the data set has no element {tag}")))
    }

    fn __contains__(&self, key: &Bound<'_, PyAny>) -> PyResult<bool> {
        let Ok(tag) = tag::extract(key) else { return Ok(false) };
        Ok(self.shared.lock().data.get(tag).map_err(to_py)?.is_some())
    }

    fn __len__(&self) -> PyResult<usize> {
        Ok(self.shared.tags()?.len())
    }

    fn __bool__(&self) -> PyResult<bool> {
        Ok(!self.shared.tags()?.is_empty())
    }

    fn __iter__(&self) -> PyResult<ElementIterator> {
        ElementIterator::new(self.shared.clone())
    }

    /// The tags there are, ascending.
    fn _tags(&self) -> PyResult<Vec<u32>> {
        Ok(self.shared.tags()?.into_iter().map(|tag| tag.0).collect())
    }

    /// Goes through all elements, those of items after their sequence.
    fn _walk(&self) -> PyResult<Walker> {
        Walker::new(self.shared.clone())
    }

    /// The value or element of a key, or a default.
    #[pyo3(signature = (key, default=None))]
    fn get<'py>(
        &self,
        py: Python<'py>,
        key: &Bound<'py, PyAny>,
        default: Option<Bound<'py, PyAny>>,
    ) -> PyResult<Option<Bound<'py, PyAny>>> {
        let Ok(tag) = tag::extract(key) else { return Ok(default) };
        if key.cast::<PyString>().is_ok() {
            return Ok(self.shared.value(py, tag, None)?.or(default));
        }
        match self.shared.locate(tag, None)? {
            Some(_) => Ok(Some(Bound::new(py, DataElement::at(self.shared.clone(), tag, None))?.into_any())),
            None => Ok(default),
        }
    }

    /// Adds an element, in place of the one with its tag.
    fn add(&self, element: &Bound<'_, DataElement>) -> PyResult<()> {
        self.set(element.get().core_tag(), element.as_any())
    }

    /// Adds an element made of tag, value representation and value.
    #[pyo3(signature = (tag, vr, value))]
    fn add_new(&self, tag: &Bound<'_, PyAny>, vr: &str, value: &Bound<'_, PyAny>) -> PyResult<()> {
        self.shared.set(tag::extract(tag)?, vr_from(vr)?, value)
    }

    /// Takes over the elements of another data set, or the values of a mapping by keyword or tag.
    fn update(&self, other: &Bound<'_, PyAny>) -> PyResult<()> {
        if other.cast::<Self>().is_ok() {
            for element in other.try_iter()? {
                self.add(element?.cast::<DataElement>()?)?;
            }
            return Ok(());
        }
        let mapping = other.cast::<PyDict>()?;
        for (key, value) in mapping.iter() {
            self.set(tag::extract(&key)?, &value)?;
        }
        Ok(())
    }

    /// Removes all elements.
    fn clear(&self) {
        self.shared.clear();
    }

    /// The text of the private creator that a block is reserved with, by (group, creator): its block number.
    fn _private_block(&self, group: u16, creator: &str) -> Option<u8> {
        let state = self.shared.lock();
        for element in 0x10..=0xFF_u16 {
            let tag = Tag::new(group, element);
            if state.data.find(tag).is_some() && state.data.text(tag).as_deref() == Some(creator) {
                return Some(element as u8);
            }
        }
        None
    }

    /// Data set of the file meta information.
    #[getter]
    fn file_meta<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        let core = match self.origin().as_ref() {
            Some(origin) => {
                if let Some(meta) = &origin.meta {
                    return Ok(meta.bind(py).clone());
                }
                origin.file.as_ref().map(|file| file.meta.clone())
            }
            None => None,
        };
        let meta = wrap(py, Shared::new(core.unwrap_or_default()), None)?;
        self.origin().get_or_insert_default().meta = Some(meta.clone().unbind());
        Ok(meta)
    }

    #[setter]
    fn set_file_meta(&self, meta: &Bound<'_, Self>) {
        self.origin().get_or_insert_default().meta = Some(meta.clone().into_any().unbind());
    }

    /// The bytes before the `DICM` prefix, or None.
    #[getter]
    fn preamble(&self) -> PyResult<Option<Vec<u8>>> {
        let origin = self.origin();
        let Some(origin) = origin.as_ref() else { return Ok(None) };
        if let Some(preamble) = &origin.preamble {
            return Ok(Some(preamble.clone()));
        }
        match &origin.file {
            Some(file) if file.meta_start == 132 => Ok(Some(file.source.read(0, 128).map_err(to_py)?.into_owned())),
            _ => Ok(None),
        }
    }

    #[setter]
    fn set_preamble(&self, preamble: Vec<u8>) {
        self.origin().get_or_insert_default().preamble = Some(preamble);
    }

    /// Where the item begins in its file; None for what is no item of a file.
    #[getter]
    fn _offset(&self) -> Option<u64> {
        self.shared.lock().data.item_node().map(Node::start)
    }

    /// Whether a delimiter ends the item in its file.
    #[getter]
    fn _is_undefined_length(&self) -> bool {
        self.shared.lock().data.item_node().is_some_and(|node| node.flags.has(Flags::UNDEFINED))
    }

    /// How the elements that were read are encoded: with value representations, most significant byte first.
    #[getter]
    fn _encoding(&self) -> (bool, bool) {
        let encoding = self.shared.lock().data.encoding();
        (encoding.explicit, encoding.big_endian)
    }

    /// Path of the file, or None.
    #[getter]
    fn path(&self) -> Option<std::path::PathBuf> {
        self.origin().as_ref().and_then(|origin| origin.path.clone())
    }
}
