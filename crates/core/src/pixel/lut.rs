//! Lookup tables (PS3.3 C.11.1, C.11.2.1.1, C.7.6.3.1.5), and palettes in segments (C.7.9.2).

use crate::pixel::sample::{SmallSample, in_parts};

/// Looks samples up in a table whose first entry is that of `first`.
///
/// What lies before the first entry takes the first, what lies behind the last takes the last. Without entries nothing
/// is written.
pub fn look_up<T: SmallSample, E: Copy + Send + Sync>(samples: &[T], first: i64, table: &[E], out: &mut [E]) {
    if let Some(table) = in_slots::<T, E>(first, table) {
        in_parts(samples, out, |samples, out| T::take(samples, &table, out));
    }
}

/// Does what [`look_up`] does for entries of a byte, faster.
pub fn look_up_bytes<T: SmallSample>(samples: &[T], first: i64, table: &[u8], out: &mut [u8]) {
    if let Some(table) = in_slots::<T, u8>(first, table) {
        in_parts(samples, out, |samples, out| T::take_bytes(samples, &table, out));
    }
}

/// A table of all values of a type in the order of bit patterns: from 0 up, then the negative ones.
fn in_slots<T: SmallSample, E: Copy>(first: i64, table: &[E]) -> Option<Vec<E>> {
    let (&before, &behind) = (table.first()?, table.last()?);
    let end = first.saturating_add(table.len() as i64);
    let mut slots = Vec::with_capacity(T::VALUES);
    for (from, to) in [(0, T::GREATEST.integer() + 1), (T::LEAST.integer(), 0)] {
        let (start, stop) = (first.clamp(from, to), end.clamp(from, to));
        slots.resize(slots.len() + (start - from) as usize, before);
        if start < stop {
            slots.extend_from_slice(&table[(start - first) as usize..(stop - first) as usize]);
        }
        slots.resize(slots.len() + (to - stop) as usize, behind);
    }
    Some(slots)
}

/// Why a table in segments is not one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SegmentError {
    /// It ends inside a segment.
    Short,
    /// A segment is of no known kind, has no entries, or goes on where nothing was yet.
    Segment,
    /// A segment that refers to others refers to such a one, or to none.
    Reference,
    /// It has more entries than it should.
    Long,
}

/// Expands a table that is stored in segments to its `entries`.
///
/// `bytes` of an entry are 1 or 2: numbers in the segments are as long, references are counted in bytes.
///
/// # Errors
/// [`SegmentError`].
pub fn expand(data: &[u16], bytes: usize, entries: usize) -> Result<Vec<u16>, SegmentError> {
    let mut out = Vec::new();
    let mut at = 0;
    // Every segment has an entry, so their number is bounded by that of entries.
    while out.len() < entries {
        let &[kind, length] = data.get(at..at + 2).and_then(|words| words.first_chunk()).ok_or(SegmentError::Short)?;
        if kind == 2 {
            let words = if bytes == 1 { 4 } else { 2 };
            let parts = data.get(at + 2..at + 2 + words).ok_or(SegmentError::Short)?;
            let offset = parts.iter().rev().fold(0, |sum: usize, &part| (sum << (32 / words)) | usize::from(part));
            if out.is_empty() || length == 0 {
                return Err(SegmentError::Segment);
            }
            let mut other = offset / bytes;
            for _ in 0..length {
                other = segment(data, other, &mut out, entries).map_err(|error| match error {
                    SegmentError::Long => error,
                    _ => SegmentError::Reference,
                })?;
            }
            at += 2 + words;
        } else {
            at = segment(data, at, &mut out, entries)?;
        }
    }
    Ok(out)
}

