//! What was odd in a file that was read all the same.

use std::fmt;

use crate::error::{Error, Place};
use crate::tag::Tag;

macro_rules! codes {
    ($($(#[$doc:meta])* $name:ident = $code:literal, $text:literal;)*) => {
        /// A known deviation from the Standard. The string form is stable.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Code { $(#[doc = $text] $name,)* }

        impl Code {
            /// Every code.
            pub const ALL: &'static [Self] = &[$(Self::$name),*];

            /// The stable name.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$name => $code,)* }
            }

            /// One sentence for people.
            pub const fn message(self) -> &'static str {
                match self { $(Self::$name => $text,)* }
            }
        }
    };
}

codes! {
    // Part 10 and file meta information
    MissingPreamble = "missing-preamble", "the file has no 128-byte preamble and `DICM` prefix";
    ShortPreamble = "short-preamble", "`DICM` stands at the start of the file, without its 128-byte preamble";
    ForeignPreamble = "foreign-preamble", "the preamble holds the start of another file format";
    MissingMeta = "missing-meta", "the file has no file meta information";
    MetaGroupLength = "meta-group-length", "the file meta group length is missing or wrong";
    MetaImplicit = "meta-implicit-vr", "the file meta information is in implicit VR";
    MissingTransferSyntax = "missing-transfer-syntax", "the file meta information names no transfer syntax";
    UnknownTransferSyntax = "unknown-transfer-syntax", "the transfer syntax is not in the registry";
    WrongTransferSyntax = "wrong-transfer-syntax", "the data set is not in the transfer syntax the file meta information names";
    CommandGroup = "command-group", "the file holds command elements, group 0000";
    AcrNema = "acr-nema", "the file is ACR-NEMA, older than DICOM";
    ZlibHeader = "zlib-header", "the deflated data set has a zlib header";
    DeflateDamaged = "deflate-damaged", "the deflated data set is damaged or cut; what could be inflated was read";
    TrailingData = "trailing-data", "bytes follow the data set that are not elements";
    // Structure
    Truncated = "truncated", "the file ends inside this element";
    UnknownVr = "unknown-vr", "the two letters are not a value representation";
    ImplicitInExplicit = "implicit-in-explicit", "an implicit VR element in an explicit VR data set";
    ExplicitInImplicit = "explicit-in-implicit", "an explicit VR element in an implicit VR data set";
    ByteOrder = "byte-order", "the byte order is not the one of the transfer syntax";
    ReservedBytes = "reserved-bytes", "the two reserved bytes before a 32-bit length are not zero";
    ShortLengthField = "short-length-field", "a 16-bit length where the value representation has a 32-bit one";
    LongLengthField = "long-length-field", "a 32-bit length where the value representation has a 16-bit one";
    WrongLength = "wrong-length", "the declared length is not the real one; the next element showed which it is";
    OddLength = "odd-length", "the length is odd";
    LengthBeyondParent = "length-beyond-parent", "the element is longer than the item or sequence it lies in";
    SequenceLength = "sequence-length", "the length of the sequence does not agree with its items";
    ItemLength = "item-length", "the length of the item does not agree with its elements";
    MissingDelimiter = "missing-delimiter", "a sequence or item of undefined length has no delimiter";
    StrayDelimiter = "stray-delimiter", "a delimiter that closes nothing";
    DelimiterLength = "delimiter-length", "a delimiter whose length is not zero";
    ItemTag = "item-tag", "something else stands where an item must begin";
    UndefinedLength = "undefined-length", "undefined length on a value representation that cannot have it";
    WrongVr = "wrong-vr", "the value representation is not the data dictionary's";
    UnsortedTag = "unsorted-tag", "the tags do not ascend";
    DuplicateTag = "duplicate-tag", "the tag occurs twice; the last one counts";
    GroupLength = "group-length", "the group length does not agree with the group";
    MissingCreator = "missing-private-creator", "a private element whose block no private creator reserves";
    Padding = "padding-element", "an element of group FFFC, or zeros, inside the data set";
    MissingPixelDelimiter = "missing-pixel-delimiter", "the encapsulated pixel data has no sequence delimiter";
    FragmentTag = "fragment-tag", "something else stands where a fragment must begin";
    NoFragments = "no-fragments", "the encapsulated pixel data has no fragments";
    NativeEncapsulated = "native-in-encapsulated", "pixel data of defined length under an encapsulated transfer syntax";
    EncapsulatedNative = "encapsulated-in-native", "encapsulated pixel data under a native transfer syntax";
    // Text
    UnknownCharacterSet = "unknown-character-set", "a Specific Character Set that is no defined term";
    MisspeltCharacterSet = "misspelt-character-set", "a Specific Character Set that is a known misspelling of a defined term";
    UndecodableText = "undecodable-text", "bytes that the character set does not have";
    UndeclaredEscape = "undeclared-escape", "an escape sequence of a character set that is not declared";
    // Values
    ValueLength = "value-length", "the length of the value is not a multiple of its unit";
    ValueTooLong = "value-too-long", "the value is longer than its value representation allows";
    ValueCharacters = "value-characters", "the value holds characters its value representation does not allow";
    ValueForm = "value-form", "the value does not have the form of its value representation";
    ValueMultiplicity = "value-multiplicity", "the number of values is not the data dictionary's";
    ValuePadding = "value-padding", "the value is padded with the wrong byte";
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A deviation, and where it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Finding {
    /// Which deviation.
    pub code: Code,
    /// The element it was found at, when there is one.
    pub tag: Option<Tag>,
    /// Bytes from the start of the file (of the inflated data set when it is deflated).
    pub offset: u64,
}

impl Finding {
    /// A finding at an element.
    pub const fn new(code: Code, tag: Tag, offset: u64) -> Self {
        Self { code, tag: Some(tag), offset }
    }

    /// A finding about the file.
    pub const fn file(code: Code, offset: u64) -> Self {
        Self { code, tag: None, offset }
    }

    /// The error that `strict` reading raises for this finding.
    pub fn into_error(self) -> Error {
        let place = Place { tag: self.tag, offset: Some(self.offset) };
        let what = format!("{} [{}]", self.code.message(), self.code);
        match self.code {
            Code::Truncated | Code::DeflateDamaged => Error::Truncated { what, place },
            Code::ValueLength
            | Code::ValueTooLong
            | Code::ValueCharacters
            | Code::ValueForm
            | Code::ValueMultiplicity
            | Code::ValuePadding
            | Code::UndecodableText => Error::Value { what, place },
            _ => Error::Format { what, place },
        }
    }
}
