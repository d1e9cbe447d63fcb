//! The DICOM JSON Model (PS3.18 F), both ways.
//!
//! What both this and the native XML model leave out and change is said in [`crate::model`]. Besides:
//! - DS and IS are JSON numbers with the digits the file has (`1.50` stays `1.50`; only what JSON does not allow, as in
//!   `+1`, `1.` or `.5`, is normalised), or strings when they are no numbers. SV and UV are numbers.
//! - An empty value among others is `null`; an element without values has no `Value`.

mod pick;
mod read;
mod write;

pub use crate::model::{BulkData, ModelLimits as JsonLimits, ModelOptions as JsonOptions};
pub use pick::Picker;
pub use read::{read, read_all};
pub use write::{to_string, write};
