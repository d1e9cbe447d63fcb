//! Whether two data sets mean the same.

use std::sync::Arc;

use crate::dataset::{Context, Dataset, ElementRef};
use crate::error::{Error, Place, Result};
use crate::model::{DEEPEST, little_endian, value_of, vr_of};
use crate::value::{Text, Value, parse_decimal};
use crate::{Tag, Vr};

/// Whether two data sets have the same elements with the same value representations and values, items included.
///
/// How they are encoded does not count: neither do byte order, explicit or implicit value representations, lengths and
/// delimiters, padding, group lengths, Specific Character Set (the text does), trailing delimiters of person names, nor
/// how the number of a DS or IS is spelt.
///
/// # Errors
/// As reading the sources; [`Error::Limit`] for sequences nested deeper than [`DEEPEST`].
pub fn same(left: &Dataset, right: &Dataset) -> Result<bool> {
    same_inside(left, right, 0)
}

fn same_inside(left: &Dataset, right: &Dataset, depth: u32) -> Result<bool> {
    if depth > DEEPEST {
        return Err(Error::Limit { limit: "max_depth", maximum: u64::from(DEEPEST), place: Place::default() });
    }
    let (left_elements, right_elements) = (left.elements()?, right.elements()?);
    let counts = |entry: &&(Tag, ElementRef<'_>)| !entry.0.is_group_length() && entry.0 != Tag::SPECIFIC_CHARACTER_SET;
    let tags = |entry: &(Tag, ElementRef<'_>)| entry.0;
    if !left_elements.iter().filter(counts).map(tags).eq(right_elements.iter().filter(counts).map(tags)) {
        return Ok(false);
    }
    let left_side = Side { dataset: left, context: left.context() };
    let right_side = Side { dataset: right, context: right.context() };
    let pairs = left_elements.iter().filter(counts).zip(right_elements.iter().filter(counts));
    for (&(tag, left), &(_, right)) in pairs {
        if !same_element(tag, (&left_side, left), (&right_side, right), depth)? {
            return Ok(false);
        }
    }
    Ok(true)
}

struct Side<'a> {
    dataset: &'a Dataset,
    context: Arc<Context>,
}

type Sided<'a> = (&'a Side<'a>, ElementRef<'a>);

fn same_element(tag: Tag, (left_side, left): Sided<'_>, (right_side, right): Sided<'_>, depth: u32) -> Result<bool> {
    let vr = vr_of(left_side.dataset, tag, left, &left_side.context);
    if vr != vr_of(right_side.dataset, tag, right, &right_side.context) {
        return Ok(false);
    }
    if vr == Vr::SQ {
        let left = Dataset::items_of(left, &left_side.context)?;
        let right = Dataset::items_of(right, &right_side.context)?;
        if left.len() != right.len() {
            return Ok(false);
        }
        for (left, right) in left.iter().zip(&right) {
            if !same_inside(left, right, depth + 1)? {
                return Ok(false);
            }
        }
        return Ok(true);
    }
    let (left_bytes, right_bytes) = (left.bytes()?, right.bytes()?);
    let left_value = value_of(left, &left_bytes, vr, &left_side.context);
    let right_value = value_of(right, &right_bytes, vr, &right_side.context);
    if let (Value::Bytes(_), Value::Bytes(_)) = (&left_value, &right_value) {
        return Ok(little_endian(left, vr)? == little_endian(right, vr)?);
    }
    Ok(same_value(vr, &left_value, &right_value))
}

fn same_value(vr: Vr, left: &Value<'_>, right: &Value<'_>) -> bool {
    match (left, right) {
        (Value::Text(left), Value::Text(right)) if vr == Vr::PN => {
            let nameless = |text: &Text<'_>| text.len() <= 1 && text.whole.trim_end_matches(NAME_END).is_empty();
            (nameless(left) && nameless(right)) || same_texts(left, right, same_name)
        }
        (Value::Text(left), Value::Text(right)) => same_texts(left, right, |left, right| left == right),
        (Value::Decimal(left), Value::Decimal(right)) | (Value::Integer(left), Value::Integer(right)) => {
            same_texts(left, right, same_number)
        }
        (Value::Tags(left), Value::Tags(right)) => left.iter().eq(right.iter()),
        (Value::U16(left), Value::U16(right)) => left.iter().eq(right.iter()),
        (Value::I16(left), Value::I16(right)) => left.iter().eq(right.iter()),
        (Value::U32(left), Value::U32(right)) => left.iter().eq(right.iter()),
        (Value::I32(left), Value::I32(right)) => left.iter().eq(right.iter()),
        (Value::U64(left), Value::U64(right)) => left.iter().eq(right.iter()),
        (Value::I64(left), Value::I64(right)) => left.iter().eq(right.iter()),
        (Value::F32(left), Value::F32(right)) => same_floats(left.iter().map(f64::from), right.iter().map(f64::from)),
        (Value::F64(left), Value::F64(right)) => same_floats(left.iter(), right.iter()),
        _ => false,
    }
}

fn same_texts(left: &Text<'_>, right: &Text<'_>, same: impl Fn(&str, &str) -> bool) -> bool {
    left.whole == right.whole
        || (left.len() == right.len() && left.iter().zip(right.iter()).all(|(left, right)| same(left, right)))
}

/// What stands for nothing at the end of a person name: delimiters and padding.
const NAME_END: [char; 4] = ['=', '^', ' ', '\0'];

/// Component groups, without the delimiters at the end of each and of the name (PS3.5 6.2.1).
fn same_name(left: &str, right: &str) -> bool {
    let groups = |name| str::split(str::trim_end_matches(name, NAME_END), '=').map(|group| group.trim_end_matches('^'));
    groups(left).eq(groups(right))
}

fn same_number(left: &str, right: &str) -> bool {
    left == right || parse_decimal(left).zip(parse_decimal(right)).is_some_and(|(left, right)| same_float(left, right))
}

fn same_floats(left: impl ExactSizeIterator<Item = f64>, right: impl ExactSizeIterator<Item = f64>) -> bool {
    left.len() == right.len() && left.zip(right).all(|(left, right)| same_float(left, right))
}

/// Equal, or both not a number.
#[allow(clippy::float_cmp)] // what is written and read again is exact
fn same_float(left: f64, right: f64) -> bool {
    left == right || (left.is_nan() && right.is_nan())
}
