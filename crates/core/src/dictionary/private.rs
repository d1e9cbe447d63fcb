//! Private dictionaries: what is known of the elements of other people's blocks (PS3.5 7.8.1).
//!
//! Rows are packed into eight bytes and names kept once, in one text: ten thousand rows with pointers would have to
//! be relocated whenever the library is loaded.

use super::private_table::{CREATORS, MULTIPLICITIES, NAME_COUNT, NAMES, ROWS};
use super::slots;
use crate::{Tag, Vr};

/// What is known of a private element.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PrivateEntry {
    /// Its value representation.
    pub vr: Vr,
    /// Its value multiplicity, as in `1-n`.
    pub vm: &'static str,
    /// Its name, `Unknown` when only the value representation is known.
    pub name: &'static str,
    /// Whether the owner has retired it. (No row says so yet.)
    pub retired: bool,
}

impl PrivateEntry {
    /// Least number of values, greatest if there is one, and the step between (PS3.5 6.4): `2-2n` is (2, None, 2).
    pub fn vm_range(&self) -> (u32, Option<u32>, u32) {
        super::vm_range(self.vm)
    }
}

/// A private creator and its rows, which ascend by key.
pub(super) struct Creator {
    name: &'static str,
    first: u16,
    rows: u16,
}

/// `key` is one of the three that [`private`] tries.
pub(super) struct Row {
    key: u32,
    name: u16,
    vr: Vr,
    vm: u8,
}

pub(super) const fn creator(name: &'static str, first: u16, rows: u16) -> Creator {
    Creator { name, first, rows }
}

pub(super) const fn row(key: u32, vr: Vr, vm: u8, name: u16) -> Row {
    Row { key, name, vr, vm }
}

const SLOTS: usize = 1024;

static BY_CREATOR: [u16; SLOTS] = {
    let mut by_creator = [slots::EMPTY; SLOTS];
    let mut row = 0;
    while row < CREATORS.len() {
        slots::insert(&mut by_creator, CREATORS[row].name, row);
        row += 1;
    }
    by_creator
};

/// Where each name starts in `NAMES`, and where the last one ends.
#[allow(long_running_const_eval)] // it walks a hundred thousand bytes
static NAME_STARTS: [u32; NAME_COUNT + 1] = {
    let text = NAMES.as_bytes();
    let mut starts = [0; NAME_COUNT + 1];
    let mut line = 1;
    let mut index = 0;
    while index < text.len() {
        if text[index] == b'\n' {
            starts[line] = index as u32 + 1;
            line += 1;
        }
        index += 1;
    }
    starts
};

/// What is known of a private element, from its tag as it stands in a file, (0029,1010), and the private creator that
/// reserves its block, as text without padding.
///
/// A row is found by group and low byte of the element, in whichever block the creator has. Before that, a row that
/// is only meant for one block is tried by the whole tag; after it, one that is meant for a family of groups by the
/// group's high byte.
///
/// DICOM: PS3.5 7.8.1.
pub fn private(creator: &str, tag: Tag) -> Option<PrivateEntry> {
    tag.private_creator()?;
    let creator = &CREATORS[slots::find(&BY_CREATOR, creator, |row| CREATORS[row].name)?];
    let first = usize::from(creator.first);
    let rows = &ROWS[first..first + usize::from(creator.rows)];
    let keys = [tag.0, tag.0 & 0xFFFF_00FF, tag.0 & 0xFF00_00FF];
    let row = keys.iter().find_map(|key| rows.binary_search_by_key(key, |row| row.key).ok())?;
    Some(rows[row].entry())
}

impl Row {
    fn entry(&self) -> PrivateEntry {
        let name = usize::from(self.name);
        let (start, end) = (NAME_STARTS[name] as usize, NAME_STARTS[name + 1] as usize - 1);
        PrivateEntry { vr: self.vr, vm: MULTIPLICITIES[usize::from(self.vm)], name: &NAMES[start..end], retired: false }
    }
}
