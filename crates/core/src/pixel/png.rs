//! The filters of PNG, which make samples easier to deflate (W3C PNG 9; not DICOM, but all there is left to do for a
//! picture once a library deflates it).

/// Bytes as they are, less the sample before, the one above, the mean of both, the nearest of three.
const FILTERS: usize = 5;

/// Filters the rows of a picture, each with the filter whose differences sum up to least, as libpng does.
///
/// `row` is the bytes of a row and `step` those of a pixel; samples of 16 bits are big endian. Each row of the result
/// begins with the number of its filter. None when the samples are not whole rows of whole pixels.
pub fn filter(samples: &[u8], row: usize, step: usize) -> Option<Vec<u8>> {
    if row == 0 || step == 0 || !row.is_multiple_of(step) || !samples.len().is_multiple_of(row) {
        return None;
    }
    let mut filtered = Vec::with_capacity(samples.len() + samples.len() / row);
    // What lies left of the first pixel and above the first row counts as 0.
    let (mut line, mut above) = (vec![0; step + row], vec![0; step + row]);
    let mut candidates: [Vec<u8>; FILTERS] = std::array::from_fn(|_| vec![0; row]);
    for samples in samples.chunks_exact(row) {
        line[step..].copy_from_slice(samples);
        let near = Neighbours { here: samples, left: &line[..row], up: &above[step..], corner: &above[..row] };
        near.differences(&mut candidates);
        let mut best = (u64::MAX, 0);
        for (number, candidate) in candidates.iter().enumerate() {
            best = best.min((cost(candidate), number));
        }
        filtered.push(best.1 as u8);
        filtered.extend_from_slice(&candidates[best.1]);
        std::mem::swap(&mut line, &mut above);
    }
    Some(filtered)
}

/// The bytes of a row and those around them, all of the same length.
struct Neighbours<'a> {
    here: &'a [u8],
    left: &'a [u8],
    up: &'a [u8],
    corner: &'a [u8],
}

impl Neighbours<'_> {
    /// Fills in the row by each filter. A loop of its own for each: so they become vector instructions.
    fn differences(&self, out: &mut [Vec<u8>; FILTERS]) {
        let [none, sub, up, average, paeth] = out;
        none.copy_from_slice(self.here);
        for ((out, here), left) in sub.iter_mut().zip(self.here).zip(self.left) {
            *out = here.wrapping_sub(*left);
        }
        for ((out, here), up) in up.iter_mut().zip(self.here).zip(self.up) {
            *out = here.wrapping_sub(*up);
        }
        for (((out, here), left), up) in average.iter_mut().zip(self.here).zip(self.left).zip(self.up) {
            *out = here.wrapping_sub(u16::midpoint(u16::from(*left), u16::from(*up)) as u8);
        }
        let around = self.left.iter().zip(self.up).zip(self.corner);
        for ((out, here), ((left, up), corner)) in paeth.iter_mut().zip(self.here).zip(around) {
            *out = here.wrapping_sub(nearest(*left, *up, *corner));
        }
    }
}

/// The one of three that is nearest to left + up - corner; of equally near ones the first.
fn nearest(left: u8, up: u8, corner: u8) -> u8 {
    let (a, b, c) = (i16::from(left), i16::from(up), i16::from(corner));
    let (to_left, to_up, to_corner) = ((b - c).abs(), (a - c).abs(), (a + b - 2 * c).abs());
    let second = if to_up <= to_corner { up } else { corner };
    if to_left <= to_up && to_left <= to_corner { left } else { second }
}

/// The sum of the differences, taken as signed.
fn cost(differences: &[u8]) -> u64 {
    // A sum of 32 bits per piece becomes vector instructions, and cannot overflow.
    let pieces = differences.chunks(1 << 16);
    pieces
        .map(|piece| u64::from(piece.iter().map(|byte| u32::from(byte.cast_signed().unsigned_abs())).sum::<u32>()))
        .sum()
}

