//! The sets of graphic characters that stand in G0 and G1, and the escape sequences that bring them there.
//!
//! The characters come from `encoding_rs`, cut down to what each standard holds: that crate follows the browsers,
//! whose sets are supersets.

use std::sync::LazyLock;

use encoding_rs::Encoding;

use super::ESC;

/// A set of 94, 96 or 94 × 94 characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Graphic {
    /// ISO-IR 6.
    Ascii,
    /// ISO-IR 14: ASCII but for the yen sign and the overline, which are read as ASCII here.
    Romaji,
    /// ISO-IR 13: half-width katakana.
    Katakana,
    Latin1,
    Latin2,
    Latin3,
    Latin4,
    Cyrillic,
    Arabic,
    Greek,
    Hebrew,
    Latin5,
    Latin9,
    Thai,
    JisX0208,
    JisX0212,
    KsX1001,
    Gb2312,
}

/// The escape sequences of Tables C.12-3 and C.12-4.
const ESCAPES: [(&[u8], Graphic); 18] = [
    (b"\x1b(B", Graphic::Ascii),
    (b"\x1b(J", Graphic::Romaji),
    (b"\x1b)I", Graphic::Katakana),
    (b"\x1b-A", Graphic::Latin1),
    (b"\x1b-B", Graphic::Latin2),
    (b"\x1b-C", Graphic::Latin3),
    (b"\x1b-D", Graphic::Latin4),
    (b"\x1b-L", Graphic::Cyrillic),
    (b"\x1b-G", Graphic::Arabic),
    (b"\x1b-F", Graphic::Greek),
    (b"\x1b-H", Graphic::Hebrew),
    (b"\x1b-M", Graphic::Latin5),
    (b"\x1b-b", Graphic::Latin9),
    (b"\x1b-T", Graphic::Thai),
    (b"\x1b$B", Graphic::JisX0208),
    (b"\x1b$(D", Graphic::JisX0212),
    (b"\x1b$)C", Graphic::KsX1001),
    (b"\x1b$)A", Graphic::Gb2312),
];

/// The escape sequence of the edition of 1978, which DICOM never had; its characters are those of JIS X 0208.
const JIS_C_6226: &[u8] = b"\x1b$@";

/// Bytes that later editions of ISO 8859 added: they are read, but other readers need not know them.
const LATER_EDITIONS: [(Graphic, &[u8]); 3] =
    [(Graphic::Greek, &[0xA4, 0xA5, 0xAA]), (Graphic::Hebrew, &[0xFD, 0xFE]), (Graphic::Thai, &[0xA0])];

/// Where JIS X 0208 and the browsers, who follow Microsoft, disagree.
const JIS_X_0208_OWN: [(u16, char); 6] =
    [(0x2141, '〜'), (0x2142, '‖'), (0x215D, '−'), (0x2171, '¢'), (0x2172, '£'), (0x224C, '¬')];

/// An escape sequence at the start of some bytes.
pub(super) struct Escape {
    pub(super) graphic: Graphic,
    pub(super) length: usize,
    /// Whether DICOM has it.
    pub(super) is_defined: bool,
}

impl Escape {
    /// The escape sequence these bytes begin with, if it is known.
    pub(super) fn parse(bytes: &[u8]) -> Option<Self> {
        debug_assert_eq!(bytes.first(), Some(&ESC));
        if bytes.starts_with(JIS_C_6226) {
            return Some(Self { graphic: Graphic::JisX0208, length: JIS_C_6226.len(), is_defined: false });
        }
        ESCAPES.iter().find(|(sequence, _)| bytes.starts_with(sequence)).map(|&(sequence, graphic)| Self {
            graphic,
            length: sequence.len(),
            is_defined: true,
        })
    }
}

