//! Hash tables of row numbers that the compiler fills: open addressing, linear probing, at most half full.
//!
//! The keys stay in the rows; a slot is two bytes and needs no relocation.

/// A slot that holds no row.
pub(crate) const EMPTY: u16 = u16::MAX;

/// An odd number of the golden ratio, as of Fibonacci hashing.
const MULTIPLIER: u64 = 0x9E37_79B9_7F4A_7C15;

/// Hash of a key: eight bytes at a time, the last eight overlapping.
const fn hash(key: &str) -> usize {
    let mut rest = key.as_bytes();
    let mut state = rest.len() as u64;
    if let Some(last) = rest.last_chunk::<8>() {
        state = mix(state, u64::from_le_bytes(*last));
        while let Some((chunk, after)) = rest.split_first_chunk::<8>() {
            state = mix(state, u64::from_le_bytes(*chunk));
            rest = after;
        }
    } else {
        while let Some((byte, after)) = rest.split_first() {
            state = mix(state, *byte as u64);
            rest = after;
        }
    }
    (state >> 32) as usize
}

const fn mix(state: u64, word: u64) -> u64 {
    let product = (state ^ word).wrapping_mul(MULTIPLIER);
    product ^ (product >> 29)
}

/// Put a row into the slots, whose number is a power of two; a row without a key stays out.
pub(crate) const fn insert(slots: &mut [u16], key: &str, row: usize) {
    if key.is_empty() {
        return;
    }
    let mask = slots.len() - 1;
    let mut slot = hash(key) & mask;
    while slots[slot] != EMPTY {
        slot = (slot + 1) & mask;
    }
    slots[slot] = row as u16;
}

/// The row that `key_of` says has this key.
#[inline]
pub(crate) fn find(slots: &[u16], key: &str, key_of: impl Fn(usize) -> &'static str) -> Option<usize> {
    let mask = slots.len() - 1;
    let mut slot = hash(key) & mask;
    while slots[slot] != EMPTY {
        let row = usize::from(slots[slot]);
        if key_of(row) == key {
            return Some(row);
        }
        slot = (slot + 1) & mask;
    }
    None
}
