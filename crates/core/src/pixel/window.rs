//! From stored values to 8 bits by rescale and linear window (PS3.3 C.11.1, C.11.2.1.2).

use crate::pixel::lut::look_up_bytes;
use crate::pixel::sample::{Sample, SmallSample, in_parts, range};

/// A ramp over rescaled values.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Ramp {
    /// Rescale Slope, or 1.
    pub slope: f64,
    /// Rescale Intercept, or 0.
    pub intercept: f64,
    /// The value half way up.
    pub centre: f64,
    /// From the foot to the top; 0 for a step behind the centre.
    pub width: f64,
    /// Whether high values are dark.
    pub inverse: bool,
    /// Stored values that are drawn black: from, to.
    pub padding: Option<(f64, f64)>,
}

/// Adding this to a number from 0 to 2^51 leaves the nearest whole number in the low bits.
const WHOLE: f64 = (1_u64 << 52) as f64;

impl Ramp {
    /// The grey of a stored value: the Standard's formula in 64 bits, rounded half up. What is no number is black.
    ///
    /// Written without branches and conversions, so that compilers do several values at a time.
    #[inline]
    fn grey(&self, stored: f64) -> u8 {
        let value = stored * self.slope + self.intercept;
        let above = value - self.centre;
        let part = if self.width == 0.0 { if above > 0.0 { 1.0 } else { 0.0 } } else { above / self.width + 0.5 };
        let grey = part * 255.0;
        // In this order what is no number is black.
        let grey = if grey > 0.0 { grey } else { 0.0 };
        let grey = if grey < 255.0 { grey } else { 255.0 };
        let grey = if self.inverse { 255.0 - grey } else { grey } + 0.5;
        let grey = if above.is_nan() { 0.0 } else { grey };
        let nearest = (grey + WHOLE) - WHOLE;
        let whole = if nearest > grey { nearest - 1.0 } else { nearest };
        (whole + WHOLE).to_bits() as u8
    }

    fn is_padding(&self, stored: f64) -> bool {
        self.padding.is_some_and(|(low, high)| low <= stored && stored <= high)
    }

    /// The greys of samples of any type, each by the formula.
    pub fn apply<T: Sample>(&self, samples: &[T], out: &mut [u8]) {
        in_parts(samples, out, |samples, out| {
            for (grey, &sample) in out.iter_mut().zip(samples) {
                *grey = self.grey(sample.number());
            }
            if self.padding.is_some() {
                for (grey, &sample) in out.iter_mut().zip(samples) {
                    if self.is_padding(sample.number()) {
                        *grey = 0;
                    }
                }
            }
        });
    }

    /// The greys of samples of few values: by a table, of those where the grey changes.
    pub fn apply_by_table<T: SmallSample>(&self, samples: &[T], out: &mut [u8]) {
        let (start, end) = (T::LEAST.integer(), T::GREATEST.integer() + 1);
        let ramp = self.slope_of(start, end);
        // What lies before the table takes its first entry, what lies behind its last.
        let (mut first, mut last) = (ramp.0 - 1, ramp.1);
        if let Some((low, high)) = self.padding {
            (first, last) =
                (first.min((low.floor() as i64).saturating_sub(1)), last.max((high.ceil() as i64).saturating_add(1)));
        }
        (first, last) = (first.clamp(start, end - 1), last.clamp(start, end - 1));
        if last - first > samples.len() as i64 / 16 {
            // To find which values occur costs less than to compute them all.
            let Some((low, high)) = range(samples, None) else { return };
            first = first.clamp(low.integer(), high.integer());
            last = last.clamp(low.integer(), high.integer());
        }
        look_up_bytes(samples, first, &self.table(first, last, ramp), out);
    }

