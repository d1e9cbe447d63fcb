//! The state that a Python `Dataset` and the elements taken from it share.
//!
//! The core's data set holds what was parsed and what was set. Beside it stand the lists and sequences that were handed
//! out: they are live, so before anything is written each is compared with what it was made from.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use filmless_core::dataset::{Content, Context, Dataset, Element, ElementRef};
use filmless_core::file::{Flags, Parsed};
use filmless_core::{Error, Tag, Vr};
use pyo3::prelude::*;
use pyo3::types::{PyFloat, PyList};

use crate::decode::{self, Decoded};
use crate::encode;
use crate::errors::to_py;
use crate::sequence::Sequence;

/// Data sets inside data sets that are followed at most: one that holds itself ends here.
const DEEPEST: usize = 1024;

/// A data set's state, shared by all that refer to it.
#[derive(Clone)]
pub struct Shared(Arc<Mutex<State>>);

/// What one data set is made of.
pub struct State {
    /// The data set, without the changes made inside [`State::values`].
    pub data: Dataset,
    /// Grows with each change: positions found before no longer count.
    pub version: u32,
    context: Option<Arc<Context>>,
    /// Lists and sequences that were handed out.
    values: Values,
}

/// A few objects by tag: most data sets hand out a handful of lists and sequences.
#[derive(Default)]
struct Values(Vec<(Tag, Py<PyAny>)>);

impl Values {
    #[inline]
    fn get(&self, tag: Tag) -> Option<&Py<PyAny>> {
        let at = self.0.binary_search_by_key(&tag, |entry| entry.0).ok()?;
        Some(&self.0[at].1)
    }

    fn insert(&mut self, tag: Tag, value: Py<PyAny>) {
        match self.0.binary_search_by_key(&tag, |entry| entry.0) {
            Ok(at) => self.0[at].1 = value,
            Err(at) => self.0.insert(at, (tag, value)),
        }
    }

    fn remove(&mut self, tag: Tag) -> Option<Py<PyAny>> {
        let at = self.0.binary_search_by_key(&tag, |entry| entry.0).ok()?;
        Some(self.0.remove(at).1)
    }
}

/// Where an element was found, as long as the version is the same.
#[derive(Clone, Copy)]
pub struct Position {
    pub version: u32,
    pub node: u32,
    /// As written: enough to tell a sequence, unless it is UN.
    pub vr: Vr,
}

/// An element that can be read without its data set.
pub struct Located {
    pub vr: Vr,
    pub context: Arc<Context>,
    source: LocatedSource,
}

enum LocatedSource {
    Stored(Arc<Parsed>, u32),
    Edited(Element),
}

impl Located {
    /// The element.
    pub fn element(&self) -> ElementRef<'_> {
        match &self.source {
            LocatedSource::Stored(parsed, node) => ElementRef::Stored(parsed, *node),
            LocatedSource::Edited(element) => ElementRef::Edited(element),
        }
    }

    /// Whether the value has to be fetched from the file.
    fn is_far(&self) -> bool {
        matches!(&self.source, LocatedSource::Stored(parsed, node) if parsed.loaded(&parsed.nodes()[*node as usize]).is_none())
    }

    /// Calls a function with the bytes of the value; a long one is fetched while other threads run.
    pub fn with_bytes<T>(&self, py: Python<'_>, read: impl FnOnce(&[u8]) -> PyResult<T>) -> PyResult<T> {
        if self.is_far() {
            let bytes = py.detach(|| self.element().bytes()).map_err(to_py)?;
            return read(&bytes);
        }
        read(&self.element().bytes().map_err(to_py)?)
    }

    fn decode<'py>(&self, py: Python<'py>) -> PyResult<Decoded<'py>> {
        let element = self.element();
        let character_set = element.character_set(&self.context);
        self.with_bytes(py, |bytes| decode::decode(py, bytes, self.vr, element.is_big_endian(), &character_set))
    }

    /// The text of the value as it stands; nothing when it is not text.
    pub fn text(&self, py: Python<'_>) -> PyResult<Option<String>> {
        if !self.vr.is_text() {
            return Ok(None);
        }
        let character_set = self.element().character_set(&self.context);
        self.with_bytes(py, |bytes| Ok(Some(decode::text(bytes, self.vr, &character_set).into_owned())))
    }
}

