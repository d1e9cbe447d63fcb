//! The state machine of PS3.8 9.2 as data: Table 9-10, the states of Tables 9-1 to 9-5, the actions of Tables 9-6 to 9-9.

use Action::{AA1, AA2, AA3, AA4, AA5, AA6, AA7, AA8, AE1, AE2, AE3, AE4, AE5, AE6, AE7, AE8};
use Action::{AR1, AR2, AR3, AR4, AR5, AR6, AR7, AR8, AR9, AR10, DT1, DT2};

/// A state of the upper layer (PS3.8 Tables 9-1 to 9-5).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum State {
    /// Idle: no connection.
    Sta1 = 1,
    /// The connection is open: an A-ASSOCIATE-RQ is awaited.
    Sta2,
    /// The local answer to an association request is awaited.
    Sta3,
    /// The transport connection is awaited.
    Sta4,
    /// An A-ASSOCIATE-AC or -RJ is awaited.
    Sta5,
    /// Established: data may flow.
    Sta6,
    /// An A-RELEASE-RP is awaited.
    Sta7,
    /// The local answer to a release request is awaited.
    Sta8,
    /// Release collision, requestor: the local answer is awaited.
    Sta9,
    /// Release collision, acceptor: an A-RELEASE-RP is awaited.
    Sta10,
    /// Release collision, requestor: an A-RELEASE-RP is awaited.
    Sta11,
    /// Release collision, acceptor: the local answer is awaited.
    Sta12,
    /// The peer is to close the connection.
    Sta13,
}

impl State {
    /// Every state, in order.
    pub const ALL: [Self; 13] = {
        use State::{Sta1, Sta2, Sta3, Sta4, Sta5, Sta6, Sta7, Sta8, Sta9, Sta10, Sta11, Sta12, Sta13};
        [Sta1, Sta2, Sta3, Sta4, Sta5, Sta6, Sta7, Sta8, Sta9, Sta10, Sta11, Sta12, Sta13]
    };
}

/// An event, a row of Table 9-10 (PS3.8 9.2.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum EventNumber {
    /// Evt1: A-ASSOCIATE request of the local user.
    AssociateRequest = 1,
    /// Evt2: the transport connection is open (requestor).
    TransportConfirmed,
    /// Evt3: an A-ASSOCIATE-AC PDU came.
    AcceptPdu,
    /// Evt4: an A-ASSOCIATE-RJ PDU came.
    RejectPdu,
    /// Evt5: a transport connection came in (acceptor).
    TransportIndicated,
    /// Evt6: an A-ASSOCIATE-RQ PDU came.
    RequestPdu,
    /// Evt7: the local user accepts.
    AcceptResponse,
    /// Evt8: the local user rejects.
    RejectResponse,
    /// Evt9: P-DATA request of the local user.
    DataRequest,
    /// Evt10: a P-DATA-TF PDU came.
    DataPdu,
    /// Evt11: A-RELEASE request of the local user.
    ReleaseRequest,
    /// Evt12: an A-RELEASE-RQ PDU came.
    ReleaseRequestPdu,
    /// Evt13: an A-RELEASE-RP PDU came.
    ReleaseResponsePdu,
    /// Evt14: A-RELEASE response of the local user.
    ReleaseResponse,
    /// Evt15: A-ABORT request of the local user.
    AbortRequest,
    /// Evt16: an A-ABORT PDU came.
    AbortPdu,
    /// Evt17: the transport connection is closed.
    TransportClosed,
    /// Evt18: ARTIM expired.
    ArtimExpired,
    /// Evt19: an unrecognized or invalid PDU came.
    InvalidPdu,
}

