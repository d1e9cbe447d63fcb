//! Luminance and colour differences to RGB (PS3.3 C.7.6.3.1.2, ITU-R BT.601 and T.871).

use crate::pixel::sample::in_parts;

/// How colours are stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ybr {
    /// All values are used: `YBR_FULL`, `YBR_ICT`.
    Full,
    /// Studio range: black is 16 of 255, white 235; the differences run from 16 to 240.
    Partial,
    /// Whole numbers that can be undone: `YBR_RCT`.
    Reversible,
}

const HALF: i32 = 1 << 15;

/// Converts pixels of 8 bits.
pub fn to_rgb_8(ybr: Ybr, samples: &[[u8; 3]], out: &mut [[u8; 3]]) {
    match ybr {
        Ybr::Full => each(samples, out, full_8),
        Ybr::Partial => each(samples, out, partial_8),
        Ybr::Reversible => {
            each(samples, out, |pixel| reversible(pixel.map(i32::from), 8).map(|value| value as u8));
        }
    }
}

fn each<T: Copy + Send + Sync>(samples: &[[T; 3]], out: &mut [[T; 3]], convert: impl Fn([T; 3]) -> [T; 3] + Sync) {
    in_parts(samples, out, |samples, out| {
        for (rgb, &pixel) in out.iter_mut().zip(samples) {
            *rgb = convert(pixel);
        }
    });
}

/// Converts pixels of `bits` bits in 16: 8 to 16.
pub fn to_rgb_16(ybr: Ybr, bits: u32, samples: &[[u16; 3]], out: &mut [[u16; 3]]) {
    let bits = bits.clamp(8, 16);
    let matrix = Matrix::new(bits);
    let whole = |pixel: [f64; 3]| pixel.map(|value| value as u16);
    match ybr {
        Ybr::Full => each(samples, out, |pixel| whole(matrix.full(pixel.map(f64::from)))),
        Ybr::Partial => each(samples, out, |pixel| whole(matrix.partial(pixel.map(f64::from)))),
        Ybr::Reversible => {
            each(samples, out, |pixel| reversible(pixel.map(i32::from), bits).map(|value| value as u16));
        }
    }
}

/// In fixed point of 16 bits, rounded as libjpeg rounds, so that its pictures and ours are the same: the products of
/// all differences, and the bounds of all sums, stand in tables.
#[inline]
fn full_8([y, blue, red]: [u8; 3]) -> [u8; 3] {
    let (y, blue, red) = (i32::from(y), &PRODUCTS[usize::from(blue)], &PRODUCTS[usize::from(red)]);
    [y + red.red, y + ((blue.green_of_blue + red.green_of_red) >> 16), y + blue.blue]
        .map(|value| BOUNDED[(value - LEAST_SUM) as usize % BOUNDED.len()])
}

struct Products {
    red: i32,
    green_of_red: i32,
    green_of_blue: i32,
    blue: i32,
}

static PRODUCTS: [Products; 256] = {
    let mut products = [const { Products { red: 0, green_of_red: 0, green_of_blue: 0, blue: 0 } }; 256];
    let mut at = 0;
    while at < 256 {
        let difference = at as i32 - 128;
        products[at] = Products {
            red: (91881 * difference + HALF) >> 16,
            green_of_red: -46802 * difference,
            green_of_blue: -22554 * difference + HALF,
            blue: (116_130 * difference + HALF) >> 16,
        };
        at += 1;
    }
    products
};

/// Sums run from -227 to 480.
const LEAST_SUM: i32 = -256;
static BOUNDED: [u8; 1024] = {
    let mut bounded = [0; 1024];
    let mut at = 0;
    while at < 1024 {
        let sum = at as i32 + LEAST_SUM;
        bounded[at] = if sum < 0 {
            0
        } else if sum > 255 {
            255
        } else {
            sum as u8
        };
        at += 1;
    }
    bounded
};

/// As [`full_8`], after both ranges are stretched: by 255/219 and 255/224.
#[inline]
fn partial_8([y, blue, red]: [u8; 3]) -> [u8; 3] {
    let (y, blue, red) = (76309 * (i32::from(y) - 16) + HALF, i32::from(blue) - 128, i32::from(red) - 128);
    [y + 104_597 * red, y - 25675 * blue - 53279 * red, y + 132_201 * blue]
        .map(|value| (value >> 16).clamp(0, 255) as u8)
}

