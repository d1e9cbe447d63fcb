//! Rules of binary values, and those that all values share (PS3.5 6.2, 6.4).

use crate::Vr;

/// Whether an element may be written in a value representation, by what the dictionary has for its tag.
pub fn is_allowed(written: Vr, known: Vr) -> bool {
    match known {
        Vr::UsOrSs => matches!(written, Vr::US | Vr::SS),
        Vr::UsOrOw => matches!(written, Vr::US | Vr::OW),
        Vr::UsOrSsOrOw => matches!(written, Vr::US | Vr::SS | Vr::OW),
        Vr::ObOrOw => matches!(written, Vr::OB | Vr::OW),
        // UR came late: what it names was UT before.
        Vr::UR => matches!(written, Vr::UR | Vr::UT),
        known => written == known || (written.is_ambiguous() && is_allowed(known, written)),
    }
}

/// Bytes that the length of a value must be a multiple of.
pub fn unit(vr: Vr) -> u64 {
    if vr == Vr::AT { 4 } else { vr.word_size() as u64 }
}

/// How many values there are, where the length tells.
pub fn count_by_length(vr: Vr, length: u64) -> Option<u64> {
    match vr {
        Vr::AT | Vr::FD | Vr::FL | Vr::SL | Vr::SS | Vr::SV | Vr::UL | Vr::US | Vr::UV | Vr::UsOrSs => {
            Some(length / unit(vr))
        }
        Vr::OB | Vr::OD | Vr::OF | Vr::OL | Vr::OV | Vr::OW => Some(1),
        _ => None,
    }
}

/// Whether the dictionary's multiplicity, (least, greatest, step), allows a number of values.
pub fn is_multiplicity((min, max, step): (u32, Option<u32>, u32), count: u64) -> bool {
    let (min, step) = (u64::from(min), u64::from(step.max(1)));
    count >= min && max.is_none_or(|max| count <= u64::from(max)) && (count - min).is_multiple_of(step)
}

/// Whether tags stand as letters where numbers belong: `(0028,0010)` or `00280010`.
pub fn is_tag_as_text(bytes: &[u8]) -> bool {
    bytes.len() >= 8 && bytes.iter().all(|byte| byte.is_ascii_hexdigit() || b"(), \\\0".contains(byte)) && bytes[0] != 0
}