impl EventNumber {
    /// Every event, in order.
    pub const ALL: [Self; 19] = [
        Self::AssociateRequest,
        Self::TransportConfirmed,
        Self::AcceptPdu,
        Self::RejectPdu,
        Self::TransportIndicated,
        Self::RequestPdu,
        Self::AcceptResponse,
        Self::RejectResponse,
        Self::DataRequest,
        Self::DataPdu,
        Self::ReleaseRequest,
        Self::ReleaseRequestPdu,
        Self::ReleaseResponsePdu,
        Self::ReleaseResponse,
        Self::AbortRequest,
        Self::AbortPdu,
        Self::TransportClosed,
        Self::ArtimExpired,
        Self::InvalidPdu,
    ];
}

/// What is done in a transition (PS3.8 Tables 9-6 to 9-9).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Action {
    /// AE-1: ask for a transport connection.
    AE1,
    /// AE-2: send A-ASSOCIATE-RQ.
    AE2,
    /// AE-3: tell the user that the peer accepted.
    AE3,
    /// AE-4: tell the user that the peer rejected, close the transport.
    AE4,
    /// AE-5: answer the transport, start ARTIM.
    AE5,
    /// AE-6: stop ARTIM; tell the user of the request, or reject it and start ARTIM.
    AE6,
    /// AE-7: send A-ASSOCIATE-AC.
    AE7,
    /// AE-8: send A-ASSOCIATE-RJ, start ARTIM.
    AE8,
    /// DT-1: send P-DATA-TF.
    DT1,
    /// DT-2: hand data to the user.
    DT2,
    /// AR-1: send A-RELEASE-RQ.
    AR1,
    /// AR-2: tell the user that the peer wants to release.
    AR2,
    /// AR-3: tell the user that the peer released, close the transport.
    AR3,
    /// AR-4: send A-RELEASE-RP, start ARTIM.
    AR4,
    /// AR-5: stop ARTIM.
    AR5,
    /// AR-6: hand data to the user.
    AR6,
    /// AR-7: send P-DATA-TF.
    AR7,
    /// AR-8: tell the user of a release collision.
    AR8,
    /// AR-9: send A-RELEASE-RP.
    AR9,
    /// AR-10: tell the user that the peer released.
    AR10,
    /// AA-1: send A-ABORT of the user, start ARTIM.
    AA1,
    /// AA-2: stop ARTIM, close the transport.
    AA2,
    /// AA-3: tell the user of the abort, close the transport.
    AA3,
    /// AA-4: tell the user of an abort of the provider.
    AA4,
    /// AA-5: stop ARTIM.
    AA5,
    /// AA-6: ignore the PDU.
    AA6,
    /// AA-7: send A-ABORT.
    AA7,
    /// AA-8: send A-ABORT of the provider, tell the user, start ARTIM.
    AA8,
}

/// The state after a transition.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Next {
    /// This one.
    To(State),
    /// One of two, which the action decides: AE-6 (the user is told, or the provider rejects), AR-8 (the local side is
    /// the requestor, or the acceptor).
    Either(State, State),
}

/// A cell of Table 9-10.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Transition {
    /// What is done.
    pub action: Action,
    /// The state after it.
    pub next: Next,
}

type Cell = Option<Transition>;

const NO: Cell = None;

#[allow(clippy::unnecessary_wraps)] // a cell, as NO is
const fn to(action: Action, state: u8) -> Cell {
    Some(Transition { action, next: Next::To(State::ALL[state as usize - 1]) })
}

#[allow(clippy::unnecessary_wraps)] // as above
const fn either(action: Action, first: State, second: State) -> Cell {
    Some(Transition { action, next: Next::Either(first, second) })
}

/// Aborted by the local side as user, with ARTIM running.
const ABORT: Cell = to(AA1, 13);
/// Aborted by the local side as provider.
const FAULT: Cell = to(AA8, 13);
const IGNORE: Cell = to(AA6, 13);
const LOST: Cell = to(AA4, 1);
const ENDED: Cell = to(AA3, 1);
const CLOSE: Cell = to(AA2, 1);
const CALLED: Cell = either(AE6, State::Sta3, State::Sta13);
const COLLISION: Cell = either(AR8, State::Sta9, State::Sta10);

