//! Command sets (PS3.7 6.3.1, E): what a message begins with, in Implicit VR Little Endian.

use std::sync::Arc;

use super::error::RemoteError;
use crate::dataset::{Dataset, Element};
use crate::error::{Error, Place, Result};
use crate::file::{Encoding, Flags, Limits, ReadOptions, WriteOptions, plan_data_set, read_command_set};
use crate::{Tag, Vr};

const GROUP_LENGTH: Tag = Tag(0x0000_0000);
/// Elements of a command set that is not made to hurt; PS3.7 E has 24 that are not retired.
const MOST_ELEMENTS: u32 = 256;

/// A command set.
#[derive(Clone, Debug, Default)]
pub struct CommandSet {
    elements: Dataset,
}

impl CommandSet {
    /// Affected SOP Class UID.
    pub const AFFECTED_SOP_CLASS_UID: Tag = Tag(0x0000_0002);
    /// Command Field.
    pub const COMMAND_FIELD: Tag = Tag(0x0000_0100);
    /// Message ID.
    pub const MESSAGE_ID: Tag = Tag(0x0000_0110);
    /// Message ID Being Responded To.
    pub const MESSAGE_ID_BEING_RESPONDED_TO: Tag = Tag(0x0000_0120);
    /// Command Data Set Type.
    pub const COMMAND_DATA_SET_TYPE: Tag = Tag(0x0000_0800);
    /// Status.
    pub const STATUS: Tag = Tag(0x0000_0900);
    /// What is set in the Command Field of a response (PS3.7 E.1).
    const RESPONSE: u16 = 0x8000;
    /// The Command Data Set Type of a message without data set.
    pub const NO_DATA_SET: u16 = 0x0101;

    /// A command set with its Command Field, and whether a data set follows.
    pub fn new(command_field: u16, has_data_set: bool) -> Self {
        let mut command = Self::default();
        command.set_number(Self::COMMAND_FIELD, command_field);
        // Any number but 0101 says that there is one; this is DCMTK's and pydicom's.
        command.set_number(Self::COMMAND_DATA_SET_TYPE, if has_data_set { 1 } else { Self::NO_DATA_SET });
        command
    }

    /// Reads the bytes of a whole command set. Of a response, elements of other groups are passed over.
    ///
    /// # Errors
    /// [`RemoteError`] for what is none: a request with elements of other groups, cut short, without Command Field or
    /// Command Data Set Type.
    pub fn decode(bytes: Vec<u8>) -> std::result::Result<Self, RemoteError> {
        // Group 0000 and not all zero: so the reader takes no other encoding for it.
        if bytes.len() < 8 || bytes[..2] != [0, 0] || bytes[..8].iter().all(|&byte| byte == 0) {
            return Err(RemoteError::invalid("a command set that does not begin with an element of group 0000"));
        }
        let limits = Limits { depth: 1, elements: MOST_ELEMENTS, inflated: Some(0) };
        let options = ReadOptions { limits, ..ReadOptions::default() };
        let invalid = |_| RemoteError::invalid("a command set that cannot be read");
        let elements = read_command_set(Arc::new(bytes), &options).map_err(invalid)?;
        let mut others = Vec::new();
        let whole = elements.parsed().is_some_and(|parsed| {
            let nodes = parsed.nodes();
            others.extend(nodes.iter().map(|node| node.tag).filter(|tag| tag.group() != 0));
            nodes.iter().all(|node| !node.flags.has(Flags::TRUNCATED))
        });
        let mut command = Self { elements };
        let is_response = command.command_field() & Self::RESPONSE != 0;
        if !whole || !(others.is_empty() || is_response) {
            return Err(RemoteError::invalid("a command set with elements of other groups, or cut short"));
        }
        // DCMTK reads them as details of the status; Orthanc has the UIDs there of what it could not send.
        for tag in others {
            command.elements.remove(tag);
        }
        if command.number(Self::COMMAND_FIELD).is_none() || command.number(Self::COMMAND_DATA_SET_TYPE).is_none() {
            return Err(RemoteError::invalid("a command set without Command Field or Command Data Set Type"));
        }
        Ok(command)
    }

    /// The bytes of the command set, its group length first.
    ///
    /// # Errors
    /// [`Error::Value`] for text that its value representation cannot hold, and for elements of other groups.
    pub fn encode(&self) -> Result<Vec<u8>> {
        let mut elements = self.elements.clone();
        elements.remove(GROUP_LENGTH);
        if let Some((tag, _)) = elements.elements()?.iter().find(|(tag, _)| tag.group() != 0) {
            return Err(Error::value("a command set holds elements of group 0000 only", Place::tag(*tag)));
        }
        // In the order of their tags, each once (PS3.7 6.3.1), whatever a peer had.
        let options = WriteOptions { repair: true, ..WriteOptions::default() };
        let plan = plan_data_set(&elements, Encoding::IMPLICIT_LITTLE, &options)?;
        let mut bytes = Vec::with_capacity(plan.length() as usize + 12);
        bytes.extend_from_slice(&[0, 0, 0, 0, 4, 0, 0, 0]);
        bytes.extend_from_slice(&(plan.length() as u32).to_le_bytes());
        plan.write_to(&mut bytes)?;
        Ok(bytes)
    }

    /// The elements.
    pub const fn elements(&self) -> &Dataset {
        &self.elements
    }

    /// A number of two bytes.
    pub fn number(&self, tag: Tag) -> Option<u16> {
        self.elements.number(tag)
    }

    /// Text, such as a UID or an AE title, without padding.
    pub fn text(&self, tag: Tag) -> Option<String> {
        self.elements.text(tag)
    }

    /// Sets a number of two bytes.
    pub fn set_number(&mut self, tag: Tag, number: u16) {
        self.elements.set(tag, Element::bytes(Vr::US, number.to_le_bytes()));
    }

    /// Sets a UID.
    pub fn set_uid(&mut self, tag: Tag, uid: &str) {
        self.elements.set(tag, Element::text(Vr::UI, uid));
    }

    /// Sets an element.
    pub fn set(&mut self, tag: Tag, element: Element) {
        self.elements.set(tag, element);
    }

    /// Command Field (PS3.7 E.1).
    pub fn command_field(&self) -> u16 {
        self.number(Self::COMMAND_FIELD).unwrap_or_default()
    }

    /// Whether a data set follows.
    pub fn has_data_set(&self) -> bool {
        self.number(Self::COMMAND_DATA_SET_TYPE).is_some_and(|kind| kind != Self::NO_DATA_SET)
    }
}
