//! `filmless._core.Connection`: one end of an association.

use std::ffi::c_int;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, TryLockError};
use std::time::Duration;

use filmless_core::upper_layer::{self as core, Assembler, CommandSet, MessageEvent, PdvHeader, Piece, Pieces};
use pyo3::buffer::PyUntypedBuffer;
use pyo3::exceptions::{PyBufferError, PyRuntimeError, PyValueError};
use pyo3::ffi;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict};

use super::association::{AssociateAccept, AssociateRequest, Reject};
use super::chunk::{Chunk, fill};
use super::context::NegotiatedContext;
use super::event::Event;
use super::limits::UpperLayerLimits;
use super::policy::Policy;
use super::user_information::UserInformation;
use super::value::Mirror;
use super::{command, local};

/// The most headers that one call makes.
const MOST_HEADERS: u64 = 1 << 20;

/// One end of an association: bytes in and events out, without socket, thread or clock.
///
/// It is a writable buffer of the space where bytes of the peer are to be put: ``sock.recv_into(connection)``, then
/// `received`. While a view of it is alive nothing moves the space, and what would have to raises `BufferError`; another
/// view is of what is left (asyncio takes one inside the other when TLS ends).
///
/// Notes
/// -----
/// What the local side does wrong raises `LocalProtocolError` and changes nothing.
///
/// DICOM
/// -----
/// PS3.8 9.2
#[pyclass(frozen, module = "filmless._core")]
pub struct Connection {
    inner: Mutex<Inner>,
    /// Views of the space that are alive. It grows only under the lock.
    views: AtomicUsize,
}

struct Inner {
    connection: core::Connection,
    assembler: Assembler,
    pieces: Pieces,
}

/// An event out of the core's hands: nothing of Python is made while the connection is locked.
enum Told {
    Requested(core::AssociateRequest),
    Accepted(core::AssociateAccept),
    Rejected(core::Reject),
    Command(u8, CommandSet),
    Piece(Piece),
    ReleaseRequested,
    ReleaseCollision,
    Released,
    Aborted,
    ProviderAborted(core::AbortReason),
    Violated(core::RemoteError),
    Lost,
}

impl Inner {
    fn next_event(&mut self) -> Option<Told> {
        loop {
            if let Some(piece) = self.pieces.next_piece() {
                return Some(Told::Piece(piece));
            }
            let told = match self.connection.next_event()? {
                core::Event::Data { header, bytes } => match self.assembler.receive(header, bytes) {
                    Ok(None) => continue,
                    Ok(Some(MessageEvent::Command { context, command })) => {
                        return Some(Told::Command(context, command));
                    }
                    Ok(Some(MessageEvent::DataSet { context, bytes, last })) => {
                        self.pieces.take(context, bytes, last);
                        continue;
                    }
                    Err(error) => {
                        // Data comes in Sta6 and Sta7 only, where this is possible; the event of it is the next.
                        let _ = self.connection.send(core::Command::ProviderAbort(error));
                        continue;
                    }
                },
                core::Event::Requested(request) => Told::Requested(request.clone()),
                core::Event::Accepted(accept) => Told::Accepted(accept.clone()),
                core::Event::Rejected(reject) => Told::Rejected(reject),
                core::Event::ReleaseRequested => Told::ReleaseRequested,
                core::Event::ReleaseCollision => Told::ReleaseCollision,
                core::Event::Released => Told::Released,
                core::Event::Aborted => Told::Aborted,
                core::Event::ProviderAborted(reason) => Told::ProviderAborted(reason),
                core::Event::Violated(error) => Told::Violated(error),
                core::Event::Lost => Told::Lost,
            };
            // No more data comes: a piece that is not complete never will be.
            self.pieces.clear();
            return Some(told);
        }
    }
}

fn time(now: f64) -> PyResult<Duration> {
    Duration::try_from_secs_f64(now).map_err(|_| PyValueError::new_err("`now` is a time in seconds, 0 or more"))
}

impl Connection {
    fn new(connection: core::Connection, limits: &UpperLayerLimits) -> Self {
        let assembler = Assembler::new(limits.command);
        let inner = Inner { connection, assembler, pieces: Pieces::new(limits.chunk) };
        Self { inner: Mutex::new(inner), views: AtomicUsize::new(0) }
    }

