//! The defined terms of Specific Character Set, and their misspellings.

use super::graphic::Graphic;

macro_rules! terms {
    ($($(#[$doc:meta])* $name:ident: $single:literal, $extended:literal, $g0:expr, $g1:expr;)*) => {
        /// A row of PS3.3 Tables C.12-2 to C.12-5.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub(super) enum Term { $($(#[$doc])* $name,)* }

        impl Term {
            const ALL: &'static [Self] = &[$(Self::$name),*];

            /// How many terms there are.
            pub(super) const COUNT: usize = Self::ALL.len();

            /// The term without code extensions; empty where there is none.
            pub(super) const fn name(self) -> &'static str {
                match self { $(Self::$name => $single,)* }
            }

            /// The term with code extensions; empty where there is none.
            pub(super) const fn extended_name(self) -> &'static str {
                match self { $(Self::$name => $extended,)* }
            }

            /// What the term brings into G0 and G1.
            pub(super) const fn graphics(self) -> (Option<Graphic>, Option<Graphic>) {
                match self { $(Self::$name => ($g0, $g1),)* }
            }
        }
    };
}

const ASCII: Option<Graphic> = Some(Graphic::Ascii);

terms! {
    Ascii: "", "ISO 2022 IR 6", ASCII, None;
    Latin1: "ISO_IR 100", "ISO 2022 IR 100", ASCII, Some(Graphic::Latin1);
    Latin2: "ISO_IR 101", "ISO 2022 IR 101", ASCII, Some(Graphic::Latin2);
    Latin3: "ISO_IR 109", "ISO 2022 IR 109", ASCII, Some(Graphic::Latin3);
    Latin4: "ISO_IR 110", "ISO 2022 IR 110", ASCII, Some(Graphic::Latin4);
    Cyrillic: "ISO_IR 144", "ISO 2022 IR 144", ASCII, Some(Graphic::Cyrillic);
    Arabic: "ISO_IR 127", "ISO 2022 IR 127", ASCII, Some(Graphic::Arabic);
    Greek: "ISO_IR 126", "ISO 2022 IR 126", ASCII, Some(Graphic::Greek);
    Hebrew: "ISO_IR 138", "ISO 2022 IR 138", ASCII, Some(Graphic::Hebrew);
    Latin5: "ISO_IR 148", "ISO 2022 IR 148", ASCII, Some(Graphic::Latin5);
    Latin9: "ISO_IR 203", "ISO 2022 IR 203", ASCII, Some(Graphic::Latin9);
    JisX0201: "ISO_IR 13", "ISO 2022 IR 13", Some(Graphic::Romaji), Some(Graphic::Katakana);
    Thai: "ISO_IR 166", "ISO 2022 IR 166", ASCII, Some(Graphic::Thai);
    JisX0208: "", "ISO 2022 IR 87", Some(Graphic::JisX0208), None;
    JisX0212: "", "ISO 2022 IR 159", Some(Graphic::JisX0212), None;
    KsX1001: "", "ISO 2022 IR 149", None, Some(Graphic::KsX1001);
    Gb2312: "", "ISO 2022 IR 58", None, Some(Graphic::Gb2312);
    Utf8: "ISO_IR 192", "", ASCII, None;
    Gb18030: "GB18030", "", ASCII, None;
    Gbk: "GBK", "", ASCII, None;
}

impl Term {
    /// Whether it is an encoding of its own that forbids code extensions (Table C.12-5).
    pub(super) const fn is_stand_alone(self) -> bool {
        matches!(self, Self::Utf8 | Self::Gb18030 | Self::Gbk)
    }

    /// Whether its characters take two bytes and an escape sequence must bring it in (Table C.12-4).
    pub(super) const fn is_double_byte(self) -> bool {
        matches!(self, Self::JisX0208 | Self::JisX0212 | Self::KsX1001 | Self::Gb2312)
    }
}

