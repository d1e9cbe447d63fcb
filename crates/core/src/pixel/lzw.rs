//! LZW as TIFF has it: codes of 9 to 12 bits, the most significant bit first (TIFF 6.0, 13; not DICOM).

const CLEAR: usize = 256;
const END: usize = 257;
const FIRST: usize = 258;
const CODES: usize = 4096;
const NARROWEST: u32 = 9;
const WIDEST: u32 = 12;

/// Bytes that are written at once: most strings are shorter.
const HEAD: u32 = 8;

/// What a code means.
#[derive(Clone, Copy, Default)]
struct Text {
    /// Its first bytes, the first in the lowest bits.
    head: u64,
    /// Where it stands in what was decoded, when it is longer.
    start: u32,
    length: u32,
}

impl Text {
    /// This text and one byte more, which stands behind it.
    fn and(self, byte: u64) -> Self {
        // Longer texts keep their head; a shift of 64 and more would be none at all.
        let more = if self.length < HEAD { byte << (8 * self.length) } else { 0 };
        Self { head: self.head | more, start: self.start, length: self.length + 1 }
    }
}

/// Decodes a strip or tile into `out`, and returns how many bytes there are; when `out` is full, what is behind is not
/// looked at. None when it is no LZW.
///
/// A code means bytes that came before, so it is kept as their head and where they stand: there is no chain to be
/// followed backwards, and nothing to be guessed by the processor for short ones.
pub fn decode(coded: &[u8], out: &mut [u8]) -> Option<usize> {
    u32::try_from(out.len()).ok()?; // where texts stand
    // Of a length that is known: indices of 12 bits need no check.
    let mut texts: Box<[Text; CODES]> = vec![Text::default(); CODES].into_boxed_slice().try_into().ok()?;
    for (byte, text) in texts[..CLEAR].iter_mut().enumerate() {
        *text = Text { head: byte as u64, start: 0, length: 1 };
    }
    let (mut next, mut width, mut end) = (FIRST, NARROWEST, 0_u32);
    let mut before = Text::default(); // of no length behind a clear
    let mut bits = Bits { coded, at: 0, held: 0, count: 0 };
    while let Some(code) = bits.take(width) {
        if code & !1 == CLEAR {
            if code == END {
                return Some(end as usize);
            }
            (next, width, before) = (FIRST, NARROWEST, Text::default());
            continue;
        }
        let text = if code < next {
            texts[code]
        } else if code == next && before.length > 0 {
            before.and(before.head & 0xFF) // the very code that this one makes: its last byte is its first
        } else {
            return None;
        };
        if before.length > 0 && next < CODES {
            texts[next] = before.and(text.head & 0xFF);
            next += 1;
        }
        write(out, text, end as usize);
        before = Text { start: end, ..text };
        end = end.saturating_add(text.length);
        if end as usize >= out.len() {
            return Some(out.len());
        }
        // The width grows one code early.
        if next + 1 >= 1 << width && width < WIDEST {
            width += 1;
        }
    }
    Some(end as usize)
}

/// Writes a text, or what there is room for.
fn write(out: &mut [u8], text: Text, end: usize) {
    let Some(room) = out.get_mut(end..) else { return };
    if let Some(head) = room.first_chunk_mut::<{ HEAD as usize }>() {
        *head = text.head.to_le_bytes();
    } else {
        let length = room.len().min(text.length as usize); // less than a head
        room[..length].copy_from_slice(&text.head.to_le_bytes()[..length]);
        return;
    }
    if text.length > HEAD {
        let (start, length) = (text.start as usize, room.len().min(text.length as usize));
        out.copy_within(start..start + length, end);
        if start + length > end {
            out[end + length - 1] = text.head as u8; // its own first byte, not there when it was copied
        }
    }
}

/// Codes out of bytes.
struct Bits<'a> {
    coded: &'a [u8],
    at: usize,
    /// The next `count` bits, at the top; what is below is not read.
    held: u64,
    count: u32,
}