    /// Never waits: a call inside a call (a finalizer that runs meanwhile), or of another thread, is a mistake.
    fn lock(&self) -> PyResult<MutexGuard<'_, Inner>> {
        match self.inner.try_lock() {
            Ok(inner) => Ok(inner),
            Err(TryLockError::Poisoned(poisoned)) => Ok(poisoned.into_inner()),
            Err(TryLockError::WouldBlock) => Err(PyRuntimeError::new_err("the connection is in use by another call")),
        }
    }

    fn send(&self, command: core::Command<'_>) -> PyResult<()> {
        self.lock()?.connection.send(command).map_err(local)
    }

    fn is_exported(&self) -> bool {
        self.views.load(Ordering::Acquire) > 0
    }
}

fn bytes_of(buffer: &PyUntypedBuffer) -> PyResult<&[u8]> {
    if !buffer.is_c_contiguous() {
        return Err(PyBufferError::new_err("bytes that came have to be contiguous"));
    }
    if buffer.len_bytes() == 0 {
        return Ok(&[]);
    }
    // SAFETY: the buffer is contiguous and held as long as the slice, which is copied from before Python runs again; a
    // byte has no alignment and no invalid value.
    #[allow(unsafe_code)]
    Ok(unsafe { std::slice::from_raw_parts(buffer.buf_ptr().cast::<u8>(), buffer.len_bytes()) })
}

#[pymethods]
impl Connection {
    /// The end that asks for an association. The transport is to be connected now, then call `connected`.
    ///
    /// Parameters
    /// ----------
    /// request
    ///     What is asked.
    /// limits
    ///     What the peer may cost.
    ///
    /// Raises
    /// ------
    /// LocalProtocolError
    ///     For a request that cannot be encoded.
    ///
    /// DICOM
    /// -----
    /// PS3.8 9.2.3, Evt1
    #[staticmethod]
    #[pyo3(signature = (request, limits=None))]
    fn requestor(request: &AssociateRequest, limits: Option<UpperLayerLimits>) -> PyResult<Self> {
        let limits = limits.unwrap_or_default();
        let connection = core::Connection::requestor(request.to_core()?, limits.to_core()).map_err(local)?;
        Ok(Self::new(connection, &limits))
    }

    /// The end that is asked for an association, on a transport connection that just came in.
    ///
    /// Parameters
    /// ----------
    /// limits
    ///     What the peer may cost.
    ///
    /// DICOM
    /// -----
    /// PS3.8 9.2.3, Evt5
    #[staticmethod]
    #[pyo3(signature = (limits=None))]
    fn acceptor(limits: Option<UpperLayerLimits>) -> Self {
        let limits = limits.unwrap_or_default();
        Self::new(core::Connection::acceptor(limits.to_core()), &limits)
    }

    /// Bytes of the space: what is still free of it while a view is alive.
    fn __len__(&self) -> PyResult<usize> {
        let mut inner = self.lock()?;
        if !self.is_exported() {
            inner.connection.make_space();
        }
        Ok(inner.connection.space_left())
    }

    /// A connection is one, also when its space is full.
    #[allow(clippy::unused_self)] // a method of Python
    fn __bool__(&self) -> bool {
        true
    }

    #[allow(unsafe_code)]
    unsafe fn __getbuffer__(slf: Bound<'_, Self>, view: *mut ffi::Py_buffer, flags: c_int) -> PyResult<()> {
        let this = slf.get();
        let mut inner = this.lock()?;
        if !this.is_exported() {
            inner.connection.make_space();
        }
        let (space, length) = inner.connection.space_pointer();
        if length == 0 {
            return Err(PyBufferError::new_err("the connection's space is full, and a view of it is alive"));
        }
        // SAFETY: the space is memory of a vector, initialized when it was allocated, that is dropped with this object,
        // to which the view holds a reference. `make_space`, `receive` and nothing else reallocate or move it
        // (`next_event`, `received` and the rest move indices); both are called only while no view is alive, here, in
        // `__len__` and in `receive`, under the lock. The core makes no reference to bytes of the space and reads
        // none before they are noted as received, and the pointer is derived from the vector itself, so a write
        // through the view, also one of another thread while it has released the GIL, touches nothing that Rust looks
        // at. Who writes to bytes after noting them as received changes what the peer seems to have sent; every length
        // in them is checked against what is there.
        unsafe { fill(view, slf.as_any(), space, length, false, flags)? };
        this.views.fetch_add(1, Ordering::AcqRel);
        Ok(())
    }

