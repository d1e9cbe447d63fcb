//! Command sets as dicts: keywords and values.

use filmless_core::dataset::Element;
use filmless_core::upper_layer::CommandSet;
use filmless_core::{Tag, Vr, dictionary};
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict, PyInt, PyList, PyString};

use super::{RemoteProtocolError, local};

const GROUP_LENGTH: Tag = Tag(0x0000_0000);

/// Made by us, never given.
const MADE: [Tag; 2] = [GROUP_LENGTH, CommandSet::COMMAND_DATA_SET_TYPE];

/// The values of a command set by keyword; a tag that has none is its own key.
pub fn to_dict<'py>(py: Python<'py>, command: &CommandSet) -> PyResult<Bound<'py, PyDict>> {
    let values = PyDict::new(py);
    for (tag, element) in command.elements().elements().map_err(remote)? {
        if MADE.contains(&tag) {
            continue;
        }
        let bytes = element.bytes().map_err(remote)?;
        match dictionary::lookup(tag).filter(|entry| !entry.keyword.is_empty()) {
            Some(entry) => values.set_item(entry.keyword, to_value(py, entry.vr, &bytes)?)?,
            None => values.set_item(tag.0, PyBytes::new(py, &bytes))?,
        }
    }
    Ok(values)
}

fn remote(error: impl ToString) -> PyErr {
    RemoteProtocolError::new_err(error.to_string())
}

fn to_value<'py>(py: Python<'py>, vr: Vr, bytes: &[u8]) -> PyResult<Bound<'py, PyAny>> {
    let shorts = || bytes.as_chunks::<2>().0.iter().map(|raw| u32::from(u16::from_le_bytes(*raw)));
    match vr {
        Vr::US => one_or_more(py, shorts().collect()),
        Vr::UL => one_or_more(py, bytes.as_chunks::<4>().0.iter().map(|raw| u32::from_le_bytes(*raw)).collect()),
        Vr::AT => {
            let halves: Vec<u32> = shorts().collect();
            let tags = halves.as_chunks::<2>().0.iter().map(|[group, element]| group << 16 | element);
            Ok(PyList::new(py, tags.collect::<Vec<_>>())?.into_any())
        }
        _ if is_text(vr) => {
            let text = String::from_utf8_lossy(bytes);
            Ok(PyString::new(py, text.trim_matches(['\0', ' '])).into_any())
        }
        _ => Ok(PyBytes::new(py, bytes).into_any()),
    }
}

