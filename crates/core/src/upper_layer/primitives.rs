//! The primitives of the services of PS3.8 7: what the upper layer tells its user, and the user it.

use super::associate::{AssociateAccept, AssociateRequest};
use super::error::{AbortReason, RemoteError};
use super::pdu::{PdvHeader, Reject};

/// Which end of the association this is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Side {
    /// It asked for the association.
    Requestor,
    /// It was asked.
    Acceptor,
}

/// What happened, in the words of the services of PS3.8 7. It borrows from the connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event<'a> {
    /// A-ASSOCIATE indication: the peer asks for an association. To be answered by [`Command::Accept`] or
    /// [`Command::Reject`].
    Requested(&'a AssociateRequest),
    /// A-ASSOCIATE confirmation: the peer accepts.
    Accepted(&'a AssociateAccept),
    /// A-ASSOCIATE confirmation: the peer, or our own provider (then the peer is told), rejects.
    Rejected(Reject),
    /// P-DATA indication: a piece of a presentation data value. `last` is set on the last piece of the last fragment;
    /// where pieces end means nothing.
    Data {
        /// What the piece belongs to.
        header: PdvHeader,
        /// Its bytes, in the receive buffer.
        bytes: &'a [u8],
    },
    /// A-RELEASE indication: the peer wants to release. To be answered by [`Command::ConfirmRelease`].
    ReleaseRequested,
    /// A-RELEASE indication while our own release is on its way (PS3.8 7.2.2). The requestor is to answer at once, the
    /// acceptor after [`Event::Released`].
    ReleaseCollision,
    /// A-RELEASE confirmation.
    Released,
    /// A-ABORT indication: the peer's user aborts.
    Aborted,
    /// A-P-ABORT indication: the peer's provider aborts.
    ProviderAborted(AbortReason),
    /// A-P-ABORT indication: the peer broke the protocol, and was told so.
    Violated(RemoteError),
    /// A-P-ABORT indication: the transport connection was closed without release.
    Lost,
}

/// What the local side wants: the primitives of PS3.8 7.
#[derive(Clone, Debug)]
pub enum Command<'a> {
    /// A-ASSOCIATE response: accept.
    Accept(Box<AssociateAccept>),
    /// A-ASSOCIATE response: reject.
    Reject(Reject),
    /// P-DATA request: one fragment, in a PDU of its own.
    Data {
        /// What the fragment belongs to.
        header: PdvHeader,
        /// The fragment, of [`super::Connection::payload_limit`] bytes at most.
        bytes: &'a [u8],
    },
    /// A-RELEASE request.
    Release,
    /// A-RELEASE response.
    ConfirmRelease,
    /// A-ABORT request.
    Abort,
    /// A-P-ABORT request: the peer broke the protocol inside P-DATA, where the connection does not look. It is told the
    /// reason, and [`Event::Violated`] comes (Evt19).
    ProviderAbort(RemoteError),
}
