//! The user information item (PS3.8 D.1, PS3.7 D.3.3).

use super::Limits;
use super::error::{LocalError, RemoteError};
use super::items::{Fields, Item, put_counted, put_item, put_uid, put_uid_item, uid, version_name};

/// What a peer that says nothing of it is taken to receive in one PDU.
const UNSAID_MAXIMUM_LENGTH: u32 = 16 << 10;

/// How many operations may be outstanding; 0 is any number (PS3.7 D.3.3.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OperationsWindow {
    /// Operations that the sender of the item invokes at most.
    pub invoked: u16,
    /// Operations that the sender of the item performs at most.
    pub performed: u16,
}

/// SCP/SCU role selection (PS3.7 D.3.3.4).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RoleSelection {
    /// The SOP class.
    pub sop_class: String,
    /// The requestor may be SCU.
    pub scu: bool,
    /// The requestor may be SCP.
    pub scp: bool,
}

/// SOP class extended negotiation (PS3.7 D.3.3.5).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExtendedNegotiation {
    /// The SOP class.
    pub sop_class: String,
    /// What its service class defines.
    pub information: Vec<u8>,
}

/// SOP class common extended negotiation (PS3.7 D.3.3.6).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CommonExtendedNegotiation {
    /// The SOP class.
    pub sop_class: String,
    /// Its service class.
    pub service_class: String,
    /// The general SOP classes it is a specialization of.
    pub related: Vec<String>,
}

/// User identity (PS3.7 D.3.3.7.1). Not printed: it may hold a passcode.
#[derive(Clone, PartialEq, Eq)]
pub struct UserIdentity {
    /// 1 username, 2 username and passcode, 3 Kerberos, 4 SAML, 5 JSON Web Token; others are for the user to refuse.
    pub kind: u8,
    /// An answer is asked for.
    pub response_requested: bool,
    /// Username, ticket, assertion or token.
    pub primary: Vec<u8>,
    /// Passcode, for kind 2.
    pub secondary: Vec<u8>,
}

impl std::fmt::Debug for UserIdentity {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("UserIdentity").field("kind", &self.kind).finish_non_exhaustive()
    }
}

/// The user information of an A-ASSOCIATE-RQ or -AC.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UserInformation {
    /// Bytes after the header that the sender takes in one P-DATA-TF PDU; 0 is any number (PS3.8 D.1.1).
    pub maximum_length: u32,
    /// Who made the sender (PS3.7 D.3.3.2); empty when it does not say.
    pub implementation_class_uid: String,
    /// Its version.
    pub implementation_version_name: Option<String>,
    /// Asynchronous operations window; nothing means one operation at a time.
    pub operations_window: Option<OperationsWindow>,
    /// Role selections.
    pub roles: Vec<RoleSelection>,
    /// SOP class extended negotiations.
    pub extended: Vec<ExtendedNegotiation>,
    /// SOP class common extended negotiations, of a request only.
    pub common_extended: Vec<CommonExtendedNegotiation>,
    /// User identity, of a request only.
    pub identity: Option<UserIdentity>,
    /// The answer to a user identity (PS3.7 D.3.3.7.2), of an acceptance only.
    pub identity_response: Option<Vec<u8>>,
}

impl Default for UserInformation {
    fn default() -> Self {
        Self {
            maximum_length: UNSAID_MAXIMUM_LENGTH,
            implementation_class_uid: String::new(),
            implementation_version_name: None,
            operations_window: None,
            roles: Vec::new(),
            extended: Vec::new(),
            common_extended: Vec::new(),
            identity: None,
            identity_response: None,
        }
    }
}

impl UserInformation {
    /// What we say of ourselves.
    pub fn ours(maximum_length: u32) -> Self {
        Self {
            maximum_length,
            implementation_class_uid: crate::file::IMPLEMENTATION_CLASS_UID.to_owned(),
            implementation_version_name: Some(crate::file::IMPLEMENTATION_VERSION_NAME.to_owned()),
            ..Self::default()
        }
    }

    pub(super) fn decode(mut fields: Fields<'_>, limits: &Limits) -> Result<Self, RemoteError> {
        let mut all = Self::default();
        let mut left = limits.items;
        while !fields.is_empty() {
            left = left.checked_sub(1).ok_or(RemoteError::invalid("too many sub-items of the user information"))?;
            let item = fields.item()?;
            all.decode_item(item, &mut left)?;
        }
        Ok(all)
    }

