//! Which value representation an element has, where neither it nor the dictionary alone can say.

use super::{Context, Dataset, ElementRef};
use crate::file::Flags;
use crate::{Tag, Vr, dictionary};

impl Dataset {
    /// The value representation of an element: as written, from the dictionaries where the file does not say, and
    /// decided where they leave a choice.
    pub fn vr(&self, tag: Tag, element: ElementRef<'_>, context: &Context) -> Vr {
        let mut vr = element.written_vr();
        if vr == Vr::UN {
            vr = self.known_vr(tag, element).unwrap_or(Vr::UN);
        }
        if vr.is_ambiguous() { self.decide(tag, vr, element, context) } else { vr }
    }

    /// What the dictionaries say of an element written as UN, or in implicit VR.
    fn known_vr(&self, tag: Tag, element: ElementRef<'_>) -> Option<Vr> {
        let known = if let Some(creator) = tag.private_creator() {
            let creator = self.text(creator)?;
            dictionary::private(&creator, tag).map(|entry| entry.vr)
        } else {
            dictionary::vr(tag).filter(|_| tag.is_private() || element.length() < 0xFFFF)
        };
        known.filter(|&vr| {
            vr != Vr::SQ
                || element.length() == 0
                || matches!(element, ElementRef::Stored(parsed, index)
                if parsed.looks_like_items(&parsed.nodes()[index as usize]))
        })
    }

    /// The first number of a US element.
    pub fn number(&self, tag: Tag) -> Option<u16> {
        let element = self.find(tag)?;
        let bytes = element.bytes().ok()?;
        let raw = bytes.first_chunk::<2>()?;
        Some(if element.is_big_endian() { u16::from_be_bytes(*raw) } else { u16::from_le_bytes(*raw) })
    }

    /// Decides an ambiguous value representation (PS3.5 A.1, A.2; PS3.3 C.11.1.1).
    fn decide(&self, tag: Tag, vr: Vr, element: ElementRef<'_>, context: &Context) -> Vr {
        const BITS_ALLOCATED: Tag = Tag(0x0028_0100);
        const WAVEFORM_BITS_ALLOCATED: Tag = Tag(0x5400_1004);
        const LUT_DESCRIPTOR: Tag = Tag(0x0028_3002);
        let implicit = element.node().is_some_and(|node| node.flags.has(Flags::IMPLICIT));
        match vr {
            Vr::UsOrSs => {
                if context.signed {
                    Vr::SS
                } else {
                    Vr::US
                }
            }
            Vr::ObOrOw if element.node().is_some_and(|node| node.flags.has(Flags::FRAGMENTS)) => Vr::OB,
            Vr::ObOrOw if implicit || tag.group() & 0xFF00 == 0x6000 => Vr::OW,
            Vr::ObOrOw => {
                let bits = if tag.group() == 0x5400 { WAVEFORM_BITS_ALLOCATED } else { BITS_ALLOCATED };
                if self.number(bits).is_some_and(|bits| bits > 8) { Vr::OW } else { Vr::OB }
            }
            Vr::UsOrOw if self.number(LUT_DESCRIPTOR) == Some(1) => Vr::US,
            _ => Vr::OW,
        }
    }
}
