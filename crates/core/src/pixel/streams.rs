//! The marker segments of JPEG and JPEG-LS streams, found without decoding what is between them.

use crate::Error;
use crate::error::{Place, Result};

/// How the end of entropy-coded data shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Coding {
    /// JPEG (ISO/IEC 10918-1 B.1.1.5): a byte 00 follows each FF of the data.
    Jpeg,
    /// JPEG-LS (ISO/IEC 14495-1 C.2.1): a bit 0 follows each FF of the data.
    JpegLs,
}

/// A marker segment: where its FF stands, and its size with marker and length.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Segment {
    /// The second byte of the marker.
    pub marker: u8,
    /// Offset of the first byte of the marker.
    pub offset: usize,
    /// Bytes of marker, length and content.
    pub size: usize,
}

/// The restart markers among the entropy-coded data of a scan.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Restarts {
    /// How many there are.
    pub count: usize,
    /// Whether they are numbered as ISO/IEC 10918-1 B.2.1 has it: from 0 to 7 and again.
    pub in_order: bool,
}

/// The segments of one image.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Stream {
    /// The segments between start and end of image, entropy-coded data left out.
    pub segments: Vec<Segment>,
    /// The restart markers of each scan.
    pub restarts: Vec<Restarts>,
    /// Offset behind the end of image marker.
    pub end: usize,
}

const START_OF_IMAGE: u8 = 0xD8;
const END_OF_IMAGE: u8 = 0xD9;
const START_OF_SCAN: u8 = 0xDA;

/// Most scans of an image: a progressive one of 64 coefficients and 4 components needs far fewer, and a decoder's time
/// is scans times pixels.
pub const MAX_SCANS: usize = 500;
/// Most segments of an image, so that a stream of nothing but small ones costs no memory.
pub const MAX_SEGMENTS: usize = 1 << 16;

/// Walks the segments of the image at the start of some bytes, to its end of image marker.
///
/// # Errors
/// [`Error::Format`] when it is not one or ends early, [`Error::Limit`] when it has an absurd number of segments or
/// scans.
pub fn walk(data: &[u8], coding: Coding) -> Result<Stream> {
    if !data.starts_with(&[0xFF, START_OF_IMAGE]) {
        return Err(bad("no JPEG start of image marker", 0));
    }
    let (mut segments, mut restarts, mut position) = (Vec::new(), Vec::new(), 2);
    loop {
        let (marker, after) = marker_at(data, position)?;
        position = after;
        if marker == END_OF_IMAGE {
            return Ok(Stream { segments, restarts, end: position });
        }
        if is_reserved(marker, coding) {
            return Err(bad("JPEG has a marker that means nothing where it stands", position - 2));
        }
        if marker == 0x01 {
            continue; // it stands alone
        }
        let Some(&[high, low]) = data.get(position..position + 2) else { return Err(early(data)) };
        let size = usize::from(u16::from_be_bytes([high, low]));
        if size < 2 || size > data.len() - position {
            return Err(bad(&format!("JPEG segment of {size} bytes exceeds the stream"), position));
        }
        limit("segments", segments.len(), MAX_SEGMENTS, position)?;
        segments.push(Segment { marker, offset: position - 2, size: size + 2 });
        position += size;
        if marker == START_OF_SCAN {
            limit("scans", restarts.len(), MAX_SCANS, position)?;
            let (end, found) = end_of_scan(data, position, coding)?;
            restarts.push(found);
            position = end;
        }
    }
}

/// Whether a marker is none that begins a segment: unassigned ones, and those of restarts and of another image.
fn is_reserved(marker: u8, coding: Coding) -> bool {
    match marker {
        0x00 | 0x02..=0xBF | 0xC8 | 0xD0..=START_OF_IMAGE => true,
        0xF0..=0xFD => coding == Coding::Jpeg || !(0xF7..=0xF9).contains(&marker),
        _ => false,
    }
}

/// The marker at a position and the offset behind it; more than one FF before its second byte is filling.
fn marker_at(data: &[u8], position: usize) -> Result<(u8, usize)> {
    match data.get(position) {
        None => return Err(early(data)),
        Some(0xFF) => {}
        Some(_) => return Err(bad("JPEG has bytes that are no marker between segments", position)),
    }
    let at = position + filling(data, position);
    Ok((*data.get(at).ok_or_else(|| early(data))?, at + 1))
}

/// How many bytes FF follow each other.
fn filling(data: &[u8], position: usize) -> usize {
    data[position..].iter().take_while(|&&byte| byte == 0xFF).count()
}

/// The offset of the marker that ends entropy-coded data, and the restart markers, which are part of it.
fn end_of_scan(data: &[u8], mut position: usize, coding: Coding) -> Result<(usize, Restarts)> {
    let least = if coding == Coding::Jpeg { 0x01 } else { 0x80 };
    let mut restarts = Restarts { count: 0, in_order: true };
    while let Some((found, next)) = pair(data, position, least) {
        match next {
            0xD0..=0xD7 => {
                restarts.in_order &= usize::from(next & 7) == restarts.count % 8;
                restarts.count += 1;
                position = found + 2;
            }
            0xFF => position = found + filling(data, found) - 1,
            _ => return Ok((found, restarts)),
        }
    }
    Err(early(data))
}

