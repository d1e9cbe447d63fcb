//! Negotiation of presentation contexts and roles (PS3.8 7.1.1.13 to 7.1.1.16, PS3.7 D.3).

use super::associate::{AnsweredContext, AssociateAccept, AssociateRequest, ContextResult, ProposedContext};
use super::items::check_uid;
use super::user_information::{RoleSelection, UserInformation};

/// What stands, without meaning, in the answer to a context that is not accepted: Implicit VR Little Endian.
const INSIGNIFICANT: &str = "1.2.840.10008.1.2";

/// What an acceptor takes of an abstract syntax.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Acceptable {
    /// The SOP class; means nothing in [`Policy::otherwise`].
    pub abstract_syntax: String,
    /// Transfer syntaxes, the best first; none is any.
    pub transfer_syntaxes: Vec<String>,
    /// The requestor may be SCU, the acceptor being SCP.
    pub scu: bool,
    /// The requestor may be SCP, the acceptor being SCU.
    pub scp: bool,
}

/// Whose order of transfer syntaxes counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
pub enum Preference {
    /// The requestor's.
    #[default]
    Requestor,
    /// The acceptor's.
    Acceptor,
}

/// What an acceptor takes, as data.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Policy {
    /// By abstract syntax.
    pub accepted: Vec<Acceptable>,
    /// For every other abstract syntax; nothing takes no other.
    pub otherwise: Option<Acceptable>,
    /// Whose order of transfer syntaxes counts.
    pub preference: Preference,
}

/// What an acceptor answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// One for each proposed presentation context, in the same order.
    pub contexts: Vec<AnsweredContext>,
    /// The role selections that were proposed for what is accepted.
    pub roles: Vec<RoleSelection>,
}

impl Answer {
    /// The PDU that accepts a request with this answer.
    pub fn accept(self, request: &AssociateRequest, mut user: UserInformation) -> AssociateAccept {
        user.roles = self.roles;
        AssociateAccept {
            protocol_version: 1,
            called_ae_title: request.called_ae_title.clone(),
            calling_ae_title: request.calling_ae_title.clone(),
            application_context: request.application_context.clone(),
            contexts: self.contexts,
            user,
        }
    }
}

/// An accepted presentation context.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Negotiated {
    /// Its identifier.
    pub id: u8,
    /// The SOP class, or meta SOP class.
    pub abstract_syntax: String,
    /// The transfer syntax of its data sets.
    pub transfer_syntax: String,
    /// The requestor of the association is SCU.
    pub scu: bool,
    /// The requestor of the association is SCP.
    pub scp: bool,
}

/// What an acceptor with a policy answers to a request (PS3.8 9.3.3.2, PS3.7 D.3.3.4).
pub fn answer(request: &AssociateRequest, policy: &Policy) -> Answer {
    let mut roles: Vec<RoleSelection> = Vec::new();
    let contexts = request.contexts.iter().map(|context| {
        let proposed = request.user.roles.iter().rev().find(|role| role.sop_class == context.abstract_syntax);
        let (result, transfer_syntax, role) = answer_context(context, proposed, policy);
        if let Some(role) = role
            && roles.iter().all(|known| known.sop_class != role.sop_class)
        {
            roles.push(role);
        }
        AnsweredContext { id: context.id, result, transfer_syntax: transfer_syntax.to_owned() }
    });
    let contexts = contexts.collect();
    Answer { contexts, roles }
}

fn answer_context<'a>(
    context: &'a ProposedContext,
    proposed: Option<&RoleSelection>,
    policy: &Policy,
) -> (ContextResult, &'a str, Option<RoleSelection>) {
    let known = policy.accepted.iter().find(|known| known.abstract_syntax == context.abstract_syntax);
    let well_formed = check_uid(&context.abstract_syntax).is_ok();
    let Some(acceptable) = known.or(policy.otherwise.as_ref()).filter(|_| well_formed) else {
        return (ContextResult::AbstractSyntaxNotSupported, INSIGNIFICANT, None);
    };
    let role = proposed.map(|role| RoleSelection {
        sop_class: role.sop_class.clone(),
        scu: role.scu && acceptable.scu,
        scp: role.scp && acceptable.scp,
    });
    if !role.as_ref().map_or(acceptable.scu, |role| role.scu || role.scp) {
        return (ContextResult::UserRejection, INSIGNIFICANT, None);
    }
    match choose(&context.transfer_syntaxes, acceptable, policy.preference) {
        Some(transfer_syntax) => (ContextResult::Acceptance, transfer_syntax, role),
        None => (ContextResult::TransferSyntaxesNotSupported, INSIGNIFICANT, None),
    }
}

fn choose<'a>(proposed: &'a [String], acceptable: &Acceptable, preference: Preference) -> Option<&'a str> {
    let ours = &acceptable.transfer_syntaxes;
    let chosen = if ours.is_empty() {
        proposed.iter().find(|uid| check_uid(uid).is_ok())
    } else if preference == Preference::Requestor {
        proposed.iter().find(|uid| ours.contains(uid))
    } else {
        ours.iter().find_map(|uid| proposed.iter().find(|theirs| *theirs == uid))
    };
    chosen.map(String::as_str)
}

/// The presentation contexts that a request and its acceptance agree on. An acceptance of what was not proposed is no
/// agreement; without an answer to its role selection the requestor is SCU (PS3.7 D.3.3.4).
pub fn learn(request: &AssociateRequest, accept: &AssociateAccept) -> Vec<Negotiated> {
    let accepted = accept.contexts.iter().filter(|context| context.result == ContextResult::Acceptance);
    let agreed = accepted.filter_map(|context| {
        let proposed = request.contexts.iter().find(|proposed| proposed.id == context.id)?;
        let transfer_syntax = proposed.transfer_syntaxes.iter().find(|uid| **uid == context.transfer_syntax)?;
        let role = |roles: &[RoleSelection]| {
            let role = roles.iter().rev().find(|role| role.sop_class == proposed.abstract_syntax)?;
            Some((role.scu, role.scp))
        };
        let (scu, scp) = match (role(&request.user.roles), role(&accept.user.roles)) {
            (Some(asked), Some(given)) => (asked.0 && given.0, asked.1 && given.1),
            _ => (true, false),
        };
        Some(Negotiated {
            id: context.id,
            abstract_syntax: proposed.abstract_syntax.clone(),
            transfer_syntax: transfer_syntax.clone(),
            scu,
            scp,
        })
    });
    agreed.collect()
}
