//! Fragments, RLE, packed bits and functional groups.

use std::sync::Arc;

use filmless_core::dataset::{Dataset, Element, ElementRef};
use filmless_core::file::{ReadOptions, read_bytes};
use filmless_core::pixel::functional_groups::{Attribute, columns};
use filmless_core::pixel::stored::StoredValue;
use filmless_core::pixel::{bits as packed, fragments as found, lzw, png, rle as run_length};
use filmless_core::{Tag, Vr};

/// The value of encapsulated pixel data, as it was set and as a file has it: the items lie in it, one behind the other.
pub fn fragments(data: &[u8]) {
    let element = Element::bytes(Vr::OB, data);
    check_fragments(ElementRef::Edited(&element), data.len() as u64);
    let mut file = [&[0; 128][..], b"DICM\x02\0\x10\0UI\x16\x001.2.840.10008.1.2.4.80"].concat();
    file.extend_from_slice(b"\xE0\x7F\x10\0OB\0\0\xFF\xFF\xFF\xFF");
    file.extend_from_slice(data);
    let Ok(file) = read_bytes(Arc::new(file), &ReadOptions::default()) else { return };
    if let Ok(Some(element)) = file.dataset.get(Tag::PIXEL_DATA) {
        check_fragments(element, element.length());
    }
}

fn check_fragments(element: ElementRef<'_>, length: u64) {
    let Ok(all) = found::fragments(element, 1 << 16) else { return };
    assert_eq!(all.items.len(), all.heads.len());
    let mut end = 0;
    for (&(start, size), head) in all.items.iter().zip(&all.heads) {
        assert!(start >= end + 8 && start + size <= length, "an item lies behind the one before, inside the value");
        let value = StoredValue::open(element).expect("memory is opened");
        let bytes = value.range(start, start + size).expect("memory is read");
        assert_eq!(bytes.len() as u64, size);
        let shown = bytes.len().min(found::HEAD);
        assert_eq!(bytes[..shown], head[..shown]);
        end = start + size;
    }
    let tails = found::tails(element, &all.items).expect("memory is read");
    assert_eq!(tails.len(), all.items.len());
    // Items that nobody found, too.
    let _ = found::tails(element, &[(u64::MAX, u64::MAX), (length, 1), (0, u64::MAX), (u64::MAX - 1, 4)]);
}

/// A frame of RLE: the first bytes say samples, their bytes, and how many there are. Then as samples, there and back.
pub fn rle(data: &[u8]) {
    let [samples, bytes, columns, pixels, rest @ ..] = data else { return };
    let (samples, bytes) = (usize::from(samples % 5), usize::from(bytes % 9));
    let mut out = vec![0; samples * bytes * usize::from(*pixels)];
    let _ = run_length::decode(rest, samples, bytes, &mut out);
    let whole = rest.len().checked_div(samples * bytes).map_or(0, |count| count * samples * bytes);
    let plain = &rest[..whole];
    if let Some(encoded) = run_length::encode(plain, samples, bytes, usize::from(*columns)) {
        let mut again = vec![0; whole];
        run_length::decode(&encoded, samples, bytes, &mut again).expect("what was encoded decodes");
        assert_eq!(plain, again, "RLE is lossless");
    }
}

/// What pictures are coded in: LZW of TIFF into as much room as the first bytes say, and rows of PNG, there and back.
pub fn pictures(data: &[u8]) {
    let [room, row, step, rest @ ..] = data else { return };
    let mut out = vec![0; usize::from(*room) * 16];
    assert!(lzw::decode(rest, &mut out).is_none_or(|length| length <= out.len()));
    let (row, step) = (usize::from(*row), usize::from(*step % 9));
    let _ = png::unfilter(&mut rest.to_vec(), row, step);
    let whole = rest.len().checked_div(row).map_or(0, |rows| rows * row);
    if let Some(mut filtered) = png::filter(&rest[..whole], row, step)
        && png::unfilter(&mut filtered, row, step).is_ok()
    {
        assert_eq!(filtered[..whole], rest[..whole], "filters can be undone");
    }
}

/// Samples that do not fill their bytes.
pub fn bits(data: &[u8]) {
    let [size, stored, high, first, rest @ ..] = data else { return };
    let mut samples = rest.to_vec();
    packed::keep_stored(&mut samples, usize::from(*size % 10), u32::from(*stored), u32::from(*high), first & 1 == 1);
    let once = samples.clone();
    if high.checked_add(1) == Some(*stored) {
        packed::keep_stored(
            &mut samples,
            usize::from(*size % 10),
            u32::from(*stored),
            u32::from(*high),
            first & 1 == 1,
        );
        assert_eq!(once, samples, "there is nothing left to drop");
    }
    packed::unpack(rest, u32::from(*first), u32::from(*stored), &mut samples);
}

/// Functional groups of a data set in explicit VR little endian.
pub fn functional_groups(data: &[u8]) {
    let mut file = [&[0; 128][..], b"DICM\x02\0\x10\0UI\x14\x001.2.840.10008.1.2.1\0"].concat();
    file.extend_from_slice(data);
    let Ok(file) = read_bytes(Arc::new(file), &ReadOptions { force: true, ..ReadOptions::default() }) else { return };
    let attributes = [
        (0x0020_9113, 0x0020_0032, 3, false),
        (0x0028_9110, 0x0028_0030, 2, false),
        (0x0028_9110, 0x0018_0050, 1, false),
        (0x0020_9111, 0x0020_9157, 0, false),
        (0x0020_9111, 0x0020_9056, 0, true),
    ]
    .map(|(group, tag, width, text)| Attribute { group: Tag(group), tag: Tag(tag), width, text });
    check_columns(&file.dataset, &attributes);
}

fn check_columns(dataset: &Dataset, attributes: &[Attribute]) {
    let Ok((frames, all)) = columns(dataset, attributes) else { return };
    assert_eq!(all.len(), attributes.len());
    for column in all.into_iter().flatten() {
        let rows = if column.shared { 1 } else { frames };
        let found = if column.width == 0 { column.texts.len() } else { column.numbers.len() / column.width };
        assert_eq!(found, rows, "there is a row for each frame, or the shared one");
    }
}
