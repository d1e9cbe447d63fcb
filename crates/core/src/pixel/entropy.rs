//! Whether the entropy-coded data of sequential JPEG make sense: decoders draw a picture of damaged ones, too.

use super::streams::Segment;

const HUFFMAN_TABLES: u8 = 0xC4;
const START_OF_SCAN: u8 = 0xDA;
const RESTART_INTERVAL: u8 = 0xDD;
/// Bits of a code that are looked up at once; few are longer.
const QUICK: u32 = 11;
/// Bits that are there at each look-up: a code of 16 and a value of 15 take 31.
const READY: u32 = 32;
/// Stands for the end of a block among steps.
const END_OF_BLOCK: u8 = 64;

/// Finds damage in the scans of a Huffman-coded sequential image (SOF0, SOF1): a code that no table has, more
/// coefficients than a block holds, and data that end before the last block or go on behind it. None also for what is
/// not looked at: other processes, and headers that say nothing.
///
/// Codes fall into step again soon, so that some damage leaves no trace.
///
/// # Returns
/// Offset of the damage, or somewhat behind it.
#[must_use]
pub fn damage(data: &[u8], segments: &[Segment]) -> Option<usize> {
    let mut tables = Tables::default();
    let mut frame = None;
    let mut interval = 0;
    for segment in segments {
        let content = data.get(segment.offset.checked_add(4)?..segment.offset.checked_add(segment.size)?)?;
        match segment.marker {
            HUFFMAN_TABLES => tables.read(content)?,
            RESTART_INTERVAL => interval = usize::from(number(content, 0)?),
            0xC0 | 0xC1 => frame = Some(Frame::read(content)?),
            START_OF_SCAN => {
                let scan = Scan::read(content, frame.as_ref()?, &tables)?;
                let found = scan.damage(data, segment.offset + segment.size, interval);
                if found.is_some() {
                    return found;
                }
            }
            _ => {}
        }
    }
    None
}

fn number(content: &[u8], at: usize) -> Option<u16> {
    Some(u16::from_be_bytes([*content.get(at)?, *content.get(at + 1)?]))
}

struct Component {
    identifier: u8,
    across: usize,
    down: usize,
}

struct Frame {
    rows: usize,
    columns: usize,
    components: Vec<Component>,
}

impl Frame {
    fn read(content: &[u8]) -> Option<Self> {
        let (rows, columns) = (usize::from(number(content, 1)?), usize::from(number(content, 3)?));
        let parts = content.get(6..6 + 3 * usize::from(*content.get(5)?))?;
        let component = |part: &[u8]| Component {
            identifier: part[0],
            across: usize::from(part[1] >> 4),
            down: usize::from(part[1] & 15),
        };
        let components: Vec<_> = parts.chunks_exact(3).map(component).collect();
        let is_known = rows > 0 && columns > 0 && components.iter().all(|one| one.across > 0 && one.down > 0);
        is_known.then_some(Self { rows, columns, components })
    }
}

/// A Huffman table (ISO/IEC 10918-1 Annex C).
struct Table {
    /// By the next bits: how many those of the code and its value are, and the step; 0 for codes that are longer.
    quick: Box<[(u8, u8); 1 << QUICK]>,
    /// By length: the first code that is too large for it, with 16 bits.
    limits: [u32; 17],
    /// By length: where its codes begin among all, less the first of them.
    starts: [i32; 17],
    /// By the number of a code.
    steps: Vec<(u8, u8)>,
}

