//! Items and their fields: what all PDUs of an association are made of (PS3.8 9.3.1).

use super::error::{LocalError, RemoteError};

/// Reads fields from the front of bytes that are at hand: a length that lies finds too few, and allocates nothing.
pub(super) struct Fields<'a> {
    rest: &'a [u8],
}

/// An item: its type, the byte after it, its value.
pub(super) struct Item<'a> {
    pub kind: u8,
    pub second: u8,
    pub value: Fields<'a>,
}

const SHORT: RemoteError = RemoteError::invalid("a field or an item goes past the end of what holds it");

impl<'a> Fields<'a> {
    pub const fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes }
    }

    pub const fn is_empty(&self) -> bool {
        self.rest.is_empty()
    }

    /// What is left.
    pub const fn rest(self) -> &'a [u8] {
        self.rest
    }

    pub fn take(&mut self, count: usize) -> Result<&'a [u8], RemoteError> {
        let (taken, rest) = self.rest.split_at_checked(count).ok_or(SHORT)?;
        self.rest = rest;
        Ok(taken)
    }

    pub fn u8(&mut self) -> Result<u8, RemoteError> {
        Ok(self.take(1)?[0])
    }

    pub fn u16(&mut self) -> Result<u16, RemoteError> {
        let raw = self.take(2)?;
        Ok(u16::from_be_bytes([raw[0], raw[1]]))
    }

    pub fn u32(&mut self) -> Result<u32, RemoteError> {
        let raw = self.take(4)?;
        Ok(u32::from_be_bytes([raw[0], raw[1], raw[2], raw[3]]))
    }

    /// Bytes after their length in two bytes.
    pub fn counted(&mut self) -> Result<&'a [u8], RemoteError> {
        let length = self.u16()?;
        self.take(usize::from(length))
    }

    pub fn item(&mut self) -> Result<Item<'a>, RemoteError> {
        let (kind, second) = (self.u8()?, self.u8()?);
        Ok(Item { kind, second, value: Self::new(self.counted()?) })
    }
}

/// A UID, without the padding that PS3.8 F.1 does not allow and some peers send. What it means, and whether it may
/// become a name, is for its user: here it is printable and short.
pub(super) fn uid(bytes: &[u8]) -> Result<String, RemoteError> {
    let trimmed = bytes.trim_ascii_end();
    let end = trimmed.iter().rposition(|&byte| byte != 0).map_or(0, |last| last + 1);
    match printable(&trimmed[..end]) {
        Some(text) if text.len() <= 64 => Ok(text.to_owned()),
        _ => Err(RemoteError::invalid("a UID of more than 64 characters, or of others than UIDs have")),
    }
}

/// An AE title (PS3.8 9.3.2): 16 characters, of which spaces at either end mean nothing.
pub(super) fn ae_title(bytes: &[u8]) -> Result<String, RemoteError> {
    let end = bytes.iter().rposition(|&byte| byte != 0).map_or(0, |last| last + 1);
    let text = printable(&bytes[..end]).ok_or(RemoteError::invalid("an AE title of other characters than AE has"))?;
    Ok(text.trim_matches(' ').to_owned())
}

pub(super) fn version_name(bytes: &[u8]) -> Result<String, RemoteError> {
    let end = bytes.iter().rposition(|&byte| byte != 0).map_or(0, |last| last + 1);
    let text = printable(&bytes[..end]).ok_or(RemoteError::invalid("an implementation version name with controls"))?;
    Ok(text.trim_matches(' ').to_owned())
}

fn printable(bytes: &[u8]) -> Option<&str> {
    if bytes.iter().any(|byte| !(b' '..=b'~').contains(byte)) {
        return None;
    }
    std::str::from_utf8(bytes).ok()
}

/// Appends bytes after their length in two bytes.
pub(super) fn put_counted(out: &mut Vec<u8>, bytes: &[u8]) -> Result<(), LocalError> {
    let length = u16::try_from(bytes.len()).map_err(|_| LocalError::Value("a field of more than 65535 bytes"))?;
    out.extend_from_slice(&length.to_be_bytes());
    out.extend_from_slice(bytes);
    Ok(())
}

/// Appends an item whose value a function appends.
pub(super) fn put_item(
    out: &mut Vec<u8>,
    kind: u8,
    value: impl FnOnce(&mut Vec<u8>) -> Result<(), LocalError>,
) -> Result<(), LocalError> {
    out.extend_from_slice(&[kind, 0, 0, 0]);
    let start = out.len();
    value(out)?;
    let length = u16::try_from(out.len() - start).map_err(|_| LocalError::Value("an item of more than 65535 bytes"))?;
    out[start - 2..start].copy_from_slice(&length.to_be_bytes());
    Ok(())
}

/// Appends an item that is a UID.
pub(super) fn put_uid_item(out: &mut Vec<u8>, kind: u8, uid: &str) -> Result<(), LocalError> {
    check_uid(uid)?;
    put_item(out, kind, |out| {
        out.extend_from_slice(uid.as_bytes());
        Ok(())
    })
}

/// Appends a UID after its length.
pub(super) fn put_uid(out: &mut Vec<u8>, uid: &str) -> Result<(), LocalError> {
    check_uid(uid)?;
    put_counted(out, uid.as_bytes())
}

pub(super) fn check_uid(uid: &str) -> Result<(), LocalError> {
    let legal = uid.len() <= 64 && uid.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
    if legal { Ok(()) } else { Err(LocalError::Value("a UID of more than 64 characters, or of others than UIDs have")) }
}

/// Appends an AE title, padded to 16 characters. One that is sent back is as the peer has it.
pub(super) fn put_ae_title(out: &mut Vec<u8>, title: &str, sent_back: bool) -> Result<(), LocalError> {
    let legal = printable(title.as_bytes()).is_some() && !title.contains('\\') && !title.trim_matches(' ').is_empty();
    if title.len() > 16 || !(legal || sent_back) {
        return Err(LocalError::Value("an AE title is 1 to 16 characters, not all spaces, without backslash"));
    }
    out.extend_from_slice(title.as_bytes());
    out.resize(out.len() + 16 - title.len(), b' ');
    Ok(())
}
