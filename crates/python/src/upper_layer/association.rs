//! What makes an association, and what does not let it be made.

use filmless_core::upper_layer::APPLICATION_CONTEXT;

use super::context::{AnsweredContext, ProposedContext};
use super::user_information::UserInformation;
use super::value::value;

value! {
    /// A request for an association: A-ASSOCIATE-RQ.
    ///
    /// Parameters
    /// ----------
    /// called_ae_title
    ///     Who is called, 1 to 16 characters.
    /// calling_ae_title
    ///     Who calls, 1 to 16 characters.
    /// contexts
    ///     The presentation contexts, with identifiers that are odd and different.
    /// user
    ///     The user information.
    /// application_context
    ///     The application context name: DICOM's.
    /// protocol_version
    ///     A bit for each version of the protocol; bit 0 is version 1.
    ///
    /// DICOM
    /// -----
    /// PS3.8 9.3.2
    AssociateRequest of AssociateRequest,
    signature (
        *,
        called_ae_title,
        calling_ae_title,
        contexts,
        user,
        application_context=APPLICATION_CONTEXT.to_owned(),
        protocol_version=1,
    ),
    hidden [],
    {
        /// Who is called, without spaces around it.
        called_ae_title: String,
        /// Who calls, without spaces around it.
        calling_ae_title: String,
        /// The presentation contexts.
        contexts: Vec<ProposedContext>,
        /// The user information.
        user: UserInformation,
        /// The application context name; empty when there is none.
        application_context: String,
        /// A bit for each version of the protocol; bit 0 is version 1.
        protocol_version: u16,
    }
}

value! {
    /// The acceptance of an association: A-ASSOCIATE-AC.
    ///
    /// Parameters
    /// ----------
    /// called_ae_title
    ///     As in the request.
    /// calling_ae_title
    ///     As in the request.
    /// contexts
    ///     The answers to the presentation contexts.
    /// user
    ///     The user information.
    /// application_context
    ///     The application context name: DICOM's.
    /// protocol_version
    ///     As in the request.
    ///
    /// DICOM
    /// -----
    /// PS3.8 9.3.3
    AssociateAccept of AssociateAccept,
    signature (
        *,
        called_ae_title,
        calling_ae_title,
        contexts,
        user,
        application_context=APPLICATION_CONTEXT.to_owned(),
        protocol_version=1,
    ),
    hidden [],
    {
        /// As in the request; not to be tested.
        called_ae_title: String,
        /// As in the request; not to be tested.
        calling_ae_title: String,
        /// The answers to the presentation contexts.
        contexts: Vec<AnsweredContext>,
        /// The user information.
        user: UserInformation,
        /// The application context name.
        application_context: String,
        /// As in the request.
        protocol_version: u16,
    }
}

value! {
    /// The rejection of an association: A-ASSOCIATE-RJ.
    ///
    /// Parameters
    /// ----------
    /// result
    ///     1 permanent, 2 transient.
    /// source
    ///     1 the user, 2 the provider (ACSE), 3 the provider (presentation).
    /// reason
    ///     The reason, which depends on the source.
    ///
    /// DICOM
    /// -----
    /// PS3.8 9.3.4, Table 9-21
    Reject of Reject, signature (result, source, reason), hidden [],
    {
        /// 1 permanent, 2 transient.
        result: u8,
        /// 1 the user, 2 the provider (ACSE), 3 the provider (presentation).
        source: u8,
        /// The reason, which depends on the source.
        reason: u8,
    }

    /// What it says, in the words of Table 9-21.
    #[getter]
    fn message(&self) -> String {
        let result = match self.result {
            1 => "rejected permanent",
            2 => "rejected transient",
            _ => "rejected",
        };
        let source = match self.source {
            1 => "by the user",
            2 => "by the service provider (ACSE)",
            3 => "by the service provider (presentation)",
            _ => "by an unknown source",
        };
        let reason = match (self.source, self.reason) {
            (1 | 2, 1) => "no reason given",
            (1, 2) => "application context name not supported",
            (1, 3) => "calling AE title not recognized",
            (1, 7) => "called AE title not recognized",
            (2, 2) => "protocol version not supported",
            (3, 1) => "temporary congestion",
            (3, 2) => "local limit exceeded",
            (_, number) => return format!("{result} {source}: reserved reason {number}"),
        };
        format!("{result} {source}: {reason}")
    }
}