impl Table {
    fn new(counts: &[u8], symbols: &[u8], is_ac: bool) -> Option<Self> {
        let step = |symbol: u8| match (is_ac, symbol >> 4, symbol & 15) {
            (false, _, _) => (symbol, 0),
            (true, 15, 0) => (0, 16),
            (true, _, 0) => (0, END_OF_BLOCK),
            (true, run, size) => (size, run + 1),
        };
        if !is_ac && symbols.iter().any(|&symbol| symbol > 15) {
            return None;
        }
        let mut table = Self {
            quick: Box::new([(0, 0); 1 << QUICK]),
            limits: [0; 17],
            starts: [0; 17],
            steps: symbols.iter().map(|&symbol| step(symbol)).collect(),
        };
        let (mut code, mut at) = (0_u32, 0_usize);
        for (length, &count) in (1_u32..).zip(counts) {
            table.starts[length as usize] = at as i32 - code as i32;
            for _ in 0..count {
                let (size, step) = table.steps[at];
                if length <= QUICK {
                    let first = (code as usize) << (QUICK - length);
                    table.quick.get_mut(first..first + (1 << (QUICK - length)))?.fill((length as u8 + size, step));
                }
                code += 1;
                at += 1;
            }
            if code > 1 << length {
                return None;
            }
            table.limits[length as usize] = code << (16 - length);
            code <<= 1;
        }
        Some(table)
    }

    /// How many bits the next code and its value have, and the step.
    #[inline]
    fn look_up(&self, held: u64) -> Option<(u8, u8)> {
        let quick = self.quick[(held >> (64 - QUICK)) as usize];
        if quick.0 > 0 { Some(quick) } else { self.look_up_long(held) }
    }

    #[cold]
    fn look_up_long(&self, held: u64) -> Option<(u8, u8)> {
        let next = (held >> 48) as u32;
        let length = (QUICK + 1..=16).find(|&length| next < self.limits[length as usize])?;
        let at = self.starts[length as usize] + (next >> (16 - length)) as i32;
        let (size, step) = *self.steps.get(usize::try_from(at).ok()?)?;
        Some((length as u8 + size, step))
    }
}

#[derive(Default)]
struct Tables {
    dc: [Option<Table>; 4],
    ac: [Option<Table>; 4],
}

impl Tables {
    fn read(&mut self, mut content: &[u8]) -> Option<()> {
        while let Some((&[place, ref counts @ ..], rest)) = content.split_first_chunk::<17>() {
            let total = counts.iter().map(|&count| usize::from(count)).sum();
            let (symbols, rest) = rest.split_at_checked(total)?;
            let is_ac = place >> 4 == 1;
            let kind = if is_ac { &mut self.ac } else { &mut self.dc };
            *kind.get_mut(usize::from(place & 15))? = Some(Table::new(counts, symbols, is_ac)?);
            content = rest;
        }
        Some(())
    }
}

/// The blocks of a scan.
struct Scan<'a> {
    /// Minimum coded units.
    units: usize,
    /// The tables of each block of a unit.
    blocks: Vec<(&'a Table, &'a Table)>,
}

impl<'a> Scan<'a> {
    fn read(content: &[u8], frame: &Frame, tables: &'a Tables) -> Option<Self> {
        let parts = content.get(1..1 + 2 * usize::from(*content.first()?))?;
        let is_alone = parts.len() == 2;
        let across = frame.components.iter().map(|one| one.across).max()?;
        let down = frame.components.iter().map(|one| one.down).max()?;
        let mut units = frame.columns.div_ceil(8 * across) * frame.rows.div_ceil(8 * down);
        let mut blocks = Vec::new();
        for part in parts.chunks_exact(2) {
            let component = frame.components.iter().find(|one| one.identifier == part[0])?;
            let dc = tables.dc.get(usize::from(part[1] >> 4))?.as_ref()?;
            let ac = tables.ac.get(usize::from(part[1] & 15))?.as_ref()?;
            let mut count = component.across * component.down;
            if is_alone {
                let columns = (frame.columns * component.across).div_ceil(across);
                let rows = (frame.rows * component.down).div_ceil(down);
                units = columns.div_ceil(8) * rows.div_ceil(8);
                count = 1;
            }
            blocks.extend(std::iter::repeat_n((dc, ac), count));
        }
        (!blocks.is_empty()).then_some(Self { units, blocks })
    }

