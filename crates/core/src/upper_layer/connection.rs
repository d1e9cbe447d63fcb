//! One end of an association, as a thing that bytes go into and come out of.

use std::collections::VecDeque;
use std::time::Duration;

use super::actions::{Artim, Carried, Happened};
use super::associate::{AssociateAccept, AssociateRequest};
use super::error::LocalError;
use super::negotiation::{Negotiated, learn};
use super::pdu::{Abort, AbortSource, Kind, Pdu, PdvHeader};
use super::primitives::{Command, Event, Side};
use super::reading::Reading;
use super::receive_buffer::ReceiveBuffer;
use super::state::{EventNumber, State, transition};
use super::{AbortReason, Limits};

/// One end of an association (PS3.8 9.2): bytes in, events out; commands in, bytes out.
pub struct Connection {
    pub(super) side: Side,
    pub(super) state: State,
    pub(super) limits: Limits,
    pub(super) buffer: ReceiveBuffer,
    /// Bytes of the buffer that the last event borrowed.
    pub(super) borrowed: usize,
    pub(super) reading: Reading,
    pub(super) ended: bool,
    pub(super) happened: VecDeque<Happened>,
    pub(super) output: Vec<u8>,
    pub(super) artim: Artim,
    pub(super) request: Option<Box<AssociateRequest>>,
    pub(super) accept: Option<Box<AssociateAccept>>,
    contexts: Vec<Negotiated>,
}

impl Connection {
    /// The end that asks for an association (Evt1, AE-1): the transport is to be connected now, then call
    /// [`Connection::connected`].
    ///
    /// # Errors
    /// [`LocalError::Value`] for a request that cannot be encoded.
    pub fn requestor(request: AssociateRequest, limits: Limits) -> Result<Self, LocalError> {
        request.encode(&mut Vec::new())?;
        let mut connection = Self::new(Side::Requestor, limits);
        connection.request = Some(Box::new(request));
        connection.apply(EventNumber::AssociateRequest, Carried::Nothing);
        Ok(connection)
    }

    /// The end that is asked for an association, on a transport connection that just came in (Evt5, AE-5).
    pub fn acceptor(limits: Limits) -> Self {
        let mut connection = Self::new(Side::Acceptor, limits);
        connection.apply(EventNumber::TransportIndicated, Carried::Nothing);
        connection
    }

    fn new(side: Side, limits: Limits) -> Self {
        Self {
            side,
            state: State::Sta1,
            limits,
            buffer: ReceiveBuffer::new(),
            borrowed: 0,
            reading: Reading::Pdu,
            ended: false,
            happened: VecDeque::new(),
            output: Vec::new(),
            artim: Artim::Stopped,
            request: None,
            accept: None,
            contexts: Vec::new(),
        }
    }

    /// Notes that the transport connection which a requestor waits for is open (Evt2, AE-2).
    ///
    /// # Errors
    /// [`LocalError::NotNow`] when none was waited for.
    pub fn connected(&mut self) -> Result<(), LocalError> {
        self.check(EventNumber::TransportConfirmed, "connected")?;
        self.apply(EventNumber::TransportConfirmed, Carried::Nothing);
        Ok(())
    }

    /// Notes that the transport connection is closed, or failed (Evt17). What came before is still understood first.
    pub const fn disconnected(&mut self) {
        self.ended = true;
    }

    /// Takes bytes that came from the peer. [`Connection::next_event`] is to be called until it has no more.
    pub fn receive(&mut self, bytes: &[u8]) {
        self.settle();
        if !self.is_deaf() {
            self.buffer.push(bytes, self.buffer_size());
        }
    }

    /// Room for bytes from the peer, to be filled by the transport itself and noted by [`Connection::received`].
    pub fn space(&mut self) -> &mut [u8] {
        self.settle();
        let size = self.buffer_size();
        self.buffer.space(size)
    }

    /// Sees to it that there is room for bytes from the peer.
    pub fn make_space(&mut self) {
        self.settle();
        let size = self.buffer_size();
        self.buffer.make_space(size);
    }

