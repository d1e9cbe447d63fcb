//! What the actions of PS3.8 Tables 9-6 to 9-9 do to a connection.

use std::time::Duration;

use super::associate::APPLICATION_CONTEXT;
use super::connection::Connection;
use super::error::{AbortReason, RemoteError};
use super::pdu::{Abort, AbortSource, Pdu, PdvHeader, Reject};
use super::primitives::Side;
use super::state::{Action, EventNumber, Next, transition};

/// The timer of PS3.8 9.1.5.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Artim {
    Stopped,
    /// Started, at a time nobody has told yet.
    Started,
    /// Expires then.
    Until(Duration),
}

impl Artim {
    /// Gives a timer that was started the time.
    pub fn start(&mut self, now: Duration, time: Duration) {
        if *self == Self::Started {
            *self = Self::Until(now.saturating_add(time));
        }
    }

    pub const fn deadline(self) -> Option<Duration> {
        match self {
            Self::Until(deadline) => Some(deadline),
            Self::Stopped | Self::Started => None,
        }
    }
}

/// What comes with an event of Table 9-10.
#[allow(clippy::large_enum_variant)] // it is made and used up at once
pub(super) enum Carried {
    Nothing,
    Pdu(Pdu),
    Violation(RemoteError),
}

/// An [`super::Event`] that borrows nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Happened {
    Requested,
    Accepted,
    Rejected(Reject),
    Data { header: PdvHeader, start: usize, end: usize },
    ReleaseRequested,
    ReleaseCollision,
    Released,
    Aborted,
    ProviderAborted(AbortReason),
    Violated(RemoteError),
    Lost,
}

impl Connection {
    /// Goes through the cell of Table 9-10 for an event. A blank cell does nothing.
    pub(super) fn apply(&mut self, number: EventNumber, carried: Carried) {
        let Some(cell) = transition(self.state, number) else { return };
        let first = self.act(cell.action, carried);
        self.state = match cell.next {
            Next::To(state) => state,
            Next::Either(state, other) => {
                if first {
                    state
                } else {
                    other
                }
            }
        };
    }

    /// Does an action. The answer is which of two states comes next, where there are two.
    fn act(&mut self, action: Action, carried: Carried) -> bool {
        match action {
            // The caller connects; data is handed out, and its header is made, where the bytes are.
            Action::AE1 | Action::DT1 | Action::DT2 | Action::AR6 | Action::AR7 | Action::AA6 => {}
            Action::AE2 => self.write_request(),
            Action::AE3 => self.accepted(carried, false),
            Action::AE4 => {
                if let Carried::Pdu(Pdu::AssociateReject(reject)) = carried {
                    self.happened.push_back(Happened::Rejected(reject));
                }
            }
            Action::AE5 => self.artim = Artim::Started,
            Action::AE6 => return self.requested(carried),
            Action::AE7 => self.accepted(carried, true),
            Action::AE8 | Action::AR4 => {
                self.write_carried(&carried);
                self.artim = Artim::Started;
            }
            Action::AR1 | Action::AR9 => self.write_carried(&carried),
            Action::AR2 => self.happened.push_back(Happened::ReleaseRequested),
            Action::AR3 | Action::AR10 => self.happened.push_back(Happened::Released),
            Action::AR8 => {
                self.happened.push_back(Happened::ReleaseCollision);
                return self.side == Side::Requestor;
            }
            Action::AR5 | Action::AA2 | Action::AA5 => self.artim = Artim::Stopped,
            Action::AA1 => {
                // Before an association there is no user to abort for: Table 9-9 says so all the same, and Table 9-26
                // has no reason for a user's abort. Ours is told with the event.
                self.write(&Pdu::Abort(Abort { source: AbortSource::User, reason: AbortReason::NotSpecified }));
                self.artim = Artim::Started;
                self.note_violation(carried);
            }
            Action::AA3 => {
                if let Carried::Pdu(Pdu::Abort(abort)) = carried {
                    self.happened.push_back(match abort.source {
                        AbortSource::User => Happened::Aborted,
                        AbortSource::Provider => Happened::ProviderAborted(abort.reason),
                    });
                }
            }
            Action::AA4 => self.happened.push_back(Happened::Lost),
            // One at a time: a peer that goes on and does not read makes no heap of them.
            Action::AA7 => {
                if self.output.is_empty() {
                    self.write_abort(&carried);
                }
            }
            Action::AA8 => {
                self.write_abort(&carried);
                self.artim = Artim::Started;
                self.note_violation(carried);
            }
        }
        true
    }

    /// AE-2: the request stays, to be compared with what is accepted.
    fn write_request(&mut self) {
        if let Some(request) = self.request.take() {
            let pdu = Pdu::AssociateRequest(*request);
            self.write(&pdu);
            if let Pdu::AssociateRequest(request) = pdu {
                self.request = Some(Box::new(request));
            }
        }
    }

    /// AE-6: a request that the provider itself has to reject is not told to the user.
    fn requested(&mut self, carried: Carried) -> bool {
        self.artim = Artim::Stopped;
        let Carried::Pdu(Pdu::AssociateRequest(request)) = carried else { return false };
        // PS3.8 9.3.2: only bit 0 is looked at.
        let reject = if request.protocol_version & 1 == 0 {
            Some(Reject::PROTOCOL_VERSION)
        } else if request.application_context != APPLICATION_CONTEXT {
            Some(Reject::APPLICATION_CONTEXT)
        } else {
            None
        };
        self.request = Some(Box::new(request));
        if let Some(reject) = reject {
            self.write(&Pdu::AssociateReject(reject));
            self.artim = Artim::Started;
            self.happened.push_back(Happened::Rejected(reject));
            return false;
        }
        self.happened.push_back(Happened::Requested);
        true
    }

    /// AE-3 and AE-7: there is an association.
    fn accepted(&mut self, carried: Carried, ours: bool) {
        if ours {
            self.write_carried(&carried);
        }
        if let Carried::Pdu(Pdu::AssociateAccept(accept)) = carried {
            self.accept = Some(Box::new(accept));
            self.establish();
            if !ours {
                self.happened.push_back(Happened::Accepted);
            }
        }
    }

    fn note_violation(&mut self, carried: Carried) {
        if let Carried::Violation(error) = carried {
            self.happened.push_back(Happened::Violated(error));
        }
    }

    fn write_abort(&mut self, carried: &Carried) {
        let reason = match carried {
            Carried::Violation(error) => error.reason,
            _ => AbortReason::NotSpecified,
        };
        self.write(&Pdu::Abort(Abort { source: AbortSource::Provider, reason }));
    }

    fn write_carried(&mut self, carried: &Carried) {
        if let Carried::Pdu(pdu) = carried {
            self.write(pdu);
        }
    }

    /// Writes a PDU that is known to fit its fields.
    fn write(&mut self, pdu: &Pdu) {
        let encoded = pdu.encode(&mut self.output);
        debug_assert!(encoded.is_ok(), "{encoded:?}");
    }
}
