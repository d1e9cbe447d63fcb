//! What the DICOM JSON Model (PS3.18 F) and the Native DICOM Model (PS3.19 A.1) have in common: how a data set is
//! walked, what becomes of bulk data, and how values are spelt.
//!
//! Both hold what a data set means, not how it was encoded:
//! - Group lengths (gggg,0000) are left out, and so is group 0002 unless [`ModelOptions::file_meta`] gives it.
//! - Text is Unicode. Specific Character Set, where a data set or item has it, says `ISO_IR 192`.
//! - Padding is not part of a value; a value that is nothing but padding is empty.
//! - Binary values are little endian. Those of encapsulated pixel data are the items as they lie in the file, the
//!   basic offset table first, without the sequence delimiter (neither model defines another form; pydicom and DCMTK
//!   agree on this one).
//! - Numbers that are not finite are `NaN`, `inf` and `-inf`: strings in JSON, which has no numbers for them.

mod draft;
mod literal;
mod walk;

pub(crate) use draft::{Bounds, Draft};
pub(crate) use literal::{Kind, Literals, hex, parse_hex, push_float};
pub(crate) use walk::{Form, Walk, little_endian, value_of, vr_of};

use crate::dataset::Dataset;
use crate::{Result, Tag, Vr};

/// Sequences inside sequences at most, whatever a caller allows: what walks them is recursive.
pub const DEEPEST: u32 = 256;

/// What is written in place of binary values: those of OB, OD, OF, OL, OV, OW and UN.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum BulkData {
    /// The value itself, in base 64.
    #[default]
    Inline,
    /// Nothing: the element is left out, for an empty one would say that there is no value.
    Skip,
    /// A URI in place of each value longer than `threshold` bytes; the others are inline.
    ///
    /// The URI is `prefix`, as it stands, and the path of the element: tags of 8 upper case hexadecimal digits and
    /// indices of items from 0 on, as in `00081140/0/7FE00010`.
    Uri {
        /// What stands before the path, its last slash included.
        prefix: String,
        /// Bytes of a value at most that is inline.
        threshold: u64,
    },
}

/// How a data set is written.
#[derive(Clone, Debug, Default)]
pub struct ModelOptions<'a> {
    /// What becomes of binary values.
    pub bulk_data: BulkData,
    /// File meta information to be written before the data set; neither model has it by itself.
    pub file_meta: Option<&'a Dataset>,
}

/// Bounds on what reading may cost.
#[derive(Clone, Copy, Debug)]
pub struct ModelLimits {
    /// Sequences inside sequences, up to [`DEEPEST`].
    pub depth: u32,
    /// Elements and items.
    pub elements: u32,
    /// Bytes of a single binary value.
    pub allocation: u64,
}

impl Default for ModelLimits {
    fn default() -> Self {
        Self { depth: 128, elements: 20_000_000, allocation: 1 << 32 }
    }
}

/// Gives the bytes behind a URI, least significant byte first (text in UTF-8). Given nothing, the element is empty.
///
/// The core never fetches anything by itself.
pub type FetchBulk<'a> = dyn FnMut(Tag, Vr, &str) -> Result<Option<Vec<u8>>> + 'a;

/// A [`FetchBulk`] that leaves every element of bulk data empty.
///
/// # Errors
/// None.
pub fn no_bulk_data(_tag: Tag, _vr: Vr, _uri: &str) -> Result<Option<Vec<u8>>> {
    Ok(None)
}
