//! Multi-frame functional groups as columns (PS3.3 C.7.6.16): each attribute of all frames, read in one walk.

use std::sync::Arc;

use crate::dataset::{Context, Dataset};
use crate::error::Result;
use crate::value::{Value, parse_decimal};
use crate::{Tag, Vr};

const SHARED: Tag = Tag(0x5200_9229);
const PER_FRAME: Tag = Tag(0x5200_9230);
/// Most values of one attribute that are kept of a frame.
const WIDEST: usize = 16;

/// An attribute in the macro of a functional group.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Attribute {
    /// The sequence of the macro.
    pub group: Tag,
    /// The attribute in its item.
    pub tag: Tag,
    /// Numbers that each frame has; 0 for as many as the first that has any.
    pub width: usize,
    /// It is text.
    pub text: bool,
}

/// The values of one attribute.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Column {
    /// Numbers that each row has.
    pub width: usize,
    /// The numbers, row by row; not a number where a frame has none.
    pub numbers: Vec<f64>,
    /// The text of each row, when it is text; what frames share is held once.
    pub texts: Vec<Option<Arc<str>>>,
    /// There is one row, which every frame shares.
    pub shared: bool,
}

/// Reads attributes of the functional groups of an image: of each frame its own before the shared one.
///
/// Returns how many items the per-frame groups have, and a column for each attribute that any frame has.
///
/// # Errors
/// As reading the file.
pub fn columns(dataset: &Dataset, attributes: &[Attribute]) -> Result<(usize, Vec<Option<Column>>)> {
    let context = dataset.context();
    let mut shared = vec![None; attributes.len()];
    if let Some(item) = first_item(dataset, SHARED, &context)? {
        each_value(&item, attributes, &context, |index, row| shared[index] = Some(row))?;
    }
    let mut columns: Vec<Option<Column>> = vec![None; attributes.len()];
    let mut frames = 0;
    if let Some(element) = dataset.get(PER_FRAME)? {
        let mut failed = Ok(());
        Dataset::each_item(element, &context, |item| {
            if failed.is_ok() {
                failed = each_value(&item, attributes, &context, |index, row| {
                    let column = columns[index].get_or_insert_with(|| Column::new(&attributes[index], &row));
                    column.fill(frames, shared[index].as_ref());
                    column.push(&row);
                });
                frames += 1;
            }
        })?;
        failed?;
    }
    for (index, column) in columns.iter_mut().enumerate() {
        match (column.as_mut(), &shared[index]) {
            (Some(column), shared) => column.fill(frames, shared.as_ref()),
            (None, Some(row)) => {
                let mut only = Column { shared: true, ..Column::new(&attributes[index], row) };
                only.push(row);
                *column = Some(only);
            }
            (None, None) => {}
        }
    }
    Ok((frames, columns))
}

/// What one item has of an attribute.
#[derive(Clone, Debug, Default)]
struct Row {
    numbers: Vec<f64>,
    text: Option<Arc<str>>,
}

impl Column {
    fn new(attribute: &Attribute, first: &Row) -> Self {
        let width = if attribute.width == 0 { first.numbers.len().min(WIDEST) } else { attribute.width };
        Self { width, ..Self::default() }
    }

    fn rows(&self) -> usize {
        self.numbers.len().checked_div(self.width).unwrap_or(self.texts.len())
    }

    /// Gives the frames up to one, which have no value of their own, the shared one.
    fn fill(&mut self, frames: usize, shared: Option<&Row>) {
        let none = Row::default();
        while self.rows() < frames {
            self.push(shared.unwrap_or(&none));
        }
    }

    fn push(&mut self, row: &Row) {
        if self.width == 0 {
            self.texts.push(row.text.clone());
            return;
        }
        let had = self.numbers.len();
        self.numbers.extend(row.numbers.iter().take(self.width));
        self.numbers.resize(had + self.width, f64::NAN);
    }
}

/// The first item of a sequence.
fn first_item(dataset: &Dataset, tag: Tag, context: &Arc<Context>) -> Result<Option<Dataset>> {
    let mut first = None;
    if let Some(element) = dataset.get(tag)? {
        Dataset::each_item(element, context, |item| {
            first.get_or_insert(item);
        })?;
    }
    Ok(first)
}

/// Hands over what the macros in an item of functional groups have of the attributes.
fn each_value(
    item: &Dataset,
    attributes: &[Attribute],
    context: &Arc<Context>,
    mut take: impl FnMut(usize, Row),
) -> Result<()> {
    let mut at = 0;
    while at < attributes.len() {
        let group = attributes[at].group;
        let end = attributes[at..].iter().take_while(|attribute| attribute.group == group).count() + at;
        if let Some(of_group) = first_item(item, group, context)? {
            for (index, attribute) in attributes[at..end].iter().enumerate() {
                if let Some(row) = row(&of_group, attribute, context)? {
                    take(at + index, row);
                }
            }
        }
        at = end;
    }
    Ok(())
}

/// The value of an attribute; nothing when it is absent, empty or of another kind.
fn row(item: &Dataset, attribute: &Attribute, context: &Arc<Context>) -> Result<Option<Row>> {
    let Some(element) = item.get(attribute.tag)? else { return Ok(None) };
    if item.vr(attribute.tag, element, context) == Vr::SQ {
        return Ok(None);
    }
    let most = if attribute.width == 0 { WIDEST } else { attribute.width };
    item.with_value(attribute.tag, element, context, |_, value| {
        if attribute.text {
            return match value {
                Value::Text(text) if !text.is_empty() => {
                    Some(Row { text: Some(Arc::from(text.iter().next().unwrap_or(""))), ..Row::default() })
                }
                _ => None,
            };
        }
        let numbers = numbers(&value, most);
        (!numbers.is_empty()).then_some(Row { numbers, text: None })
    })
}

/// The first numbers of a value; not a number for text that is none.
fn numbers(value: &Value<'_>, most: usize) -> Vec<f64> {
    let mut into = Vec::with_capacity(most.min(8));
    match value {
        Value::Decimal(text) | Value::Integer(text) => {
            into.extend(text.iter().take(most).map(|text| parse_decimal(text).unwrap_or(f64::NAN)));
        }
        Value::U16(numbers) => into.extend(numbers.iter().take(most).map(f64::from)),
        Value::I16(numbers) => into.extend(numbers.iter().take(most).map(f64::from)),
        Value::U32(numbers) => into.extend(numbers.iter().take(most).map(f64::from)),
        Value::I32(numbers) => into.extend(numbers.iter().take(most).map(f64::from)),
        Value::U64(numbers) => into.extend(numbers.iter().take(most).map(|number| number as f64)),
        Value::I64(numbers) => into.extend(numbers.iter().take(most).map(|number| number as f64)),
        Value::F32(numbers) => into.extend(numbers.iter().take(most).map(f64::from)),
        Value::F64(numbers) => into.extend(numbers.iter().take(most)),
        Value::Text(_) | Value::Tags(_) | Value::Bytes(_) => {}
    }
    into
}
