//! What a peer may cost.

use std::time::Duration;

use filmless_core::upper_layer as core;
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;

/// No buffer, piece or fragment is larger, whatever is asked for.
const MOST: usize = 1 << 30;
/// A piece of a data set as it is given to Python.
const CHUNK: usize = 1 << 20;
/// The largest command set that is not made to hurt.
const COMMAND: usize = 64 << 10;

/// Bounds on what a peer may cost, and how long it is waited for.
///
/// Parameters
/// ----------
/// pdu
///     Bytes a P-DATA-TF PDU may declare; it is never held whole.
/// association
///     Bytes an A-ASSOCIATE PDU may declare; these are held until they are complete.
/// contexts
///     Presentation contexts of an association.
/// items
///     Sub-items of the user information, and transfer syntaxes of a presentation context.
/// payload
///     The most bytes of data in one PDU we send, where the peer takes any number.
/// buffer
///     Bytes of the receive buffer while data may flow.
/// artim_s
///     The time of ARTIM, in seconds.
/// chunk
///     The most bytes of a data set that one event has.
/// command
///     Bytes of the largest command set.
///
/// DICOM
/// -----
/// PS3.8 9.1.5, 9.3
#[pyclass(frozen, eq, get_all, from_py_object, module = "filmless._core")]
#[derive(Clone, PartialEq)]
pub struct UpperLayerLimits {
    /// Bytes a P-DATA-TF PDU may declare.
    pdu: u32,
    /// Bytes an A-ASSOCIATE PDU may declare.
    association: u32,
    /// Presentation contexts of an association.
    contexts: usize,
    /// Sub-items of the user information, and transfer syntaxes of a presentation context.
    items: usize,
    /// The most bytes of data in one PDU we send, where the peer takes any number.
    payload: usize,
    /// Bytes of the receive buffer while data may flow.
    buffer: usize,
    /// The time of ARTIM, in seconds.
    artim_s: f64,
    /// The most bytes of a data set that one event has.
    pub chunk: usize,
    /// Bytes of the largest command set.
    pub command: usize,
}

impl Default for UpperLayerLimits {
    fn default() -> Self {
        let core = core::Limits::default();
        Self {
            pdu: core.pdu,
            association: core.association,
            contexts: core.contexts,
            items: core.items,
            payload: core.payload,
            buffer: core.buffer,
            artim_s: core.artim.as_secs_f64(),
            chunk: CHUNK,
            command: COMMAND,
        }
    }
}

impl UpperLayerLimits {
    /// As the core has them.
    pub fn to_core(&self) -> core::Limits {
        core::Limits {
            pdu: self.pdu,
            association: self.association,
            contexts: self.contexts,
            items: self.items,
            payload: self.payload,
            buffer: self.buffer,
            artim: Duration::try_from_secs_f64(self.artim_s).unwrap_or(Duration::MAX),
        }
    }
}

#[pymethods]
impl UpperLayerLimits {
    #[new]
    #[pyo3(signature = (
        *,
        pdu=core::Limits::default().pdu,
        association=core::Limits::default().association,
        contexts=core::Limits::default().contexts,
        items=core::Limits::default().items,
        payload=core::Limits::default().payload,
        buffer=core::Limits::default().buffer,
        artim_s=core::Limits::default().artim.as_secs_f64(),
        chunk=CHUNK,
        command=COMMAND,
    ))]
    #[allow(clippy::too_many_arguments)] // each is a limit
    fn new(
        pdu: u32,
        association: u32,
        contexts: usize,
        items: usize,
        payload: usize,
        buffer: usize,
        artim_s: f64,
        chunk: usize,
        command: usize,
    ) -> PyResult<Self> {
        if !(2..=MOST).contains(&payload) {
            return Err(PyValueError::new_err(format!("`payload` is 2 to {MOST} bytes")));
        }
        if buffer > MOST || !(1..=MOST).contains(&chunk) || command > MOST {
            return Err(PyValueError::new_err(format!("`buffer`, `chunk` and `command` are at most {MOST} bytes")));
        }
        if artim_s.is_nan() || artim_s < 0.0 {
            return Err(PyValueError::new_err("`artim_s` is a time, 0 or more"));
        }
        Ok(Self { pdu, association, contexts, items, payload, buffer, artim_s, chunk, command })
    }

    fn __repr__(slf: &Bound<'_, Self>) -> PyResult<String> {
        const FIELDS: [&str; 9] =
            ["pdu", "association", "contexts", "items", "payload", "buffer", "artim_s", "chunk", "command"];
        super::value::represent(slf.as_any(), &FIELDS, &[])
    }
}
