//! Specific Character Set (0008,0005): bytes to text and back.
//!
//! PS3.5 6.1 and annexes H to K; the defined terms are those of PS3.3 C.12.1.1.2, Tables C.12-2 to C.12-5.
//!
//! - `term` names the character sets, and knows how people misspell them;
//! - `graphic` holds the characters of the sets that code extensions bring into G0 and G1;
//! - `decode` and `encode` run the code extensions of ISO 2022, and the stand-alone encodings (UTF-8, GB 18030, GBK).
//!
//! Two positions of ISO-IR 14 (in `ISO_IR 13`) are read and written as in ASCII: 0x5C is the backslash, which
//! separates values, not the yen sign, and 0x7E is the tilde, not the overline. The yen sign and the overline
//! cannot be written in that set.

mod decode;
mod encode;
mod graphic;
mod term;

use std::borrow::Cow;

use crate::finding::Code;
use crate::vr::Vr;

use decode::Decoder;
use encode::Encoder;
use graphic::Graphic;
use term::Term;

const ESC: u8 = 0x1B;

/// The character sets a data set declares, ready to decode and encode its text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CharacterSet {
    /// The first `length` count; the rest is `Term::Ascii`.
    terms: [Term; Term::COUNT],
    length: u8,
    /// Whether code extensions are declared: `ISO 2022 IR 100` and not `ISO_IR 100`.
    extended: bool,
}

/// Decoded text, and what was wrong with its bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decoded<'a> {
    /// The text, with U+FFFD for what no character set explains.
    pub text: Cow<'a, str>,
    /// [`Code::UndecodableText`] or [`Code::UndeclaredEscape`], the former when both occur.
    pub problem: Option<Code>,
}

/// What stands in G0 (bytes below 0x80) and in G1 (the others).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Designation {
    g0: Graphic,
    g1: Option<Graphic>,
}

impl Default for CharacterSet {
    fn default() -> Self {
        Self::ascii()
    }
}

impl CharacterSet {
    /// The default repertoire, ISO-IR 6: what holds when the attribute is absent.
    pub const fn ascii() -> Self {
        Self::single(Term::Ascii)
    }

    /// `ISO_IR 192`, Unicode in UTF-8.
    pub const fn utf8() -> Self {
        Self::single(Term::Utf8)
    }

    const fn single(term: Term) -> Self {
        let mut terms = [Term::Ascii; Term::COUNT];
        terms[0] = term;
        Self { terms, length: 1, extended: false }
    }

    /// The character set that the bytes of (0008,0005) name.
    ///
    /// Never fails: what is no defined term gives findings. A known misspelling, a term without code extensions
    /// among several, and a term in a place where it may not stand give [`Code::MisspeltCharacterSet`]; a term
    /// that means nothing gives [`Code::UnknownCharacterSet`] and counts as the default repertoire.
    pub fn from_value(value: &[u8]) -> (Self, Vec<Code>) {
        let values: Vec<&[u8]> = value.split(|&byte| byte == b'\\').map(term::trim).collect();
        let mut set = Self { length: 0, ..Self::ascii() };
        let mut findings = Vec::new();
        let mut note = |code| {
            if !findings.contains(&code) {
                findings.push(code);
            }
        };
        for (index, value) in values.iter().enumerate() {
            let first = index == 0;
            if set.is_stand_alone() || (value.is_empty() && !first) {
                note(Code::MisspeltCharacterSet);
                continue;
            }
            let Some(named) = term::parse(value) else {
                note(Code::UnknownCharacterSet);
                if first {
                    set.push(Term::Ascii);
                }
                continue;
            };
            // The sets of two bytes are only ever brought in by an escape sequence, yet files begin with one.
            let misplaced = if first { named.term.is_double_byte() } else { named.term.is_stand_alone() };
            let extension_missing = values.len() > 1 && !named.extended && !value.is_empty();
            if !named.exact || misplaced || (extension_missing && !named.term.is_stand_alone()) {
                note(Code::MisspeltCharacterSet);
            }
            if first || !named.term.is_stand_alone() {
                set.push(named.term);
                set.extended |= named.extended;
            }
        }
        set.extended |= set.length > 1;
        (set, findings)
    }

