//! What can go wrong in the core. The Python binding maps each variant to one exception class.

use std::fmt;
use std::io;

use crate::tag::Tag;

/// Result with the core's [`Error`].
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Where in a file something was found.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Place {
    /// The element, when one is known.
    pub tag: Option<Tag>,
    /// Bytes from the start of the file, when known.
    pub offset: Option<u64>,
}

impl Place {
    /// A place known by its tag.
    pub const fn tag(tag: Tag) -> Self {
        Self { tag: Some(tag), offset: None }
    }

    /// A place known by its offset.
    pub const fn offset(offset: u64) -> Self {
        Self { tag: None, offset: Some(offset) }
    }

    /// A place known by both.
    pub const fn at(tag: Tag, offset: u64) -> Self {
        Self { tag: Some(tag), offset: Some(offset) }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(tag) = self.tag {
            write!(f, ": {tag}")?;
            if let Some(entry) = crate::dictionary::lookup(tag) {
                write!(f, " {}", entry.keyword)?;
            }
        }
        if let Some(offset) = self.offset {
            let joint = if self.tag.is_some() { "," } else { ":" };
            write!(f, "{joint} offset {offset}")?;
        }
        Ok(())
    }
}

/// Every error of the core. Messages never hold a value from the file.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The bytes break PS3.5 or PS3.10.
    #[error("{what}{place}")]
    Format {
        /// What is wrong and what was expected.
        what: String,
        /// Where.
        place: Place,
    },
    /// The bytes end too early.
    #[error("{what}{place}")]
    Truncated {
        /// What was cut.
        what: String,
        /// Where.
        place: Place,
    },
    /// A value breaks the rules of its value representation.
    #[error("{what}{place}")]
    Value {
        /// What is wrong and what was expected.
        what: String,
        /// Where.
        place: Place,
    },
    /// Legal, but not implemented.
    #[error("{feature} is not supported")]
    Unsupported {
        /// What is missing.
        feature: String,
        /// The UID that asks for it, or nothing.
        uid: String,
    },
    /// A bound of ours was hit.
    #[error("{limit} is more than {maximum}{place}")]
    Limit {
        /// The name of the bound, a parameter of the call.
        limit: &'static str,
        /// Its value.
        maximum: u64,
        /// Where.
        place: Place,
    },
    /// The file is not what it was when it was opened.
    #[error("the file changed after it was opened")]
    Changed,
    /// The operating system says no.
    #[error(transparent)]
    Io(#[from] io::Error),
}

impl Error {
    /// [`Error::Format`] at a place.
    pub fn format(what: impl Into<String>, place: Place) -> Self {
        Self::Format { what: what.into(), place }
    }

    /// [`Error::Value`] at a place.
    pub fn value(what: impl Into<String>, place: Place) -> Self {
        Self::Value { what: what.into(), place }
    }

    /// [`Error::Truncated`] at a place.
    pub fn truncated(what: impl Into<String>, place: Place) -> Self {
        Self::Truncated { what: what.into(), place }
    }

    /// The place this error names, when it names one.
    pub fn place(&self) -> Place {
        match self {
            Self::Format { place, .. }
            | Self::Truncated { place, .. }
            | Self::Value { place, .. }
            | Self::Limit { place, .. } => *place,
            _ => Place::default(),
        }
    }
}
