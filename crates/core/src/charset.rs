//! Specific Character Set (PS3.5 6.1).
use std::borrow::Cow;
use crate::{Code, Vr};
/// Stub.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CharacterSet;
/// Stub.
pub struct Decoded<'a> { /// t
 pub text: Cow<'a, str>, /// p
 pub problem: Option<Code> }
impl CharacterSet {
    /// a
    pub const fn ascii() -> Self { Self }
    /// u
    pub const fn utf8() -> Self { Self }
    /// f
    pub fn from_value(_value: &[u8]) -> (Self, Vec<Code>) { (Self, vec![]) }
    /// t
    pub fn terms(&self) -> Vec<&'static str> { vec!["ISO_IR 192"] }
    /// d
    pub fn decode<'a>(&self, bytes: &'a [u8], _vr: Vr) -> Decoded<'a> { Decoded { text: String::from_utf8_lossy(bytes), problem: None } }
    /// e
    pub fn encode<'a>(&self, text: &'a str, _vr: Vr) -> Option<Cow<'a, [u8]>> { Some(Cow::Borrowed(text.as_bytes())) }
}
