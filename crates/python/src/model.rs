//! DICOM JSON and native XML.

use filmless_core::dataset::Dataset as CoreDataset;
use filmless_core::error::Place;
use filmless_core::model::{BulkData, FetchBulk, ModelLimits, ModelOptions};
use filmless_core::{Error, Tag, Vr, json, xml};
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::pybacked::{PyBackedBytes, PyBackedStr};
use pyo3::types::PyBytes;

use crate::dataset::Dataset;
use crate::errors::to_py;
use crate::state::{Handle, Shared};

fn options(bulk_data: &str, prefix: Option<String>, threshold: u64) -> PyResult<ModelOptions<'static>> {
    let bulk_data = match (bulk_data, prefix) {
        ("inline", None) => BulkData::Inline,
        ("skip", None) => BulkData::Skip,
        ("uri", Some(prefix)) => BulkData::Uri { prefix, threshold },
        ("uri", None) => return Err(PyValueError::new_err("`bulk_data=\"uri\"` needs `bulk_data_uri`")),
        ("inline" | "skip", Some(_)) => {
            return Err(PyValueError::new_err("`bulk_data_uri` goes with `bulk_data=\"uri\"`"));
        }
        _ => return Err(PyValueError::new_err("`bulk_data` is \"inline\", \"skip\" or \"uri\"")),
    };
    Ok(ModelOptions { bulk_data, file_meta: None })
}

type Write = fn(&CoreDataset, &ModelOptions<'_>) -> Result<String, Error>;
type Read = fn(&[u8], &ModelLimits, &mut FetchBulk<'_>) -> Result<CoreDataset, Error>;

fn written(dataset: &Bound<'_, Dataset>, options: &ModelOptions<'_>, write: Write) -> PyResult<String> {
    let py = dataset.py();
    let data = dataset.get().shared().snapshot(py)?;
    py.detach(|| write(&data, options)).map_err(to_py)
}

/// DICOM JSON of a data set.
#[pyfunction]
pub fn to_json(
    dataset: &Bound<'_, Dataset>,
    bulk_data: &str,
    bulk_data_uri: Option<String>,
    threshold: u64,
) -> PyResult<String> {
    written(dataset, &options(bulk_data, bulk_data_uri, threshold)?, json::to_string)
}

/// Native XML of a data set.
#[pyfunction]
pub fn to_xml(
    dataset: &Bound<'_, Dataset>,
    bulk_data: &str,
    bulk_data_uri: Option<String>,
    threshold: u64,
) -> PyResult<String> {
    written(dataset, &options(bulk_data, bulk_data_uri, threshold)?, xml::to_string)
}

/// Reads a model; bulk data comes from a Python function, whose exception is raised as it is.
fn parsed(py: Python<'_>, text: &[u8], bulk_data: Option<Py<PyAny>>, read: Read) -> PyResult<Handle> {
    let mut raised = None;
    let mut fetch = |tag: Tag, vr: Vr, uri: &str| -> Result<Option<Vec<u8>>, Error> {
        let Some(function) = &bulk_data else { return Ok(None) };
        let answer = Python::attach(|py| {
            let bytes = function.bind(py).call1((tag.0, vr.as_str(), uri))?;
            if bytes.is_none() { Ok(None) } else { Ok(Some(bytes.extract::<PyBackedBytes>()?.to_vec())) }
        });
        answer.map_err(|error: PyErr| {
            raised = Some(error);
            Error::value("the bulk data could not be had", Place::tag(tag))
        })
    };
    let data = py.detach(|| read(text, &ModelLimits::default(), &mut fetch));
    if let Some(error) = raised {
        return Err(error);
    }
    Ok(Handle::new(Shared::new(data.map_err(to_py)?), None))
}

/// A data set from DICOM JSON.
#[pyfunction]
#[pyo3(signature = (text, bulk_data=None))]
pub fn from_json(py: Python<'_>, text: PyBackedBytes, bulk_data: Option<Py<PyAny>>) -> PyResult<Handle> {
    parsed(py, &text, bulk_data, json::read)
}

/// A data set from native XML.
#[pyfunction]
#[pyo3(signature = (text, bulk_data=None))]
pub fn from_xml(py: Python<'_>, text: PyBackedBytes, bulk_data: Option<Py<PyAny>>) -> PyResult<Handle> {
    parsed(py, &text, bulk_data, xml::read)
}

/// Picks members of objects of JSON by name, each with the text that stands for it where it is missing, or None to
/// leave it out.
#[pyclass(frozen, module = "filmless._core")]
pub struct JsonPicker(json::Picker);

#[pymethods]
impl JsonPicker {
    #[new]
    fn new(members: Vec<(String, Option<String>)>) -> Self {
        Self(json::Picker::new(members))
    }

    /// An object of the members of some texts, of which later ones stand over earlier ones; None when they have to be
    /// read for that.
    #[allow(clippy::needless_pass_by_value)] // what Python hands over
    fn picked<'py>(&self, py: Python<'py>, texts: Vec<PyBackedStr>) -> Option<Bound<'py, PyBytes>> {
        let texts: Vec<&[u8]> = texts.iter().map(|text| text.as_bytes()).collect();
        self.0.picked(&texts).map(|object| PyBytes::new(py, &object))
    }
}
