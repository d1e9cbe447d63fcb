//! Data dictionary, UID registry and private dictionaries (PS3.6, PS3.4): generated tables and their look-up.

use crate::{Tag, Vr};

/// A row of the data dictionary.
#[derive(Debug)]
pub struct Entry {
    /// The attribute's value representation.
    pub vr: Vr,
    /// Its keyword, as in `PatientName`.
    pub keyword: &'static str,
}

/// The row of a tag.
pub fn lookup(_tag: Tag) -> Option<&'static Entry> {
    None
}
