//! JSON to data sets, without recursion: depth costs heap and meets a limit.

use jiter::{Jiter, JiterError, JiterErrorType, JsonErrorType, Peek};

use super::JsonLimits;
use crate::Tag;
use crate::dataset::Dataset;
use crate::dictionary;
use crate::error::{Error, Place, Result};
use crate::model::{Bounds, Draft, FetchBulk, Kind, Literals, parse_hex};

/// Reads the JSON of one data set: an object, or an array that holds just one, as web services give it.
///
/// Tags are eight hexadecimal digits or keywords; of duplicates the last one counts. An element without `vr` has the
/// one of the dictionaries. Members that the model does not have are passed over. `bulk` is asked for the bytes of
/// each `BulkDataURI`.
///
/// DICOM: PS3.18 F.2.
///
/// # Errors
/// [`Error::Format`] for what is no JSON, or no JSON of a data set; [`Error::Value`] for values that do not fit their
/// value representation; [`Error::Limit`]; those of `bulk`.
pub fn read(text: &[u8], limits: &JsonLimits, bulk: &mut FetchBulk<'_>) -> Result<Dataset> {
    let mut all = read_all(text, limits, bulk)?;
    match (all.pop(), all.len()) {
        (Some(dataset), 0) => Ok(dataset),
        (_, others) => {
            let count = if others > 0 { "several" } else { "no" };
            Err(Error::format(format!("the JSON has {count} data sets, expected one"), Place::default()))
        }
    }
}

/// Reads the JSON of any number of data sets: an array of objects, or one object.
///
/// # Errors
/// As [`read`].
pub fn read_all(text: &[u8], limits: &JsonLimits, bulk: &mut FetchBulk<'_>) -> Result<Vec<Dataset>> {
    let text = text.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(text);
    // Python writes `NaN` and `Infinity` as they are: no JSON, but no doubt about what is meant.
    let mut reader = Reader { json: Jiter::new(text).with_allow_inf_nan(), bounds: Bounds::new(limits), bulk };
    let mut all = Vec::new();
    match reader.peek()? {
        Peek::Object => all.push(reader.data_set()?),
        Peek::Array => {
            let mut next = reader.json.known_array();
            while let Some(peek) = next.map_err(syntax)? {
                if peek != Peek::Object {
                    return Err(reader.not_a_data_set());
                }
                all.push(reader.data_set()?);
                next = reader.json.array_step();
            }
        }
        _ => return Err(reader.not_a_data_set()),
    }
    reader.json.finish().map_err(syntax)?;
    Ok(all)
}

/// What comes next in the text.
enum Next {
    /// An element of the data set, its key read; or nothing, its end.
    Element(Option<Tag>),
    /// A member of the element's object; the first one or another.
    Member(bool),
    /// A value in the element's array; the first one or another.
    Value(bool),
}

/// A data set and its sequence element, while an item of that is being read.
struct Outer {
    dataset: Dataset,
    draft: Draft,
}

/// What the first key of an object in `Value` tells.
enum Object {
    Empty,
    Item(Tag),
    Name(usize),
}

struct Reader<'j, 'b, 'f> {
    json: Jiter<'j>,
    bounds: Bounds,
    bulk: &'b mut FetchBulk<'f>,
}