    /// The greys of whole stored values from `first` to `last`, of which those from `foot` to before `top` change.
    fn table(&self, first: i64, last: i64, (foot, top): (i64, i64)) -> Vec<u8> {
        let (foot, top) = (foot.clamp(first, last + 1), top.clamp(first, last + 1));
        let mut table = vec![self.grey(first as f64); (foot - first) as usize];
        table.reserve_exact((last + 1 - foot) as usize);
        table.extend((foot..top).map(|stored| self.grey(stored as f64)));
        table.resize((last + 1 - first) as usize, self.grey(last as f64));
        if let Some((low, high)) = self.padding {
            let place = |end: f64| (end as i64).clamp(first - 1, last + 1) - first;
            let (low, high) = (place(low.ceil()).max(0), place(high.floor()) + 1);
            if low < high {
                let high = (high as usize).min(table.len());
                table[(low as usize).min(high)..high].fill(0);
            }
        }
        table
    }

    /// Where from `first` to `end` the grey is not yet known to be that of the nearer end.
    fn slope_of(&self, first: i64, end: i64) -> (i64, i64) {
        let stored = |part: f64| (self.centre + part * self.width - self.intercept) / self.slope;
        let (foot, top) = (stored(-0.5).min(stored(0.5)), stored(-0.5).max(stored(0.5)));
        // The formula is monotonic, also in floating point: two steps beyond where it should end, it has ended.
        let foot = if foot.is_finite() { (foot.floor() as i64).saturating_sub(2).clamp(first, end) } else { first };
        let top = if top.is_finite() { (top.ceil() as i64).saturating_add(2).clamp(foot, end) } else { end };
        let ended = |at: i64, from: i64| from == at || self.grey(at as f64) == self.grey(from as f64);
        if ended(first, foot.min(end - 1)) && ended(end - 1, top.max(first + 1) - 1) {
            (foot, top)
        } else {
            (first, end)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RAMP: Ramp =
        Ramp { slope: 2.0, intercept: -1000.0, centre: 39.5, width: 399.0, inverse: false, padding: None };

    fn both<T: SmallSample>(ramp: Ramp, samples: &[T]) -> Vec<u8> {
        let (mut plain, mut fast) = (vec![7; samples.len()], vec![8; samples.len()]);
        ramp.apply(samples, &mut plain);
        ramp.apply_by_table(samples, &mut fast);
        assert_eq!(plain, fast);
        plain
    }

    #[test]
    fn table_and_formula_agree() {
        let every: Vec<i16> = (i16::MIN..=i16::MAX).collect();
        for inverse in [false, true] {
            for padding in [None, Some((-2000.0, -2000.0)), Some((510.0, 520.0))] {
                for width in [0.0, 1.0, 399.0, 65535.0] {
                    both(Ramp { width, inverse, padding, ..RAMP }, &every);
                }
            }
        }
        assert_eq!(both(RAMP, &[419_u16, 420, 421, 519, 520, 619, 620]), [0, 0, 1, 127, 128, 254, 255]);
        assert_eq!(both(RAMP, &[-1_i8, 0, 127]), [0, 0, 0]);
        assert_eq!(both(RAMP, &[] as &[u8]), []);
    }

    #[test]
    fn padding_and_what_is_no_number_are_black() {
        let ramp = Ramp { inverse: true, padding: Some((3.0, 4.0)), ..RAMP };
        assert_eq!(both(ramp, &[2_u8, 3, 4, 5]), [255, 0, 0, 255]);
        let mut out = [9; 4];
        ramp.apply(&[f32::NAN, f32::INFINITY, f32::NEG_INFINITY, 3.5], &mut out);
        assert_eq!(out, [0, 0, 255, 0]);
    }

    #[test]
    fn ranges() {
        assert_eq!(range(&[3_u8, 9, 4], None), Some((3, 9)));
        assert_eq!(range(&[255_u8, 255], None), Some((255, 255)));
        assert_eq!(range(&[3_i16, 9, -4], Some((-10.0, 3.0))), Some((9, 9)));
        assert_eq!(range(&[3_u8], Some((3.0, 3.0))), None);
        assert_eq!(range(&[255_u8], Some((300.0, 400.0))), Some((255, 255)));
        assert_eq!(range(&[0_u8], Some((-5.0, -1.0))), Some((0, 0)));
        assert_eq!(range(&[f64::NAN, f64::INFINITY, 1.5, f64::NEG_INFINITY], None), Some((1.5, 1.5)));
        assert_eq!(range::<u8>(&[], None), None);
    }
}
