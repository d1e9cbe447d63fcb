//! The user information of an association, and its parts.

use filmless_core::file::{IMPLEMENTATION_CLASS_UID, IMPLEMENTATION_VERSION_NAME};

use super::value::value;

/// What we receive in one PDU, unless asked otherwise.
const MAXIMUM_LENGTH: u32 = 128 << 10;

value! {
    /// SCP/SCU role selection.
    ///
    /// Parameters
    /// ----------
    /// sop_class
    ///     The SOP class.
    /// scu
    ///     The requestor may be SCU.
    /// scp
    ///     The requestor may be SCP.
    ///
    /// DICOM
    /// -----
    /// PS3.7 D.3.3.4
    RoleSelection of RoleSelection, signature (sop_class, scu, scp), hidden [],
    {
        /// The SOP class.
        sop_class: String,
        /// The requestor may be SCU.
        scu: bool,
        /// The requestor may be SCP.
        scp: bool,
    }
}

value! {
    /// How many operations may be outstanding; 0 is any number.
    ///
    /// Parameters
    /// ----------
    /// invoked
    ///     Operations that the sender of the item invokes at most.
    /// performed
    ///     Operations that the sender of the item performs at most.
    ///
    /// DICOM
    /// -----
    /// PS3.7 D.3.3.3
    OperationsWindow of OperationsWindow, signature (invoked, performed), hidden [],
    {
        /// Operations that the sender of the item invokes at most.
        invoked: u16,
        /// Operations that the sender of the item performs at most.
        performed: u16,
    }
}

value! {
    /// SOP class extended negotiation.
    ///
    /// Parameters
    /// ----------
    /// sop_class
    ///     The SOP class.
    /// information
    ///     What its service class defines.
    ///
    /// DICOM
    /// -----
    /// PS3.7 D.3.3.5
    ExtendedNegotiation of ExtendedNegotiation, signature (sop_class, information), hidden [],
    {
        /// The SOP class.
        sop_class: String,
        /// What its service class defines.
        information: Vec<u8>,
    }
}

value! {
    /// SOP class common extended negotiation.
    ///
    /// Parameters
    /// ----------
    /// sop_class
    ///     The SOP class.
    /// service_class
    ///     Its service class.
    /// related
    ///     The general SOP classes it is a specialization of.
    ///
    /// DICOM
    /// -----
    /// PS3.7 D.3.3.6
    CommonExtendedNegotiation of CommonExtendedNegotiation, signature (sop_class, service_class, related=Vec::new()),
    hidden [],
    {
        /// The SOP class.
        sop_class: String,
        /// Its service class.
        service_class: String,
        /// The general SOP classes it is a specialization of.
        related: Vec<String>,
    }
}

value! {
    /// User identity. Printed without what proves it.
    ///
    /// Parameters
    /// ----------
    /// kind
    ///     1 username, 2 username and passcode, 3 Kerberos, 4 SAML, 5 JSON Web Token.
    /// primary
    ///     Username, ticket, assertion or token.
    /// secondary
    ///     Passcode, for kind 2.
    /// response_requested
    ///     An answer is asked for.
    ///
    /// DICOM
    /// -----
    /// PS3.7 D.3.3.7.1
    UserIdentity of UserIdentity, signature (kind, primary, secondary=Vec::new(), response_requested=false),
    hidden ["primary", "secondary"],
    {
        /// 1 username, 2 username and passcode, 3 Kerberos, 4 SAML, 5 JSON Web Token.
        kind: u8,
        /// Username, ticket, assertion or token.
        primary: Vec<u8>,
        /// Passcode, for kind 2.
        secondary: Vec<u8>,
        /// An answer is asked for.
        response_requested: bool,
    }
}

value! {
    /// The user information of a request or an acceptance.
    ///
    /// Parameters
    /// ----------
    /// maximum_length
    ///     Bytes that the sender takes in one P-DATA-TF PDU; 0 is any number.
    /// implementation_class_uid
    ///     Who made the sender; ours by default, empty when it does not say.
    /// implementation_version_name
    ///     Its version; ours by default.
    /// operations_window
    ///     Asynchronous operations window; None means one operation at a time.
    /// roles
    ///     Role selections.
    /// extended
    ///     SOP class extended negotiations.
    /// common_extended
    ///     SOP class common extended negotiations, of a request only.
    /// identity
    ///     User identity, of a request only.
    /// identity_response
    ///     The answer to a user identity, of an acceptance only.
    ///
    /// DICOM
    /// -----
    /// PS3.8 D.1, PS3.7 D.3.3
    UserInformation of UserInformation,
    signature (
        maximum_length=MAXIMUM_LENGTH,
        implementation_class_uid=IMPLEMENTATION_CLASS_UID.to_owned(),
        implementation_version_name=Some(IMPLEMENTATION_VERSION_NAME.to_owned()),
        operations_window=None,
        roles=Vec::new(),
        extended=Vec::new(),
        common_extended=Vec::new(),
        identity=None,
        identity_response=None,
    ),
    hidden ["identity_response"],
    {
        /// Bytes that the sender takes in one P-DATA-TF PDU; 0 is any number.
        maximum_length: u32,
        /// Who made the sender; empty when it does not say.
        implementation_class_uid: String,
        /// Its version.
        implementation_version_name: Option<String>,
        /// Asynchronous operations window; None means one operation at a time.
        operations_window: Option<OperationsWindow>,
        /// Role selections.
        roles: Vec<RoleSelection>,
        /// SOP class extended negotiations.
        extended: Vec<ExtendedNegotiation>,
        /// SOP class common extended negotiations, of a request only.
        common_extended: Vec<CommonExtendedNegotiation>,
        /// User identity, of a request only.
        identity: Option<UserIdentity>,
        /// The answer to a user identity, of an acceptance only.
        identity_response: Option<Vec<u8>>,
    }
}