impl Shared {
    /// The state of a data set.
    pub fn new(data: Dataset) -> Self {
        Self(Arc::new(Mutex::new(State { data, version: 0, context: None, values: Values::default() })))
    }

    /// The state, for a moment: Python is never called while it is held.
    #[inline]
    pub fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether both are the same data set.
    pub fn is(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }

    /// Finds an element.
    pub fn locate(&self, tag: Tag, position: Option<Position>) -> PyResult<Option<Located>> {
        self.lock().locate(tag, position).map_err(to_py)
    }

    /// The value of an element.
    pub fn value<'py>(
        &self,
        py: Python<'py>,
        tag: Tag,
        position: Option<Position>,
    ) -> PyResult<Option<Bound<'py, PyAny>>> {
        let located = {
            let mut state = self.lock();
            if let Some(value) = state.values.get(tag) {
                return Ok(Some(value.bind(py).clone()));
            }
            let position = state.valid(tag, position);
            if let Some(value) = state.plain(py, position) {
                return Ok(Some(value));
            }
            let Some(located) = state.locate(tag, position).map_err(to_py)? else { return Ok(None) };
            located
        };
        if located.vr == Vr::SQ {
            let sequence = Sequence::of(&located)?;
            return Ok(Some(self.hand_out(tag, Bound::new(py, sequence)?.into_any())));
        }
        let Decoded { value, is_list } = located.decode(py)?;
        Ok(Some(if is_list { self.hand_out(tag, value) } else { value }))
    }

    /// Remembers a list or sequence that is handed out; gives the one that another thread was quicker with, if any.
    fn hand_out<'py>(&self, tag: Tag, value: Bound<'py, PyAny>) -> Bound<'py, PyAny> {
        let mut state = self.lock();
        if let Some(first) = state.values.get(tag) {
            return first.bind(value.py()).clone();
        }
        state.values.insert(tag, value.clone().unbind());
        drop(state);
        value
    }

    /// Sets an element to a Python value.
    pub fn set(&self, tag: Tag, vr: Vr, value: &Bound<'_, PyAny>) -> PyResult<()> {
        let (element, live) = if vr == Vr::SQ {
            let sequence = Bound::new(value.py(), Sequence::from_items(value)?)?;
            (Element::items(Vec::new()), Some(sequence.into_any().unbind()))
        } else {
            (encode::element(tag, vr, value, self.lock().data.encoding())?, None)
        };
        let mut state = self.lock();
        let old = state.put(tag, element);
        if let Some(sequence) = live {
            state.values.insert(tag, sequence);
        }
        drop(state);
        drop(old);
        Ok(())
    }

    /// Removes an element. False when there is none.
    pub fn remove(&self, tag: Tag) -> PyResult<bool> {
        let (there, _handed_out) = self.lock().remove(tag).map_err(to_py)?;
        Ok(there)
    }

    /// Removes all elements.
    pub fn clear(&self) {
        let old = self.lock().replace(Dataset::new());
        drop(old);
    }

    /// The tags there are, ascending.
    pub fn tags(&self) -> PyResult<Vec<Tag>> {
        let state = self.lock();
        let elements = state.data.elements().map_err(to_py)?;
        Ok(elements.into_iter().map(|(tag, _)| tag).collect())
    }

    /// The tags there are and where they were found.
    pub fn positions(&self) -> PyResult<Vec<(Tag, Option<Position>)>> {
        let state = self.lock();
        let version = state.version;
        if let Some(all) = state.data.stored_in_order(|tag, node, vr| (tag, Some(Position { version, node, vr }))) {
            return Ok(all);
        }
        let main = state.data.parsed();
        let elements = state.data.elements().map_err(to_py)?;
        Ok(elements
            .into_iter()
            .map(|(tag, element)| match element {
                ElementRef::Stored(parsed, node) if main.is_some_and(|main| Arc::ptr_eq(main, parsed)) => {
                    (tag, Some(Position { version, node, vr: parsed.nodes()[node as usize].vr }))
                }
                _ => (tag, None),
            })
            .collect())
    }

    /// The core's data set with all changes in it, those inside lists and items too.
    pub fn snapshot(&self, py: Python<'_>) -> PyResult<Dataset> {
        self.snapshot_at(py, 0)
    }

    fn snapshot_at(&self, py: Python<'_>, depth: usize) -> PyResult<Dataset> {
        if depth > DEEPEST {
            let place = filmless_core::error::Place::default();
            return Err(to_py(Error::Limit { limit: "max_depth", maximum: DEEPEST as u64, place }));
        }
        let (mut data, values) = {
            let state = self.lock();
            let values: Vec<_> = state.values.0.iter().map(|(tag, value)| (*tag, value.clone_ref(py))).collect();
            (state.data.clone(), values)
        };
        for (tag, value) in values {
            let value = value.bind(py);
            if let Ok(sequence) = value.cast::<Sequence>() {
                if let Some(items) = sequence.get().changed_items(|item| item.snapshot_at(py, depth + 1))? {
                    data.set(tag, Element::items(items));
                }
            } else if let Ok(list) = value.cast::<PyList>()
                && let Some(element) = self.changed_list(tag, list)?
            {
                data.set(tag, element);
            }
        }
        Ok(data)
    }

    /// Takes over what was changed in the list that was handed out for an element; the list stays handed out.
    pub fn settle(&self, py: Python<'_>, tag: Tag) -> PyResult<()> {
        let value = match self.lock().values.get(tag) {
            Some(value) => value.clone_ref(py),
            None => return Ok(()),
        };
        if let Ok(list) = value.bind(py).cast::<PyList>()
            && let Some(element) = self.changed_list(tag, list)?
        {
            let mut state = self.lock();
            state.data.set(tag, element);
            state.version += 1;
            state.context = None;
        }
        Ok(())
    }

    /// The element a list was changed to; nothing when it still is what it was made from.
    fn changed_list(&self, tag: Tag, list: &Bound<'_, PyList>) -> PyResult<Option<Element>> {
        let py = list.py();
        let Some(located) = self.locate(tag, None)? else { return Ok(None) };
        let original = located.decode(py)?.value;
        let was: Vec<Bound<'_, PyAny>> = match original.cast::<PyList>() {
            Ok(original) => original.iter().collect(),
            Err(_) => vec![original],
        };
        let mut kept = Vec::with_capacity(list.len());
        for (index, value) in list.iter().enumerate() {
            kept.push(was.get(index).is_some_and(|was| is_same(was, &value)));
        }
        if kept.len() == was.len() && kept.iter().all(|&same| same) {
            return Ok(None);
        }
        let encoding = self.lock().data.encoding();
        let mut element = encode::element(tag, located.vr, list.as_any(), encoding)?;
        // Numbers that stayed keep the text they had (PS3.5 6.2 DS, IS).
        if let (Vr::DS | Vr::IS, Content::Text(text), Some(was)) = (located.vr, &element.content, located.text(py)?) {
            let parts: Vec<&str> = text.split('\\').collect();
            let old: Vec<&str> = was.split('\\').collect();
            let joined: Vec<&str> = parts
                .iter()
                .enumerate()
                .map(|(index, &new)| {
                    old.get(index).filter(|_| kept.get(index) == Some(&true)).map_or(new, |old| old.trim())
                })
                .collect();
            element.content = Content::Text(joined.join("\\").into());
        }
        Ok(Some(element))
    }
}

