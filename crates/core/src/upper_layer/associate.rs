//! The PDUs that make an association: A-ASSOCIATE-RQ and A-ASSOCIATE-AC (PS3.8 9.3.2, 9.3.3).

use super::Limits;
use super::error::{LocalError, RemoteError};
use super::items::{Fields, ae_title, put_ae_title, put_item, put_uid_item, uid};
use super::user_information::UserInformation;

/// The DICOM application context name (PS3.7 A.2.1).
pub const APPLICATION_CONTEXT: &str = "1.2.840.10008.3.1.1.1";

/// A presentation context as it is proposed (PS3.8 9.3.2.2).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProposedContext {
    /// Its identifier, odd.
    pub id: u8,
    /// The SOP class, or meta SOP class.
    pub abstract_syntax: String,
    /// The transfer syntaxes to choose from.
    pub transfer_syntaxes: Vec<String>,
}

/// The answer to a presentation context (PS3.8 Table 9-18).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum ContextResult {
    /// Accepted.
    Acceptance = 0,
    /// The user rejects.
    UserRejection = 1,
    /// The provider rejects, without reason.
    NoReason = 2,
    /// The abstract syntax is not supported.
    AbstractSyntaxNotSupported = 3,
    /// None of the transfer syntaxes is supported.
    TransferSyntaxesNotSupported = 4,
}

/// A presentation context as it is answered (PS3.8 9.3.3.2).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AnsweredContext {
    /// Its identifier.
    pub id: u8,
    /// Whether it is accepted.
    pub result: ContextResult,
    /// The transfer syntax to use; means nothing when it is not accepted.
    pub transfer_syntax: String,
}

/// A-ASSOCIATE-RQ (PS3.8 9.3.2).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AssociateRequest {
    /// A bit for each version of the protocol; bit 0 is version 1.
    pub protocol_version: u16,
    /// Who is called, without spaces around it.
    pub called_ae_title: String,
    /// Who calls, without spaces around it.
    pub calling_ae_title: String,
    /// The application context name; empty when there is none.
    pub application_context: String,
    /// The presentation contexts.
    pub contexts: Vec<ProposedContext>,
    /// The user information.
    pub user: UserInformation,
}

/// A-ASSOCIATE-AC (PS3.8 9.3.3).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AssociateAccept {
    /// As in the request.
    pub protocol_version: u16,
    /// As in the request; not to be tested.
    pub called_ae_title: String,
    /// As in the request; not to be tested.
    pub calling_ae_title: String,
    /// The application context name.
    pub application_context: String,
    /// The answers to the presentation contexts.
    pub contexts: Vec<AnsweredContext>,
    /// The user information.
    pub user: UserInformation,
}

/// What is common to the two PDUs that make an association.
struct Shared {
    protocol_version: u16,
    called: String,
    calling: String,
    application_context: Option<String>,
    user: Option<UserInformation>,
}

impl Shared {
    /// Decodes all, and hands each presentation context item to a function: its identifier, the byte two after it, and
    /// its sub-items.
    fn decode(
        mut fields: Fields<'_>,
        limits: &Limits,
        context_item: u8,
        mut context: impl FnMut(u8, u8, Fields<'_>) -> Result<(), RemoteError>,
    ) -> Result<Self, RemoteError> {
        let protocol_version = fields.u16()?;
        fields.take(2)?;
        let titles = (ae_title(fields.take(16)?), ae_title(fields.take(16)?));
        // Those of an acceptance are not to be tested (PS3.8 9.3.3).
        let (called, calling) = match titles {
            (Ok(called), Ok(calling)) => (called, calling),
            _ if context_item == 0x21 => Default::default(),
            (Err(error), _) | (_, Err(error)) => return Err(error),
        };
        fields.take(32)?;
        let mut all = Self { protocol_version, called, calling, application_context: None, user: None };
        let mut seen = [false; 256];
        let mut count = 0;
        while !fields.is_empty() {
            let mut item = fields.item()?;
            match item.kind {
                0x10 if all.application_context.is_none() => all.application_context = Some(uid(item.value.rest())?),
                0x50 if all.user.is_none() => all.user = Some(UserInformation::decode(item.value, limits)?),
                0x10 | 0x50 => return Err(RemoteError::unexpected_parameter("an item that may come once, twice")),
                0x20 | 0x21 if item.kind == context_item => {
                    let head = item.value.take(4)?;
                    count += 1;
                    if head[0].is_multiple_of(2) || std::mem::replace(&mut seen[usize::from(head[0])], true) {
                        return Err(RemoteError::invalid("a presentation context identifier that is even, or twice"));
                    }
                    if count > limits.contexts {
                        return Err(RemoteError::invalid("too many presentation contexts"));
                    }
                    context(head[0], head[2], item.value)?;
                }
                0x20 | 0x21 => {
                    return Err(RemoteError::unexpected_parameter("a presentation context item of the other PDU"));
                }
                // PS3.8 9.3.1: items of unrecognized types are ignored and skipped.
                _ => {}
            }
        }
        Ok(all)
    }
}

impl AssociateRequest {
    pub(super) fn decode(fields: Fields<'_>, limits: &Limits) -> Result<Self, RemoteError> {
        let mut contexts = Vec::new();
        let shared = Shared::decode(fields, limits, 0x20, |id, _, mut value| {
            let mut abstract_syntax = None;
            let mut transfer_syntaxes = Vec::new();
            while !value.is_empty() {
                let item = value.item()?;
                match item.kind {
                    0x30 if abstract_syntax.is_none() => abstract_syntax = Some(uid(item.value.rest())?),
                    0x30 => return Err(RemoteError::unexpected_parameter("a second abstract syntax")),
                    0x40 if transfer_syntaxes.len() >= limits.items => {
                        return Err(RemoteError::invalid("too many transfer syntaxes of a presentation context"));
                    }
                    0x40 => transfer_syntaxes.push(uid(item.value.rest())?),
                    _ => {}
                }
            }
            let abstract_syntax =
                abstract_syntax.ok_or(RemoteError::invalid("a presentation context without abstract syntax"))?;
            if transfer_syntaxes.is_empty() {
                return Err(RemoteError::invalid("a presentation context without transfer syntax"));
            }
            contexts.push(ProposedContext { id, abstract_syntax, transfer_syntaxes });
            Ok(())
        })?;
        if contexts.is_empty() {
            return Err(RemoteError::invalid("an association request without presentation context"));
        }
        Ok(Self {
            protocol_version: shared.protocol_version,
            called_ae_title: shared.called,
            calling_ae_title: shared.calling,
            application_context: shared.application_context.unwrap_or_default(),
            contexts,
            user: shared.user.ok_or(RemoteError::invalid("an association request without user information"))?,
        })
    }

