//! Text to bytes.

use encoding_rs::{EncoderResult, Encoding};

use super::graphic::Graphic;
use super::{CharacterSet, Designation, is_delimiter};
use crate::vr::Vr;

/// The state of ISO 2022 while a value is written.
pub(super) struct Encoder<'s> {
    set: &'s CharacterSet,
    vr: Vr,
    initial: Designation,
    active: Designation,
    bytes: Vec<u8>,
}

impl<'s> Encoder<'s> {
    pub(super) fn new(set: &'s CharacterSet, vr: Vr) -> Self {
        let mut initial = set.initial();
        // A set of two bytes may not be the first value: it is always brought in by its escape sequence.
        initial.g1 = initial.g1.filter(|g1| !g1.is_double_byte());
        Self { set, vr, initial, active: initial, bytes: Vec::new() }
    }

    pub(super) fn encode(mut self, text: &str) -> Option<Vec<u8>> {
        self.bytes.reserve(text.len());
        let vr = self.vr;
        let is_end = |character: char| u8::try_from(character).is_ok_and(|byte| is_delimiter(byte, vr));
        for part in text.split_inclusive(is_end) {
            let body = part.strip_suffix(is_end).unwrap_or(part);
            self.part(body)?;
            self.reset();
            self.bytes.extend_from_slice(&part.as_bytes()[body.len()..]);
        }
        Some(self.bytes)
    }

    /// The text between two delimiters.
    fn part(&mut self, text: &str) -> Option<()> {
        // Korean and Chinese are to be brought in at the start, also when ASCII precedes them (PS3.5 I.3 and K.3).
        if let Some((start, character)) = text.char_indices().find(|&(_, character)| self.code(character).is_none()) {
            let graphic = self.find(character)?;
            if graphic.is_double_byte() && !graphic.is_g0() && text[..start].is_ascii() {
                self.designate(graphic);
            }
        }
        for character in text.chars() {
            let code = if let Some(code) = self.code(character) {
                code
            } else {
                let graphic = self.find(character)?;
                self.designate(graphic);
                graphic.code(character)?
            };
            let bytes = code.to_be_bytes();
            self.bytes.extend_from_slice(if bytes[0] == 0 { &bytes[1..] } else { &bytes });
        }
        Some(())
    }

    /// The bytes of a character in what is active.
    fn code(&self, character: char) -> Option<u16> {
        self.active.g0.code(character).or_else(|| self.active.g1?.code(character))
    }

    /// The first declared set that has a character.
    fn find(&self, character: char) -> Option<Graphic> {
        let declared = self.set.declared().iter().flat_map(|term| <[_; 2]>::from(term.graphics())).flatten();
        std::iter::once(self.initial.g0).chain(declared).find(|graphic| graphic.code(character).is_some())
    }

    fn designate(&mut self, graphic: Graphic) {
        if graphic.is_g0() {
            self.active.g0 = graphic;
        } else {
            self.active.g1 = Some(graphic);
        }
        self.bytes.extend_from_slice(graphic.escape());
    }

    /// Returns to the initial state, as it must be before a delimiter and at the end (PS3.5 6.1.2.5.3).
    ///
    /// An empty G1 has no escape sequence: the delimiter itself empties it.
    fn reset(&mut self) {
        if self.active.g0 != self.initial.g0 {
            self.designate(self.initial.g0);
        }
        if let Some(g1) = self.initial.g1
            && self.active.g1 != self.initial.g1
        {
            self.designate(g1);
        }
        self.active = self.initial;
    }
}

/// GB 18030 or GBK; `None` also for the private characters that would be read as others.
pub(super) fn gb(text: &str, encoding: &'static Encoding) -> Option<Vec<u8>> {
    let mut encoder = encoding.new_encoder();
    let mut bytes = vec![0; encoder.max_buffer_length_from_utf8_without_replacement(text.len())?];
    let (result, _, written) = encoder.encode_from_utf8_without_replacement(text, &mut bytes, true);
    bytes.truncate(written);
    let is_same =
        || encoding.decode_without_bom_handling_and_without_replacement(&bytes).is_some_and(|read| read == text);
    (result == EncoderResult::InputEmpty && is_same()).then_some(bytes)
}
