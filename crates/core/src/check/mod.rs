//! What breaks the Standard in a data set that was read: its structure, and the values of its elements.
//!
//! Walks everything, also the sequences and the pixel data that reading passed over. Values longer than
//! [`INLINE`](crate::file::INLINE) are judged by their length alone.

mod text;
mod value;

use std::sync::Arc;

use crate::charset::CharacterSet;
use crate::dataset::{Context, Dataset, ElementRef};
use crate::error::Result;
use crate::file::{DicomFile, Flags, INLINE, Node, Parsed};
use crate::finding::{Code, Finding};
use crate::{Tag, Vr, dictionary, transfer_syntax};

/// Findings beyond this many are dropped: a hostile file must not buy memory with oddities.
const MOST_FINDINGS: usize = 10_000;

/// Recognition Code (retired): ACR-NEMA has it, DICOM never had.
const RECOGNITION_CODE: Tag = Tag(0x0008_0010);

/// Every finding of a data set, in the order of the file. Elements that were set since have offset 0.
///
/// DICOM: PS3.5 6.2, 6.4, 7.
///
/// # Errors
/// As reading the file.
pub fn check(dataset: &Dataset) -> Result<Vec<Finding>> {
    Check { encapsulated: None, findings: Vec::new() }.run(dataset)
}

/// Every finding of a file: of the file itself, of its meta information and of its data set.
///
/// DICOM: PS3.5 6.2, 6.4, 7, A.4; PS3.10 7.
///
/// # Errors
/// As reading the file.
pub fn check_file(file: &DicomFile) -> Result<Vec<Finding>> {
    let mut findings = check(&file.meta)?;
    findings.extend_from_slice(&file.findings);
    in_order(&mut findings);
    let row = transfer_syntax::find(&file.transfer_syntax);
    let encapsulated = row.map(|row| row.encapsulated);
    // The offsets of an inflated data set have an origin of their own: they come after the others in any case.
    findings.extend(Check { encapsulated, findings: Vec::new() }.run(&file.dataset)?);
    Ok(findings)
}

fn in_order(findings: &mut Vec<Finding>) {
    findings.sort_by_key(|finding| (finding.offset, finding.code, finding.tag));
    findings.dedup();
}

struct Check {
    /// Whether the transfer syntax wants Pixel Data encapsulated, when it is known.
    encapsulated: Option<bool>,
    findings: Vec<Finding>,
}

/// A group length, until its group has ended.
struct OpenGroup {
    tag: Tag,
    start: u64,
    declared: Option<u64>,
    /// Where its group begins, and ends as far as it was seen.
    extent: (u64, u64),
}

impl Check {
    fn run(mut self, dataset: &Dataset) -> Result<Vec<Finding>> {
        // Not by recursion: the depth of a file is not the depth of a stack.
        let mut pending = vec![dataset.clone()];
        let mut at_root = true;
        while let Some(dataset) = pending.pop() {
            self.data_set(&dataset, at_root, &mut pending)?;
            at_root = false;
        }
        if let Some(parsed) = dataset.parsed() {
            let first = self.findings.len();
            parsed.collect_findings(&mut self.findings);
            if let Some(item) = dataset.item_node() {
                let inside = item.start()..item.end;
                let mut index = 0;
                self.findings.retain(|finding| {
                    index += 1;
                    index <= first || inside.contains(&finding.offset)
                });
            }
        }
        in_order(&mut self.findings);
        Ok(self.findings)
    }

    fn note(&mut self, code: Code, tag: Tag, offset: u64) {
        if self.findings.len() < MOST_FINDINGS {
            self.findings.push(Finding::new(code, tag, offset));
        }
    }

    fn data_set(&mut self, dataset: &Dataset, at_root: bool, pending: &mut Vec<Dataset>) -> Result<()> {
        let context = dataset.context();
        let elements = dataset.in_file_order()?;
        let mut group: Option<OpenGroup> = None;
        let mut creator = (Tag(0), true);
        let mut ascending = true;
        let mut last = Tag(0);
        for &(tag, element) in &elements {
            let start = element.node().map_or(0, Node::start);
            ascending &= last <= tag;
            last = tag;
            group = self.group_length(group, tag, element);
            if tag.is_private() && !tag.is_group_length() && !tag.is_private_creator() {
                let needed = tag.private_creator().unwrap_or(tag);
                if creator.0 != needed {
                    creator = (needed, needed != tag && dataset.find(needed).is_some());
                }
                if !creator.1 {
                    self.note(Code::MissingCreator, tag, start);
                }
            }
            let vr = dataset.vr(tag, element, &context);
            if vr == Vr::SQ {
                self.representation(tag, element, start);
                pending.extend(Dataset::items_of(element, &context)?);
            } else {
                self.element(tag, element, vr, &context)?;
            }
            if tag == Tag::PIXEL_DATA || element.node().is_some_and(|node| node.flags.has(Flags::FRAGMENTS)) {
                self.pixel_data(tag, element, at_root)?;
            }
        }
        if let Some(group) = group {
            self.end_of_group(&group);
        }
        if !ascending {
            self.duplicates(&elements);
        }
        Ok(())
    }

