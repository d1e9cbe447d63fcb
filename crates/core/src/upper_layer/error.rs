//! What goes wrong in the upper layer, and whose mistake it was.

use super::state::State;

/// Why the provider aborts (PS3.8 9.3.8, Table 9-26).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
#[repr(u8)]
pub enum AbortReason {
    /// No reason is given.
    #[default]
    NotSpecified = 0,
    /// The PDU type is none of PS3.8.
    UnrecognizedPdu = 1,
    /// The PDU may not come now.
    UnexpectedPdu = 2,
    /// An item is none of PS3.8.
    UnrecognizedParameter = 4,
    /// An item may not come here.
    UnexpectedParameter = 5,
    /// An item, or a length, has a value that is not allowed.
    InvalidParameter = 6,
}

impl AbortReason {
    /// The reason with a number; a reserved number gives no reason.
    pub const fn from_number(number: u8) -> Self {
        match number {
            1 => Self::UnrecognizedPdu,
            2 => Self::UnexpectedPdu,
            4 => Self::UnrecognizedParameter,
            5 => Self::UnexpectedParameter,
            6 => Self::InvalidParameter,
            _ => Self::NotSpecified,
        }
    }
}

/// What the peer did wrong. The association is aborted with the reason. Never holds a value that the peer sent.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{what}")]
pub struct RemoteError {
    /// What is said to the peer.
    pub reason: AbortReason,
    /// What is wrong and what was expected.
    pub what: &'static str,
}

impl RemoteError {
    /// A PDU or an item that breaks its rules.
    pub const fn invalid(what: &'static str) -> Self {
        Self { reason: AbortReason::InvalidParameter, what }
    }

    /// An item that stands where it may not.
    pub const fn unexpected_parameter(what: &'static str) -> Self {
        Self { reason: AbortReason::UnexpectedParameter, what }
    }

    /// A PDU that comes when it may not.
    pub const fn unexpected(what: &'static str) -> Self {
        Self { reason: AbortReason::UnexpectedPdu, what }
    }

    /// A PDU of no known type.
    pub const fn unrecognized(what: &'static str) -> Self {
        Self { reason: AbortReason::UnrecognizedPdu, what }
    }
}

/// What the local side did wrong. The association is as it was before.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LocalError {
    /// Table 9-10 has no cell for it.
    #[error("{command} is not possible in state {state:?}")]
    NotNow {
        /// What was asked for.
        command: &'static str,
        /// The state of the association.
        state: State,
    },
    /// The presentation context was not accepted, or does not exist.
    #[error("presentation context {0} was not accepted")]
    Context(u8),
    /// More data than the peer takes in one PDU.
    #[error("{length} bytes in one PDU: the peer takes {maximum}")]
    TooLong {
        /// Bytes of data.
        length: usize,
        /// The most there may be.
        maximum: usize,
    },
    /// What was to be encoded does not fit the field it has to stand in, or is not allowed there.
    #[error("{0}")]
    Value(&'static str),
}