fn is_same(left: &Bound<'_, PyAny>, right: &Bound<'_, PyAny>) -> bool {
    let nan = |value: &Bound<'_, PyAny>| value.cast::<PyFloat>().is_ok_and(|number| number.value().is_nan());
    left.get_type().is(right.get_type()) && (left.eq(right).unwrap_or(false) || (nan(left) && nan(right)))
}

impl State {
    /// The context of the data set's elements.
    pub fn context(&mut self) -> Arc<Context> {
        Arc::clone(self.context.get_or_insert_with(|| self.data.context()))
    }

    /// Finds an element.
    pub fn locate(&mut self, tag: Tag, position: Option<Position>) -> Result<Option<Located>, Error> {
        let context = self.context();
        let data = &self.data;
        let found = match (position, data.parsed()) {
            (Some(position), Some(parsed)) if position.version == self.version => {
                Some(ElementRef::Stored(parsed, position.node))
            }
            _ => data.get(tag)?,
        };
        let Some(element) = found else { return Ok(None) };
        let vr = data.vr(tag, element, &context);
        let source = match element {
            ElementRef::Stored(parsed, node) => LocatedSource::Stored(Arc::clone(parsed), node),
            ElementRef::Edited(element) => LocatedSource::Edited(element.clone()),
        };
        Ok(Some(Located { vr, context, source }))
    }