    fn decode_item(&mut self, item: Item<'_>, left: &mut usize) -> Result<(), RemoteError> {
        let mut value = item.value;
        match item.kind {
            0x51 => {
                self.maximum_length = value.u32()?;
                if (1..8).contains(&self.maximum_length) {
                    return Err(RemoteError::invalid("a maximum length that leaves no room for data"));
                }
            }
            0x52 => self.implementation_class_uid = uid(value.rest())?,
            0x53 => self.operations_window = Some(OperationsWindow { invoked: value.u16()?, performed: value.u16()? }),
            0x54 => {
                let sop_class = uid(value.counted()?)?;
                self.roles.push(RoleSelection { sop_class, scu: value.u8()? == 1, scp: value.u8()? == 1 });
            }
            0x55 => self.implementation_version_name = Some(version_name(value.rest())?),
            0x56 => {
                let sop_class = uid(value.counted()?)?;
                self.extended.push(ExtendedNegotiation { sop_class, information: value.rest().to_vec() });
            }
            // The byte that others reserve is the version of this sub-item: a later one may hold anything.
            0x57 if item.second == 0 => {
                let (sop_class, service_class) = (uid(value.counted()?)?, uid(value.counted()?)?);
                let mut general = Fields::new(value.counted()?);
                let mut related = Vec::new();
                while !general.is_empty() {
                    *left = left.checked_sub(1).ok_or(RemoteError::invalid("too many related general SOP classes"))?;
                    related.push(uid(general.counted()?)?);
                }
                self.common_extended.push(CommonExtendedNegotiation { sop_class, service_class, related });
            }
            0x58 => {
                let (kind, response_requested) = (value.u8()?, value.u8()? == 1);
                let (primary, secondary) = (value.counted()?.to_vec(), value.counted()?.to_vec());
                self.identity = Some(UserIdentity { kind, response_requested, primary, secondary });
            }
            0x59 => self.identity_response = Some(value.counted()?.to_vec()),
            // PS3.8 9.3.1: items of unrecognized types are ignored and skipped.
            _ => {}
        }
        Ok(())
    }

    pub(super) fn encode(&self, out: &mut Vec<u8>) -> Result<(), LocalError> {
        if (1..8).contains(&self.maximum_length) {
            return Err(LocalError::Value("a maximum length that leaves no room for data"));
        }
        put_item(out, 0x51, |out| put(out, &self.maximum_length.to_be_bytes()))?;
        put_uid_item(out, 0x52, &self.implementation_class_uid)?;
        if let Some(window) = self.operations_window {
            put_item(out, 0x53, |out| {
                put(out, &window.invoked.to_be_bytes())?;
                put(out, &window.performed.to_be_bytes())
            })?;
        }
        for role in &self.roles {
            put_item(out, 0x54, |out| {
                put_uid(out, &role.sop_class)?;
                put(out, &[u8::from(role.scu), u8::from(role.scp)])
            })?;
        }
        if let Some(name) = &self.implementation_version_name {
            if name.is_empty() || name.len() > 16 || version_name(name.as_bytes()).is_err() {
                return Err(LocalError::Value("an implementation version name is 1 to 16 printable characters"));
            }
            put_item(out, 0x55, |out| put(out, name.as_bytes()))?;
        }
        for extended in &self.extended {
            put_item(out, 0x56, |out| {
                put_uid(out, &extended.sop_class)?;
                put(out, &extended.information)
            })?;
        }
        for common in &self.common_extended {
            put_item(out, 0x57, |out| {
                put_uid(out, &common.sop_class)?;
                put_uid(out, &common.service_class)?;
                let mut related = Vec::new();
                for general in &common.related {
                    put_uid(&mut related, general)?;
                }
                put_counted(out, &related)
            })?;
        }
        if let Some(identity) = &self.identity {
            put_item(out, 0x58, |out| {
                put(out, &[identity.kind, u8::from(identity.response_requested)])?;
                put_counted(out, &identity.primary)?;
                put_counted(out, &identity.secondary)
            })?;
        }
        if let Some(response) = &self.identity_response {
            put_item(out, 0x59, |out| put_counted(out, response))?;
        }
        Ok(())
    }
}

#[allow(clippy::unnecessary_wraps)] // in the shape of its neighbours
fn put(out: &mut Vec<u8>, bytes: &[u8]) -> Result<(), LocalError> {
    out.extend_from_slice(bytes);
    Ok(())
}
