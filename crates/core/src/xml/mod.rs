//! The Native DICOM Model (PS3.19 A.1) in XML, both ways.
//!
//! What both this and the JSON model leave out and change is said in [`crate::model`]. Besides:
//! - Private elements keep the tag they have in the file, (gggg,xxee), and name their creator in `privateCreator`.
//! - XML 1.0 has no way to hold most control characters. A text value that has one is written as `InlineBinary`, the
//!   base 64 of its UTF-8 with the backslashes between its values; reading gives the same text again.
//! - An empty value among others is an empty `Value` of its number.
//! - There are no document type definitions and no entities but the five of XML itself: reading refuses them.

mod read;
mod write;

pub use crate::model::{BulkData, ModelLimits as XmlLimits, ModelOptions as XmlOptions};
pub use read::read;
pub use write::{to_string, write};

/// The namespace of the model (PS3.19 A.1.6).
pub const NAMESPACE: &str = "http://dicom.nema.org/PS3.19/models/NativeDICOM";

/// The component groups of a person name (PS3.5 6.2.1.2).
const GROUPS: [&str; 3] = ["Alphabetic", "Ideographic", "Phonetic"];

/// The components of each (PS3.5 6.2.1.1).
const COMPONENTS: [&str; 5] = ["FamilyName", "GivenName", "MiddleName", "NamePrefix", "NameSuffix"];