impl Graphic {
    /// The bytes that bring it into its place.
    pub(super) fn escape(self) -> &'static [u8] {
        ESCAPES.iter().find(|(_, graphic)| *graphic == self).map_or(b"", |(sequence, _)| sequence)
    }

    /// Whether its place is G0, bytes below 0x80.
    pub(super) const fn is_g0(self) -> bool {
        matches!(self, Self::Ascii | Self::Romaji | Self::JisX0208 | Self::JisX0212)
    }

    /// Whether each character takes two bytes.
    pub(super) const fn is_double_byte(self) -> bool {
        self.double_byte_index().is_some()
    }

    /// The character of one byte, in a set of 94 or 96.
    pub(super) fn character(self, byte: u8) -> Option<char> {
        match (self, byte) {
            (Self::Ascii | Self::Romaji, ..0x80) => Some(char::from(byte)),
            (Self::Katakana, 0xA1..=0xDF) => char::from_u32(0xFF61 + u32::from(byte - 0xA1)),
            (_, 0x80..=0x9F) if self.high_half().is_some() => Some(char::from(byte)),
            (_, 0xA0..) => self.high_half().and_then(|half| half[usize::from(byte - 0xA0)]),
            _ => None,
        }
    }

    /// The character of two bytes as they stand in the value, in a set of 94 × 94.
    pub(super) fn pair(self, bytes: [u8; 2]) -> Option<char> {
        let table = self.double_byte()?;
        let [row, cell] = bytes.map(|byte| usize::from(byte & 0x7F).wrapping_sub(0x21));
        if self.is_code(bytes) { table.characters[row * 94 + cell] } else { None }
    }

    /// Whether two bytes are a row and a cell of a set of 94 × 94, with or without a character there.
    pub(super) fn is_code(self, bytes: [u8; 2]) -> bool {
        let range = if self.is_g0() { 0x21..0x7F } else { 0xA1..0xFF };
        self.is_double_byte() && bytes.iter().all(|byte| range.contains(byte))
    }

    /// The character of two bytes that the set does not have but what vendors write in its name does: Shift JIS
    /// for katakana, the NEC and IBM rows of JIS X 0208, Unified Hangul, GBK.
    pub(super) fn foreign_pair(self, bytes: [u8; 2]) -> Option<char> {
        match self {
            Self::Katakana => decode_one(encoding_rs::SHIFT_JIS, &bytes),
            Self::JisX0208 if self.is_code(bytes) => decode_one(encoding_rs::EUC_JP, &bytes.map(|byte| byte | 0x80)),
            Self::KsX1001 => decode_one(encoding_rs::EUC_KR, &bytes),
            Self::Gb2312 => decode_one(encoding_rs::GBK, &bytes),
            _ => None,
        }
    }

    /// The bytes of a character: one, or two with the first in the high half.
    pub(super) fn code(self, character: char) -> Option<u16> {
        if let Some(table) = self.double_byte() {
            let index = table.codes.binary_search_by_key(&character, |&(own, _)| own).ok()?;
            return Some(table.codes[index].1 | if self.is_g0() { 0 } else { 0x8080 });
        }
        let scalar = u32::from(character);
        match self {
            Self::Ascii | Self::Romaji => (0x20..0x80).contains(&scalar).then_some(scalar as u16),
            Self::Katakana => (0xFF61..=0xFF9F).contains(&scalar).then(|| (scalar - 0xFF61 + 0xA1) as u16),
            _ if (0x80..0xA0).contains(&scalar) => Some(scalar as u16),
            _ => {
                let byte = 0xA0 + self.high_half()?.iter().position(|own| *own == Some(character))? as u8;
                let later = LATER_EDITIONS.iter().any(|(graphic, bytes)| *graphic == self && bytes.contains(&byte));
                (!later).then_some(u16::from(byte))
            }
        }
    }

    /// Bytes 0xA0 to 0xFF of a part of ISO 8859, or of TIS 620.
    fn high_half(self) -> Option<&'static [Option<char>; 96]> {
        static HALVES: LazyLock<[[Option<char>; 96]; 11]> = LazyLock::new(|| {
            // Above 0x9F the windows encodings are the parts of ISO 8859 that the crate has under their name only.
            [
                encoding_rs::WINDOWS_1252,
                encoding_rs::ISO_8859_2,
                encoding_rs::ISO_8859_3,
                encoding_rs::ISO_8859_4,
                encoding_rs::ISO_8859_5,
                encoding_rs::ISO_8859_6,
                encoding_rs::ISO_8859_7,
                encoding_rs::ISO_8859_8,
                encoding_rs::WINDOWS_1254,
                encoding_rs::ISO_8859_15,
                encoding_rs::WINDOWS_874,
            ]
            .map(|encoding| std::array::from_fn(|index| decode_one(encoding, &[0xA0 + index as u8])))
        });
        let index = match self {
            Self::Latin1 => 0,
            Self::Latin2 => 1,
            Self::Latin3 => 2,
            Self::Latin4 => 3,
            Self::Cyrillic => 4,
            Self::Arabic => 5,
            Self::Greek => 6,
            Self::Hebrew => 7,
            Self::Latin5 => 8,
            Self::Latin9 => 9,
            Self::Thai => 10,
            _ => return None,
        };
        Some(&HALVES[index])
    }

    const fn double_byte_index(self) -> Option<usize> {
        match self {
            Self::JisX0208 => Some(0),
            Self::JisX0212 => Some(1),
            Self::KsX1001 => Some(2),
            Self::Gb2312 => Some(3),
            _ => None,
        }
    }

    fn double_byte(self) -> Option<&'static DoubleByte> {
        static TABLES: [LazyLock<DoubleByte>; 4] = [
            LazyLock::new(|| DoubleByte::new(Graphic::JisX0208)),
            LazyLock::new(|| DoubleByte::new(Graphic::JisX0212)),
            LazyLock::new(|| DoubleByte::new(Graphic::KsX1001)),
            LazyLock::new(|| DoubleByte::new(Graphic::Gb2312)),
        ];
        self.double_byte_index().map(|index| &*TABLES[index])
    }

    /// Whether the standard has a character at this code, where `encoding_rs` has one.
    fn has_code(self, code: u16) -> bool {
        match self {
            // Rows 13 and 89 to 92 are NEC's and IBM's.
            Self::JisX0208 => matches!(code >> 8, 0x21..=0x28 | 0x30..=0x74),
            // GBK fills the holes of GB 2312, and rows 10 to 15 and 88 to 94.
            Self::Gb2312 => {
                let is_hole = matches!(
                    code,
                    0x2221..=0x2230 | 0x2263..=0x2264 | 0x226F..=0x2270 | 0x227D..=0x227E | 0x2474..=0x247E
                        | 0x2577..=0x257E | 0x2639..=0x2640 | 0x2659..=0x267E | 0x2742..=0x2750 | 0x2772..=0x277E
                        | 0x283B..=0x2844 | 0x286A..=0x287E | 0x2921..=0x2923 | 0x2970..=0x297E | 0x577A..=0x577E
                );
                matches!(code >> 8, 0x21..=0x29 | 0x30..=0x77) && !is_hole
            }
            _ => true,
        }
    }
}

