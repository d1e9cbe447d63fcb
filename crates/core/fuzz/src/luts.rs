//! Lookup tables, windows, and the marker segments of code streams.

use filmless_core::pixel::lut::{expand, look_up, look_up_bytes};
use filmless_core::pixel::sample::SmallSample;
use filmless_core::pixel::streams::{Coding, walk};
use filmless_core::pixel::window::Ramp;

/// A table in segments, samples looked up in it, and a ramp over them: by its table as by its formula.
pub fn luts(data: &[u8]) {
    let [size, low, high, first, slope, intercept, centre, width, rest @ ..] = data else { return };
    let entries = usize::from(u16::from_le_bytes([*low, *high]));
    let words: Vec<u16> = rest.chunks_exact(2).map(|pair| u16::from_le_bytes([pair[0], pair[1]])).collect();
    let first = (i64::from(*first) - 128) * 300;
    if let Ok(table) = expand(&words, 1 + usize::from(size & 1), entries) {
        assert_eq!(table.len(), entries, "a table has the entries that were asked for");
        check_table(&words, first, &table);
    }
    let bytes: Vec<i8> = rest.iter().map(|&byte| byte as i8).collect();
    let shorts: Vec<i16> = words.iter().map(|&word| word as i16).collect();
    let ramp = Ramp {
        slope: (f64::from(*slope) - 128.0) / 16.0,
        intercept: f64::from(*intercept) * 100.0 - 12800.0,
        centre: (f64::from(*centre) - 128.0) * 250.0,
        width: f64::from(*width).powi(2),
        inverse: size & 2 == 2,
        padding: (size & 4 == 4).then_some((first as f64, first as f64 + f64::from(*low))),
    };
    check_ramp(&ramp, rest);
    check_ramp(&ramp, &bytes);
    check_ramp(&ramp, &words);
    check_ramp(&ramp, &shorts);
}

fn check_table(samples: &[u16], first: i64, table: &[u16]) {
    let mut out = vec![0; samples.len()];
    look_up(samples, first, table, &mut out);
    let Some(last) = table.len().checked_sub(1) else { return };
    for (&sample, &found) in samples.iter().zip(&out) {
        assert_eq!(found, table[(i64::from(sample) - first).clamp(0, last as i64) as usize]);
    }
    let narrow: Vec<u8> = table.iter().map(|&entry| entry as u8).collect();
    let mut bytes = vec![0; samples.len()];
    look_up_bytes(samples, first, &narrow, &mut bytes);
    assert!(out.iter().zip(bytes).all(|(&wide, byte)| wide as u8 == byte), "tables of bytes are tables");
}

fn check_ramp<T: SmallSample>(ramp: &Ramp, samples: &[T]) {
    let (mut plain, mut fast) = (vec![0; samples.len()], vec![0; samples.len()]);
    ramp.apply(samples, &mut plain);
    ramp.apply_by_table(samples, &mut fast);
    assert_eq!(plain, fast, "the table is the formula");
}

/// The segments of JPEG and JPEG-LS: they lie one behind the other, inside the stream.
pub fn streams(data: &[u8]) {
    for coding in [Coding::Jpeg, Coding::JpegLs] {
        let Ok(stream) = walk(data, coding) else { continue };
        assert!(stream.end <= data.len());
        let mut end = 2;
        for segment in stream.segments {
            assert!(segment.offset >= end && segment.size >= 4);
            end = segment.offset + segment.size;
        }
        assert!(end <= stream.end);
    }
}
