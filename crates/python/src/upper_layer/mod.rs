//! The upper layer and the messages inside it: `filmless._core.Connection` and what it is told and tells.

#![allow(clippy::doc_markdown)] // docstrings of Python name parameters as numpydoc does

mod association;
mod chunk;
mod command;
mod connection;
mod context;
mod event;
mod limits;
mod policy;
mod user_information;
mod value;

pub use association::{AssociateAccept, AssociateRequest, Reject};
pub use chunk::Chunk;
pub use command::{decode_command, encode_command};
pub use connection::Connection;
pub use context::{AnsweredContext, NegotiatedContext, ProposedContext};
pub use event::Event;
pub use limits::UpperLayerLimits;
pub use policy::{Acceptable, Policy};
pub use user_information::{
    CommonExtendedNegotiation, ExtendedNegotiation, OperationsWindow, RoleSelection, UserIdentity, UserInformation,
};

use pyo3::PyErr;

pyo3::import_exception!(filmless.errors, LocalProtocolError);
pyo3::import_exception!(filmless.errors, RemoteProtocolError);

/// The exception for what the local side does wrong.
fn local(error: impl ToString) -> PyErr {
    LocalProtocolError::new_err(error.to_string())
}
