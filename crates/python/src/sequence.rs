//! `filmless.Sequence`: the items of a sequence, live.

use std::sync::{Mutex, MutexGuard, PoisonError};

use filmless_core::Vr;
use filmless_core::dataset::Dataset as CoreDataset;
use pyo3::exceptions::{PyIndexError, PyTypeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::slice::PySliceIndices;
use pyo3::types::{PyList, PySlice};

use crate::dataset::{Dataset, wrap};
use crate::errors::to_py;
use crate::state::{Located, Shared};

/// An item: its state, and the Python object once there is one.
struct Slot {
    shared: Shared,
    object: Option<Py<PyAny>>,
}

struct Slots {
    items: Vec<Slot>,
    /// Items were added, removed or moved.
    changed: bool,
}

/// The items of a sequence element: a list of `Dataset` (PS3.5 7.5).
///
/// It is live: what is changed here or inside an item is written with the data set it was taken from.
#[pyclass(frozen, module = "filmless._core", sequence)]
pub struct Sequence {
    slots: Mutex<Slots>,
}

/// What an index or slice of Python selects.
enum Selection {
    One(usize),
    Many(Vec<usize>),
}

impl Sequence {
    fn from_slots(items: Vec<Slot>, changed: bool) -> Self {
        Self { slots: Mutex::new(Slots { items, changed }) }
    }

    /// The items of an element of a data set.
    pub fn of(located: &Located) -> PyResult<Self> {
        debug_assert!(located.vr == Vr::SQ);
        let mut slots = Vec::with_capacity(1);
        let take = |item| slots.push(Slot { shared: Shared::new(item), object: None });
        CoreDataset::each_item(located.element(), &located.context, take).map_err(to_py)?;
        Ok(Self::from_slots(slots, false))
    }

    /// A sequence of Python's data sets.
    pub fn from_items(items: &Bound<'_, PyAny>) -> PyResult<Self> {
        if items.is_none() {
            return Ok(Self::from_slots(Vec::new(), true));
        }
        if let Ok(one) = items.cast::<Dataset>() {
            return Ok(Self::from_slots(vec![slot(one.as_any())?], true));
        }
        let slots = items.try_iter()?.map(|item| slot(&item?)).collect::<PyResult<_>>()?;
        Ok(Self::from_slots(slots, true))
    }

    fn lock(&self) -> MutexGuard<'_, Slots> {
        self.slots.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether there are no items.
    pub fn is_empty(&self) -> bool {
        self.lock().items.is_empty()
    }

    /// How many items there are.
    pub fn len(&self) -> usize {
        self.lock().items.len()
    }

    /// The state of an item.
    pub fn state(&self, index: usize) -> Option<Shared> {
        self.lock().items.get(index).map(|slot| slot.shared.clone())
    }

    /// The core's data sets of all items, when any is not what it was.
    pub fn changed_items(
        &self,
        mut snapshot: impl FnMut(&Shared) -> PyResult<CoreDataset>,
    ) -> PyResult<Option<Vec<CoreDataset>>> {
        let (states, mut changed) = {
            let slots = self.lock();
            (slots.items.iter().map(|slot| slot.shared.clone()).collect::<Vec<_>>(), slots.changed)
        };
        let mut items = Vec::with_capacity(states.len());
        for state in &states {
            let item = snapshot(state)?;
            changed = changed || !item.is_untouched();
            items.push(item);
        }
        Ok(changed.then_some(items))
    }

    fn object<'py>(&self, py: Python<'py>, index: usize) -> PyResult<Option<Bound<'py, PyAny>>> {
        let shared = match self.lock().items.get(index) {
            None => return Ok(None),
            Some(Slot { object: Some(object), .. }) => return Ok(Some(object.bind(py).clone())),
            Some(slot) => slot.shared.clone(),
        };
        let object = wrap(py, shared.clone(), None)?;
        let mut slots = self.lock();
        if let Some(slot) = slots.items.get_mut(index).filter(|slot| slot.shared.is(&shared)) {
            // Another thread may have been quicker: there is one object of an item.
            if let Some(first) = &slot.object {
                return Ok(Some(first.bind(py).clone()));
            }
            slot.object = Some(object.clone().unbind());
        }
        drop(slots);
        Ok(Some(object))
    }

    fn select(&self, key: &Bound<'_, PyAny>) -> PyResult<Selection> {
        let length = self.len();
        if let Ok(slice) = key.cast::<PySlice>() {
            let PySliceIndices { start, step, slicelength, .. } = slice.indices(length as isize)?;
            return Ok(Selection::Many((0..slicelength as isize).map(|at| (start + at * step) as usize).collect()));
        }
        let index: isize =
            key.extract().map_err(|_| PyTypeError::new_err("an index of a sequence is a number or a slice"))?;
        let index = if index < 0 { index + length as isize } else { index };
        usize::try_from(index)
            .ok()
            .filter(|&index| index < length)
            .map(Selection::One)
            .ok_or_else(|| PyIndexError::new_err(format!("the sequence has {length} items")))
    }
}

