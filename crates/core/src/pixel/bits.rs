//! Samples that do not fill their bytes (PS3.5 8.1.1).

/// Shifts each number up and down again: what is above the sample falls off, what is below it too.
macro_rules! shift {
    ($kind:ty, $bytes:expr, $up:expr, $down:expr) => {
        for sample in $bytes.as_chunks_mut::<{ size_of::<$kind>() }>().0 {
            *sample = ((<$kind>::from_ne_bytes(*sample) << $up) >> $down).to_ne_bytes();
        }
    };
}

/// Drops the bits of samples of native byte order that are not theirs, and carries the sign of those that are.
///
/// A sample has `size` bytes, of which `stored` bits hold it, the highest of them `high`. Nothing is done when that
/// cannot be.
pub fn keep_stored(bytes: &mut [u8], size: usize, stored: u32, high: u32, signed: bool) {
    let all = 8 * size as u32;
    if stored == 0 || high >= all || stored > high + 1 || stored == all {
        return;
    }
    let (up, down) = (all - 1 - high, all - stored);
    match (size, signed) {
        (1, false) => shift!(u8, bytes, up, down),
        (1, true) => shift!(i8, bytes, up, down),
        (2, false) => shift!(u16, bytes, up, down),
        (2, true) => shift!(i16, bytes, up, down),
        (4, false) => shift!(u32, bytes, up, down),
        (4, true) => shift!(i32, bytes, up, down),
        (8, false) => shift!(u64, bytes, up, down),
        (8, true) => shift!(i64, bytes, up, down),
        _ => {}
    }
}

/// Takes samples of `bits` bits apart that follow each other from the least significant bit on, starting at a bit of
/// the first byte; `out` takes bytes for up to 8 bits, words of native byte order for up to 16.
///
/// What is behind the end of the data counts as 0.
pub fn unpack(data: &[u8], first_bit: u32, bits: u32, out: &mut [u8]) {
    if bits == 0 || bits > 16 {
        return;
    }
    let mask = (1_u32 << bits) - 1;
    let (mut held, mut count) = (0_u32, 0_u32);
    let mut bytes = data.iter();
    let mut next = |skip: u32| {
        while count < bits + skip {
            held |= u32::from(bytes.next().copied().unwrap_or(0)) << count;
            count += 8;
        }
        let sample = (held >> skip) & mask;
        held >>= bits + skip;
        count -= bits + skip;
        sample
    };
    let mut skip = first_bit & 7;
    for sample in out.chunks_exact_mut(if bits > 8 { 2 } else { 1 }) {
        let value = next(skip) as u16;
        skip = 0;
        match sample {
            [byte] => *byte = value as u8,
            word => word.copy_from_slice(&value.to_ne_bytes()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packed_samples_of_every_size_come_apart() {
        for bits in 1..=16_u32 {
            for first in 0..8 {
                let values: Vec<u16> = (0..40_u32).map(|n| (n * 40503 % (1 << bits)) as u16).collect();
                let mut data = vec![0_u8; 200];
                for (index, &value) in values.iter().enumerate() {
                    for bit in 0..bits {
                        let at = (first + index as u32 * bits + bit) as usize;
                        data[at / 8] |= ((value >> bit & 1) as u8) << (at % 8);
                    }
                }
                let size = if bits > 8 { 2 } else { 1 };
                let mut out = vec![0; values.len() * size];
                unpack(&data, first, bits, &mut out);
                let found: Vec<u16> = if size == 1 {
                    out.iter().map(|&byte| u16::from(byte)).collect()
                } else {
                    out.chunks_exact(2).map(|raw| u16::from_ne_bytes([raw[0], raw[1]])).collect()
                };
                assert_eq!(found, values, "{bits} bits from bit {first}");
            }
        }
    }

    #[test]
    fn bits_that_cannot_be_are_left() {
        let mut bytes = [1, 2, 3, 4];
        for (size, stored, high) in
            [(2, 0, 0), (2, 17, 16), (2, 4, 2), (3, 8, 7), (2, 16, 15), (0, 1, 0), (2, 1, u32::MAX)]
        {
            keep_stored(&mut bytes, size, stored, high, true);
        }
        assert_eq!(bytes, [1, 2, 3, 4]);
    }

    #[test]
    fn signs_are_carried_and_junk_dropped() {
        let mut words = [0xF801_u16, 0x0800, 0x07FF].map(u16::to_ne_bytes).concat();
        keep_stored(&mut words, 2, 12, 11, true);
        assert_eq!(words, [-2047_i16, -2048, 2047].map(i16::to_ne_bytes).concat());
        let mut words = [0xF801_u16, 0x0800].map(u16::to_ne_bytes).concat();
        keep_stored(&mut words, 2, 12, 15, false);
        assert_eq!(words, [0xF80_u16, 0x80].map(u16::to_ne_bytes).concat());
    }
}