/// A set of 94 × 94 characters.
struct DoubleByte {
    /// By row and cell.
    characters: Vec<Option<char>>,
    /// By character, with the code as it is in G0.
    codes: Vec<(char, u16)>,
}

impl DoubleByte {
    fn new(graphic: Graphic) -> Self {
        let codes = (0x21..=0x7E_u16).flat_map(|row| (0x21..=0x7E_u16).map(move |cell| row << 8 | cell));
        let characters: Vec<_> = codes.clone().map(|code| Self::character(graphic, code)).collect();
        let mut codes: Vec<_> =
            codes.zip(&characters).filter_map(|(code, character)| character.map(|own| (own, code))).collect();
        codes.sort_unstable();
        Self { characters, codes }
    }

    fn character(graphic: Graphic, code: u16) -> Option<char> {
        if !graphic.has_code(code) {
            return None;
        }
        if graphic == Graphic::JisX0208
            && let Some(&(_, own)) = JIS_X_0208_OWN.iter().find(|(own, _)| *own == code)
        {
            return Some(own);
        }
        let [row, cell] = (code | 0x8080).to_be_bytes();
        match graphic {
            Graphic::JisX0212 => decode_one(encoding_rs::EUC_JP, &[0x8F, row, cell]),
            Graphic::JisX0208 => decode_one(encoding_rs::EUC_JP, &[row, cell]),
            Graphic::KsX1001 => decode_one(encoding_rs::EUC_KR, &[row, cell]),
            _ => decode_one(encoding_rs::GBK, &[row, cell]),
        }
    }
}

/// The one character these bytes are, if they are one.
fn decode_one(encoding: &'static Encoding, bytes: &[u8]) -> Option<char> {
    let text = encoding.decode_without_bom_handling_and_without_replacement(bytes)?;
    let mut characters = text.chars();
    let first = characters.next()?;
    characters.next().is_none().then_some(first)
}
