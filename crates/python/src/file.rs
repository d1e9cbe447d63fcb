//! Reading and writing files.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use filmless_core::dataset::Dataset as CoreDataset;
use filmless_core::file::{self, DicomFile, FileParts, Lengths, Limits, Place, Plan, ReadOptions, WriteOptions};
use filmless_core::json::{self, JsonLimits};
use filmless_core::model::no_bulk_data;
use filmless_core::transfer_syntax;
use filmless_core::{Error, Tag};
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::pybacked::PyBackedBytes;
use pyo3::types::PyBytes;

use crate::dataset::{Dataset, wrap};
use crate::errors::{at_path, to_py};
use crate::origin::Origin;
use crate::state::Shared;

/// Bounds and choices of reading: sequences inside sequences, elements, inflated bytes, the tag to stop before, read
/// what does not look like DICOM, refuse what deviates.
#[derive(FromPyObject)]
pub struct Options(u32, u32, Option<u64>, Option<u32>, bool, bool);

impl Options {
    /// As the core has them.
    pub fn to_core(&self) -> ReadOptions {
        let Self(depth, elements, inflated, stop, force, _) = *self;
        ReadOptions { limits: Limits { depth, elements, inflated }, stop: stop.map(Tag), force }
    }

    fn is_strict(&self) -> bool {
        self.5
    }
}

/// The first finding of a file that must have none.
fn refuse_findings(file: &DicomFile) -> Result<(), Error> {
    match filmless_core::check::check_file(file)?.into_iter().next() {
        Some(finding) => Err(finding.into_error()),
        None => Ok(()),
    }
}

fn wrapped(py: Python<'_>, file: DicomFile, path: Option<PathBuf>) -> PyResult<Bound<'_, PyAny>> {
    let shared = Shared::new(file.dataset.clone());
    wrap(py, shared, Some(Origin { file: Some(file), path, ..Origin::default() }))
}

/// Reads a file of the file system.
#[pyfunction]
pub fn read_file(py: Python<'_>, path: PathBuf, options: Options) -> PyResult<Bound<'_, PyAny>> {
    let file = py.detach(|| {
        let file = file::read_path(&path, &options.to_core())?;
        if options.is_strict() { refuse_findings(&file).map(|()| file) } else { Ok(file) }
    });
    let file = file.map_err(|error| at_path(error, Some(&path)))?;
    wrapped(py, file, Some(path))
}

/// Reads a file that is in memory.
#[pyfunction]
pub fn read_bytes(py: Python<'_>, data: PyBackedBytes, options: Options) -> PyResult<Bound<'_, PyAny>> {
    let bytes: file::SharedBytes = Arc::new(data);
    let file = py.detach(|| {
        let file = file::read_bytes(bytes, &options.to_core())?;
        if options.is_strict() { refuse_findings(&file).map(|()| file) } else { Ok(file) }
    });
    wrapped(py, file.map_err(to_py)?, None)
}

/// How a file is written: transfer syntax, lengths, repair.
#[derive(FromPyObject)]
pub struct WritingOptions(Option<String>, String, bool);

impl WritingOptions {
    fn to_core(&self) -> PyResult<WriteOptions> {
        let lengths = match self.1.as_str() {
            "keep" => Lengths::Keep,
            "defined" => Lengths::Defined,
            "undefined" => Lengths::Undefined,
            _ => return Err(PyValueError::new_err("`lengths` is \"keep\", \"defined\" or \"undefined\"")),
        };
        let transfer_syntax = match &self.0 {
            None => None,
            Some(name) => {
                let row = transfer_syntax::find(name).or_else(|| transfer_syntax::find_by_keyword(name));
                Some(row.ok_or_else(|| {
                    PyValueError::new_err(format!(
                        "`{name}` is no transfer syntax of the registry: give a UID or a keyword"
                    ))
                })?)
            }
        };
        Ok(WriteOptions { transfer_syntax, lengths, repair: self.2 })
    }
}

/// Everything a file is made of, out of Python's hands.
struct Parts {
    data: CoreDataset,
    meta: CoreDataset,
    file: Option<DicomFile>,
    preamble: Option<Vec<u8>>,
}

impl Parts {
    fn of(py: Python<'_>, dataset: &Dataset) -> PyResult<Self> {
        let data = dataset.shared().snapshot(py)?;
        let (meta, file, preamble) = match dataset.origin().as_ref() {
            Some(origin) => {
                let meta = origin.meta.as_ref().map(|meta| meta.clone_ref(py));
                (meta, origin.file.clone(), origin.preamble.clone())
            }
            None => (None, None, None),
        };
        let meta = match meta {
            Some(meta) => meta.bind(py).cast::<Dataset>()?.get().shared().snapshot(py)?,
            None => file.as_ref().map(|file| file.meta.clone()).unwrap_or_default(),
        };
        Ok(Self { data, meta, file, preamble })
    }

    fn to_core(&self) -> FileParts<'_> {
        FileParts {
            dataset: &self.data,
            meta: &self.meta,
            origin: self.file.as_ref(),
            preamble: self.preamble.as_deref(),
        }
    }

    fn plan(&self, options: &WriteOptions) -> Result<Plan, Error> {
        file::plan_file(&self.to_core(), options)
    }

    fn body(&self, options: &WriteOptions) -> Result<Plan, Error> {
        file::plan_body(&self.to_core(), options)
    }
}

/// Writes a file whole or not at all.
#[pyfunction]
pub fn write_file(dataset: &Bound<'_, Dataset>, path: PathBuf, options: WritingOptions, durable: bool) -> PyResult<()> {
    let py = dataset.py();
    let parts = Parts::of(py, dataset.get())?;
    let options = options.to_core()?;
    py.detach(|| {
        let plan = parts.plan(&options)?;
        file::keep_open(&parts.data, &path)?;
        file::write_atomically(&path, &plan, durable)
    })
    .map_err(|error| at_path(error, Some(&path)))
}

/// Writes a file of any kind whole or not at all.
#[pyfunction]
pub fn write_bytes(py: Python<'_>, path: PathBuf, data: PyBackedBytes) -> PyResult<()> {
    let bytes: file::SharedBytes = Arc::new(data);
    py.detach(|| {
        let mut plan = Plan::default();
        plan.push_shared(&bytes);
        file::write_atomically(&path, &plan, false)
    })
    .map_err(|error| at_path(error, Some(&path)))
}

/// The file that is replaced when a path is written to; none when it is no file, and is written to as it is.
#[pyfunction]
pub fn destination(path: PathBuf) -> PyResult<Option<PathBuf>> {
    match file::destination(&path) {
        Ok(file::Destination::File(target)) => Ok(Some(target)),
        Ok(file::Destination::Device) => Ok(None),
        Err(error) => Err(at_path(error, Some(&path))),
    }
}

/// The bytes of a file.
#[pyfunction]
pub fn encode_file<'py>(dataset: &Bound<'py, Dataset>, options: WritingOptions) -> PyResult<Bound<'py, PyBytes>> {
    let py = dataset.py();
    let parts = Parts::of(py, dataset.get())?;
    let options = options.to_core()?;
    let plan = py.detach(|| parts.plan(&options)).map_err(to_py)?;
    to_bytes(py, &plan)
}

