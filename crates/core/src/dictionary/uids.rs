//! The UID registry (PS3.6 A).

use std::fmt;

use super::slots;
use super::uids_table::UIDS;

/// A row of the registry.
#[derive(Debug)]
pub struct Uid {
    /// The UID, as in `1.2.840.10008.5.1.4.1.1.2`.
    pub uid: &'static str,
    /// Its name, as in `CT Image Storage`; empty, like the keyword, in two retired rows.
    pub name: &'static str,
    /// What it identifies.
    pub kind: UidKind,
    /// Its keyword, as in `CTImageStorage`.
    pub keyword: &'static str,
    /// Whether the Standard has retired it.
    pub retired: bool,
}

pub(super) const fn row(uid: &'static str, kind: UidKind, keyword: &'static str, name: &'static str) -> Uid {
    Uid { uid, name, kind, keyword, retired: false }
}

pub(super) const fn retired(uid: &'static str, kind: UidKind, keyword: &'static str, name: &'static str) -> Uid {
    Uid { uid, name, kind, keyword, retired: true }
}

macro_rules! kinds {
    ($($kind:ident = $text:literal,)*) => {
        /// What a UID identifies, the "UID Type" of PS3.6 Table A-1.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum UidKind {
            $(#[doc = $text] $kind,)*
        }

        impl UidKind {
            /// The Standard's words.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$kind => $text,)* }
            }
        }
    };
}

kinds! {
    ApplicationContextName = "Application Context Name",
    ApplicationHostingModel = "Application Hosting Model",
    CodingScheme = "Coding Scheme",
    DicomUidsAsACodingScheme = "DICOM UIDs as a Coding Scheme",
    LdapOid = "LDAP OID",
    MappingResource = "Mapping Resource",
    MetaSopClass = "Meta SOP Class",
    ServiceClass = "Service Class",
    SopClass = "SOP Class",
    SynchronizationFrameOfReference = "Synchronization Frame of Reference",
    TransferSyntax = "Transfer Syntax",
    WellKnownFrameOfReference = "Well-known frame of reference",
    WellKnownSopInstance = "Well-known SOP Instance",
}

impl fmt::Display for UidKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

const SLOTS: usize = 1024;

static BY_UID: [u16; SLOTS] = {
    let mut by_uid = [slots::EMPTY; SLOTS];
    let mut row = 0;
    while row < UIDS.len() {
        slots::insert(&mut by_uid, UIDS[row].uid, row);
        row += 1;
    }
    by_uid
};

static BY_KEYWORD: [u16; SLOTS] = {
    let mut by_keyword = [slots::EMPTY; SLOTS];
    let mut row = 0;
    while row < UIDS.len() {
        slots::insert(&mut by_keyword, UIDS[row].keyword, row);
        row += 1;
    }
    by_keyword
};

/// The row of a UID, without padding.
///
/// DICOM: PS3.6 A.
pub fn uid(uid: &str) -> Option<&'static Uid> {
    slots::find(&BY_UID, uid, |row| UIDS[row].uid).map(|row| &UIDS[row])
}

/// The row of a keyword such as `CTImageStorage`.
///
/// DICOM: PS3.6 A.
pub fn uid_by_keyword(keyword: &str) -> Option<&'static Uid> {
    slots::find(&BY_KEYWORD, keyword, |row| UIDS[row].keyword).map(|row| &UIDS[row])
}

/// Every row.
pub fn uids() -> impl Iterator<Item = &'static Uid> {
    UIDS.iter()
}

/// The row of a keyword, for tables made by the compiler: a keyword that is not there does not compile.
pub(crate) const fn registered(keyword: &str) -> &'static Uid {
    let mut row = 0;
    while row < UIDS.len() {
        if equal(UIDS[row].keyword.as_bytes(), keyword.as_bytes()) {
            return &UIDS[row];
        }
        row += 1;
    }
    panic!("no UID has this keyword")
}

const fn equal(one: &[u8], other: &[u8]) -> bool {
    let mut index = 0;
    while index < one.len() && index < other.len() && one[index] == other[index] {
        index += 1;
    }
    index == one.len() && index == other.len()
}
