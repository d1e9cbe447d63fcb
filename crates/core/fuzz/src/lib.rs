//! What the fuzz targets do with their bytes: each gives a data set that stays the same however often it is written
//! and read again, or an error; never a panic.

mod luts;
mod pixels;
mod upper_layer;

pub use luts::{luts, streams};
pub use pixels::{bits, fragments, functional_groups, pictures, rle};
pub use upper_layer::{command_set, upper_layer};

use std::sync::Arc;

use filmless_core::compare::same;
use filmless_core::dataset::Dataset;
use filmless_core::file::{FileParts, Lengths, Limits, Plan, ReadOptions, WriteOptions, plan_file, read_bytes};
use filmless_core::model::{ModelLimits, no_bulk_data};
use filmless_core::{Vr, json, xml};

const LIMITS: ModelLimits = ModelLimits { depth: 64, elements: 100_000, allocation: 1 << 24 };

/// JSON, read and written twice.
pub fn json(data: &[u8]) {
    if let Ok(dataset) = json::read(data, &LIMITS, &mut no_bulk_data) {
        settles(&dataset, as_json, from_json);
    }
}

/// Native XML, read and written twice.
pub fn xml(data: &[u8]) {
    if let Ok(dataset) = xml::read(data, &LIMITS, &mut no_bulk_data) {
        settles(&dataset, as_xml, from_xml);
    }
}

/// A file of any kind.
pub fn file(data: &[u8]) {
    let limits = Limits { depth: 64, elements: 100_000, inflated: Some(1 << 24) };
    let options = ReadOptions { limits, force: true, ..ReadOptions::default() };
    let Ok(file) = read_bytes(Arc::new(data.to_vec()), &options) else { return };
    walk(&file.dataset);
    let parts = FileParts { dataset: &file.dataset, meta: &file.meta, origin: Some(&file), preamble: None };
    if let Ok(plan) = plan_file(&parts, &WriteOptions::default()) {
        let again =
            read_bytes(Arc::new(bytes_of(&plan)), &options).expect("what was read and not touched is read again");
        assert!(same(&file.dataset, &again.dataset).unwrap(), "what was read and not touched is the same");
    }
    for (lengths, repair) in [(Lengths::Undefined, false), (Lengths::Defined, true)] {
        if let Ok(plan) = plan_file(&parts, &WriteOptions { lengths, repair, ..WriteOptions::default() })
            && let Ok(again) = read_bytes(Arc::new(bytes_of(&plan)), &options)
        {
            walk(&again.dataset);
        }
    }
    if let Ok(text) = as_json(&file.dataset) {
        let again = from_json(&text).expect("our own JSON is read");
        assert!(same(&without_group_2(&file.dataset), &again).unwrap(), "JSON keeps what a data set means");
    }
    if let Ok(text) = as_xml(&file.dataset) {
        let again = from_xml(&text).expect("our own XML is read");
        assert!(same(&without_group_2(&file.dataset), &again).unwrap(), "XML keeps what a data set means");
    }
}

/// A data set in a file of a transfer syntax.
pub fn data_set(transfer_syntax: &str, data: &[u8]) {
    let mut bytes = [&[0; 128][..], b"DICM\x02\0\x10\0UI"].concat();
    let length = transfer_syntax.len().next_multiple_of(2);
    bytes.extend_from_slice(&(length as u16).to_le_bytes());
    bytes.extend_from_slice(transfer_syntax.as_bytes());
    bytes.resize(bytes.len() + length - transfer_syntax.len(), 0);
    bytes.extend_from_slice(data);
    file(&bytes);
}

/// Looks at every value of every element.
fn walk(dataset: &Dataset) {
    let context = dataset.context();
    let Ok(elements) = dataset.elements() else { return };
    for (tag, element) in elements {
        if dataset.vr(tag, element, &context) == Vr::SQ {
            if let Ok(items) = Dataset::items_of(element, &context) {
                items.iter().for_each(walk);
            }
        } else {
            let _ = dataset.with_value(tag, element, &context, |_, value| value.multiplicity());
        }
    }
}

/// What is written from what was read is read as the same, and written as the same text.
fn settles<T: PartialEq + std::fmt::Debug>(
    dataset: &Dataset,
    write: impl Fn(&Dataset) -> filmless_core::Result<T>,
    read: impl Fn(&T) -> filmless_core::Result<Dataset>,
) {
    let first = write(dataset).expect("what was read is written");
    let once = read(&first).expect("what was written is read");
    assert!(same(&without_group_2(dataset), &once).unwrap());
    assert_eq!(first, write(&once).expect("what was read is written"));
}

/// The models leave group 0002 out, and so must what they are compared with.
fn without_group_2(dataset: &Dataset) -> Dataset {
    let mut dataset = dataset.clone();
    let context = dataset.context();
    let mut stripped = Vec::new();
    for (tag, element) in dataset.elements().unwrap_or_default() {
        if tag.group() == 2 {
            stripped.push((tag, None));
        } else if dataset.vr(tag, element, &context) == Vr::SQ {
            let items = Dataset::items_of(element, &context).unwrap_or_default();
            // Bytes that were set as UN have no items, whatever the dictionary says of their tag.
            if !items.is_empty() {
                stripped.push((tag, Some(items.iter().map(without_group_2).collect())));
            }
        }
    }
    for (tag, items) in stripped {
        match items {
            Some(items) => dataset.set(tag, filmless_core::dataset::Element::items(items)),
            None => dataset.remove(tag),
        }
    }
    dataset
}

fn bytes_of(plan: &Plan) -> Vec<u8> {
    let mut bytes = Vec::new();
    plan.write_to(&mut bytes).expect("memory is written to");
    bytes
}

fn as_json(dataset: &Dataset) -> filmless_core::Result<String> {
    json::to_string(dataset, &json::JsonOptions::default())
}

fn from_json(text: &String) -> filmless_core::Result<Dataset> {
    json::read(text.as_bytes(), &ModelLimits::default(), &mut no_bulk_data)
}

fn as_xml(dataset: &Dataset) -> filmless_core::Result<String> {
    xml::to_string(dataset, &xml::XmlOptions::default())
}

fn from_xml(text: &String) -> filmless_core::Result<Dataset> {
    xml::read(text.as_bytes(), &ModelLimits::default(), &mut no_bulk_data)
}