/// Green is what was taken from the others (ISO 15444-1 G.2). Unsigned differences are moved up by half the range.
#[inline]
fn reversible([y, blue, red]: [i32; 3], bits: u32) -> [i32; 3] {
    let half = 1 << (bits - 1);
    let (blue, red) = (blue - half, red - half);
    let green = y - ((blue + red) >> 2);
    [red + green, green, blue + green].map(|value| value.clamp(0, 2 * half - 1))
}

/// The exact coefficients, for a number of bits.
struct Matrix {
    most: f64,
    half: f64,
    black: f64,
    luminance: f64,
    difference: f64,
}

impl Matrix {
    fn new(bits: u32) -> Self {
        let (most, half) = (f64::from((1_u32 << bits) - 1), f64::from(1_u32 << (bits - 1)));
        let step = half / 128.0; // of 8 bits
        Self { most, half, black: 16.0 * step, luminance: most / (219.0 * step), difference: most / (224.0 * step) }
    }

    fn full(&self, [y, blue, red]: [f64; 3]) -> [f64; 3] {
        self.mixed(y, blue - self.half, red - self.half)
    }

    fn partial(&self, [y, blue, red]: [f64; 3]) -> [f64; 3] {
        let y = (y - self.black) * self.luminance;
        self.mixed(y, (blue - self.half) * self.difference, (red - self.half) * self.difference)
    }

    fn mixed(&self, y: f64, blue: f64, red: f64) -> [f64; 3] {
        let green = y - (0.114 * 1.772 * blue + 0.299 * 1.402 * red) / 0.587;
        [y + 1.402 * red, green, y + 1.772 * blue].map(|value| (value + 0.5).max(0.0).min(self.most))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn eight(ybr: Ybr, pixel: [u8; 3]) -> [u8; 3] {
        let mut out = [[0; 3]];
        to_rgb_8(ybr, &[pixel], &mut out);
        out[0]
    }

    fn sixteen(ybr: Ybr, bits: u32, pixel: [u16; 3]) -> [u16; 3] {
        let mut out = [[0; 3]];
        to_rgb_16(ybr, bits, &[pixel], &mut out);
        out[0]
    }

    #[test]
    fn known_colours() {
        assert_eq!(eight(Ybr::Full, [76, 85, 255]), [254, 0, 0]);
        assert_eq!(eight(Ybr::Full, [200, 128, 128]), [200; 3]);
        assert_eq!(eight(Ybr::Partial, [16, 128, 128]), [0; 3]);
        assert_eq!(eight(Ybr::Partial, [235, 128, 128]), [255; 3]);
        assert_eq!(eight(Ybr::Partial, [0, 0, 0]), [0, 136, 0]);
        assert_eq!(eight(Ybr::Reversible, [75, 78, 178]), [125, 75, 25]);
        assert_eq!(sixteen(Ybr::Partial, 12, [16 << 4, 2048, 2048]), [0; 3]);
        assert_eq!(sixteen(Ybr::Partial, 16, [235 << 8, 32768, 32768]), [65535; 3]);
        assert_eq!(sixteen(Ybr::Full, 16, [19595, 21709, 65535]), [65534, 1, 0]);
    }

    #[test]
    fn tables_agree_with_the_formula() {
        let plain = |[y, blue, red]: [i32; 3]| {
            let (blue, red) = (blue - 128, red - 128);
            let green = (-22554 * blue - 46802 * red + HALF) >> 16;
            [y + ((91881 * red + HALF) >> 16), y + green, y + ((116_130 * blue + HALF) >> 16)]
                .map(|value| value.clamp(0, 255) as u8)
        };
        for y in (0..=255).step_by(15) {
            for (blue, red) in (0..=255).flat_map(|blue| (0..=255).map(move |red| (blue, red))) {
                assert_eq!(full_8([y, blue, red]), plain([y, blue, red].map(i32::from)));
            }
        }
    }

    #[test]
    fn both_depths_of_full_agree() {
        for y in (0..=255).step_by(5) {
            for blue in (0..=255).step_by(3) {
                for red in (0..=255).step_by(3) {
                    let eight = eight(Ybr::Full, [y, blue, red]).map(i32::from);
                    let sixteen = sixteen(Ybr::Full, 8, [y, blue, red].map(u16::from)).map(i32::from);
                    assert!((0..3).all(|at| (eight[at] - sixteen[at]).abs() <= 1), "{eight:?} {sixteen:?}");
                }
            }
        }
    }
}
