//! The parser's short way through ordinary elements finds what the long way finds.

use filmless_core::file::{Encoding, Limits, Node, Parser, Step, View};
use filmless_core::{Finding, Tag};

/// A small generator: the same bytes every time.
struct Random(u64);

impl Random {
    fn next(&mut self, below: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % below
    }
}

/// Elements in explicit VR little endian: mostly ordinary, some long, nested, odd, out of order or damaged.
fn elements(random: &mut Random, depth: u32) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut element = 0_u16;
    for _ in 0..random.next(12) {
        element = element.wrapping_add(random.next(40) as u16);
        bytes.extend_from_slice(&[0x10, 0]);
        bytes.extend_from_slice(&element.to_le_bytes());
        match random.next(16) {
            0 if depth > 0 => {
                let inner = elements(random, depth - 1);
                let undefined = random.next(2) == 0;
                let length = if undefined { u32::MAX } else { inner.len() as u32 + 8 };
                bytes.extend_from_slice(b"SQ\0\0");
                bytes.extend_from_slice(&length.to_le_bytes());
                bytes.extend_from_slice(&[0xFE, 0xFF, 0, 0xE0]);
                bytes.extend_from_slice(&(inner.len() as u32).to_le_bytes());
                bytes.extend_from_slice(&inner);
                if undefined {
                    bytes.extend_from_slice(&[0xFE, 0xFF, 0xDD, 0xE0, 0, 0, 0, 0]);
                }
            }
            1 => bytes.extend_from_slice(b"OB\0\0\x04\0\0\0abcd"),
            2 => bytes.extend_from_slice(b"LO\x03\0abc"),
            3 => bytes.extend_from_slice(b"??\x02\0ab"),
            4 => bytes.extend_from_slice(&[random.next(256) as u8; 5]),
            _ => {
                let length = 2 * random.next(20);
                bytes.extend_from_slice(b"LO");
                bytes.extend_from_slice(&(length as u16).to_le_bytes());
                bytes.resize(bytes.len() + length as usize, b'x');
            }
        }
    }
    bytes
}

fn parse(mut parser: Parser, bytes: &[u8]) -> (Vec<Node>, Vec<Finding>, u64) {
    let view = View { bytes, base: 0, length: bytes.len() as u64 };
    assert_eq!(parser.advance(&view).unwrap(), Step::Done);
    let position = parser.position();
    let (nodes, findings) = parser.finish();
    (nodes, findings, position)
}

#[test]
fn both_ways_find_the_same() {
    let mut ordinary = 0;
    for seed in 0..4000 {
        let mut random = Random(seed);
        let bytes = elements(&mut random, 3);
        let stop = if random.next(3) == 0 { Tag(0x0010_0050) } else { Tag(u32::MAX) };
        let parser = || Parser::new(0, bytes.len() as u64, Encoding::EXPLICIT_LITTLE, Limits::default()).until(stop);
        let (short, long) = (parse(parser(), &bytes), parse(parser().without_short_way(), &bytes));
        assert_eq!(format!("{:?}", short.0), format!("{:?}", long.0), "seed {seed}");
        assert_eq!(short.1, long.1, "seed {seed}");
        assert_eq!(short.2, long.2, "seed {seed}");
        ordinary += short.0.len();
    }
    assert!(ordinary > 10_000, "the generator makes elements");
}

#[test]
fn both_ways_keep_to_the_limit_of_elements() {
    let bytes: Vec<u8> = (0..100_u8).flat_map(|number| [0x10, 0, number, 0, b'U', b'S', 2, 0, 1, 0]).collect();
    let limits = Limits { elements: 50, ..Limits::default() };
    let view = View { bytes: &bytes, base: 0, length: bytes.len() as u64 };
    let parser = || Parser::new(0, bytes.len() as u64, Encoding::EXPLICIT_LITTLE, limits);
    assert!(parser().advance(&view).is_err());
    assert!(parser().without_short_way().advance(&view).is_err());
}
