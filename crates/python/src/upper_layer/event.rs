//! What a connection tells.

use pyo3::prelude::*;
use pyo3::types::PyDict;

use super::association::{AssociateAccept, AssociateRequest, Reject};
use super::chunk::Chunk;

/// What happened on an association, in the words of the services of PS3.8 7. Each kind is a class, for `match`.
///
/// DICOM
/// -----
/// PS3.8 7
#[pyclass(frozen, module = "filmless._core")]
pub enum Event {
    /// The peer asks for an association: to be answered with `accept` or `reject`.
    Requested {
        /// What it asks.
        request: Py<AssociateRequest>,
    },
    /// The peer accepts.
    Accepted {
        /// What it says.
        accept: Py<AssociateAccept>,
    },
    /// The peer rejects; or we did, before the user was asked (then the peer is told).
    Rejected {
        /// Why.
        reject: Py<Reject>,
    },
    /// A whole command.
    Command {
        /// The presentation context.
        context: u8,
        /// Its values by keyword.
        command: Py<PyDict>,
        /// A data set follows.
        has_data_set: bool,
    },
    /// A piece of the data set that the last command announced.
    DataSet {
        /// The presentation context.
        context: u8,
        /// The bytes.
        piece: Py<Chunk>,
        /// The data set ends here.
        last: bool,
    },
    /// The peer wants to release: to be answered with `confirm_release`.
    ReleaseRequested {},
    /// The peer wants to release while our own release is on its way. The requestor is to confirm at once, the acceptor
    /// after `Released`.
    ReleaseCollision {},
    /// The association is released.
    Released {},
    /// The peer's user aborts.
    Aborted {},
    /// The peer's provider aborts.
    ProviderAborted {
        /// The reason of Table 9-26.
        reason: u8,
    },
    /// The peer broke the protocol, and was told so.
    Violated {
        /// The reason of Table 9-26 it was told.
        reason: u8,
        /// What is wrong and what was expected.
        message: String,
    },
    /// The transport connection was closed without release.
    Lost {},
}
