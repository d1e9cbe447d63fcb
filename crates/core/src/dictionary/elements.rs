//! The data dictionary (PS3.6 6 to 8) with its repeating groups, and the command dictionary (PS3.7 E).

use super::elements_table::{ELEMENTS, REPEATERS};
use super::slots;
use crate::{Tag, Vr};

/// A row of the data dictionary.
#[derive(Debug)]
pub struct Entry {
    /// The attribute's tag. Of a repeating attribute such as `OverlayRows`, (60xx,0010), the lowest tag that is no
    /// group length and has no row of its own: (6000,0010).
    pub tag: Tag,
    /// Its value representation; it may be one of the ambiguous ones.
    pub vr: Vr,
    /// Its value multiplicity, as in `1-n`.
    pub vm: &'static str,
    /// Its keyword, as in `PatientName`; empty in a few retired rows of which the Standard kept only the tag.
    pub keyword: &'static str,
    /// Its name, as in `Patient's Name`.
    pub name: &'static str,
    /// Whether the Standard has retired it.
    pub retired: bool,
}

impl Entry {
    /// Least number of values, greatest if there is one, and the step between (PS3.5 6.4): `2-2n` is (2, None, 2).
    pub fn vm_range(&self) -> (u32, Option<u32>, u32) {
        super::vm_range(self.vm)
    }
}

pub(super) const fn row(tag: u32, vr: Vr, vm: &'static str, keyword: &'static str, name: &'static str) -> Entry {
    Entry { tag: Tag(tag), vr, vm, keyword, name, retired: false }
}

pub(super) const fn retired(tag: u32, vr: Vr, vm: &'static str, keyword: &'static str, name: &'static str) -> Entry {
    Entry { tag: Tag(tag), vr, vm, keyword, name, retired: true }
}

/// A slot of the hash table by tag: all that [`vr`] needs, in one load.
#[derive(Clone, Copy)]
struct Cell {
    tag: u32,
    row: u16,
    vr: Vr,
}

/// No tag of the dictionary: its group is odd.
const NO_TAG: u32 = u32::MAX;

const CELLS: usize = 8192;

static BY_TAG: [Cell; CELLS] = {
    let mut cells = [Cell { tag: NO_TAG, row: slots::EMPTY, vr: Vr::UN }; CELLS];
    let mut row = 0;
    while row < ELEMENTS.len() {
        let tag = ELEMENTS[row].tag.0;
        let mut cell = first_cell(tag);
        while cells[cell].tag != NO_TAG {
            cell = (cell + 1) % CELLS;
        }
        cells[cell] = Cell { tag, row: row as u16, vr: ELEMENTS[row].vr };
        row += 1;
    }
    cells
};

/// Where probing for a tag starts. The factor was chosen for the tags there are: 1.6 probes on average.
#[inline]
const fn first_cell(tag: u32) -> usize {
    (tag.wrapping_mul(0x2545_F491) >> 19) as usize % CELLS
}

/// The cell of a tag that has a row of its own.
#[inline]
fn cell(tag: Tag) -> Option<&'static Cell> {
    let mut cell = first_cell(tag.0);
    loop {
        let found = &BY_TAG[cell];
        if found.tag == NO_TAG {
            return None; // asked first: someone may look for NO_TAG itself
        }
        if found.tag == tag.0 {
            return Some(found);
        }
        cell = (cell + 1) % CELLS;
    }
}

/// The bits of a tag that tell which repeating attribute it is, if it can be one (PS3.5 7.6, PS3.6 6).
const fn repeating_mask(tag: Tag) -> Option<u32> {
    match tag.group() {
        0x0020 if tag.element() & 0xFF00 == 0x3100 => Some(0xFFFF_FF00),
        0x0028 => Some(0xFFFF_FF0F),
        0x1000 => Some(0xFFFF_000F),
        0x1010 => Some(0xFFFF_0000),
        group if matches!(group >> 8, 0x50 | 0x60 | 0x7F) => Some(0xFF00_FFFF),
        _ => None,
    }
}

/// The row of a repeating attribute.
#[cold]
fn repeater(tag: Tag) -> Option<&'static Entry> {
    if tag.is_private() || tag.is_group_length() {
        return None;
    }
    let mask = repeating_mask(tag)?;
    let found = REPEATERS
        .binary_search_by_key(&(tag.0 & mask), |entry| entry.tag.0 & repeating_mask(entry.tag).unwrap_or(u32::MAX));
    found.ok().map(|row| &REPEATERS[row])
}

/// The row of a standard tag, those of repeating groups included. Rows only: a group length that the Standard does
/// not list, an item, a delimiter or a private element has none.
///
/// DICOM: PS3.6 6, 7, 8; PS3.7 E.
pub fn lookup(tag: Tag) -> Option<&'static Entry> {
    match cell(tag) {
        Some(cell) => Some(&ELEMENTS[usize::from(cell.row)]),
        None => repeater(tag),
    }
}

/// The value representation that a tag has by itself: what an implicit VR element is read with.
///
/// More than [`lookup`]`(tag).vr`: every group length, (gggg,0000), is UL and every private creator, (gggg,0010) to
/// (gggg,00FF) with odd gggg, is LO. Other private elements have one only with their creator ([`super::private`]).
/// Items and delimiters have none.
///
/// DICOM: PS3.5 7.2, 7.8.1; PS3.6 6.
#[inline]
pub fn vr(tag: Tag) -> Option<Vr> {
    if tag.is_group_length() {
        return Some(Vr::UL);
    }
    if tag.is_private() {
        return if tag.is_private_creator() { Some(Vr::LO) } else { None };
    }
    match cell(tag) {
        Some(cell) => Some(cell.vr),
        None => repeater(tag).map(|entry| entry.vr),
    }
}

const KEYWORD_SLOTS: usize = 16384;

static BY_KEYWORD: [u16; KEYWORD_SLOTS] = {
    let mut by_keyword = [slots::EMPTY; KEYWORD_SLOTS];
    let mut row = 0;
    while row < ELEMENTS.len() {
        slots::insert(&mut by_keyword, ELEMENTS[row].keyword, row);
        row += 1;
    }
    while row < ELEMENTS.len() + REPEATERS.len() {
        slots::insert(&mut by_keyword, REPEATERS[row - ELEMENTS.len()].keyword, row);
        row += 1;
    }
    by_keyword
};

/// A row by its number in [`BY_KEYWORD`]: the repeating attributes follow the others.
fn numbered(row: usize) -> &'static Entry {
    ELEMENTS.get(row).unwrap_or_else(|| &REPEATERS[row - ELEMENTS.len()])
}

/// The row of a keyword such as `PatientName`.
///
/// A repeating attribute is found too, with its lowest tag: `OverlayRows` gives (6000,0010). (pydicom's
/// `tag_for_keyword` finds no repeating attribute.)
///
/// DICOM: PS3.6 6.
pub fn by_keyword(keyword: &str) -> Option<&'static Entry> {
    slots::find(&BY_KEYWORD, keyword, |row| numbered(row).keyword).map(numbered)
}

/// Every row that has a keyword, repeating attributes last.
pub fn keywords() -> impl Iterator<Item = &'static Entry> {
    ELEMENTS.iter().chain(&REPEATERS).filter(|entry| !entry.keyword.is_empty())
}
