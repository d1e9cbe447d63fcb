//! The protocol data units (PS3.8 9.3).

use super::Limits;
use super::associate::{AssociateAccept, AssociateRequest};
use super::error::{AbortReason, LocalError, RemoteError};
use super::items::Fields;

/// Bytes of the header of every PDU: its type, a reserved byte, its length.
pub(super) const HEADER: usize = 6;

/// The type of a PDU.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum Kind {
    /// A-ASSOCIATE-RQ (PS3.8 9.3.2).
    AssociateRequest = 1,
    /// A-ASSOCIATE-AC (PS3.8 9.3.3).
    AssociateAccept,
    /// A-ASSOCIATE-RJ (PS3.8 9.3.4).
    AssociateReject,
    /// P-DATA-TF (PS3.8 9.3.5).
    Data,
    /// A-RELEASE-RQ (PS3.8 9.3.6).
    ReleaseRequest,
    /// A-RELEASE-RP (PS3.8 9.3.7).
    ReleaseResponse,
    /// A-ABORT (PS3.8 9.3.8).
    Abort,
}

impl Kind {
    /// The type and the length that a header declares.
    ///
    /// # Errors
    /// [`RemoteError`] for a type PS3.8 does not have, and for a length that its PDU cannot have.
    pub fn of_header(header: [u8; HEADER], limits: &Limits) -> Result<(Self, u32), RemoteError> {
        let kind = Self::from_number(header[0])?;
        let length = u32::from_be_bytes([header[2], header[3], header[4], header[5]]);
        let allowed = match kind {
            Self::AssociateRequest | Self::AssociateAccept => 68..=limits.association,
            Self::Data => 6..=limits.pdu,
            Self::AssociateReject | Self::ReleaseRequest | Self::ReleaseResponse | Self::Abort => 4..=4,
        };
        if allowed.contains(&length) {
            Ok((kind, length))
        } else {
            Err(RemoteError::invalid("a PDU of a length that its type does not have, or that is not accepted"))
        }
    }

    /// The type with a number.
    ///
    /// # Errors
    /// [`RemoteError`] when PS3.8 has none.
    pub const fn from_number(number: u8) -> Result<Self, RemoteError> {
        Ok(match number {
            1 => Self::AssociateRequest,
            2 => Self::AssociateAccept,
            3 => Self::AssociateReject,
            4 => Self::Data,
            5 => Self::ReleaseRequest,
            6 => Self::ReleaseResponse,
            7 => Self::Abort,
            0x16 => return Err(RemoteError::unrecognized("a TLS hello, where TLS is off")),
            _ => return Err(RemoteError::unrecognized("a PDU of a type that PS3.8 does not have: not DICOM")),
        })
    }
}

/// A-ASSOCIATE-RJ (PS3.8 9.3.4). The numbers are those of Table 9-21.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reject {
    /// 1 permanent, 2 transient.
    pub result: u8,
    /// 1 the user, 2 the provider (ACSE), 3 the provider (presentation).
    pub source: u8,
    /// The reason, which depends on the source.
    pub reason: u8,
}

impl Reject {
    /// Permanent, by the user: no reason.
    pub const NO_REASON: Self = Self { result: 1, source: 1, reason: 1 };
    /// Permanent, by the user: the application context is not supported.
    pub const APPLICATION_CONTEXT: Self = Self { result: 1, source: 1, reason: 2 };
    /// Permanent, by the user: the calling AE title is not recognized.
    pub const CALLING_AE_TITLE: Self = Self { result: 1, source: 1, reason: 3 };
    /// Permanent, by the user: the called AE title is not recognized.
    pub const CALLED_AE_TITLE: Self = Self { result: 1, source: 1, reason: 7 };
    /// Permanent, by the provider: the protocol version is not supported.
    pub const PROTOCOL_VERSION: Self = Self { result: 1, source: 2, reason: 2 };
    /// Transient, by the provider: too many associations.
    pub const CONGESTION: Self = Self { result: 2, source: 3, reason: 1 };
    /// Transient, by the provider: a local limit is exceeded.
    pub const LOCAL_LIMIT: Self = Self { result: 2, source: 3, reason: 2 };
}

