//! What the stages of a picture have in common: types of samples, and parts for threads.

use std::num::NonZero;
use std::sync::Mutex;
use std::thread::{Builder, available_parallelism, scope};

/// A stored value, or one of a later stage.
pub trait Sample: Copy + Send + Sync + PartialOrd {
    /// The least value.
    const LEAST: Self;
    /// The greatest value.
    const GREATEST: Self;
    /// The value as a number; 64-bit integers are rounded.
    fn number(self) -> f64;
    /// The value nearest to a number.
    fn nearest(number: f64) -> Self;
}

/// A sample of 8 or 16 bits: a table can have an entry for each of its values.
pub trait SmallSample: Sample {
    /// How many values there are.
    const VALUES: usize;
    /// Where a table in the order of bit patterns has the value's entry: below [`Self::VALUES`].
    fn slot(self) -> usize;
    /// The value.
    fn integer(self) -> i64;
    /// Takes each sample's entry from a table of [`Self::VALUES`] in the order of bit patterns, else does nothing.
    fn take<E: Copy>(samples: &[Self], table: &[E], out: &mut [E]);
    /// Does what [`Self::take`] does, for bytes: eight at a time are written.
    fn take_bytes(samples: &[Self], table: &[u8], out: &mut [u8]);
}

macro_rules! samples {
    ($($name:ident)*) => {$(
        impl Sample for $name {
            const LEAST: Self = Self::MIN;
            const GREATEST: Self = Self::MAX;
            #[allow(clippy::cast_lossless)]
            fn number(self) -> f64 {
                self as f64
            }
            fn nearest(number: f64) -> Self {
                number as Self
            }
        }
    )*};
}

samples!(u8 i8 u16 i16 u32 i32 u64 i64 f32 f64);

macro_rules! small {
    ($($name:ident $bits:ident $values:literal)*) => {$(
        impl SmallSample for $name {
            const VALUES: usize = $values;
            fn slot(self) -> usize {
                usize::from(self as $bits)
            }
            fn integer(self) -> i64 {
                i64::from(self)
            }
            fn take<E: Copy>(samples: &[Self], table: &[E], out: &mut [E]) {
                // An array of all values needs no check of the index.
                let Ok(table) = <&[E; $values]>::try_from(table) else { return };
                for (entry, &sample) in out.iter_mut().zip(samples) {
                    *entry = table[sample.slot()];
                }
            }
            fn take_bytes(samples: &[Self], table: &[u8], out: &mut [u8]) {
                let Ok(slots) = <&[u8; $values]>::try_from(table) else { return };
                let length = samples.len().min(out.len());
                let (samples, rest) = samples[..length].as_chunks::<8>();
                let (entries, last) = out[..length].as_chunks_mut::<8>();
                for (entries, samples) in entries.iter_mut().zip(samples) {
                    let mut word = 0;
                    for (place, sample) in samples.iter().enumerate() {
                        word |= u64::from(slots[sample.slot()]) << (8 * place);
                    }
                    *entries = word.to_le_bytes();
                }
                Self::take(rest, table, last);
            }
        }
    )*};
}

small!(u8 u8 256 i8 u8 256 u16 u16 65536 i16 u16 65536);

/// Samples to a part: what two threads share has to be worth starting one.
const PART: usize = 1 << 19;

/// Does the work on samples and their results, in parts on several threads when there are many.
pub(crate) fn in_parts<T: Sync, E: Send>(samples: &[T], out: &mut [E], work: impl Fn(&[T], &mut [E]) + Sync) {
    if samples.len() < 2 * PART {
        return work(samples, out);
    }
    let threads = available_parallelism().map_or(1, NonZero::get).min(samples.len() / PART);
    let parts = Mutex::new(samples.chunks(PART).zip(out.chunks_mut(PART)));
    let next = || parts.lock().ok().and_then(|mut parts| parts.next());
    let run = || {
        while let Some((samples, out)) = next() {
            work(samples, out);
        }
    };
    scope(|scope| {
        for _ in 1..threads {
            // Where no thread can be had, those that are there do its part.
            if Builder::new().spawn_scoped(scope, run).is_err() {
                break;
            }
        }
        run();
    });
}

/// The least and the greatest sample, but for those from `skip.0` to `skip.1` and numbers that are not finite.
#[allow(clippy::needless_bitwise_bool)] // a lazy operator is a branch, which keeps compilers from doing several at a time
pub fn range<T: Sample>(samples: &[T], skip: Option<(f64, f64)>) -> Option<(T, T)> {
    let (mut least, mut greatest) = (T::GREATEST, T::LEAST);
    // The bounds in the samples' own type, unless no sample can be between them.
    let skip = skip.map(|(low, high)| (T::nearest(low), T::nearest(high), low, high));
    match skip.filter(|&(from, to, low, high)| low <= to.number() && from.number() <= high && from <= to) {
        None => {
            for &sample in samples {
                // An infinity is beyond the greatest number.
                least = if (sample < least) & (sample >= T::LEAST) { sample } else { least };
                greatest = if (sample > greatest) & (sample <= T::GREATEST) { sample } else { greatest };
            }
        }
        Some((from, to, ..)) => {
            for &sample in samples {
                let skipped = (sample >= from) & (sample <= to);
                // What is skipped stands at the other end, so that the loop has no branches.
                let (low, high) = if skipped { (T::GREATEST, T::LEAST) } else { (sample, sample) };
                least = if (low < least) & (low >= T::LEAST) { low } else { least };
                greatest = if (high > greatest) & (high <= T::GREATEST) { high } else { greatest };
            }
        }
    }
    (least <= greatest).then_some((least, greatest))
}