    fn damage(&self, data: &[u8], start: usize, interval: usize) -> Option<usize> {
        let mut bits = Bits { data, position: start, held: 0, count: 0, made_up: 0 };
        let (mut left, mut restart) = (self.units, 0);
        loop {
            let here = if interval == 0 { left } else { interval.min(left) };
            for _ in 0..here {
                if !self.blocks.iter().all(|tables| bits.pass_block(tables)) {
                    return Some(bits.position);
                }
            }
            left -= here;
            let marker = bits.pass_end();
            if left == 0 {
                return if marker.is_none() { Some(bits.position) } else { None };
            }
            if marker != Some(0xD0 | restart) {
                return Some(bits.position);
            }
            restart = (restart + 1) & 7;
            bits.position += 2;
        }
    }
}

/// The bits of entropy-coded data, without the bytes 00 that follow each FF.
struct Bits<'a> {
    data: &'a [u8],
    /// Of the next byte to take; of a marker, when one ends the data.
    position: usize,
    /// The next bits, from the highest on.
    held: u64,
    /// How many of them are there; what is below is the same that is taken next, or 0.
    count: u32,
    /// How many of them are behind the end of the data.
    made_up: u32,
}

impl Bits<'_> {
    /// Passes by a block; false when it makes no sense.
    #[inline]
    fn pass_block(&mut self, (dc, ac): &(&Table, &Table)) -> bool {
        let Some(_) = self.pass_code(dc) else { return false };
        let mut at = 1;
        while at < 64 {
            match self.pass_code(ac) {
                Some(END_OF_BLOCK) => break,
                Some(step) => at += step,
                None => return false,
            }
        }
        at <= 64 && self.made_up <= self.count
    }

    /// Passes by a code and its value; gives the step.
    #[inline]
    fn pass_code(&mut self, table: &Table) -> Option<u8> {
        if self.count < READY {
            self.fill();
        }
        let (bits, step) = table.look_up(self.held)?;
        self.held <<= bits;
        self.count -= u32::from(bits);
        Some(step)
    }

    #[inline]
    fn fill(&mut self) {
        if let Some(next) = self.data.get(self.position..).and_then(|rest| rest.first_chunk::<8>()) {
            let next = u64::from_be_bytes(*next);
            let has_ff = next & !next.wrapping_add(0x0101_0101_0101_0101) & 0x8080_8080_8080_8080 != 0;
            if !has_ff {
                self.held |= next >> self.count;
                self.position += ((63 - self.count) >> 3) as usize;
                self.count |= 0x38; // 56 to 63, as many as there are by now
                return;
            }
        }
        self.fill_slowly();
    }

    fn fill_slowly(&mut self) {
        while self.count <= 56 {
            let byte = self.take_byte().unwrap_or_else(|| {
                self.made_up += 8;
                0
            });
            self.held |= u64::from(byte) << (56 - self.count);
            self.count += 8;
        }
    }

    /// The next byte of the data; none at a marker.
    fn take_byte(&mut self) -> Option<u8> {
        let byte = *self.data.get(self.position)?;
        if byte != 0xFF {
            self.position += 1;
            return Some(byte);
        }
        if *self.data.get(self.position + 1)? != 0 {
            return None;
        }
        self.position += 2;
        Some(0xFF)
    }

    /// Goes to the marker behind the data, and gives it; none when there is more than filling before it.
    fn pass_end(&mut self) -> Option<u8> {
        let left = self.count.checked_sub(self.made_up)?;
        let is_filling = |byte: u8| byte == 0 || byte == 0xFF;
        let held = self.held << (left % 8);
        if !(0..left / 8).all(|at| is_filling((held >> (56 - 8 * at)) as u8)) {
            return None;
        }
        while let Some(byte) = self.take_byte() {
            if !is_filling(byte) {
                return None;
            }
        }
        while self.data.get(self.position + 1) == Some(&0xFF) {
            self.position += 1;
        }
        (self.held, self.count, self.made_up) = (0, 0, 0);
        self.data.get(self.position + 1).copied()
    }
}