/// Why rows cannot be unfiltered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PngError {
    /// The bytes are not whole rows of whole pixels, or pixels are of a size that PNG has not.
    Size,
    /// A row begins with a number that is of no filter.
    Filter,
}

/// Undoes the filters of rows, each of which begins with the number of its filter, and moves the rows together: the
/// first `rows.len() / (row + 1) * row` bytes are the picture.
///
/// `row` is the bytes of a row without that number, and `step` those of a pixel, 1 where it has fewer bits.
///
/// # Errors
///
/// The sizes do not fit each other, or a number is of no filter.
pub fn unfilter(rows: &mut [u8], row: usize, step: usize) -> Result<(), PngError> {
    match step {
        1 => unfilter_rows::<1>(rows, row),
        2 => unfilter_rows::<2>(rows, row),
        3 => unfilter_rows::<3>(rows, row),
        4 => unfilter_rows::<4>(rows, row),
        6 => unfilter_rows::<6>(rows, row),
        8 => unfilter_rows::<8>(rows, row),
        _ => Err(PngError::Size),
    }
}

/// The same for pixels whose size is known when this is compiled, so that one is worked on as a whole.
fn unfilter_rows<const N: usize>(rows: &mut [u8], row: usize) -> Result<(), PngError> {
    if row == 0 || row == usize::MAX || !row.is_multiple_of(N) || !rows.len().is_multiple_of(row + 1) {
        return Err(PngError::Size);
    }
    let first = vec![0; row]; // what lies above the first row counts as 0
    for number in 0..rows.len() / (row + 1) {
        let (start, end) = (number * (row + 1), number * row);
        let filter = rows[start];
        rows.copy_within(start + 1..start + 1 + row, end);
        let (before, here) = rows.split_at_mut(end);
        let above = if number == 0 { first.as_slice() } else { &before[end - row..] };
        let here = &mut here[..row];
        match filter {
            0 => (),
            1 => unfilter_row::<N>(here, above, |[byte, left, ..]| byte.wrapping_add(left)),
            2 => here.iter_mut().zip(above).for_each(|(byte, up)| *byte = byte.wrapping_add(*up)),
            3 => unfilter_row::<N>(here, above, |[byte, left, up, _]| {
                byte.wrapping_add(u16::midpoint(u16::from(left), u16::from(up)) as u8)
            }),
            4 => unfilter_row::<N>(here, above, |[byte, left, up, corner]| {
                byte.wrapping_add(nearest_by_order(left, up, corner))
            }),
            _ => return Err(PngError::Filter),
        }
    }
    Ok(())
}

/// Undoes a filter that looks at the pixel before: `undo` gets the byte and those left, above and in the corner.
fn unfilter_row<const N: usize>(here: &mut [u8], above: &[u8], undo: impl Fn([u8; 4]) -> u8) {
    let (mut left, mut corner) = ([0; N], [0; N]);
    for (pixel, up) in here.as_chunks_mut::<N>().0.iter_mut().zip(above.as_chunks::<N>().0) {
        for at in 0..N {
            left[at] = undo([pixel[at], left[at], up[at], corner[at]]);
        }
        *pixel = left;
        corner = *up;
    }
}