    /// The position of an element that is as it was read, looked up unless what is known of it still holds.
    #[inline]
    fn valid(&self, tag: Tag, known: Option<Position>) -> Option<Position> {
        if known.is_some_and(|known| known.version == self.version) {
            return known;
        }
        let node = self.data.stored_node(tag)?;
        let vr = self.data.parsed()?.nodes()[node as usize].vr;
        Some(Position { version: self.version, node, vr })
    }

    /// A single number or text at hand, the commonest value: made while the state is locked, for it runs no Python.
    #[inline]
    fn plain<'py>(&self, py: Python<'py>, position: Option<Position>) -> Option<Bound<'py, PyAny>> {
        let parsed = self.data.parsed()?;
        let node = &parsed.nodes()[position?.node as usize];
        decode::plain(py, parsed.loaded(node)?, node.vr, node.flags.has(Flags::BIG_ENDIAN))
    }

    /// The value representation of an element.
    pub fn vr_of(&mut self, tag: Tag, position: Option<Position>) -> Option<Vr> {
        if let (Some(position), Some(parsed)) = (position, self.data.parsed())
            && position.version == self.version
        {
            let vr = parsed.nodes()[position.node as usize].vr;
            if vr != Vr::UN {
                return Some(vr);
            }
        }
        self.locate(tag, position).ok().flatten().map(|located| located.vr)
    }

    /// Sets an element. Gives back what was handed out for it, to be dropped once the state is unlocked: dropping may
    /// run Python.
    #[must_use]
    pub fn put(&mut self, tag: Tag, element: Element) -> Option<Py<PyAny>> {
        self.data.set(tag, element);
        self.version += 1;
        self.context = None;
        self.values.remove(tag)
    }

    /// Removes an element: whether there was one, and what was handed out for it, as [`State::put`] has it.
    pub fn remove(&mut self, tag: Tag) -> Result<(bool, Option<Py<PyAny>>), Error> {
        if self.data.get(tag)?.is_none() {
            return Ok((false, None));
        }
        self.data.remove(tag);
        self.version += 1;
        self.context = None;
        Ok((true, self.values.remove(tag)))
    }

    /// Makes other data the data of this state. Gives back what was handed out, as [`State::put`] has it.
    #[must_use]
    pub fn replace(&mut self, data: Dataset) -> impl Drop + use<> {
        self.data = data;
        self.version += 1;
        self.context = None;
        std::mem::take(&mut self.values.0)
    }
}

/// A data set of the core on its way into a Python `Dataset`.
#[pyclass(frozen, module = "filmless._core")]
pub struct Handle {
    pub shared: Shared,
    pub origin: Mutex<Option<Box<crate::origin::Origin>>>,
}

impl Handle {
    /// A handle on a state and what is known of its file.
    pub fn new(shared: Shared, origin: Option<crate::origin::Origin>) -> Self {
        Self { shared, origin: Mutex::new(origin.map(Box::new)) }
    }
}