    fn push(&mut self, term: Term) {
        let length = usize::from(self.length);
        if !self.terms[..length].contains(&term) {
            self.terms[length] = term;
            self.length += 1;
        }
    }

    /// The defined terms, as they are to be written; none for the default repertoire.
    pub fn terms(&self) -> Vec<&'static str> {
        let terms = self.declared();
        if !self.extended {
            return terms.iter().map(|term| term.name()).filter(|name| !name.is_empty()).collect();
        }
        let first = terms[0].is_double_byte().then_some(Term::Ascii);
        first.iter().chain(terms).map(|term| term.extended_name()).collect()
    }

    fn declared(&self) -> &[Term] {
        &self.terms[..usize::from(self.length)]
    }

    /// Whether the one term is an encoding of its own, without code extensions (Table C.12-5).
    fn is_stand_alone(&self) -> bool {
        self.terms[0].is_stand_alone()
    }

    /// What stands in G0 and G1 at the start of a value and after each delimiter (PS3.5 6.1.2.5.3).
    fn initial(&self) -> Designation {
        let (g0, g1) = self.terms[0].graphics();
        Designation { g0: g0.filter(|g0| !g0.is_double_byte()).unwrap_or(Graphic::Ascii), g1 }
    }

    /// Whether an escape sequence may designate this set.
    fn declares(&self, graphic: Graphic) -> bool {
        let has = |term: &Term| term.graphics().0 == Some(graphic) || term.graphics().1 == Some(graphic);
        self.extended && (graphic == Graphic::Ascii || self.declared().iter().any(has))
    }

    /// The text of a whole value, with its backslashes: splitting happens on the decoded text, because a byte of
    /// a Chinese or Japanese character can be a backslash.
    ///
    /// Borrowed when the bytes are ASCII, or UTF-8 and declared so. Bytes above 0x7F that nothing declares are
    /// read as ISO 8859-1, with a problem. A value representation outside Specific Character Set is read in the
    /// default repertoire.
    #[inline]
    pub fn decode<'a>(&self, bytes: &'a [u8], vr: Vr) -> Decoded<'a> {
        if let Ok(text) = std::str::from_utf8(bytes)
            && (text.is_ascii() || (self.terms[0] == Term::Utf8 && vr.uses_character_set()))
            && memchr::memchr(ESC, bytes).is_none()
        {
            return Decoded { text: Cow::Borrowed(text), problem: None };
        }
        Decoder::new(&self.applied_to(vr), vr).decode(bytes)
    }

    /// The bytes of a whole value; `None` when the text cannot be represented in this character set.
    ///
    /// What is given decodes to the same text. UTF-8 represents every text, and is the way out for what another set
    /// refuses. The others refuse the escape character: it begins a code extension wherever it stands, in UTF-8 too.
    pub fn encode<'a>(&self, text: &'a str, vr: Vr) -> Option<Cow<'a, [u8]>> {
        let set = self.applied_to(vr);
        if set.terms[0] == Term::Utf8 {
            return Some(Cow::Borrowed(text.as_bytes()));
        }
        if memchr::memchr(ESC, text.as_bytes()).is_some() {
            return None;
        }
        if text.is_ascii() {
            return Some(Cow::Borrowed(text.as_bytes()));
        }
        match set.terms[0] {
            Term::Gb18030 => encode::gb(text, encoding_rs::GB18030),
            // The encoder has the euro sign of code page 936 at 0x80, where GBK has none.
            Term::Gbk if text.contains('€') => None,
            Term::Gbk => encode::gb(text, encoding_rs::GBK),
            _ => Encoder::new(&set, vr).encode(text),
        }
        .map(Cow::Owned)
    }

    fn applied_to(&self, vr: Vr) -> Self {
        if vr.uses_character_set() { *self } else { Self::ascii() }
    }
}

/// Whether a character ends the reach of code extensions: control characters in all text, the backslash where it
/// separates values, and the delimiters of a person name (PS3.5 6.1.2.5.3).
fn is_delimiter(byte: u8, vr: Vr) -> bool {
    match byte {
        0..0x20 => true,
        b'\\' => vr.is_multi_valued_text(),
        b'^' | b'=' => vr == Vr::PN,
        _ => false,
    }
}
