//! Data dictionary, UID registry and private dictionaries (PS3.6, PS3.4): generated tables and their look-up.
//!
//! The `*_table.rs` files are written by `tools/generate_dictionary.py` and hold rows only. Their hash tables are
//! made by the compiler (`slots.rs`): nothing is built when the program starts.

mod elements;
mod elements_table;
mod private;
mod private_table;
pub(crate) mod slots;
mod uids;
mod uids_table;

pub use elements::{Entry, by_keyword, keywords, lookup, vr};
pub use private::{PrivateEntry, private};
pub(crate) use uids::registered;
pub use uids::{Uid, UidKind, uid, uid_by_keyword, uids};

/// What a Value Multiplicity of the dictionaries allows (PS3.5 6.4): at least `min` values, at most `max` when there
/// is a bound, and `min` plus a multiple of `step` in any case. `1-n` is (1, None, 1), `2-2n` (2, None, 2).
fn vm_range(vm: &str) -> (u32, Option<u32>, u32) {
    let (first, last) = vm.split_once('-').unwrap_or((vm, vm));
    let min = first.parse().unwrap_or(1);
    match last.strip_suffix('n') {
        Some(step) => (min, None, step.parse().unwrap_or(1)),
        None => (min, Some(last.parse().unwrap_or(min)), 1),
    }
}
