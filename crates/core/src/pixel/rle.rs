//! RLE Lossless (PS3.5 G): a segment for each byte of a sample, each of them run length coded row by row.

/// Why a frame is not RLE.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RleError {
    /// The header of 64 bytes is cut, or names another number of segments than the samples have bytes.
    Header,
    /// A segment begins outside the frame, or before the one before it.
    Segment,
    /// A segment ends before all its bytes are there.
    Short,
}

/// Most segments a frame can have.
const MAX_SEGMENTS: usize = 15;
const HEADER: usize = 64;

/// Decodes a frame into `out`: samples of `bytes` bytes, little endian, by pixel, `samples` to each.
///
/// Returns whether a segment held more than its pixels.
///
/// # Errors
/// [`RleError`], with what could be decoded in `out`.
pub fn decode(data: &[u8], samples: usize, bytes: usize, out: &mut [u8]) -> Result<bool, RleError> {
    let segments = samples * bytes;
    let word = |at: usize| data.get(4 * at..4 * at + 4)?.try_into().ok().map(u32::from_le_bytes);
    if data.len() < HEADER || segments == 0 || segments > MAX_SEGMENTS || word(0) != u32::try_from(segments).ok() {
        return Err(RleError::Header);
    }
    let offsets: Vec<usize> = (1..=segments).filter_map(word).map(|offset| offset as usize).collect();
    if offsets[0] < HEADER || !offsets.is_sorted() || offsets.iter().any(|&offset| offset > data.len()) {
        return Err(RleError::Segment);
    }
    let mut longer = false;
    let mut plane = Vec::new();
    for (index, &start) in offsets.iter().enumerate() {
        let segment = &data[start..offsets.get(index + 1).copied().unwrap_or(data.len())];
        // The most significant byte of the first sample comes first.
        let (sample, byte) = (index / bytes, bytes - 1 - index % bytes);
        if segments == 1 {
            longer |= unpack(segment, out)?;
        } else {
            plane.resize(out.len() / segments, 0);
            longer |= unpack(segment, &mut plane)?;
            scatter(&plane, out, sample * bytes + byte, segments);
        }
    }
    Ok(longer)
}

/// Puts a plane's bytes into each pixel.
fn scatter(plane: &[u8], out: &mut [u8], at: usize, step: usize) {
    for (pixel, &byte) in out.chunks_exact_mut(step).zip(plane) {
        pixel[at] = byte;
    }
}

/// Undoes `PackBits` until `out` is full. Returns whether there was more than padding left.
fn unpack(segment: &[u8], out: &mut [u8]) -> Result<bool, RleError> {
    let (mut at, mut filled) = (0, 0);
    while filled < out.len() {
        let Some(&control) = segment.get(at) else { return Err(RleError::Short) };
        at += 1;
        let room = out.len() - filled;
        if control < 128 {
            let count = usize::from(control) + 1;
            let Some(literal) = segment.get(at..at + count.min(room)) else { return Err(RleError::Short) };
            out[filled..filled + literal.len()].copy_from_slice(literal);
            filled += literal.len();
            at += count;
        } else if control > 128 {
            let Some(&value) = segment.get(at) else { return Err(RleError::Short) };
            let count = (257 - usize::from(control)).min(room);
            out[filled..filled + count].fill(value);
            filled += count;
            at += 1;
        }
    }
    Ok(segment.len() > at + 1)
}

/// Encodes a frame: samples of `bytes` bytes, little endian, by pixel, `samples` to each, `columns` pixels to a row.
///
/// Nothing when the samples have more bytes than there can be segments.
pub fn encode(data: &[u8], samples: usize, bytes: usize, columns: usize) -> Option<Vec<u8>> {
    let segments = samples * bytes;
    if segments == 0 || segments > MAX_SEGMENTS || columns == 0 {
        return None;
    }
    let mut out = vec![0; HEADER];
    out[0] = segments as u8;
    let mut plane = Vec::with_capacity(data.len() / segments);
    for index in 0..segments {
        let offset = u32::try_from(out.len()).ok()?;
        out[4 + 4 * index..8 + 4 * index].copy_from_slice(&offset.to_le_bytes());
        let at = index / bytes * bytes + bytes - 1 - index % bytes;
        plane.clear();
        plane.extend(data.chunks_exact(segments).map(|pixel| pixel[at]));
        for row in plane.chunks(columns) {
            pack(row, &mut out);
        }
        if out.len() % 2 == 1 {
            out.push(0);
        }
    }
    Some(out)
}

/// `PackBits` of one row: runs of three and more, literals between them.
fn pack(row: &[u8], out: &mut Vec<u8>) {
    let mut literal = 0;
    let mut at = 0;
    while at < row.len() {
        let run = row[at..].iter().take(128).take_while(|&&byte| byte == row[at]).count();
        if run >= 3 || (run == 2 && literal == at) {
            flush(&row[literal..at], out);
            out.extend([(257 - run) as u8, row[at]]);
            at += run;
            literal = at;
        } else {
            at += run;
        }
    }
    flush(&row[literal..], out);
}

fn flush(literal: &[u8], out: &mut Vec<u8>) {
    for piece in literal.chunks(128) {
        out.push((piece.len() - 1) as u8);
        out.extend_from_slice(piece);
    }
}