/// Bytes that are looked at together, which the compiler does a vector at a time.
const BLOCK: usize = 64;

/// The next FF that a byte of at least `least` follows, and that byte. Coded data has an FF in 256 bytes with less behind
/// it, so that to look for FF alone would stop at each of those.
fn pair(data: &[u8], start: usize, least: u8) -> Option<(usize, u8)> {
    let firsts = data.get(start..data.len().checked_sub(1)?)?;
    let seconds = data.get(start + 1..)?;
    // Numbers and no branches, which is what becomes vectors.
    let is_pair = |(&first, &second): (&u8, &u8)| u8::from(first == 0xFF) & u8::from(second >= least);
    let blocks = firsts.chunks(BLOCK).zip(seconds.chunks(BLOCK));
    for (number, (firsts, seconds)) in blocks.enumerate() {
        let any = firsts.iter().zip(seconds).fold(0, |any, both| any | is_pair(both));
        if any != 0 {
            let at = firsts.iter().zip(seconds).position(|both| is_pair(both) != 0)?;
            return Some((start + number * BLOCK + at, seconds[at]));
        }
    }
    None
}

fn bad(what: &str, offset: usize) -> Error {
    Error::format(what, Place::offset(offset as u64))
}

fn early(data: &[u8]) -> Error {
    bad("JPEG ends before its end of image marker", data.len())
}

fn limit(name: &'static str, count: usize, most: usize, position: usize) -> Result<()> {
    let place = Place::offset(position as u64);
    if count < most { Ok(()) } else { Err(Error::Limit { limit: name, maximum: most as u64, place }) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn data_of_scans_is_skipped() {
        let jpeg = b"\xff\xd8\xff\xff\xc0\0\x03a\xff\xda\0\x02\x01\xff\0\xff\xd0\x02\xff\xff\xd9\0";
        let stream = walk(jpeg, Coding::Jpeg).unwrap();
        assert_eq!(stream.end, jpeg.len() - 1);
        assert_eq!(stream.segments[0], Segment { marker: 0xC0, offset: 3, size: 5 });
        assert_eq!(stream.segments.len(), 2);
        assert_eq!(stream.restarts, [Restarts { count: 1, in_order: true }]);
        let jpeg_ls = b"\xff\xd8\xff\xda\0\x02\xff\x7f\xff\x01\xff\xd9";
        assert_eq!(walk(jpeg_ls, Coding::JpegLs).unwrap().end, jpeg_ls.len());
        assert!(walk(jpeg_ls, Coding::Jpeg).is_err());
    }

    #[test]
    fn restarts_are_counted_and_their_order_seen() {
        let jpeg = |numbers: &[u8]| {
            let data: Vec<u8> = numbers.iter().flat_map(|number| [0x11, 0xFF, 0xD0 | number]).collect();
            [b"\xff\xd8\xff\xda\0\x02".to_vec(), data, b"\xff\xd9".to_vec()].concat()
        };
        let found = |numbers| walk(&jpeg(numbers), Coding::Jpeg).unwrap().restarts[0];
        assert_eq!(found(&[0, 1, 2, 3, 4, 5, 6, 7, 0]), Restarts { count: 9, in_order: true });
        assert_eq!(found(&[0, 2]), Restarts { count: 2, in_order: false });
        assert_eq!(found(&[1]), Restarts { count: 1, in_order: false });
        assert_eq!(found(&[]), Restarts { count: 0, in_order: true });
    }

    #[test]
    fn pairs_are_found_wherever_they_stand() {
        for size in 0..200 {
            for at in 0..size {
                let mut data = [0xFF, 0].repeat(size / 2 + 1);
                data.truncate(size);
                data[at] = 0xFF;
                let plain = (0..size.saturating_sub(1)).find(|&at| data[at] == 0xFF && data[at + 1] >= 0x80);
                assert_eq!(pair(&data, 0, 0x80).map(|(found, _)| found), plain, "{size} {at}");
            }
        }
    }

    #[test]
    fn every_prefix_is_an_error() {
        let jpeg = b"\xff\xd8\xff\xe0\0\x03a\xff\xda\0\x02\x01\xff\0\xff\xd0\x02\xff\xff\xd9";
        for size in 0..jpeg.len() {
            assert!(walk(&jpeg[..size], Coding::Jpeg).is_err(), "{size}");
        }
    }

    #[test]
    fn bounds() {
        let scans = [b"\xff\xd8".to_vec(), b"\xff\xda\0\x02\0".repeat(501), b"\xff\xd9".to_vec()].concat();
        assert!(matches!(walk(&scans, Coding::Jpeg), Err(Error::Limit { limit: "scans", .. })));
        let segments = [b"\xff\xd8".to_vec(), b"\xff\xe0\0\x02".repeat(65_537), b"\xff\xd9".to_vec()].concat();
        assert!(matches!(walk(&segments, Coding::Jpeg), Err(Error::Limit { limit: "segments", .. })));
    }
}
