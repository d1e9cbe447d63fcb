//! The bytes of DICOM: parsing, writing, value decoding, character sets, JSON and XML.
//!
//! Pure Rust: no Python, no sockets, no clock, no `unsafe`. The crate's data model is
//! [`dataset::Dataset`]: what was parsed from a file, under an overlay of edits.
#![forbid(unsafe_code)]

pub mod charset;
pub mod check;
pub mod compare;
pub mod dataset;
pub mod dictionary;
pub mod error;
pub mod file;
pub mod finding;
pub mod json;
pub mod model;
pub mod pixel;
pub mod scan;
pub mod tag;
pub mod transfer_syntax;
pub mod upper_layer;
pub mod value;
pub mod vr;
pub mod xml;

pub use error::{Error, Result};
pub use finding::{Code, Finding};
pub use tag::Tag;
pub use vr::Vr;