    pub(super) fn encode(&self, out: &mut Vec<u8>) -> Result<(), LocalError> {
        let ids = self.contexts.iter().map(|context| context.id);
        put_head(out, self.protocol_version, [&self.called_ae_title, &self.calling_ae_title], ids, false)?;
        put_uid_item(out, 0x10, &self.application_context)?;
        for context in &self.contexts {
            if context.transfer_syntaxes.is_empty() {
                return Err(LocalError::Value("a presentation context needs a transfer syntax"));
            }
            put_item(out, 0x20, |out| {
                out.extend_from_slice(&[context.id, 0, 0, 0]);
                put_uid_item(out, 0x30, &context.abstract_syntax)?;
                context.transfer_syntaxes.iter().try_for_each(|uid| put_uid_item(out, 0x40, uid))
            })?;
        }
        put_item(out, 0x50, |out| self.user.encode(out))
    }
}

impl AssociateAccept {
    pub(super) fn decode(fields: Fields<'_>, limits: &Limits) -> Result<Self, RemoteError> {
        let mut contexts = Vec::new();
        let shared = Shared::decode(fields, limits, 0x21, |id, result, mut value| {
            let result = match result {
                0 => ContextResult::Acceptance,
                1 => ContextResult::UserRejection,
                3 => ContextResult::AbstractSyntaxNotSupported,
                4 => ContextResult::TransferSyntaxesNotSupported,
                _ => ContextResult::NoReason,
            };
            let mut transfer_syntax = None;
            // What is not accepted has a transfer syntax that is not significant (PS3.8 9.3.3.2.1).
            while result == ContextResult::Acceptance && !value.is_empty() {
                let item = value.item()?;
                if item.kind == 0x40 && transfer_syntax.replace(uid(item.value.rest())?).is_some() {
                    return Err(RemoteError::unexpected_parameter("a second transfer syntax of an accepted context"));
                }
            }
            if result == ContextResult::Acceptance && transfer_syntax.is_none() {
                return Err(RemoteError::invalid("an accepted presentation context without transfer syntax"));
            }
            contexts.push(AnsweredContext { id, result, transfer_syntax: transfer_syntax.unwrap_or_default() });
            Ok(())
        })?;
        Ok(Self {
            protocol_version: shared.protocol_version,
            called_ae_title: shared.called,
            calling_ae_title: shared.calling,
            application_context: shared.application_context.unwrap_or_default(),
            contexts,
            user: shared.user.unwrap_or_default(),
        })
    }

    pub(super) fn encode(&self, out: &mut Vec<u8>) -> Result<(), LocalError> {
        let ids = self.contexts.iter().map(|context| context.id);
        put_head(out, self.protocol_version, [&self.called_ae_title, &self.calling_ae_title], ids, true)?;
        put_uid_item(out, 0x10, &self.application_context)?;
        for context in &self.contexts {
            put_item(out, 0x21, |out| {
                out.extend_from_slice(&[context.id, 0, context.result as u8, 0]);
                put_uid_item(out, 0x40, &context.transfer_syntax)
            })?;
        }
        put_item(out, 0x50, |out| self.user.encode(out))
    }
}

/// Appends what stands before the items, after a look at the identifiers of the presentation contexts.
fn put_head(
    out: &mut Vec<u8>,
    version: u16,
    titles: [&str; 2],
    ids: impl Iterator<Item = u8>,
    sent_back: bool,
) -> Result<(), LocalError> {
    let mut seen = [false; 256];
    for id in ids {
        if id.is_multiple_of(2) || std::mem::replace(&mut seen[usize::from(id)], true) {
            return Err(LocalError::Value("presentation context identifiers are odd and different"));
        }
    }
    out.extend_from_slice(&version.to_be_bytes());
    out.extend_from_slice(&[0; 2]);
    put_ae_title(out, titles[0], sent_back)?;
    put_ae_title(out, titles[1], sent_back)?;
    out.extend_from_slice(&[0; 32]);
    Ok(())
}
