//! XML to data sets, without recursion: depth costs heap and meets a limit.

use quick_xml::XmlVersion;
use quick_xml::events::{BytesDecl, BytesRef, BytesStart, Event};
use quick_xml::reader::Reader as XmlReader;

use super::{COMPONENTS, GROUPS, XmlLimits};
use crate::dataset::Dataset;
use crate::dictionary;
use crate::error::{Error, Place, Result};
use crate::model::{Bounds, Draft, FetchBulk, Kind, parse_hex};

/// Values at most that may be missing before one with a higher number; they are read as empty.
const WIDEST_GAP: usize = 65_536;

/// Reads the XML of a data set, in UTF-8.
///
/// An element without `tag` is found by its `keyword`, one without `vr` has the one of the dictionaries. XML elements
/// that the model does not have are passed over. `bulk` is asked for the bytes of each `BulkData`, by its `uri`, or by
/// its `uuid` when it has no other.
///
/// DICOM: PS3.19 A.1.
///
/// # Errors
/// [`Error::Format`] for what is no XML, has a document type definition or entities of its own, or is not the model;
/// [`Error::Value`] for values that do not fit their value representation; [`Error::Limit`]; those of `bulk`.
pub fn read(text: &[u8], limits: &XmlLimits, bulk: &mut FetchBulk<'_>) -> Result<Dataset> {
    let text = text.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(text);
    let text = std::str::from_utf8(text)
        .map_err(|error| Error::format("the XML is not in UTF-8", Place::offset(error.valid_up_to() as u64)))?;
    let mut xml = XmlReader::from_str(text);
    xml.config_mut().expand_empty_elements = true;
    let mut reader = Reader {
        bounds: Bounds::new(limits),
        bulk,
        open: Vec::new(),
        outer: Vec::new(),
        dataset: Dataset::new(),
        draft: Draft::default(),
        text: String::new(),
        number: None,
        groups: Default::default(),
        components: Default::default(),
        whole: false,
        offset: 0,
    };
    loop {
        reader.offset = xml.buffer_position();
        let event = xml.read_event();
        match event.map_err(|_| reader.wrong("not well-formed XML"))? {
            Event::Start(start) => reader.start(&start)?,
            Event::End(_) => reader.end()?,
            Event::Text(text) => reader.text(&text.xml10_content()),
            Event::CData(text) => reader.text(&text.xml10_content()),
            Event::GeneralRef(reference) => reader.reference(&reference)?,
            Event::Decl(declaration) => reader.declaration(&declaration)?,
            Event::DocType(_) => return Err(reader.wrong("the XML has a document type definition, expected none")),
            Event::Eof => return reader.finish(),
            Event::Empty(_) | Event::Comment(_) | Event::PI(_) => {} // empty elements come as start and end
        }
    }
}

/// An XML element that is open.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Open {
    Model,
    Attribute,
    Item,
    Value,
    PersonName,
    Group(usize),
    Component(usize),
    InlineBinary,
    /// None that the model has, or one in the wrong place.
    Foreign,
}

/// A data set and its sequence element, while an item of that is being read.
struct Outer {
    dataset: Dataset,
    draft: Draft,
}

struct Reader<'b, 'f> {
    bounds: Bounds,
    bulk: &'b mut FetchBulk<'f>,
    open: Vec<Open>,
    outer: Vec<Outer>,
    dataset: Dataset,
    draft: Draft,
    /// Of the value, component or binary that is open.
    text: String,
    /// Of the value or person name that is open, when it has one.
    number: Option<usize>,
    /// Of the person name that is open.
    groups: [String; 3],
    /// Of the component group that is open.
    components: [String; 5],
    /// The model has been read to its end.
    whole: bool,
    /// Where the event begins.
    offset: u64,
}

impl Reader<'_, '_> {
    fn start(&mut self, start: &BytesStart<'_>) -> Result<()> {
        let name = start.local_name();
        let name = name.into_inner();
        let open = match (self.open.last(), name) {
            (None, "NativeDicomModel") if !self.whole => Open::Model,
            (None, _) => return Err(self.wrong("not the XML of a data set, expected `NativeDicomModel`")),
            (Some(Open::Model | Open::Item), "DicomAttribute") => {
                self.begin_element(start)?;
                Open::Attribute
            }
            (Some(Open::Attribute), "Item") => {
                self.bounds.enter(self.draft.tag, self.outer.len() + 1)?;
                let (dataset, draft) = (std::mem::take(&mut self.dataset), std::mem::take(&mut self.draft));
                self.outer.push(Outer { dataset, draft });
                Open::Item
            }
            (Some(Open::Attribute), "Value") => {
                self.number = self.attribute(start, "number")?.and_then(|number| number.parse().ok());
                Open::Value
            }
            (Some(Open::Attribute), "PersonName") => {
                self.number = self.attribute(start, "number")?.and_then(|number| number.parse().ok());
                self.groups = Default::default();
                Open::PersonName
            }
            (Some(Open::Attribute), "InlineBinary") => Open::InlineBinary,
            (Some(Open::Attribute), "BulkData") => {
                let uri = self.attribute(start, "uri")?;
                self.draft.uri = if uri.is_some() { uri } else { self.attribute(start, "uuid")? };
                Open::Foreign
            }
            (Some(Open::PersonName), name) => {
                self.components = Default::default();
                GROUPS.iter().position(|group| *group == name).map_or(Open::Foreign, Open::Group)
            }
            (Some(Open::Group(_)), name) => {
                COMPONENTS.iter().position(|component| *component == name).map_or(Open::Foreign, Open::Component)
            }
            _ => Open::Foreign,
        };
        self.text.clear();
        self.open.push(open);
        Ok(())
    }

