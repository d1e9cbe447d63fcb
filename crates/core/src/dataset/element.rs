//! Elements of a data set, wherever their values are.

use std::borrow::Cow;
use std::sync::Arc;

use super::Dataset;
use crate::Vr;
use crate::charset::CharacterSet;
use crate::error::Result;
use crate::file::{Flags, Node, Parsed, SharedBytes};

/// What a data set hands down to the items inside it.
#[derive(Clone, Debug, Default)]
pub struct Context {
    /// Decodes the text (PS3.3 C.12.1.1.2).
    pub character_set: CharacterSet,
    /// Pixel Representation is 1: `US or SS` means SS.
    pub signed: bool,
}

/// The value of an element that was set.
#[derive(Clone)]
pub enum Content {
    /// Text in a character set that is chosen when it is written.
    Text(Arc<str>),
    /// Bytes as they are to be written.
    Bytes(SharedBytes),
    /// Items of a sequence.
    Items(Vec<Dataset>),
    /// An element of another file.
    Stored(Arc<Parsed>, u32),
}

impl std::fmt::Debug for Content {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Text(text) => write!(f, "Text({} bytes)", text.len()),
            Self::Bytes(bytes) => write!(f, "Bytes({})", (**bytes).as_ref().len()),
            Self::Items(items) => f.debug_tuple("Items").field(items).finish(),
            Self::Stored(..) => write!(f, "Stored"),
        }
    }
}

/// An element that was set.
#[derive(Clone, Debug)]
pub struct Element {
    /// Its value representation.
    pub vr: Vr,
    /// Its value.
    pub content: Content,
    /// The words in [`Content::Bytes`] have their most significant byte first.
    pub big_endian: bool,
}

impl Element {
    /// An element with bytes as value, least significant byte first.
    pub fn bytes(vr: Vr, bytes: impl Into<Vec<u8>>) -> Self {
        Self { vr, content: Content::Bytes(Arc::new(bytes.into())), big_endian: false }
    }

    /// An element with text as value, backslashes between the values.
    pub fn text(vr: Vr, text: &str) -> Self {
        Self { vr, content: Content::Text(text.into()), big_endian: false }
    }

    /// A sequence.
    pub fn items(items: Vec<Dataset>) -> Self {
        Self { vr: Vr::SQ, content: Content::Items(items), big_endian: false }
    }
}

/// An element of a data set: in a file, or set.
#[derive(Clone, Copy, Debug)]
pub enum ElementRef<'a> {
    /// A node of a parsed file.
    Stored(&'a Arc<Parsed>, u32),
    /// Set since.
    Edited(&'a Element),
}

impl<'a> ElementRef<'a> {
    /// The node, when the element lies in a file.
    #[inline]
    pub fn node(self) -> Option<&'a Node> {
        match self {
            Self::Stored(parsed, index) => Some(&parsed.nodes()[index as usize]),
            Self::Edited(Element { content: Content::Stored(parsed, index), .. }) => {
                Some(&parsed.nodes()[*index as usize])
            }
            Self::Edited(_) => None,
        }
    }

    /// The value representation as written.
    #[inline]
    pub fn written_vr(self) -> Vr {
        match self {
            Self::Stored(parsed, index) => parsed.nodes()[index as usize].vr,
            Self::Edited(element) => element.vr,
        }
    }

    /// Whether the bytes of the value have their most significant byte first.
    #[inline]
    pub fn is_big_endian(self) -> bool {
        match self {
            Self::Edited(Element { content: Content::Bytes(_), big_endian, .. }) => *big_endian,
            _ => self.node().is_some_and(|node| node.flags.has(Flags::BIG_ENDIAN)),
        }
    }

    /// The bytes of the value; those of text that was set are UTF-8.
    ///
    /// # Errors
    /// [`Error::Changed`] when the file is no longer what it was.
    #[inline]
    pub fn bytes(self) -> Result<Cow<'a, [u8]>> {
        match self {
            Self::Stored(parsed, index) => parsed.bytes(&parsed.nodes()[index as usize]),
            Self::Edited(element) => match &element.content {
                Content::Text(text) => Ok(Cow::Borrowed(text.as_bytes())),
                Content::Bytes(bytes) => Ok(Cow::Borrowed((**bytes).as_ref())),
                Content::Items(_) => Ok(Cow::Borrowed(&[])),
                Content::Stored(parsed, index) => parsed.bytes(&parsed.nodes()[*index as usize]),
            },
        }
    }

    /// Bytes of the value, known without reading it.
    pub fn length(self) -> u64 {
        match self {
            Self::Edited(Element { content: Content::Text(text), .. }) => text.len() as u64,
            Self::Edited(Element { content: Content::Bytes(bytes), .. }) => (**bytes).as_ref().len() as u64,
            _ => self.node().map_or(0, Node::length),
        }
    }

    /// The character set that decodes [`ElementRef::bytes`].
    pub fn character_set(self, context: &Context) -> CharacterSet {
        match self {
            Self::Edited(Element { content: Content::Text(_), .. }) => CharacterSet::utf8(),
            _ => context.character_set,
        }
    }
}