/// What one value of (0008,0005) names.
pub(super) struct Named {
    pub(super) term: Term,
    /// Whether it was spelt with code extensions.
    pub(super) extended: bool,
    /// Whether it was spelt as the Standard spells it.
    pub(super) exact: bool,
}

/// The value without its padding.
pub(super) fn trim(value: &[u8]) -> &[u8] {
    let is_padding = |byte: &u8| matches!(byte, b' ' | 0);
    let start = value.iter().position(|byte| !is_padding(byte)).unwrap_or(value.len());
    let end = value.iter().rposition(|byte| !is_padding(byte)).map_or(start, |last| last + 1);
    &value[start..end]
}

/// The term a value without padding names, if it can be told.
pub(super) fn parse(value: &[u8]) -> Option<Named> {
    if value.is_empty() || value == b"ISO_IR 6" {
        return Some(Named { term: Term::Ascii, extended: false, exact: true });
    }
    Term::ALL
        .iter()
        .find_map(|&term| {
            let extended = value == term.extended_name().as_bytes();
            (extended || value == term.name().as_bytes()).then_some(Named { term, extended, exact: true })
        })
        .or_else(|| parse_misspelt(value))
}

/// `ISO-IR 100`, `iso_ir_100`, `ISO2022 IR 100`, `ISO 8859-1`, `LATIN1`, `UTF-8` …: letters and digits are what counts.
fn parse_misspelt(value: &[u8]) -> Option<Named> {
    let key: String = value
        .iter()
        .filter(|byte| byte.is_ascii_alphanumeric())
        .map(|byte| byte.to_ascii_uppercase() as char)
        .collect();
    let mut rest = key.as_str();
    let mut extended = false;
    while let Some((prefix, tail)) =
        ["ISO", "IR", "2022"].iter().find_map(|prefix| rest.strip_prefix(prefix).map(|tail| (*prefix, tail)))
    {
        extended |= prefix == "2022";
        rest = tail;
    }
    // A bare number is no name.
    if rest.len() == key.len() && rest.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let term = by_alias(rest)?;
    let extended = (extended || term.is_double_byte()) && !term.is_stand_alone();
    Some(Named { term, extended, exact: false })
}

/// The registration number, the part of ISO 8859, or a name that is in use elsewhere.
fn by_alias(alias: &str) -> Option<Term> {
    Some(match alias {
        "6" | "646" | "ASCII" | "USASCII" => Term::Ascii,
        "100" | "8859" | "88591" | "LATIN1" | "L1" => Term::Latin1,
        "101" | "88592" | "LATIN2" | "L2" => Term::Latin2,
        "109" | "88593" | "LATIN3" | "L3" => Term::Latin3,
        "110" | "88594" | "LATIN4" | "L4" => Term::Latin4,
        "144" | "88595" | "CYRILLIC" => Term::Cyrillic,
        "127" | "88596" | "ARABIC" => Term::Arabic,
        "126" | "88597" | "GREEK" => Term::Greek,
        "138" | "88598" | "HEBREW" => Term::Hebrew,
        "148" | "88599" | "LATIN5" | "L5" => Term::Latin5,
        "203" | "885915" | "LATIN9" | "L9" => Term::Latin9,
        "13" | "14" | "JISX0201" | "SHIFTJIS" | "SJIS" => Term::JisX0201,
        "166" | "885911" | "TIS620" | "THAI" => Term::Thai,
        "87" | "JISX0208" | "JP" => Term::JisX0208,
        "159" | "JISX0212" | "JP2" => Term::JisX0212,
        "149" | "KSX1001" | "KSC5601" | "EUCKR" | "KR" => Term::KsX1001,
        "58" | "GB2312" | "EUCCN" => Term::Gb2312,
        "192" | "UTF8" | "10646" => Term::Utf8,
        "GB18030" => Term::Gb18030,
        "GBK" => Term::Gbk,
        _ => return None,
    })
}