/// The bytes of a data set alone.
#[pyfunction]
pub fn encode_data_set<'py>(dataset: &Bound<'py, Dataset>, options: WritingOptions) -> PyResult<Bound<'py, PyBytes>> {
    to_bytes(dataset.py(), &body_of(dataset, &options)?)
}

/// Bytes of JSON up to which to let others run takes longer than the work.
const SHORT: usize = 1 << 16;

/// The bytes of a data set that is given as DICOM JSON; its bulk data is left empty.
#[pyfunction]
pub fn encode_json(py: Python<'_>, text: PyBackedBytes, options: WritingOptions) -> PyResult<Bound<'_, PyBytes>> {
    let options = options.to_core()?;
    let plan = || {
        let dataset = json::read(&text, &JsonLimits::default(), &mut no_bulk_data)?;
        file::plan_body(
            &FileParts { dataset: &dataset, meta: &CoreDataset::new(), origin: None, preamble: None },
            &options,
        )
    };
    let plan = if text.len() > SHORT { py.detach(plan) } else { plan() };
    to_bytes(py, &plan.map_err(to_py)?)
}

fn body_of(dataset: &Bound<'_, Dataset>, options: &WritingOptions) -> PyResult<Plan> {
    let parts = Parts::of(dataset.py(), dataset.get())?;
    let options = options.to_core()?;
    dataset.py().detach(|| parts.body(&options)).map_err(to_py)
}

/// The bytes of a data set alone, piece by piece: what lies in a file is read as it is asked for.
#[pyclass(frozen, module = "filmless._core")]
pub struct DataSetPieces {
    plan: Plan,
    place: Mutex<Place>,
    size: usize,
}

#[pymethods]
impl DataSetPieces {
    #[new]
    fn new(dataset: &Bound<'_, Dataset>, options: WritingOptions, size: usize) -> PyResult<Self> {
        if size == 0 {
            return Err(PyValueError::new_err("a piece has one byte or more"));
        }
        Ok(Self { plan: body_of(dataset, &options)?, place: Mutex::default(), size })
    }

    /// Bytes of all of them.
    #[getter]
    fn length(&self) -> u64 {
        self.plan.length()
    }

    /// Goes on where it is: each piece is given once.
    fn __iter__(slf: Bound<'_, Self>) -> Bound<'_, Self> {
        slf
    }

    fn __next__<'py>(&self, py: Python<'py>) -> PyResult<Option<Bound<'py, PyBytes>>> {
        let bytes = py.detach(|| {
            let mut place = self.place.lock().unwrap_or_else(PoisonError::into_inner);
            self.plan.read(&mut place, self.size)
        });
        let bytes = bytes.map_err(to_py)?;
        Ok((!bytes.is_empty()).then(|| PyBytes::new(py, &bytes)))
    }
}

/// The bytes a data set is kept as: of its file, or without one its own.
pub fn bytes_of<'py>(dataset: &Bound<'py, Dataset>, bare: bool) -> PyResult<Bound<'py, PyBytes>> {
    let options = WritingOptions(None, "keep".into(), false);
    if bare { encode_data_set(dataset, options) } else { encode_file(dataset, options) }
}

fn to_bytes<'py>(py: Python<'py>, plan: &Plan) -> PyResult<Bound<'py, PyBytes>> {
    let length = usize::try_from(plan.length())?;
    PyBytes::new_with(py, length, |mut buffer| plan.write_to(&mut buffer).map_err(to_py))
}
