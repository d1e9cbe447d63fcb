//! How a connection understands what came: PDU by PDU, P-DATA as it comes.

use super::actions::{Carried, Happened};
use super::connection::Connection;
use super::error::RemoteError;
use super::pdu::{HEADER, Kind, Pdu, PdvHeader};
use super::state::{Action, EventNumber, State, transition};

/// Where in the stream of PDUs the next byte is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reading {
    /// At a PDU.
    Pdu,
    /// In a P-DATA-TF: bytes left of it, bytes left of its present value, and whose they are.
    Data { pdu: u32, value: u32, header: PdvHeader },
    /// In a PDU that is of no interest: bytes left of it.
    Skipped(u32),
    /// Nobody knows: nothing that comes is looked at.
    Lost,
}

impl Connection {
    /// Understands bytes until something happens.
    pub(super) fn advance(&mut self) -> Option<Happened> {
        loop {
            if let Some(happened) = self.happened.pop_front() {
                return Some(happened);
            }
            let go_on = match self.reading {
                _ if self.is_deaf() => {
                    self.buffer.clear();
                    false
                }
                Reading::Pdu => self.read_pdu().unwrap_or_else(|error| self.violated(error)),
                Reading::Data { pdu, .. } if !matches!(self.state, State::Sta6 | State::Sta7) => {
                    self.reading = Reading::Skipped(pdu);
                    true
                }
                Reading::Data { pdu, value, header } => {
                    self.read_data(pdu, value, header).unwrap_or_else(|error| self.violated(error))
                }
                Reading::Skipped(left) => self.skip(left),
                Reading::Lost => false,
            };
            if !go_on && self.happened.is_empty() {
                if !std::mem::take(&mut self.ended) {
                    return None;
                }
                self.apply(EventNumber::TransportClosed, Carried::Nothing);
            }
        }
    }

    /// Notes that the peer broke the protocol so that nobody knows where its next PDU begins (Evt19).
    pub(super) fn violated(&mut self, error: RemoteError) -> bool {
        self.apply(EventNumber::InvalidPdu, Carried::Violation(error));
        self.reading = Reading::Lost;
        self.buffer.clear();
        true
    }

    fn skip(&mut self, left: u32) -> bool {
        let count = self.buffer.available().len().min(left as usize);
        self.buffer.consume(count);
        let left = left - count as u32;
        self.reading = if left == 0 { Reading::Pdu } else { Reading::Skipped(left) };
        left == 0
    }

    /// Looks at the PDU that begins here. The answer is whether to go on.
    fn read_pdu(&mut self) -> Result<bool, RemoteError> {
        let available = self.buffer.available();
        if let Some(&first) = available.first() {
            Kind::from_number(first)?;
        }
        let Some(&header) = available.first_chunk::<HEADER>() else { return Ok(false) };
        let (kind, length) = Kind::of_header(header, &self.limits)?;
        let number = match kind {
            Kind::AssociateRequest => EventNumber::RequestPdu,
            Kind::AssociateAccept => EventNumber::AcceptPdu,
            Kind::AssociateReject => EventNumber::RejectPdu,
            Kind::Data => EventNumber::DataPdu,
            Kind::ReleaseRequest => EventNumber::ReleaseRequestPdu,
            Kind::ReleaseResponse => EventNumber::ReleaseResponsePdu,
            Kind::Abort => EventNumber::AbortPdu,
        };
        let action = transition(self.state, number).map(|cell| cell.action);
        // What is not welcome is not waited for. (Bytes before the transport is open cannot be: blank cells.)
        if matches!(action, None | Some(Action::AA1 | Action::AA6 | Action::AA7 | Action::AA8)) {
            self.buffer.consume(HEADER);
            self.reading = Reading::Skipped(length);
            self.apply(number, Carried::Violation(RemoteError::unexpected("a PDU that may not come now")));
            return Ok(true);
        }
        if kind == Kind::Data {
            self.buffer.consume(HEADER);
            let header = PdvHeader { context: 0, command: false, last: false };
            self.reading = Reading::Data { pdu: length, value: 0, header };
            self.apply(number, Carried::Nothing);
            return Ok(true);
        }
        let end = HEADER + length as usize;
        let Some(body) = available.get(HEADER..end) else { return Ok(false) };
        let Some(pdu) = Pdu::decode(kind, body, &self.limits)? else { return Ok(false) };
        self.buffer.consume(end);
        self.apply(number, Carried::Pdu(pdu));
        Ok(true)
    }

    /// Hands out what is at hand of a P-DATA-TF.
    fn read_data(&mut self, pdu: u32, value: u32, header: PdvHeader) -> Result<bool, RemoteError> {
        if value > 0 {
            let count = self.buffer.available().len().min(value as usize);
            if count > 0 {
                self.hand_out(pdu, value, header, count);
            }
            return Ok(false);
        }
        if pdu == 0 {
            self.reading = Reading::Pdu;
            return Ok(true);
        }
        if pdu < 6 {
            return Err(RemoteError::invalid("bytes after the last presentation data value of a PDU"));
        }
        let Some(&raw) = self.buffer.available().first_chunk::<6>() else { return Ok(false) };
        let length = u32::from_be_bytes([raw[0], raw[1], raw[2], raw[3]]);
        if length < 2 || length > pdu - 4 {
            return Err(RemoteError::invalid("a presentation data value shorter than its header, or past its PDU"));
        }
        // PS3.8 E.2: the other bits are not looked at.
        let header = PdvHeader { context: raw[4], command: raw[5] & 1 != 0, last: raw[5] & 2 != 0 };
        if self.context(header.context).is_none() {
            return Err(RemoteError::invalid("data of a presentation context that was not accepted"));
        }
        self.buffer.consume(6);
        let (pdu, value) = (pdu - 6, length - 2);
        self.reading = Reading::Data { pdu, value, header };
        if value == 0 {
            self.hand_out(pdu, 0, header, 0);
        }
        Ok(true)
    }

    fn hand_out(&mut self, pdu: u32, value: u32, header: PdvHeader, count: usize) {
        let start = self.buffer.position();
        let left = value - count as u32;
        self.reading = Reading::Data { pdu: pdu - count as u32, value: left, header };
        self.borrowed = count;
        let header = PdvHeader { last: header.last && left == 0, ..header };
        self.happened.push_back(Happened::Data { header, start, end: start + count });
    }
}