    fn begin_element(&mut self, start: &BytesStart<'_>) -> Result<()> {
        let tag = match self.attribute(start, "tag")? {
            Some(tag) => parse_hex(&tag),
            None => self.attribute(start, "keyword")?.and_then(|keyword| Some(dictionary::by_keyword(&keyword)?.tag)),
        };
        let tag = tag.ok_or_else(|| self.wrong("an attribute has no tag, expected eight hexadecimal digits"))?;
        self.bounds.count(tag)?;
        self.draft = Draft::new(tag)?;
        match self.attribute(start, "vr")? {
            Some(vr) => self.draft.name_vr(&vr),
            None => Ok(()),
        }
    }

    fn end(&mut self) -> Result<()> {
        match self.open.pop() {
            Some(Open::Model) => self.whole = true,
            Some(Open::Attribute) => std::mem::take(&mut self.draft).finish(&mut self.dataset, self.bulk)?,
            Some(Open::Item) => {
                if let Some(outer) = self.outer.pop() {
                    self.draft = outer.draft;
                    self.draft.literals.push_item(std::mem::replace(&mut self.dataset, outer.dataset));
                }
            }
            Some(Open::Value) => {
                self.reach_number()?;
                let kind = if self.text.is_empty() { Kind::Null } else { Kind::Untyped };
                self.draft.literals.push(kind, &self.text);
            }
            Some(Open::PersonName) => {
                self.reach_number()?;
                self.draft.literals.push_name(&self.groups);
            }
            Some(Open::Group(group)) => {
                let used = self.components.iter().rposition(|part| !part.is_empty()).map_or(0, |last| last + 1);
                self.groups[group] = self.components[..used].join("^");
            }
            Some(Open::Component(component)) => self.components[component] = std::mem::take(&mut self.text),
            Some(Open::InlineBinary) => self.draft.set_binary(self.text.as_bytes(), &self.bounds.limits)?,
            Some(Open::Foreign) | None => {}
        }
        self.text.clear();
        Ok(())
    }

    /// Adds the empty values that the number of the next one leaves room for.
    fn reach_number(&mut self) -> Result<()> {
        let count = self.draft.literals.len();
        let missing = match self.number {
            Some(number) if number <= count => Err("the numbers of the values do not ascend"),
            Some(number) if number - count > WIDEST_GAP => Err("the numbers of the values leave too wide a gap"),
            Some(number) => Ok(number - count - 1),
            None => Ok(0),
        };
        for _ in 0..missing.map_err(|what| Error::value(what, Place::at(self.draft.tag, self.offset)))? {
            self.draft.literals.push(Kind::Null, "");
        }
        Ok(())
    }

    fn text(&mut self, text: &str) {
        if let Some(Open::Value | Open::Component(_) | Open::InlineBinary) = self.open.last() {
            self.text.push_str(text);
        }
    }

    /// A reference to a character, or to one of the five entities of XML.
    fn reference(&mut self, reference: &BytesRef<'_>) -> Result<()> {
        let character = match &**reference {
            "lt" => Some('<'),
            "gt" => Some('>'),
            "amp" => Some('&'),
            "quot" => Some('"'),
            "apos" => Some('\''),
            _ => reference.resolve_char_ref().ok().flatten(),
        };
        let character = character.ok_or_else(|| self.wrong("the XML refers to an entity it cannot have"))?;
        self.text(character.encode_utf8(&mut [0; 4]));
        Ok(())
    }

    fn declaration(&self, declaration: &BytesDecl<'_>) -> Result<()> {
        let encoding = declaration.encoding().transpose().map_err(|_| self.wrong("not well-formed XML"))?;
        match encoding {
            Some(encoding) if !["utf-8", "us-ascii"].contains(&encoding.to_ascii_lowercase().as_str()) => {
                Err(self.wrong("the XML declares another encoding than UTF-8"))
            }
            _ => Ok(()),
        }
    }

    fn attribute(&self, start: &BytesStart<'_>, name: &str) -> Result<Option<String>> {
        // Without looking for duplicates, which takes time that grows with the square of their number.
        for attribute in start.attributes().with_checks(false) {
            let attribute = attribute.map_err(|_| self.wrong("not well-formed XML"))?;
            if attribute.key.into_inner() == name {
                let value = attribute.normalized_value(XmlVersion::Implicit1_0);
                return Ok(Some(
                    value.map_err(|_| self.wrong("the XML refers to an entity it cannot have"))?.into_owned(),
                ));
            }
        }
        Ok(None)
    }

    fn finish(self) -> Result<Dataset> {
        if !self.open.is_empty() || !self.whole {
            return Err(Error::truncated("the XML ends before `NativeDicomModel` does", Place::offset(self.offset)));
        }
        Ok(self.dataset)
    }

    fn wrong(&self, what: &str) -> Error {
        Error::format(what, Place::offset(self.offset))
    }
}