    /// Where the room for bytes from the peer is, as it is now, and its length, for a binding that hands it to another
    /// language. It is valid until [`Connection::make_space`], [`Connection::space`] or [`Connection::receive`] is
    /// called, or the connection is dropped: nothing else moves the buffer, or looks at its free bytes.
    pub const fn space_pointer(&mut self) -> (*mut u8, usize) {
        self.buffer.space_pointer()
    }

    /// Bytes of the room for bytes from the peer, as it is now.
    pub const fn space_left(&self) -> usize {
        self.buffer.space_left()
    }

    /// Notes how many bytes of [`Connection::space`] were filled.
    pub fn received(&mut self, count: usize) {
        self.buffer.filled(count);
        if self.is_deaf() {
            self.buffer.clear();
        }
    }

    fn buffer_size(&self) -> usize {
        if matches!(self.state, State::Sta6 | State::Sta7) { self.limits.buffer } else { 0 }
    }

    pub(super) fn is_deaf(&self) -> bool {
        self.state == State::Sta1 || self.reading == Reading::Lost
    }

    /// Gives back the part of the buffer that the last event borrowed.
    fn settle(&mut self) {
        self.buffer.consume(std::mem::take(&mut self.borrowed));
    }

    /// What happened next; nothing when more bytes are needed.
    pub fn next_event(&mut self) -> Option<Event<'_>> {
        self.settle();
        let happened = self.advance()?;
        Some(match happened {
            Happened::Requested => Event::Requested(self.request.as_deref()?),
            Happened::Accepted => Event::Accepted(self.accept.as_deref()?),
            Happened::Rejected(reject) => Event::Rejected(reject),
            Happened::Data { header, start, end } => Event::Data { header, bytes: self.buffer.between(start, end) },
            Happened::ReleaseRequested => Event::ReleaseRequested,
            Happened::ReleaseCollision => Event::ReleaseCollision,
            Happened::Released => Event::Released,
            Happened::Aborted => Event::Aborted,
            Happened::ProviderAborted(reason) => Event::ProviderAborted(reason),
            Happened::Violated(error) => Event::Violated(error),
            Happened::Lost => Event::Lost,
        })
    }

    /// Does what the local side wants. What is to be written is in [`Connection::take_output`] then.
    ///
    /// # Errors
    /// [`LocalError`]; nothing has changed then.
    pub fn send(&mut self, command: Command<'_>) -> Result<(), LocalError> {
        match command {
            Command::Accept(accept) => self.accept(*accept),
            Command::Reject(reject) => {
                self.check(EventNumber::RejectResponse, "reject")?;
                self.apply(EventNumber::RejectResponse, Carried::Pdu(Pdu::AssociateReject(reject)));
                Ok(())
            }
            Command::Data { header, bytes } => {
                let head = self.data_header(header, bytes.len())?;
                self.output.extend_from_slice(&head);
                self.output.extend_from_slice(bytes);
                Ok(())
            }
            Command::Release => self.simple(EventNumber::ReleaseRequest, "release", Pdu::ReleaseRequest),
            Command::ConfirmRelease => {
                self.simple(EventNumber::ReleaseResponse, "confirm release", Pdu::ReleaseResponse)
            }
            Command::Abort => {
                let abort = Abort { source: AbortSource::User, reason: AbortReason::NotSpecified };
                self.simple(EventNumber::AbortRequest, "abort", Pdu::Abort(abort))
            }
            Command::ProviderAbort(error) => {
                self.check(EventNumber::InvalidPdu, "provider abort")?;
                self.violated(error);
                Ok(())
            }
        }
    }

    fn simple(&mut self, number: EventNumber, command: &'static str, pdu: Pdu) -> Result<(), LocalError> {
        self.check(number, command)?;
        self.apply(number, Carried::Pdu(pdu));
        Ok(())
    }

    fn accept(&mut self, accept: AssociateAccept) -> Result<(), LocalError> {
        self.check(EventNumber::AcceptResponse, "accept")?;
        accept.encode(&mut Vec::new())?;
        self.apply(EventNumber::AcceptResponse, Carried::Pdu(Pdu::AssociateAccept(accept)));
        Ok(())
    }

    /// The header of a P-DATA-TF PDU with one fragment of so many bytes, which the caller writes after the output and
    /// before the fragment itself: data goes from where it is to the socket without a copy (Evt9).
    ///
    /// # Errors
    /// As [`Connection::send`].
    pub fn data_header(&mut self, header: PdvHeader, length: usize) -> Result<[u8; 12], LocalError> {
        self.check(EventNumber::DataRequest, "data")?;
        if self.context(header.context).is_none() {
            return Err(LocalError::Context(header.context));
        }
        let maximum = self.payload_limit();
        if length > maximum {
            return Err(LocalError::TooLong { length, maximum });
        }
        self.apply(EventNumber::DataRequest, Carried::Nothing);
        let flags = u8::from(header.command) | u8::from(header.last) << 1;
        let mut head = [Kind::Data as u8, 0, 0, 0, 0, 0, 0, 0, 0, 0, header.context, flags];
        head[2..6].copy_from_slice(&(length as u32 + 6).to_be_bytes());
        head[6..10].copy_from_slice(&(length as u32 + 2).to_be_bytes());
        Ok(head)
    }

    /// Whether Table 9-10 has a cell for something local.
    fn check(&self, number: EventNumber, command: &'static str) -> Result<(), LocalError> {
        match transition(self.state, number) {
            Some(_) => Ok(()),
            None => Err(LocalError::NotNow { command, state: self.state }),
        }
    }

    /// Notes which presentation contexts there are, once both PDUs are known.
    pub(super) fn establish(&mut self) {
        if let (Some(request), Some(accept)) = (&self.request, &self.accept) {
            self.contexts = learn(request, accept);
        }
    }

    /// The bytes to be written to the transport, which are no longer here then.
    pub fn take_output(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.output)
    }

    /// Whether there are bytes to be written.
    pub const fn has_output(&self) -> bool {
        !self.output.is_empty()
    }

    /// When [`Connection::expire`] is to be called, on the caller's clock: any clock that never goes back. A timer that
    /// was started since the last call starts at `now`.
    pub fn deadline(&mut self, now: Duration) -> Option<Duration> {
        self.artim.start(now, self.limits.artim);
        self.artim.deadline()
    }

    /// Notes the time. Whether ARTIM expired (Evt18): the connection is [`Connection::closed`] then.
    pub fn expire(&mut self, now: Duration) -> bool {
        let due = self.deadline(now).is_some_and(|deadline| deadline <= now);
        if due {
            self.apply(EventNumber::ArtimExpired, Carried::Nothing);
        }
        due
    }

    /// Whether the transport connection is to be closed, after the output is written.
    pub fn closed(&self) -> bool {
        self.state == State::Sta1
    }

    /// The state of Table 9-10.
    pub const fn state(&self) -> State {
        self.state
    }

    /// Which end of the association this is.
    pub const fn side(&self) -> Side {
        self.side
    }

    /// The accepted presentation contexts.
    pub fn contexts(&self) -> &[Negotiated] {
        &self.contexts
    }

    /// The accepted presentation context with an identifier.
    pub fn context(&self, id: u8) -> Option<&Negotiated> {
        self.contexts.iter().find(|context| context.id == id)
    }

    /// The request, once there is one.
    pub fn request(&self) -> Option<&AssociateRequest> {
        self.request.as_deref()
    }

    /// The acceptance, once there is one.
    pub fn acceptance(&self) -> Option<&AssociateAccept> {
        self.accept.as_deref()
    }

    /// The most bytes of data that the peer takes in one fragment: an even number, by its maximum length (PS3.8 D.1.1).
    pub fn payload_limit(&self) -> usize {
        let peer = match self.side {
            Side::Requestor => self.accept.as_ref().map(|accept| accept.user.maximum_length),
            Side::Acceptor => self.request.as_ref().map(|request| request.user.maximum_length),
        };
        let limit = match peer {
            None | Some(0) => self.limits.payload,
            Some(maximum) => self.limits.payload.min((maximum as usize).saturating_sub(6)),
        };
        limit & !1
    }
}
