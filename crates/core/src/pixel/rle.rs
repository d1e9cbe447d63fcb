//! RLE Lossless (PS3.5 G): a segment for each byte of a sample, each of them run length coded row by row.

/// Why a frame is not RLE.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RleError {
    /// The header of 64 bytes is cut, or names another number of segments than the samples have bytes.
    Header,
    /// The first segment does not follow the header, or one begins outside the frame or before the one before it.
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
    if offsets[0] != HEADER || !offsets.is_sorted() || offsets.iter().any(|&offset| offset > data.len()) {
        return Err(RleError::Segment);
    }
    let mut planes: Vec<Runs<'_>> = offsets
        .iter()
        .enumerate()
        .map(|(index, &start)| Runs::new(&data[start..offsets.get(index + 1).copied().unwrap_or(data.len())]))
        .collect();
    if let [only] = &mut planes[..] {
        only.fill(out)?;
    } else {
        weave(&mut planes, bytes, out)?;
    }
    Ok(planes.iter().any(Runs::has_more))
}

/// Pixels whose planes are unpacked before they are put together: what they take stays in the nearest cache.
const BLOCK: usize = 4096;

/// Unpacks planes side by side and puts their bytes into each pixel.
fn weave(planes: &mut [Runs<'_>], bytes: usize, out: &mut [u8]) -> Result<(), RleError> {
    let step = planes.len();
    let mut blocks = vec![0; step * BLOCK];
    for pixels in out.chunks_mut(step * BLOCK) {
        let count = pixels.len() / step;
        for (plane, block) in planes.iter_mut().zip(blocks.chunks_exact_mut(BLOCK)) {
            plane.fill(&mut block[..count])?;
        }
        if step == 2 && bytes == 2 {
            let (high, low) = blocks.split_at(BLOCK);
            for ((pixel, &high), &low) in pixels.as_chunks_mut::<2>().0.iter_mut().zip(high).zip(low) {
                *pixel = [low, high];
            }
            continue;
        }
        for (index, block) in blocks.chunks_exact(BLOCK).enumerate() {
            // The most significant byte of the first sample comes first.
            let at = index / bytes * bytes + bytes - 1 - index % bytes;
            for (pixel, &byte) in pixels.chunks_exact_mut(step).zip(block) {
                pixel[at] = byte;
            }
        }
    }
    Ok(())
}

/// The bytes of a segment, `PackBits` undone as far as they are asked for.
struct Runs<'a> {
    segment: &'a [u8],
    at: usize,
    /// Bytes left of what the last control byte began, and the value they have when they are a run.
    left: usize,
    value: Option<u8>,
}

/// What is copied at once whatever its length, where there is room for it: cheaper than a call for the right length.
const SHORT: usize = 32;
const LONG: usize = 128;

impl<'a> Runs<'a> {
    const fn new(segment: &'a [u8]) -> Self {
        Self { segment, at: 0, left: 0, value: None }
    }

    /// Fills `out` with the next bytes.
    fn fill(&mut self, out: &mut [u8]) -> Result<(), RleError> {
        let mut filled = 0;
        loop {
            let count = self.left.min(out.len() - filled);
            let target = &mut out[filled..];
            match self.value {
                Some(value) => repeat(value, count, target),
                None => self.copy(count, target)?,
            }
            filled += count;
            self.left -= count;
            if filled == out.len() {
                return Ok(());
            }
            self.next()?;
        }
    }

    /// Reads the next control byte, and the value of a run.
    fn next(&mut self) -> Result<(), RleError> {
        let control = usize::from(*self.segment.get(self.at).ok_or(RleError::Short)?);
        self.at += 1;
        self.value = None;
        self.left = match control {
            0..128 => control + 1,
            128 => 0,
            _ => {
                self.value = Some(*self.segment.get(self.at).ok_or(RleError::Short)?);
                self.at += 1;
                257 - control
            }
        };
        Ok(())
    }

    fn copy(&mut self, count: usize, target: &mut [u8]) -> Result<(), RleError> {
        let literal = self.segment.get(self.at..).ok_or(RleError::Short)?;
        self.at += count;
        if count <= SHORT
            && let (Some(from), Some(to)) = (literal.first_chunk::<SHORT>(), target.first_chunk_mut::<SHORT>())
        {
            *to = *from;
        } else if let (Some(from), Some(to)) = (literal.first_chunk::<LONG>(), target.first_chunk_mut::<LONG>()) {
            *to = *from;
        } else {
            target[..count].copy_from_slice(literal.get(..count).ok_or(RleError::Short)?);
        }
        Ok(())
    }

    /// Whether more than padding is left.
    fn has_more(&self) -> bool {
        self.left > 0 || self.segment.len() > self.at + 1
    }
}

/// Puts a value there `count` times, 128 at most.
fn repeat(value: u8, count: usize, target: &mut [u8]) {
    if count <= SHORT
        && let Some(to) = target.first_chunk_mut::<SHORT>()
    {
        *to = [value; SHORT];
    } else if let Some(to) = target.first_chunk_mut::<LONG>() {
        *to = [value; LONG];
    } else {
        target[..count].fill(value);
    }
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
