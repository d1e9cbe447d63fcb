//! Value representations (PS3.5 6.2).

use std::fmt;

macro_rules! value_representations {
    ($($name:ident)*) => {
        /// A value representation, or one of the dictionary's "this or that".
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[repr(u8)]
        #[allow(missing_docs, clippy::upper_case_acronyms)]
        pub enum Vr {
            $($name,)*
            /// `US or SS`: signed when Pixel Representation is 1.
            UsOrSs,
            /// `US or OW`: LUT data.
            UsOrOw,
            /// `US or SS or OW`: LUT data in a retired form.
            UsOrSsOrOw,
            /// `OB or OW`: pixel data and its like.
            ObOrOw,
        }

        impl Vr {
            /// Every value representation an explicit VR element can name.
            pub const ALL: &'static [Self] = &[$(Self::$name),*];

            /// The value representation two bytes name, if they do.
            #[inline]
            pub const fn from_bytes(bytes: [u8; 2]) -> Option<Self> {
                const TABLE: [Option<Vr>; 26 * 26] = {
                    let mut table = [None; 26 * 26];
                    let mut index = 0;
                    while index < Vr::ALL.len() {
                        let name = Vr::ALL[index].as_str().as_bytes();
                        table[(name[0] - b'A') as usize * 26 + (name[1] - b'A') as usize] = Some(Vr::ALL[index]);
                        index += 1;
                    }
                    table
                };
                let (first, second) = (bytes[0].wrapping_sub(b'A'), bytes[1].wrapping_sub(b'A'));
                if first >= 26 || second >= 26 {
                    return None;
                }
                TABLE[first as usize * 26 + second as usize]
            }

            /// The two letters, or the dictionary's words for the ambiguous ones.
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$name => stringify!($name),)*
                    Self::UsOrSs => "US or SS",
                    Self::UsOrOw => "US or OW",
                    Self::UsOrSsOrOw => "US or SS or OW",
                    Self::ObOrOw => "OB or OW",
                }
            }
        }
    };
}

value_representations! {
    AE AS AT CS DA DS DT FD FL IS LO LT OB OD OF OL OV OW PN SH SL SQ SS ST SV TM UC UI UL UN UR US UT UV
}

impl Vr {
    /// Whether an explicit VR header carries two reserved bytes and a 32-bit length (PS3.5 Table 7.1-1).
    #[inline]
    pub const fn has_long_length(self) -> bool {
        matches!(
            self,
            Self::OB
                | Self::OD
                | Self::OF
                | Self::OL
                | Self::OV
                | Self::OW
                | Self::SQ
                | Self::SV
                | Self::UC
                | Self::UN
                | Self::UR
                | Self::UT
                | Self::UV
        )
    }

    /// Whether the value is decoded with Specific Character Set (PS3.5 6.1.2.2).
    #[inline]
    pub const fn uses_character_set(self) -> bool {
        matches!(self, Self::LO | Self::LT | Self::PN | Self::SH | Self::ST | Self::UC | Self::UT)
    }

    /// Whether the value is text of any kind.
    #[inline]
    pub const fn is_text(self) -> bool {
        matches!(
            self,
            Self::AE
                | Self::AS
                | Self::CS
                | Self::DA
                | Self::DS
                | Self::DT
                | Self::IS
                | Self::LO
                | Self::LT
                | Self::PN
                | Self::SH
                | Self::ST
                | Self::TM
                | Self::UC
                | Self::UI
                | Self::UR
                | Self::UT
        )
    }

    /// Whether a backslash separates values (it is ordinary text in LT, ST, UR and UT).
    #[inline]
    pub const fn is_multi_valued_text(self) -> bool {
        self.is_text() && !matches!(self, Self::LT | Self::ST | Self::UR | Self::UT)
    }

    /// Whether the dictionary leaves a choice that the data set's context decides.
    pub const fn is_ambiguous(self) -> bool {
        matches!(self, Self::UsOrSs | Self::UsOrOw | Self::UsOrSsOrOw | Self::ObOrOw)
    }

    /// Bytes that are swapped as one when the byte order changes: 1, 2, 4 or 8.
    pub const fn word_size(self) -> usize {
        match self {
            Self::AT | Self::OW | Self::SS | Self::US | Self::UsOrSs | Self::UsOrOw | Self::UsOrSsOrOw => 2,
            Self::FL | Self::OF | Self::OL | Self::SL | Self::UL => 4,
            Self::FD | Self::OD | Self::OV | Self::SV | Self::UV => 8,
            _ => 1,
        }
    }

    /// The byte that pads a value to even length (PS3.5 6.2).
    pub const fn padding(self) -> u8 {
        if self.is_text() && !matches!(self, Self::UI) { b' ' } else { 0 }
    }
}

impl fmt::Display for Vr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