/// Who aborts (PS3.8 Table 9-26).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum AbortSource {
    /// The user.
    User = 0,
    /// The provider.
    Provider = 2,
}

/// A-ABORT (PS3.8 9.3.8).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Abort {
    /// Who aborts.
    pub source: AbortSource,
    /// Why; means nothing when the user aborts.
    pub reason: AbortReason,
}

/// The header of a presentation data value (PS3.8 9.3.5.1, E.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PdvHeader {
    /// The presentation context.
    pub context: u8,
    /// A fragment of a command; else of a data set.
    pub command: bool,
    /// The last fragment.
    pub last: bool,
}

/// A PDU as a whole, other than P-DATA-TF, which is never held as a whole.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Pdu {
    /// A-ASSOCIATE-RQ.
    AssociateRequest(AssociateRequest),
    /// A-ASSOCIATE-AC.
    AssociateAccept(AssociateAccept),
    /// A-ASSOCIATE-RJ.
    AssociateReject(Reject),
    /// A-RELEASE-RQ.
    ReleaseRequest,
    /// A-RELEASE-RP.
    ReleaseResponse,
    /// A-ABORT.
    Abort(Abort),
}

impl Pdu {
    /// The PDU of a type with what follows its header; nothing for P-DATA-TF.
    ///
    /// # Errors
    /// [`RemoteError`] for what breaks PS3.8 9.3.
    pub fn decode(kind: Kind, body: &[u8], limits: &Limits) -> Result<Option<Self>, RemoteError> {
        let mut fields = Fields::new(body);
        Ok(Some(match kind {
            Kind::AssociateRequest => Self::AssociateRequest(AssociateRequest::decode(fields, limits)?),
            Kind::AssociateAccept => Self::AssociateAccept(AssociateAccept::decode(fields, limits)?),
            Kind::AssociateReject => {
                fields.u8()?;
                Self::AssociateReject(Reject { result: fields.u8()?, source: fields.u8()?, reason: fields.u8()? })
            }
            Kind::Data => return Ok(None),
            Kind::ReleaseRequest => Self::ReleaseRequest,
            Kind::ReleaseResponse => Self::ReleaseResponse,
            Kind::Abort => {
                fields.u16()?;
                let source = if fields.u8()? == 2 { AbortSource::Provider } else { AbortSource::User };
                Self::Abort(Abort { source, reason: AbortReason::from_number(fields.u8()?) })
            }
        }))
    }

    /// Appends the bytes of the PDU.
    ///
    /// # Errors
    /// [`LocalError::Value`] for what does not fit its field; nothing is appended then.
    pub fn encode(&self, out: &mut Vec<u8>) -> Result<(), LocalError> {
        let mut body = Vec::with_capacity(256);
        let kind = match self {
            Self::AssociateRequest(request) => {
                request.encode(&mut body)?;
                Kind::AssociateRequest
            }
            Self::AssociateAccept(accept) => {
                accept.encode(&mut body)?;
                Kind::AssociateAccept
            }
            Self::AssociateReject(reject) => {
                body.extend_from_slice(&[0, reject.result, reject.source, reject.reason]);
                Kind::AssociateReject
            }
            Self::ReleaseRequest => {
                body.extend_from_slice(&[0; 4]);
                Kind::ReleaseRequest
            }
            Self::ReleaseResponse => {
                body.extend_from_slice(&[0; 4]);
                Kind::ReleaseResponse
            }
            Self::Abort(abort) => {
                let reason = if abort.source == AbortSource::User { 0 } else { abort.reason as u8 };
                body.extend_from_slice(&[0, 0, abort.source as u8, reason]);
                Kind::Abort
            }
        };
        let length = u32::try_from(body.len()).map_err(|_| LocalError::Value("a PDU of more than 4 GiB"))?;
        out.extend_from_slice(&[kind as u8, 0]);
        out.extend_from_slice(&length.to_be_bytes());
        out.extend_from_slice(&body);
        Ok(())
    }
}