    #[allow(unsafe_code)]
    unsafe fn __releasebuffer__(&self, _view: *mut ffi::Py_buffer) {
        self.views.fetch_sub(1, Ordering::AcqRel);
    }

    /// Notes how many bytes were put into the space. Call `next_event` until it has no more.
    ///
    /// Parameters
    /// ----------
    /// count
    ///     Bytes from the start of the space.
    fn received(&self, count: usize) -> PyResult<()> {
        let mut inner = self.lock()?;
        if count > inner.connection.space_left() {
            return Err(local("more bytes were received than the connection has space for"));
        }
        inner.connection.received(count);
        Ok(())
    }

    /// Takes bytes that came, by a copy. Call `next_event` until it has no more.
    ///
    /// Parameters
    /// ----------
    /// data
    ///     The bytes.
    ///
    /// Raises
    /// ------
    /// BufferError
    ///     While a view of the space is alive.
    fn receive(&self, data: &Bound<'_, PyAny>) -> PyResult<()> {
        let buffer = PyUntypedBuffer::get(data)?;
        let bytes = bytes_of(&buffer)?;
        let mut inner = self.lock()?;
        // Also when `data` is such a view.
        if self.is_exported() {
            return Err(PyBufferError::new_err("a view of the connection's space is alive"));
        }
        inner.connection.receive(bytes);
        Ok(())
    }

    /// Notes that the transport connection which a requestor waits for is open.
    ///
    /// DICOM
    /// -----
    /// PS3.8 9.2.3, Evt2
    fn connected(&self) -> PyResult<()> {
        self.lock()?.connection.connected().map_err(local)
    }

    /// Notes that the transport connection is closed, or failed. What came before is still understood first.
    ///
    /// DICOM
    /// -----
    /// PS3.8 9.2.3, Evt17
    fn disconnected(&self) -> PyResult<()> {
        self.lock()?.connection.disconnected();
        Ok(())
    }

    /// What happened next.
    ///
    /// Returns
    /// -------
    /// Event or None
    ///     None when more bytes are needed.
    ///
    /// DICOM
    /// -----
    /// PS3.8 7
    fn next_event(&self, py: Python<'_>) -> PyResult<Option<Event>> {
        let told = self.lock()?.next_event();
        told.map(|told| to_event(py, told)).transpose()
    }

    /// Accepts the association that was requested.
    ///
    /// Parameters
    /// ----------
    /// accept
    ///     The answer, see `answer`.
    ///
    /// DICOM
    /// -----
    /// PS3.8 7.1.2, 9.3.3
    fn accept(&self, accept: &AssociateAccept) -> PyResult<()> {
        self.send(core::Command::Accept(Box::new(accept.to_core()?)))
    }

    /// Rejects the association that was requested.
    ///
    /// Parameters
    /// ----------
    /// reject
    ///     Why.
    ///
    /// DICOM
    /// -----
    /// PS3.8 7.1.2, 9.3.4
    fn reject(&self, reject: &Reject) -> PyResult<()> {
        self.send(core::Command::Reject(reject.to_core()?))
    }

    /// Asks to release the association.
    ///
    /// DICOM
    /// -----
    /// PS3.8 7.2
    fn release(&self) -> PyResult<()> {
        self.send(core::Command::Release)
    }

    /// Agrees to the release that the peer asked for.
    ///
    /// DICOM
    /// -----
    /// PS3.8 7.2
    fn confirm_release(&self) -> PyResult<()> {
        self.send(core::Command::ConfirmRelease)
    }

    /// Aborts the association.
    ///
    /// DICOM
    /// -----
    /// PS3.8 7.3
    fn abort(&self) -> PyResult<()> {
        let mut inner = self.lock()?;
        inner.connection.send(core::Command::Abort).map_err(local)?;
        inner.pieces.clear();
        Ok(())
    }