/// Expands a discrete or a linear segment. Returns where the next begins.
fn segment(data: &[u16], at: usize, out: &mut Vec<u16>, entries: usize) -> Result<usize, SegmentError> {
    let &[kind, length] = data.get(at..).and_then(|words| words.first_chunk()).ok_or(SegmentError::Short)?;
    let length = usize::from(length);
    if length == 0 {
        return Err(SegmentError::Segment);
    }
    if length > entries - out.len() {
        return Err(SegmentError::Long);
    }
    match (kind, out.last()) {
        (0, _) => {
            out.extend_from_slice(data.get(at + 2..at + 2 + length).ok_or(SegmentError::Short)?);
            Ok(at + 2 + length)
        }
        (1, Some(&from)) => {
            let &to = data.get(at + 2).ok_or(SegmentError::Short)?;
            let (from, to, steps) = (i64::from(from), i64::from(to), length as i64);
            // Rounded half up, in whole numbers.
            let entry = |step: i64| (2 * (from * (steps - step) + to * step) + steps) / (2 * steps);
            out.extend((1..=steps).map(|step| entry(step) as u16));
            Ok(at + 3)
        }
        _ => Err(SegmentError::Segment),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_outside_take_the_ends() {
        let mut out = [0; 5];
        look_up(&[-128_i8, -3, -2, 0, 127], -3, &[1_u8, 2, 3], &mut out);
        assert_eq!(out, [1, 1, 2, 3, 3]);
        look_up(&[0_u16, 9, 10, 11, 65535], 10, &[7_u8, 8], &mut out);
        assert_eq!(out, [7, 7, 7, 8, 8]);
        look_up(&[0_u8, 1, 2, 3, 255], -2, &[0_u8, 1, 2, 3], &mut out);
        assert_eq!(out, [2, 3, 3, 3, 3]);
        look_up(&[0_u8, 1, 2, 3, 255], 1000, &[4_u8, 5], &mut out);
        assert_eq!(out, [4; 5]);
        look_up(&[0_u8, 1, 2, 3, 255], -1000, &[4_u8, 5], &mut out);
        assert_eq!(out, [5; 5]);
        look_up(&[0_u8; 5], i64::MIN, &[] as &[u8], &mut out);
        assert_eq!(out, [5; 5]);
    }

    #[test]
    fn bytes_are_looked_up_alike() {
        let samples: Vec<i16> = (0..1003).map(|number: i32| (number * 31) as i16).collect();
        let table: Vec<u8> = (0..=255).collect();
        for length in [0, 1, 7, 8, 9, 1003] {
            for first in [-40000, -100, 0, 100, 40000] {
                let (mut plain, mut fast) = (vec![1; length], vec![2; length]);
                look_up(&samples[..length], first, &table, &mut plain);
                look_up_bytes(&samples[..length], first, &table, &mut fast);
                assert_eq!(plain, fast);
            }
        }
    }

    #[test]
    fn many_samples_in_parts() {
        let samples: Vec<i16> = (0..3_000_001).map(|number: i32| (number * 31) as i16).collect();
        let table: Vec<u16> = (0..=65535).collect();
        let mut out = vec![0; samples.len()];
        look_up(&samples, -32768, &table, &mut out);
        assert!(samples.iter().zip(&out).all(|(&sample, &entry)| i32::from(entry) == i32::from(sample) + 32768));
    }

    #[test]
    fn segments_of_each_kind() {
        // The segments of PS3.3 C.7.9.2, a second run of the first two, and a linear one down.
        let data = [0, 2, 10, 20, 1, 4, 40, 2, 2, 0, 0, 1, 2, 0];
        let expected = [10, 20, 25, 30, 35, 40, 10, 20, 25, 30, 35, 40, 20, 0];
        assert_eq!(expand(&data, 2, 14).unwrap(), expected);
        let bytes = [0, 2, 10, 20, 1, 4, 40, 2, 2, 0, 0, 0, 0, 1, 2, 0];
        assert_eq!(expand(&bytes, 1, 14).unwrap(), expected);
    }

    #[test]
    fn segments_that_are_none() {
        assert_eq!(expand(&[], 2, 1), Err(SegmentError::Short));
        assert_eq!(expand(&[0, 3, 1], 2, 3), Err(SegmentError::Short));
        assert_eq!(expand(&[0, 3, 1, 2, 3], 2, 2), Err(SegmentError::Long));
        assert_eq!(expand(&[1, 3, 1], 2, 3), Err(SegmentError::Segment));
        assert_eq!(expand(&[3, 3, 1], 2, 3), Err(SegmentError::Segment));
        assert_eq!(expand(&[0, 0, 0, 0], 2, 3), Err(SegmentError::Segment));
        assert_eq!(expand(&[0, 1, 7, 2, 1, 6, 0], 2, 9), Err(SegmentError::Reference)); // to itself
        assert_eq!(expand(&[0, 1, 7, 2, 1, 0xFFFF, 0xFFFF], 2, 9), Err(SegmentError::Reference));
        assert_eq!(expand(&[0, 1, 7, 2, 60000, 0, 0], 2, 9), Err(SegmentError::Long));
    }
}
