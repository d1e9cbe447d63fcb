//! The upper layer of DICOM over TCP (PS3.8), and the messages inside it (PS3.7), without socket, thread or clock.
//!
//! [`Connection`] is one end of an association: bytes go in with [`Connection::receive`], what they mean comes out of
//! [`Connection::next_event`], what the local side wants goes in with [`Connection::send`], and what is to be written
//! to the socket is what [`Connection::take_output`] returns. What the peer did wrong is a [`RemoteError`], what the
//! local side did wrong is a [`LocalError`].
//!
//! [`answer`] and [`learn`] negotiate presentation contexts; [`Assembler`] and [`fragments`] make messages of P-DATA and
//! P-DATA of messages; [`CommandSet`] is what a message begins with.
//!
//! An acceptor that takes everything, on whatever reads and writes:
//!
//! ```
//! use filmless_core::upper_layer::*;
//! use std::io::{Read, Write};
//!
//! fn serve(mut peer: impl Read + Write) -> std::io::Result<()> {
//!     let acceptable = Acceptable { abstract_syntax: String::new(), transfer_syntaxes: vec![], scu: true, scp: true };
//!     let policy = Policy { otherwise: Some(acceptable), ..Policy::default() };
//!     let mut connection = Connection::acceptor(Limits::default());
//!     let mut assembler = Assembler::default();
//!     while !connection.closed() {
//!         match peer.read(connection.space())? {
//!             0 => connection.disconnected(),
//!             count => connection.received(count),
//!         }
//!         let mut commands = Vec::new();
//!         while let Some(event) = connection.next_event() {
//!             match event {
//!                 Event::Requested(request) => {
//!                     let accept = answer(request, &policy).accept(request, UserInformation::ours(131_072));
//!                     commands.push(Command::Accept(Box::new(accept)));
//!                 }
//!                 Event::Data { header, bytes } => match assembler.receive(header, bytes) {
//!                     Ok(_) => {} // a command, or a piece of a data set
//!                     Err(error) => commands.push(Command::ProviderAbort(error)),
//!                 },
//!                 Event::ReleaseRequested => commands.push(Command::ConfirmRelease),
//!                 _ => {}
//!             }
//!         }
//!         for command in commands {
//!             // An abort that came meanwhile leaves nothing to say.
//!             let _ = connection.send(command);
//!         }
//!         peer.write_all(&connection.take_output())?;
//!     }
//!     Ok(())
//! }
//!
//! serve(std::io::Cursor::new(Vec::new())).unwrap();
//! ```

mod actions;
mod associate;
mod command_set;
mod connection;
mod error;
mod items;
mod message;
mod negotiation;
mod pdu;
mod pieces;
mod primitives;
mod reading;
mod receive_buffer;
mod state;
mod user_information;

pub use associate::{
    APPLICATION_CONTEXT, AnsweredContext, AssociateAccept, AssociateRequest, ContextResult, ProposedContext,
};
pub use command_set::CommandSet;
pub use connection::Connection;
pub use error::{AbortReason, LocalError, RemoteError};
pub use message::{Assembler, Fragment, MessageEvent, fragments};
pub use negotiation::{Acceptable, Answer, Negotiated, Policy, Preference, answer, learn};
pub use pdu::{Abort, AbortSource, Kind, Pdu, PdvHeader, Reject};
pub use pieces::{Piece, Pieces};
pub use primitives::{Command, Event, Side};
pub use state::{Action, EventNumber, Next, State, TABLE, Transition, transition};
pub use user_information::{
    CommonExtendedNegotiation, ExtendedNegotiation, OperationsWindow, RoleSelection, UserIdentity, UserInformation,
};

use std::time::Duration;

/// Bounds on what a peer may cost, and how long it is waited for. Each is a parameter of the [`Connection`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Bytes a P-DATA-TF PDU may declare, also when a peer heeds no maximum length. It is never held whole.
    pub pdu: u32,
    /// Bytes an A-ASSOCIATE PDU may declare: these are held until they are complete.
    pub association: u32,
    /// Presentation contexts of an association (PS3.8 9.3.2.2: identifiers are odd, so there are 128).
    pub contexts: usize,
    /// Sub-items of the user information, and transfer syntaxes of a presentation context.
    pub items: usize,
    /// The most bytes of data that [`Connection::payload_limit`] gives where the peer takes any number.
    pub payload: usize,
    /// Bytes of the receive buffer: how much P-DATA is at hand at once.
    pub buffer: usize,
    /// The time of ARTIM, the timer that ends what was not begun or not closed (PS3.8 9.1.5).
    pub artim: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            pdu: 16 << 20,
            association: 1 << 20,
            contexts: 128,
            items: 1024,
            payload: (128 << 10) - 6,
            buffer: 256 << 10,
            artim: Duration::from_secs(30),
        }
    }
}