/// `nearest`, without its distances, which the processor would wait for: of three in a row, whether the prediction lies
/// at or behind an end says which end is nearest.
fn nearest_by_order(left: u8, up: u8, corner: u8) -> u8 {
    let (a, b, c) = (i16::from(left), i16::from(up), i16::from(corner));
    let turn = 3 * c - (a + b);
    let (low, high) = (a.min(b), a.max(b));
    let lower = if high <= turn { low } else { c };
    (if turn <= low { high } else { lower }) as u8
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Undoes the filters as the Standard of PNG writes them.
    fn unfilter_plainly(filtered: &[u8], row: usize, step: usize) -> Vec<u8> {
        let mut rows: Vec<Vec<u8>> = vec![vec![0; row]];
        for line in filtered.chunks(row + 1) {
            let above = rows[rows.len() - 1].clone();
            let mut here: Vec<u8> = Vec::new();
            for (at, &byte) in line[1..].iter().enumerate() {
                let before = |of: &[u8]| at.checked_sub(step).map_or(0, |at| of[at]);
                let (left, corner) = (before(&here), before(&above));
                let predicted = match line[0] {
                    0 => 0,
                    1 => left,
                    2 => above[at],
                    3 => u16::midpoint(u16::from(left), u16::from(above[at])) as u8,
                    _ => nearest(left, above[at], corner),
                };
                here.push(byte.wrapping_add(predicted));
            }
            rows.push(here);
        }
        rows[1..].concat()
    }

    #[test]
    fn every_filter_is_chosen_and_can_be_undone() {
        let mut seen = [false; FILTERS];
        let mut random = 1_u32;
        for pattern in 0..6_usize {
            let mut samples: Vec<u8> = Vec::new();
            for at in 0..60 * 24_usize {
                random = random.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                let (x, y, noise) = (at % 60 / 3, at / 60, (random >> 29) as usize);
                let value = match pattern {
                    0 => noise / 4,                       // nothing to predict
                    1 => x * 12 + 251 * (y % 2),          // ramps
                    2 => (x * x * 37 % 256) + noise / 7,  // as above
                    3 => x * 9 + y * 7 + noise / 6,       // a plane
                    4 => (x * x + y * y) / 3 + noise / 2, // curved
                    _ => (random >> 24) as usize,
                };
                samples.push(value as u8);
            }
            for step in [1, 2, 3, 6] {
                let filtered = filter(&samples, 60, step).unwrap_or_default();
                assert_eq!(unfilter_plainly(&filtered, 60, step), samples);
                let mut rows = filtered.clone();
                assert_eq!(unfilter(&mut rows, 60, step), Ok(()));
                assert_eq!(rows[..samples.len()], samples);
                filtered.chunks(61).for_each(|line| seen[usize::from(line[0])] = true);
            }
        }
        assert_eq!(seen, [true; FILTERS]);
    }

    #[test]
    fn any_filter_of_any_row_is_undone_as_written() {
        let mut random = 7_u32;
        for step in [1, 2, 3, 4, 6, 8] {
            let row = step * 11;
            let mut filtered = Vec::new();
            for at in 0..40 * (row + 1) {
                random = random.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                let byte = (random >> 24) as u8;
                filtered.push(if at % (row + 1) == 0 { byte % 5 } else { byte });
            }
            let plainly = unfilter_plainly(&filtered, row, step);
            assert_eq!(unfilter(&mut filtered, row, step), Ok(()));
            assert_eq!(filtered[..40 * row], plainly);
        }
    }

    #[test]
    fn the_nearest_is_the_same_both_ways() {
        for left in 0..=255 {
            for up in 0..=255 {
                for corner in (0..=255).step_by(3).chain([1, 127, 128, 254]) {
                    assert_eq!(nearest(left, up, corner), nearest_by_order(left, up, corner));
                }
            }
        }
    }

    #[test]
    fn rows_that_cannot_be_unfiltered_are_refused() {
        for (length, row, step) in [(10, 0, 1), (10, 4, 0), (10, 4, 5), (10, 4, 3), (9, 4, 1), (10, usize::MAX - 1, 1)]
        {
            assert_eq!(unfilter(&mut vec![0; length], row, step), Err(PngError::Size));
        }
        assert_eq!(unfilter(&mut [0, 1, 5, 1], 1, 1), Err(PngError::Filter));
        assert_eq!(unfilter(&mut [], 3, 1), Ok(()));
    }

    #[test]
    fn what_is_no_picture_is_refused() {
        for (length, row, step) in [(10, 0, 1), (10, 5, 0), (10, 4, 1), (10, 5, 2)] {
            assert_eq!(filter(&vec![0; length], row, step), None);
        }
    }
}