fn slot(item: &Bound<'_, PyAny>) -> PyResult<Slot> {
    let Ok(data) = item.cast::<Dataset>() else {
        return Err(PyTypeError::new_err("the items of a sequence are data sets (`filmless.Dataset`)"));
    };
    Ok(Slot { shared: data.get().shared().clone(), object: Some(item.clone().unbind()) })
}

#[pymethods]
impl Sequence {
    #[new]
    #[pyo3(signature = (items=None))]
    fn new(items: Option<&Bound<'_, PyAny>>) -> PyResult<Self> {
        items.map_or_else(|| Ok(Self::from_slots(Vec::new(), true)), Self::from_items)
    }

    fn __len__(&self) -> usize {
        self.len()
    }

    fn __getitem__<'py>(&self, py: Python<'py>, key: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
        let get = |index| self.object(py, index)?.ok_or_else(|| PyIndexError::new_err("no such item"));
        match self.select(key)? {
            Selection::One(index) => get(index),
            Selection::Many(indices) => {
                let items = indices.into_iter().map(get).collect::<PyResult<Vec<_>>>()?;
                Ok(PyList::new(py, items)?.into_any())
            }
        }
    }

    fn __setitem__(&self, key: &Bound<'_, PyAny>, value: &Bound<'_, PyAny>) -> PyResult<()> {
        match self.select(key)? {
            Selection::One(index) => {
                let new = slot(value)?;
                let mut slots = self.lock();
                slots.items[index] = new;
                slots.changed = true;
            }
            Selection::Many(indices) => {
                let new = value.try_iter()?.map(|item| slot(&item?)).collect::<PyResult<Vec<_>>>()?;
                if new.len() != indices.len() {
                    return Err(PyValueError::new_err(format!("{} items for {} places", new.len(), indices.len())));
                }
                let mut slots = self.lock();
                for (index, item) in indices.into_iter().zip(new) {
                    slots.items[index] = item;
                }
                slots.changed = true;
            }
        }
        Ok(())
    }

    fn __delitem__(&self, key: &Bound<'_, PyAny>) -> PyResult<()> {
        let mut indices = match self.select(key)? {
            Selection::One(index) => vec![index],
            Selection::Many(indices) => indices,
        };
        indices.sort_unstable();
        let mut slots = self.lock();
        let removed: Vec<Slot> = indices.into_iter().rev().map(|index| slots.items.remove(index)).collect();
        slots.changed = true;
        drop(slots);
        drop(removed);
        Ok(())
    }

    fn __iter__(slf: &Bound<'_, Self>) -> SequenceIterator {
        SequenceIterator { sequence: slf.clone().unbind(), next: Mutex::new(0) }
    }

    fn __contains__(&self, item: &Bound<'_, PyAny>) -> PyResult<bool> {
        for index in 0..self.len() {
            if let Some(object) = self.object(item.py(), index)?
                && (object.is(item) || object.eq(item)?)
            {
                return Ok(true);
            }
        }
        Ok(false)
    }

    fn __eq__(&self, other: &Bound<'_, PyAny>) -> PyResult<bool> {
        if other.len().ok() != Some(self.len()) {
            return Ok(false);
        }
        for (index, item) in other.try_iter()?.enumerate() {
            let Some(own) = self.object(other.py(), index)? else { return Ok(false) };
            if !own.eq(item?)? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Insert an item before an index.
    fn insert(&self, index: isize, item: &Bound<'_, PyAny>) -> PyResult<()> {
        let new = slot(item)?;
        let mut slots = self.lock();
        let length = slots.items.len() as isize;
        let at = if index < 0 { (index + length).max(0) } else { index.min(length) };
        slots.items.insert(at as usize, new);
        slots.changed = true;
        Ok(())
    }

    /// Add an item at the end.
    fn append(&self, item: &Bound<'_, PyAny>) -> PyResult<()> {
        self.insert(isize::MAX, item)
    }

    /// Add items at the end.
    fn extend(&self, items: &Bound<'_, PyAny>) -> PyResult<()> {
        let new = items.try_iter()?.map(|item| slot(&item?)).collect::<PyResult<Vec<_>>>()?;
        let mut slots = self.lock();
        slots.items.extend(new);
        slots.changed = true;
        Ok(())
    }

    fn __iadd__(&self, items: &Bound<'_, PyAny>) -> PyResult<()> {
        self.extend(items)
    }

    /// Remove and return an item, the last one unless told otherwise.
    #[pyo3(signature = (index=-1), text_signature = "($self, index=-1)")]
    fn pop<'py>(&self, py: Python<'py>, index: isize) -> PyResult<Bound<'py, PyAny>> {
        let key = index.into_pyobject(py)?.into_any();
        let Selection::One(at) = self.select(&key)? else { return Err(PyIndexError::new_err("no such item")) };
        let object = self.object(py, at)?.ok_or_else(|| PyIndexError::new_err("no such item"))?;
        self.__delitem__(&key)?;
        Ok(object)
    }

    /// Remove the first item that equals another.
    fn remove(&self, item: &Bound<'_, PyAny>) -> PyResult<()> {
        let at = self.index(item)?;
        self.__delitem__(&at.into_pyobject(item.py())?.into_any())
    }

    /// Index of the first item that equals another.
    fn index(&self, item: &Bound<'_, PyAny>) -> PyResult<usize> {
        for at in 0..self.len() {
            if let Some(object) = self.object(item.py(), at)?
                && (object.is(item) || object.eq(item)?)
            {
                return Ok(at);
            }
        }
        Err(PyValueError::new_err("no such item in the sequence"))
    }

    /// Number of items that equal another.
    fn count(&self, item: &Bound<'_, PyAny>) -> PyResult<usize> {
        let mut count = 0;
        for at in 0..self.len() {
            if let Some(object) = self.object(item.py(), at)? {
                count += usize::from(object.eq(item)?);
            }
        }
        Ok(count)
    }

    /// Turn the order around.
    fn reverse(&self) {
        let mut slots = self.lock();
        slots.items.reverse();
        slots.changed = true;
    }

    /// Remove all items.
    fn clear(&self) {
        let mut slots = self.lock();
        let removed = std::mem::take(&mut slots.items);
        slots.changed = true;
        drop(slots);
        drop(removed);
    }

    fn __reduce__<'py>(slf: &Bound<'py, Self>) -> PyResult<(Bound<'py, PyAny>, (Bound<'py, PyList>,))> {
        let items = slf.try_iter()?.collect::<PyResult<Vec<_>>>()?;
        Ok((slf.get_type().into_any(), (PyList::new(slf.py(), items)?,)))
    }

    fn __repr__(slf: &Bound<'_, Self>) -> PyResult<String> {
        slf.py().import("filmless.display")?.getattr("render_sequence")?.call1((slf,))?.extract()
    }
}

/// Goes through the items of a sequence.
#[pyclass(frozen, module = "filmless._core")]
pub struct SequenceIterator {
    sequence: Py<Sequence>,
    next: Mutex<usize>,
}

#[pymethods]
impl SequenceIterator {
    fn __iter__(slf: Py<Self>) -> Py<Self> {
        slf
    }

    fn __next__<'py>(&self, py: Python<'py>) -> PyResult<Option<Bound<'py, PyAny>>> {
        let index = {
            let mut next = self.next.lock().unwrap_or_else(PoisonError::into_inner);
            *next += 1;
            *next - 1
        };
        self.sequence.get().object(py, index)
    }
}