    /// Negotiates what was requested. Nothing is sent: `accept` sends the answer, changed or as it is.
    ///
    /// Parameters
    /// ----------
    /// policy
    ///     What is taken.
    /// user
    ///     What we say of ourselves; its roles are replaced by those that were negotiated.
    ///
    /// Returns
    /// -------
    /// AssociateAccept
    ///     The answer.
    ///
    /// DICOM
    /// -----
    /// PS3.8 9.3.3.2, PS3.7 D.3.3.4
    fn answer(&self, policy: &Policy, user: &UserInformation) -> PyResult<AssociateAccept> {
        let user = user.to_core()?;
        let inner = self.lock()?;
        match inner.connection.request() {
            Some(request) if inner.connection.state() == core::State::Sta3 => {
                Ok(AssociateAccept::of_core(core::answer(request, &policy.0).accept(request, user)))
            }
            _ => Err(local("answer is not possible: no request waits for one")),
        }
    }

    /// Puts a command to the output, in as many fragments as the peer's maximum length asks for.
    ///
    /// Parameters
    /// ----------
    /// context
    ///     The presentation context.
    /// command
    ///     Values by keyword, or tag; None is left out. See `encode_command`.
    /// has_data_set
    ///     A data set follows.
    ///
    /// DICOM
    /// -----
    /// PS3.7 6.3.1, PS3.8 7.6
    fn send_command(&self, context: u8, command: &Bound<'_, PyDict>, has_data_set: bool) -> PyResult<()> {
        let bytes = command::from_dict(command, has_data_set)?.encode().map_err(local)?;
        let connection = &mut self.lock()?.connection;
        // The first may be refused; then nothing was sent.
        for fragment in core::fragments(bytes.len() as u64, connection.payload_limit()) {
            let header = PdvHeader { context, command: true, last: fragment.last };
            let bytes = &bytes[fragment.range.start as usize..fragment.range.end as usize];
            connection.send(core::Command::Data { header, bytes }).map_err(local)?;
        }
        Ok(())
    }