/// PS3.8 Table 9-10: a row per event, a column per state. A blank cell is an event that cannot happen there.
#[rustfmt::skip]
pub const TABLE: [[Cell; 13]; 19] = [
    //  Sta1          Sta2    Sta3          Sta4          Sta5          Sta6          Sta7          Sta8           Sta9           Sta10          Sta11         Sta12          Sta13
    [to(AE1, 4),  NO,     NO,           NO,           NO,           NO,           NO,           NO,            NO,            NO,            NO,           NO,            NO],
    [NO,          NO,     NO,           to(AE2, 5),   NO,           NO,           NO,           NO,            NO,            NO,            NO,           NO,            NO],
    [NO,          ABORT,  FAULT,        NO,           to(AE3, 6),   FAULT,        FAULT,        FAULT,         FAULT,         FAULT,         FAULT,        FAULT,         IGNORE],
    [NO,          ABORT,  FAULT,        NO,           to(AE4, 1),   FAULT,        FAULT,        FAULT,         FAULT,         FAULT,         FAULT,        FAULT,         IGNORE],
    [to(AE5, 2),  NO,     NO,           NO,           NO,           NO,           NO,           NO,            NO,            NO,            NO,           NO,            NO],
    [NO,          CALLED, FAULT,        NO,           FAULT,        FAULT,        FAULT,        FAULT,         FAULT,         FAULT,         FAULT,        FAULT,         to(AA7, 13)],
    [NO,          NO,     to(AE7, 6),   NO,           NO,           NO,           NO,           NO,            NO,            NO,            NO,           NO,            NO],
    [NO,          NO,     to(AE8, 13),  NO,           NO,           NO,           NO,           NO,            NO,            NO,            NO,           NO,            NO],
    [NO,          NO,     NO,           NO,           NO,           to(DT1, 6),   NO,           to(AR7, 8),    NO,            NO,            NO,           NO,            NO],
    [NO,          ABORT,  FAULT,        NO,           FAULT,        to(DT2, 6),   to(AR6, 7),   FAULT,         FAULT,         FAULT,         FAULT,        FAULT,         IGNORE],
    [NO,          NO,     NO,           NO,           NO,           to(AR1, 7),   NO,           NO,            NO,            NO,            NO,           NO,            NO],
    [NO,          ABORT,  FAULT,        NO,           FAULT,        to(AR2, 8),   COLLISION,    FAULT,         FAULT,         FAULT,         FAULT,        FAULT,         IGNORE],
    [NO,          ABORT,  FAULT,        NO,           FAULT,        FAULT,        to(AR3, 1),   FAULT,         FAULT,         to(AR10, 12),  to(AR3, 1),   FAULT,         IGNORE],
    [NO,          NO,     NO,           NO,           NO,           NO,           NO,           to(AR4, 13),   to(AR9, 11),   NO,            NO,           to(AR4, 13),   NO],
    [NO,          NO,     ABORT,        CLOSE,        ABORT,        ABORT,        ABORT,        ABORT,         ABORT,         ABORT,         ABORT,        ABORT,         NO],
    [NO,          CLOSE,  ENDED,        NO,           ENDED,        ENDED,        ENDED,        ENDED,         ENDED,         ENDED,         ENDED,        ENDED,         CLOSE],
    [NO,          to(AA5, 1), LOST,     LOST,         LOST,         LOST,         LOST,         LOST,          LOST,          LOST,          LOST,         LOST,          to(AR5, 1)],
    [NO,          CLOSE,  NO,           NO,           NO,           NO,           NO,           NO,            NO,            NO,            NO,           NO,            CLOSE],
    [NO,          ABORT,  FAULT,        NO,           FAULT,        FAULT,        FAULT,        FAULT,         FAULT,         FAULT,         FAULT,        FAULT,         to(AA7, 13)],
];

/// The cell of Table 9-10 for a state and an event; nothing where it is blank.
pub const fn transition(state: State, event: EventNumber) -> Option<Transition> {
    TABLE[event as usize - 1][state as usize - 1]
}