fn one_or_more(py: Python<'_>, numbers: Vec<u32>) -> PyResult<Bound<'_, PyAny>> {
    match numbers[..] {
        [] => Ok(py.None().into_bound(py)),
        [number] => Ok(number.into_pyobject(py)?.into_any()),
        _ => Ok(PyList::new(py, numbers)?.into_any()),
    }
}

const fn is_text(vr: Vr) -> bool {
    matches!(vr, Vr::UI | Vr::AE | Vr::LO | Vr::SH | Vr::CS | Vr::LT | Vr::ST | Vr::PN | Vr::DA | Vr::TM | Vr::IS)
}

/// The command set of values by keyword.
pub fn from_dict(command: &Bound<'_, PyDict>, has_data_set: bool) -> PyResult<CommandSet> {
    let mut set = CommandSet::new(0, has_data_set);
    let mut has_field = false;
    for (key, value) in command {
        if value.is_none() {
            continue;
        }
        let (tag, vr) = resolve(&key)?;
        if MADE.contains(&tag) {
            return Err(local(format!("the element {tag} of a command is made, not given")));
        }
        has_field |= tag == CommandSet::COMMAND_FIELD;
        let wrong = || local(format!("a value of {tag} in a command that its representation {vr} cannot hold"));
        set.set(tag, to_element(vr, &value).ok_or_else(wrong)?);
    }
    if has_field { Ok(set) } else { Err(local("a command without CommandField")) }
}

fn resolve(key: &Bound<'_, PyAny>) -> PyResult<(Tag, Vr)> {
    let tag = if let Ok(keyword) = key.cast::<PyString>() {
        let entry = dictionary::by_keyword(&keyword.to_string_lossy());
        entry.map(|entry| (entry.tag, entry.vr))
    } else if key.is_instance_of::<PyInt>() {
        let tag = key.extract::<u32>().ok().map(Tag);
        tag.map(|tag| (tag, dictionary::lookup(tag).map_or(Vr::UN, |entry| entry.vr)))
    } else {
        None
    };
    tag.filter(|(tag, _)| tag.group() == 0)
        .ok_or_else(|| local("a key of a command that is no keyword or tag of group 0000"))
}

/// Whether a command can hold a text. A response gives back the UIDs of its request, whatever they are.
fn is_legal(vr: Vr, text: &str) -> bool {
    let most = match vr {
        Vr::AE | Vr::SH | Vr::CS => 16,
        Vr::LO => 64,
        _ => usize::from(u16::MAX),
    };
    // The default repertoire: a command has no Specific Character Set.
    text.len() <= most && text.bytes().all(|byte| (b' '..=b'~').contains(&byte))
}

fn to_element(vr: Vr, value: &Bound<'_, PyAny>) -> Option<Element> {
    fn numbers<'py, T>(value: &Bound<'py, PyAny>) -> Option<Vec<T>>
    where
        T: for<'a> FromPyObject<'a, 'py>,
    {
        value.extract::<T>().ok().map(|number| vec![number]).or_else(|| value.extract::<Vec<T>>().ok())
    }
    let bytes = match vr {
        Vr::US => numbers::<u16>(value)?.into_iter().flat_map(u16::to_le_bytes).collect(),
        Vr::UL => numbers::<u32>(value)?.into_iter().flat_map(u32::to_le_bytes).collect(),
        Vr::AT => numbers::<u32>(value)?.into_iter().flat_map(|tag| tag.rotate_left(16).to_le_bytes()).collect(),
        _ if is_text(vr) => {
            let text = value.extract::<&str>().ok()?;
            return is_legal(vr, text).then(|| Element::text(vr, text));
        }
        _ => value.cast::<PyBytes>().ok()?.as_bytes().to_vec(),
    };
    Some(Element::bytes(vr, bytes))
}

/// The bytes of a command set: its values by keyword, in Implicit VR Little Endian, CommandGroupLength and
/// CommandDataSetType with them.
///
/// Parameters
/// ----------
/// command
///     Values by keyword, or tag; None is left out.
/// has_data_set
///     A data set follows.
///
/// Returns
/// -------
/// bytes
///     The command set.
///
/// Raises
/// ------
/// LocalProtocolError
///     For what a command set cannot hold.
///
/// DICOM
/// -----
/// PS3.7 6.3.1, E
#[pyfunction]
pub fn encode_command<'py>(command: &Bound<'py, PyDict>, has_data_set: bool) -> PyResult<Bound<'py, PyBytes>> {
    let bytes = from_dict(command, has_data_set)?.encode().map_err(local)?;
    Ok(PyBytes::new(command.py(), &bytes))
}

/// The values of a command set by keyword, without CommandGroupLength and CommandDataSetType.
///
/// Parameters
/// ----------
/// data
///     The whole command set.
///
/// Returns
/// -------
/// dict
///     Values by keyword; by tag and as bytes where the dictionary has none.
///
/// Raises
/// ------
/// RemoteProtocolError
///     For what is no command set.
///
/// DICOM
/// -----
/// PS3.7 6.3.1, E
#[pyfunction]
pub fn decode_command<'py>(py: Python<'py>, data: &[u8]) -> PyResult<Bound<'py, PyDict>> {
    to_dict(py, &CommandSet::decode(data.to_vec()).map_err(remote)?)
}