    /// The headers of the fragments that carry the next bytes of a data set. The caller writes the output, then each
    /// header with its bytes behind it: `payload_limit` of them, but for the last.
    ///
    /// Parameters
    /// ----------
    /// context
    ///     The presentation context.
    /// length
    ///     Bytes; an even number unless they are the last.
    /// last
    ///     The data set ends with them.
    ///
    /// Returns
    /// -------
    /// list of bytes
    ///     Headers of 12 bytes.
    ///
    /// DICOM
    /// -----
    /// PS3.8 7.6, 9.3.5, E.2
    fn data_headers<'py>(
        &self,
        py: Python<'py>,
        context: u8,
        length: u64,
        last: bool,
    ) -> PyResult<Vec<Bound<'py, PyBytes>>> {
        if !last && !length.is_multiple_of(2) {
            return Err(local("an odd number of bytes of a data set that does not end with them"));
        }
        let mut inner = self.lock()?;
        let limit = inner.connection.payload_limit();
        if length / limit.max(2) as u64 >= MOST_HEADERS {
            return Err(local(format!("{length} bytes of a data set at once: give it in smaller parts")));
        }
        let heads = core::fragments(length, limit).map(|fragment| {
            let header = PdvHeader { context, command: false, last: last && fragment.last };
            inner.connection.data_header(header, (fragment.range.end - fragment.range.start) as usize)
        });
        let heads = heads.collect::<Result<Vec<_>, _>>().map_err(local)?;
        drop(inner);
        // Nothing that is not the end needs no fragment.
        let count = if length == 0 && !last { 0 } else { heads.len() };
        Ok(heads[..count].iter().map(|head| PyBytes::new(py, head)).collect())
    }

    /// The bytes to be written to the transport, which are no longer here then.
    fn take_output<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyBytes>> {
        let output = self.lock()?.connection.take_output();
        Ok(PyBytes::new(py, &output))
    }

    /// Whether there are bytes to be written.
    #[getter]
    fn has_output(&self) -> PyResult<bool> {
        Ok(self.lock()?.connection.has_output())
    }

    /// When `expire` is to be called.
    ///
    /// Parameters
    /// ----------
    /// now
    ///     Seconds, on any clock of the caller that never goes back.
    ///
    /// Returns
    /// -------
    /// float or None
    ///     Seconds on that clock; None when no time runs.
    ///
    /// DICOM
    /// -----
    /// PS3.8 9.1.5
    fn deadline(&self, now: f64) -> PyResult<Option<f64>> {
        let now = time(now)?;
        Ok(self.lock()?.connection.deadline(now).map(|deadline| deadline.as_secs_f64()))
    }

    /// Notes the time. Whether ARTIM expired: the connection is closed then.
    ///
    /// Parameters
    /// ----------
    /// now
    ///     Seconds on the clock of `deadline`.
    ///
    /// DICOM
    /// -----
    /// PS3.8 9.2.3, Evt18
    fn expire(&self, now: f64) -> PyResult<bool> {
        let mut instant = time(now)?;
        let connection = &mut self.lock()?.connection;
        // A deadline that was given, and rounded to a float, is due when it comes back.
        if let Some(deadline) = connection.deadline(instant).filter(|deadline| deadline.as_secs_f64() <= now) {
            instant = instant.max(deadline);
        }
        Ok(connection.expire(instant))
    }

    /// Whether the transport connection is to be closed, after the output is written.
    #[getter]
    fn closed(&self) -> PyResult<bool> {
        Ok(self.lock()?.connection.closed())
    }

    /// The state of PS3.8 Table 9-10, 1 to 13.
    #[getter]
    fn state(&self) -> PyResult<u8> {
        Ok(self.lock()?.connection.state() as u8)
    }

    /// Whether this end asked for the association.
    #[getter]
    fn is_requestor(&self) -> PyResult<bool> {
        Ok(self.lock()?.connection.side() == core::Side::Requestor)
    }

    /// The accepted presentation contexts.
    #[getter]
    fn contexts(&self) -> PyResult<Vec<NegotiatedContext>> {
        Ok(Vec::of_core(self.lock()?.connection.contexts().to_vec()))
    }

    /// The accepted presentation context with an identifier.
    ///
    /// Parameters
    /// ----------
    /// id
    ///     The identifier.
    fn context(&self, id: u8) -> PyResult<Option<NegotiatedContext>> {
        Ok(Option::of_core(self.lock()?.connection.context(id).cloned()))
    }

    /// The request, once there is one.
    #[getter]
    fn request(&self) -> PyResult<Option<AssociateRequest>> {
        Ok(Option::of_core(self.lock()?.connection.request().cloned()))
    }

    /// The acceptance, once there is one.
    #[getter]
    fn acceptance(&self) -> PyResult<Option<AssociateAccept>> {
        Ok(Option::of_core(self.lock()?.connection.acceptance().cloned()))
    }

    /// The most bytes of data in one fragment: an even number, by the peer's maximum length.
    #[getter]
    fn payload_limit(&self) -> PyResult<usize> {
        Ok(self.lock()?.connection.payload_limit())
    }

    /// Whether it is between two incoming messages.
    #[getter]
    fn is_idle(&self) -> PyResult<bool> {
        let inner = self.lock()?;
        Ok(inner.assembler.is_idle() && inner.pieces.is_empty())
    }
}

fn to_event(py: Python<'_>, told: Told) -> PyResult<Event> {
    Ok(match told {
        Told::Requested(request) => Event::Requested { request: Py::new(py, AssociateRequest::of_core(request))? },
        Told::Accepted(accept) => Event::Accepted { accept: Py::new(py, AssociateAccept::of_core(accept))? },
        Told::Rejected(reject) => Event::Rejected { reject: Py::new(py, Reject::of_core(reject))? },
        Told::Command(context, set) => {
            let has_data_set = set.has_data_set();
            Event::Command { context, command: command::to_dict(py, &set)?.unbind(), has_data_set }
        }
        Told::Piece(Piece { context, bytes, last }) => {
            Event::DataSet { context, piece: Py::new(py, Chunk(bytes))?, last }
        }
        Told::ReleaseRequested => Event::ReleaseRequested {},
        Told::ReleaseCollision => Event::ReleaseCollision {},
        Told::Released => Event::Released {},
        Told::Aborted => Event::Aborted {},
        Told::ProviderAborted(reason) => Event::ProviderAborted { reason: reason as u8 },
        Told::Violated(error) => Event::Violated { reason: error.reason as u8, message: error.what.to_owned() },
        Told::Lost => Event::Lost {},
    })
}