    /// Keeps account of a group that began with its length (PS3.5 7.2).
    fn group_length(&mut self, group: Option<OpenGroup>, tag: Tag, element: ElementRef<'_>) -> Option<OpenGroup> {
        let node = element.node();
        let mut group = group;
        if let Some(open) = &mut group {
            match node {
                // Nobody agrees whether fragments count.
                Some(node) if node.flags.has(Flags::FRAGMENTS) => return None,
                Some(node) if tag.group() == open.tag.group() && !tag.is_group_length() => {
                    open.extent.1 = node.end;
                    return group;
                }
                None => return None,
                Some(_) => self.end_of_group(open),
            }
        }
        let (true, Some(node)) = (tag.is_group_length() && tag.group() != 2, node) else { return None };
        let bytes = element.bytes().ok();
        let raw = bytes.as_deref().filter(|_| node.length() == 4).and_then(|bytes| bytes.first_chunk::<4>());
        let declared = raw.map(|raw| u64::from(node.encoding().u32(*raw)));
        Some(OpenGroup { tag, start: node.start(), declared, extent: (node.end, node.end) })
    }

    fn end_of_group(&mut self, group: &OpenGroup) {
        if group.declared != Some(group.extent.1.saturating_sub(group.extent.0)) {
            self.note(Code::GroupLength, group.tag, group.start);
        }
    }

    /// Tags that occur again, adjacent or not.
    fn duplicates(&mut self, elements: &[(Tag, ElementRef<'_>)]) {
        let mut places: Vec<_> =
            elements.iter().map(|&(tag, element)| (tag, element.node().map_or(0, Node::start))).collect();
        places.sort_unstable();
        for pair in places.windows(2) {
            if pair[0].0 == pair[1].0 {
                self.note(Code::DuplicateTag, pair[1].0, pair[1].1);
            }
        }
    }

    /// Whether the written value representation is one the dictionary has for the tag.
    fn representation(&mut self, tag: Tag, element: ElementRef<'_>, start: u64) -> bool {
        let written = element.written_vr();
        let by_file = element.node().is_none_or(|node| !node.flags.has(Flags::IMPLICIT));
        let right =
            written == Vr::UN || !by_file || dictionary::vr(tag).is_none_or(|known| value::is_allowed(written, known));
        if !right {
            self.note(Code::WrongVr, tag, start);
        }
        right
    }

    fn element(&mut self, tag: Tag, element: ElementRef<'_>, vr: Vr, context: &Context) -> Result<()> {
        let start = element.node().map_or(0, Node::start);
        let right = self.representation(tag, element, start);
        let length = element.length();
        let fragments = element.node().is_some_and(|node| node.flags.has(Flags::FRAGMENTS));
        if length == 0 || fragments || vr == Vr::UN {
            return Ok(());
        }
        if !length.is_multiple_of(value::unit(vr)) {
            self.note(Code::ValueLength, tag, start);
        }
        let vm = dictionary::lookup(tag).filter(|_| right && !tag.is_private()).map(dictionary::Entry::vm_range);
        if length > INLINE {
            let count = value::count_by_length(vr, length);
            if vm.zip(count).is_some_and(|(vm, count)| !value::is_multiplicity(vm, count)) {
                self.note(Code::ValueMultiplicity, tag, start);
            }
            return Ok(());
        }
        let bytes = element.bytes()?;
        let mut count = value::count_by_length(vr, length);
        if vr.is_text() {
            let set = element.character_set(context);
            count = Some(self.text(tag, start, vr, &bytes, &set));
        } else if vr == Vr::AT && value::is_tag_as_text(&bytes) {
            self.note(Code::ValueForm, tag, start);
        }
        if vm.zip(count).is_some_and(|(vm, count)| !value::is_multiplicity(vm, count)) {
            self.note(Code::ValueMultiplicity, tag, start);
        }
        Ok(())
    }

    /// Notes what is wrong with a text value, and counts its values.
    fn text(&mut self, tag: Tag, start: u64, vr: Vr, bytes: &[u8], set: &CharacterSet) -> u64 {
        if tag == Tag::SPECIFIC_CHARACTER_SET {
            for code in CharacterSet::from_value(bytes).1 {
                self.note(code, tag, start);
            }
        } else if tag == RECOGNITION_CODE && bytes.starts_with(b"ACR-NEMA") {
            self.note(Code::AcrNema, tag, start);
        }
        let judged = text::judge(vr, bytes, set);
        for code in judged.codes() {
            self.note(code, tag, start);
        }
        judged.values
    }

    /// Encapsulated where the transfer syntax has it, with at least one fragment (PS3.5 A.4).
    fn pixel_data(&mut self, tag: Tag, element: ElementRef<'_>, at_root: bool) -> Result<()> {
        let ElementRef::Stored(parsed, index) = element else { return Ok(()) };
        let node = &parsed.nodes()[index as usize];
        let fragments = node.flags.has(Flags::FRAGMENTS);
        match self.encapsulated {
            Some(true) if !fragments && at_root && node.length() != 0 => {
                self.note(Code::NativeEncapsulated, tag, node.start());
            }
            Some(false) if fragments => self.note(Code::EncapsulatedNative, tag, node.start()),
            _ => {}
        }
        if fragments && !has_fragment(parsed, node)? {
            self.note(Code::NoFragments, tag, node.start());
        }
        Ok(())
    }
}

/// Whether anything follows the basic offset table.
fn has_fragment(parsed: &Arc<Parsed>, node: &Node) -> Result<bool> {
    let table = parsed.range(node.offset, node.value_end().min(node.offset + 8))?;
    let Some(length) = table.get(4..8).and_then(|raw| raw.first_chunk::<4>()) else { return Ok(false) };
    Ok(node.length() > 8 + u64::from(node.encoding().u32(*length)))
}