impl Reader<'_, '_, '_> {
    /// Reads a data set, the next thing being its opening brace.
    fn data_set(&mut self) -> Result<Dataset> {
        let mut outer: Vec<Outer> = Vec::new();
        let mut dataset = Dataset::new();
        let mut draft = Draft::default();
        let mut next = Next::Element(self.first_tag()?);
        loop {
            next = match next {
                Next::Element(None) => {
                    let Some(level) = outer.pop() else { return Ok(dataset) };
                    draft = level.draft;
                    draft.literals.push_item(std::mem::replace(&mut dataset, level.dataset));
                    Next::Value(false)
                }
                Next::Element(Some(tag)) => {
                    self.bounds.count(tag)?;
                    draft = Draft::new(tag)?;
                    if self.peek()? != Peek::Object {
                        return Err(self.wrong(tag, "an object with `vr` and `Value`"));
                    }
                    Next::Member(true)
                }
                Next::Member(first) => match self.member(&mut draft, first)? {
                    Member::End => {
                        std::mem::take(&mut draft).finish(&mut dataset, self.bulk)?;
                        Next::Element(self.next_tag()?)
                    }
                    Member::Read => Next::Member(false),
                    Member::Values => Next::Value(true),
                },
                Next::Value(first) => match self.value(&mut draft, first)? {
                    Values::End => Next::Member(false),
                    Values::Read => Next::Value(false),
                    Values::Item(tag) => {
                        self.bounds.enter(draft.tag, outer.len() + 1)?;
                        outer.push(Outer { dataset: std::mem::take(&mut dataset), draft: std::mem::take(&mut draft) });
                        Next::Element(Some(tag))
                    }
                },
            };
        }
    }

    /// Reads a member of an element's object, up to the first value when it is an array of them.
    fn member(&mut self, draft: &mut Draft, first: bool) -> Result<Member> {
        let key = if first { self.json.known_object() } else { self.json.next_key() };
        let Some(key) = key.map_err(syntax)? else { return Ok(Member::End) };
        let key = match key {
            "vr" => Key::Vr,
            "Value" => Key::Value,
            "InlineBinary" => Key::InlineBinary,
            "BulkDataURI" => Key::BulkDataUri,
            _ => {
                self.json.next_skip().map_err(syntax)?; // jiter does this without recursion, 200 deep at most
                return Ok(Member::Read);
            }
        };
        let peek = self.peek()?;
        match (key, peek) {
            (Key::Value, Peek::Array) => {
                draft.literals = Literals::default();
                return Ok(Member::Values);
            }
            (_, Peek::Null) => self.json.known_null().map_err(syntax)?,
            (Key::Value, _) => return Err(self.wrong(draft.tag, "an array as `Value`")),
            (_, Peek::String) => {
                let text = self.json.known_str().map_err(syntax)?;
                match key {
                    Key::Vr => draft.name_vr(text)?,
                    Key::InlineBinary => draft.set_binary(text.as_bytes(), &self.bounds.limits)?,
                    _ => draft.uri = Some(text.to_owned()),
                }
            }
            _ => return Err(self.wrong(draft.tag, "a string as `vr`, `InlineBinary` and `BulkDataURI`")),
        }
        Ok(Member::Read)
    }

    /// Reads a value, up to the first element when it is an item.
    fn value(&mut self, draft: &mut Draft, first: bool) -> Result<Values> {
        let peek = if first { self.json.known_array() } else { self.json.array_step() };
        let Some(peek) = peek.map_err(syntax)? else { return Ok(Values::End) };
        match peek {
            Peek::String => draft.literals.push(Kind::Text, self.json.known_str().map_err(syntax)?),
            Peek::Null => {
                self.json.known_null().map_err(syntax)?;
                draft.literals.push(Kind::Null, "");
            }
            Peek::Object => match self.object()? {
                Object::Item(tag) => return Ok(Values::Item(tag)),
                Object::Name(group) => self.name(draft, group)?,
                Object::Empty => {
                    self.bounds.count(draft.tag)?;
                    draft.literals.push_item(Dataset::new());
                }
            },
            Peek::True | Peek::False | Peek::Array => {
                return Err(self.wrong(draft.tag, "strings, numbers or objects in `Value`"));
            }
            number => {
                let digits = self.json.known_number_bytes(number).map_err(syntax)?;
                draft.literals.push(Kind::Number, std::str::from_utf8(digits).unwrap_or_default());
            }
        }
        Ok(Values::Read)
    }

    /// Reads the opening brace and the first key of an object in `Value`.
    fn object(&mut self) -> Result<Object> {
        let offset = self.json.current_index() as u64;
        let Some(key) = self.json.known_object().map_err(syntax)? else { return Ok(Object::Empty) };
        match group_of(key) {
            Some(group) => Ok(Object::Name(group)),
            None => tag_of(key, offset).map(Object::Item),
        }
    }

    /// Reads a person name, of which the key of the first group was read.
    fn name(&mut self, draft: &mut Draft, group: usize) -> Result<()> {
        let mut groups = <[String; 3]>::default();
        let mut at = Some(group);
        loop {
            match (at, self.peek()?) {
                (Some(group), Peek::String) => self.json.known_str().map_err(syntax)?.clone_into(&mut groups[group]),
                (Some(_), Peek::Null) => self.json.known_null().map_err(syntax)?,
                (Some(_), _) => return Err(self.wrong(draft.tag, "strings in a person name")),
                (None, _) => self.json.next_skip().map_err(syntax)?,
            }
            let Some(key) = self.json.next_key().map_err(syntax)? else { break };
            at = group_of(key);
        }
        draft.literals.push_name(&groups);
        Ok(())
    }

    fn first_tag(&mut self) -> Result<Option<Tag>> {
        let offset = self.json.current_index() as u64;
        self.json.known_object().map_err(syntax)?.map(|key| tag_of(key, offset)).transpose()
    }

    fn next_tag(&mut self) -> Result<Option<Tag>> {
        let offset = self.json.current_index() as u64;
        self.json.next_key().map_err(syntax)?.map(|key| tag_of(key, offset)).transpose()
    }

    fn peek(&mut self) -> Result<Peek> {
        self.json.peek().map_err(syntax)
    }

    fn wrong(&self, tag: Tag, expected: &str) -> Error {
        Error::value(
            format!("not the JSON of an element, expected {expected}"),
            Place::at(tag, self.json.current_index() as u64),
        )
    }

    fn not_a_data_set(&self) -> Error {
        let what = "not the JSON of a data set, expected an object, or an array of objects";
        Error::format(what, Place::offset(self.json.current_index() as u64))
    }
}

#[derive(Clone, Copy)]
enum Key {
    Vr,
    Value,
    InlineBinary,
    BulkDataUri,
}

enum Member {
    End,
    Read,
    Values,
}

enum Values {
    End,
    Read,
    Item(Tag),
}

fn group_of(key: &str) -> Option<usize> {
    ["Alphabetic", "Ideographic", "Phonetic"].iter().position(|group| *group == key)
}

fn tag_of(key: &str, offset: u64) -> Result<Tag> {
    let tag = parse_hex(key).or_else(|| dictionary::by_keyword(key).map(|entry| entry.tag));
    tag.ok_or_else(|| {
        let what = "a key is no tag, expected eight hexadecimal digits or a keyword";
        Error::format(what, Place::offset(offset))
    })
}

/// What the JSON parser says, which is never anything of the text.
#[cold]
#[allow(clippy::needless_pass_by_value)] // it is the argument of `map_err`
fn syntax(error: JiterError) -> Error {
    let place = Place::offset(error.index as u64);
    match error.error_type {
        JiterErrorType::JsonError(JsonErrorType::RecursionLimitExceeded) => {
            Error::Limit { limit: "max_depth", maximum: 200, place }
        }
        JiterErrorType::JsonError(kind) => {
            Error::format(format!("not JSON: {}", kind.to_string().to_lowercase()), place)
        }
        JiterErrorType::WrongType { .. } => Error::format("not the JSON of a data set", place),
    }
}
