//! Going through elements: of one data set, and of all that lies inside it.

use std::sync::{Mutex, PoisonError};

use filmless_core::{Tag, Vr};
use pyo3::prelude::*;

use crate::element::DataElement;
use crate::sequence::Sequence;
use crate::state::{Position, Shared};

type Positions = std::vec::IntoIter<(Tag, Option<Position>)>;

/// Goes through the elements of a data set.
#[pyclass(frozen, module = "filmless._core")]
pub struct ElementIterator {
    shared: Shared,
    rest: Mutex<Positions>,
}

impl ElementIterator {
    /// The elements of a data set as they are now.
    pub fn new(shared: Shared) -> PyResult<Self> {
        let rest = Mutex::new(shared.positions()?.into_iter());
        Ok(Self { shared, rest })
    }
}

#[pymethods]
impl ElementIterator {
    fn __iter__(slf: Py<Self>) -> Py<Self> {
        slf
    }

    fn __next__(&self) -> Option<DataElement> {
        let (tag, position) = self.rest.lock().unwrap_or_else(PoisonError::into_inner).next()?;
        Some(DataElement::at(self.shared.clone(), tag, position))
    }
}

/// A data set being walked, or a sequence whose items are.
enum Level {
    Elements(Shared, Positions),
    Items(Py<Sequence>, usize),
}

/// Goes through the elements of a data set and, after each sequence, those of its items.
#[pyclass(frozen, module = "filmless._core")]
pub struct Walker {
    levels: Mutex<Vec<Level>>,
    /// The last two elements that were handed out: one that nobody kept becomes the next, as `zip` does with its tuples.
    given: Mutex<[Option<Py<DataElement>>; 2]>,
}

impl Walker {
    /// Starts at a data set.
    pub fn new(shared: Shared) -> PyResult<Self> {
        let positions = shared.positions()?.into_iter();
        Ok(Self { levels: Mutex::new(vec![Level::Elements(shared, positions)]), given: Mutex::default() })
    }
}

enum Next {
    Element(Shared, Tag, Option<Position>),
    Item(Shared),
    Up,
}

#[pymethods]
impl Walker {
    fn __iter__(slf: Py<Self>) -> Py<Self> {
        slf
    }

    fn __next__(&self, py: Python<'_>) -> PyResult<Option<Py<DataElement>>> {
        loop {
            let next = {
                let mut levels = self.levels.lock().unwrap_or_else(PoisonError::into_inner);
                match levels.last_mut() {
                    None => return Ok(None),
                    Some(Level::Elements(shared, rest)) => match rest.next() {
                        Some((tag, position)) => Next::Element(shared.clone(), tag, position),
                        None => Next::Up,
                    },
                    Some(Level::Items(sequence, at)) => {
                        *at += 1;
                        sequence.get().state(*at - 1).map_or(Next::Up, Next::Item)
                    }
                }
            };
            match next {
                Next::Up => {
                    self.levels.lock().unwrap_or_else(PoisonError::into_inner).pop();
                }
                Next::Item(shared) => self.enter(Level::Elements(shared.clone(), shared.positions()?.into_iter())),
                Next::Element(shared, tag, position) => {
                    let sequence = match position {
                        Some(position) if position.vr != Vr::UN => position.vr == Vr::SQ,
                        _ => shared.lock().vr_of(tag, position) == Some(Vr::SQ),
                    };
                    if sequence
                        && let Some(value) = shared.value(py, tag, position)?
                        && let Ok(sequence) = value.cast_into::<Sequence>()
                    {
                        self.enter(Level::Items(sequence.unbind(), 0));
                    }
                    return self.give(py, shared, tag, position).map(Some);
                }
            }
        }
    }
}

impl Walker {
    /// An element object: one from before that nobody else has any more, or a new one.
    fn give(&self, py: Python<'_>, shared: Shared, tag: Tag, position: Option<Position>) -> PyResult<Py<DataElement>> {
        let lock = || self.given.lock().unwrap_or_else(PoisonError::into_inner);
        let [newest, older] = std::mem::take(&mut *lock());
        let element = match older.filter(|element| is_only(py, element)) {
            Some(element) => {
                element.get().move_to(shared, tag, position);
                element
            }
            None => Py::new(py, DataElement::at(shared, tag, position))?,
        };
        *lock() = [Some(element.clone_ref(py)), newest];
        Ok(element)
    }

    fn enter(&self, level: Level) {
        self.levels.lock().unwrap_or_else(PoisonError::into_inner).push(level);
    }
}

/// Whether nobody else refers to an object.
fn is_only(_py: Python<'_>, object: &Py<DataElement>) -> bool {
    // SAFETY: the pointer is to a live object, which `object` refers to, and the interpreter is attached.
    #[allow(unsafe_code)]
    let count = unsafe { pyo3::ffi::Py_REFCNT(object.as_ptr()) };
    count == 1
}