impl Bits<'_> {
    fn take(&mut self, width: u32) -> Option<usize> {
        if let Some(ahead) = self.coded.get(self.at..).and_then(<[u8]>::first_chunk::<8>) {
            self.held |= u64::from_be_bytes(*ahead) >> self.count;
            self.at += ((63 - self.count) / 8) as usize;
            self.count |= 0x38; // 56 and what was over
        } else {
            while self.count < width {
                let byte = *self.coded.get(self.at)?;
                self.held |= u64::from(byte) << (56 - self.count);
                self.at += 1;
                self.count += 8;
            }
        }
        let code = self.held >> (64 - width);
        self.held <<= width;
        self.count -= width;
        Some(code as usize & (CODES - 1))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Encodes as the specification does, with a table of whole strings.
    fn encode(data: &[u8]) -> Vec<u8> {
        let (mut bits, mut out, mut count) = (0_u64, Vec::new(), 0);
        let mut table: Vec<Vec<u8>> = Vec::new();
        let mut width = 9;
        let mut put = |code: usize, width: u32| {
            bits = bits << width | code as u64;
            count += width;
            while count >= 8 {
                out.push((bits >> (count - 8)) as u8);
                count -= 8;
            }
            (bits, count, out.len())
        };
        put(CLEAR, width);
        let mut string: Vec<u8> = Vec::new();
        let code_of = |table: &[Vec<u8>], string: &[u8]| match string {
            [byte] => Some(usize::from(*byte)),
            _ => table.iter().position(|known| known == string).map(|at| at + FIRST),
        };
        for &byte in data {
            let mut longer = string.clone();
            longer.push(byte);
            if code_of(&table, &longer).is_some() {
                string = longer;
                continue;
            }
            put(code_of(&table, &string).unwrap(), width);
            table.push(longer);
            if table.len() + FIRST == 4094 {
                put(CLEAR, width);
                table.clear();
                width = 9;
            } else if table.len() + FIRST == (1 << width) - 1 + 1 {
                width += 1;
            }
            string = vec![byte];
        }
        if !string.is_empty() {
            put(code_of(&table, &string).unwrap(), width);
            if table.len() + 1 + FIRST == (1 << width) - 1 + 1 {
                width += 1;
            }
        }
        put(END, width);
        put(0, 7);
        out
    }

    fn patterns() -> Vec<Vec<u8>> {
        let mut random = 1_u32;
        let mut noise = |bits: u32, length: usize| -> Vec<u8> {
            (0..length)
                .map(|_| {
                    random = random.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                    (random >> (32 - bits)) as u8
                })
                .collect()
        };
        vec![vec![], vec![7], vec![0; 30_000], noise(1, 20_000), noise(3, 20_000), noise(8, 9000)]
    }

    #[test]
    fn what_was_encoded_comes_back() {
        for data in patterns() {
            let coded = encode(&data);
            for room in [0, 1, 100] {
                let mut out = vec![0xAA; data.len() + room];
                assert_eq!(decode(&coded, &mut out), Some(data.len()));
                assert_eq!(out[..data.len()], data);
            }
            for less in [1, 2, 9, 500] {
                let mut out = vec![0xAA; data.len().saturating_sub(less)];
                assert_eq!(decode(&coded, &mut out), Some(out.len()));
                assert_eq!(out, data[..out.len()]);
            }
        }
    }

    #[test]
    fn no_bytes_panic() {
        for mut data in patterns().into_iter().map(|data| encode(&data)) {
            for at in 0..data.len().min(400) {
                data[at] = data[at].wrapping_mul(31).wrapping_add(at as u8);
                let mut out = vec![0; 500];
                assert!(decode(&data, &mut out).is_none_or(|length| length <= 500));
                let _ = decode(&data[..at], &mut out);
            }
        }
        assert_eq!(decode(&[], &mut []), Some(0));
        assert_eq!(decode(&[0xFF; 20], &mut [0; 9]), None);
    }
}
