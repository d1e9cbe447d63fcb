//! Files that survive a loss of power, in few calls: a thread that gives Python's lock back for each step waits for it
//! as often.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use filmless_core::Error;
use pyo3::buffer::PyBuffer;
use pyo3::exceptions::PyBufferError;
use pyo3::prelude::*;
use sha2::{Digest, Sha256};

use crate::errors::at_path;

/// Nobody but its owner, from the beginning on.
const OWN: u32 = 0o600;

/// A new file that is hashed while it is written.
#[pyclass(frozen)]
pub struct FileWriter {
    path: PathBuf,
    mode: u32,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    file: Option<File>,
    digest: Sha256,
}

#[pymethods]
impl FileWriter {
    #[new]
    fn new(path: PathBuf, mode: u32) -> Self {
        Self { path, mode, state: Mutex::default() }
    }

    /// Writes bytes to the end; the first makes the file.
    fn write(&self, py: Python<'_>, pieces: Vec<PyBuffer<u8>>) -> PyResult<()> {
        let pieces = slices(&pieces)?;
        self.detached(py, |state| {
            self.write_all(state, &pieces)?;
            state.digest_all(&pieces);
            Ok(())
        })
    }

    /// Writes the last bytes; the SHA-256 of all. What is asked to go through to the disk is on its way from here on,
    /// and there when it is placed: it is hashed and read meanwhile.
    fn seal(&self, py: Python<'_>, pieces: Vec<PyBuffer<u8>>, sync: bool) -> PyResult<String> {
        let pieces = slices(&pieces)?;
        self.detached(py, |state| {
            self.write_all(state, &pieces)?;
            if let (true, Some(file)) = (sync, &state.file) {
                begin_sync(file);
            } else {
                state.file = None;
            }
            state.digest_all(&pieces);
            let digest = std::mem::take(&mut state.digest).finalize();
            let digits = digest.iter().flat_map(|byte| [byte >> 4, byte & 15]);
            Ok(digits.filter_map(|digit| char::from_digit(digit.into(), 16)).collect())
        })
    }

    /// Gives it another name, unless a file of this size has that; whether it did.
    fn place(&self, py: Python<'_>, target: PathBuf, size: u64) -> PyResult<bool> {
        self.detached(py, |state| {
            if let Some(file) = state.file.take() {
                file.sync_all()?;
            }
            if fs::metadata(&target).is_ok_and(|found| found.len() == size) {
                return Ok(false);
            }
            fs::rename(&self.path, &target).map(|()| true)
        })
    }

    /// Closes it as it is.
    fn close(&self, py: Python<'_>) -> PyResult<()> {
        self.detached(py, |state| {
            state.file = None;
            Ok(())
        })
    }
}

impl State {
    fn digest_all(&mut self, pieces: &[&[u8]]) {
        for piece in pieces {
            self.digest.update(piece);
        }
    }
}

impl FileWriter {
    fn detached<T: Send>(&self, py: Python<'_>, work: impl Send + FnOnce(&mut State) -> io::Result<T>) -> PyResult<T> {
        py.detach(|| work(&mut self.state.lock().unwrap_or_else(PoisonError::into_inner)))
            .map_err(|error| at_path(Error::Io(error), Some(&self.path)))
    }

    /// Writes all, before any of it is hashed: the disk is at work meanwhile.
    fn write_all(&self, state: &mut State, pieces: &[&[u8]]) -> io::Result<()> {
        if state.file.is_none() {
            state.file = Some(created(&self.path, self.mode)?);
        }
        let Some(file) = state.file.as_mut() else { return Ok(()) };
        pieces.iter().try_for_each(|piece| file.write_all(piece))
    }
}

/// Has the disk begin to write a file, without waiting for it. That is no promise: only `fsync` is, and tells of errors.
#[cfg(target_os = "linux")]
#[allow(unsafe_code)]
fn begin_sync(file: &File) {
    use std::os::fd::AsRawFd;
    // A call to the system that reads and writes no memory of ours, with a descriptor that is open.
    let _ = unsafe { libc::sync_file_range(file.as_raw_fd(), 0, 0, libc::SYNC_FILE_RANGE_WRITE) };
}

#[cfg(not(target_os = "linux"))]
fn begin_sync(_file: &File) {}

/// The bytes of buffers, which hold them as long as they live.
fn slices(buffers: &[PyBuffer<u8>]) -> PyResult<Vec<&[u8]>> {
    buffers
        .iter()
        .map(|buffer| {
            if !buffer.is_c_contiguous() {
                return Err(PyBufferError::new_err("the bytes are not in one piece"));
            }
            if buffer.len_bytes() == 0 {
                return Ok(&[][..]);
            }
            // Who writes into it meanwhile gets what they deserve into their file: nothing here depends on the bytes.
            #[allow(unsafe_code)]
            Ok(unsafe { std::slice::from_raw_parts(buffer.buf_ptr().cast::<u8>(), buffer.len_bytes()) })
        })
        .collect()
}

/// Writes the names in a folder through to the disk.
#[pyfunction]
pub fn sync_folder(py: Python<'_>, path: PathBuf) -> PyResult<()> {
    py.detach(|| File::open(&path)?.sync_all()).map_err(|error| at_path(Error::Io(error), Some(&path)))
}

#[cfg(unix)]
fn created(path: &Path, mode: u32) -> io::Result<File> {
    use std::fs::Permissions;
    use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
    let file = OpenOptions::new().write(true).create_new(true).mode(OWN).open(path)?;
    if mode != OWN {
        // Not at its making: what the process denies to all its files would be denied here, too.
        file.set_permissions(Permissions::from_mode(mode))?;
    }
    Ok(file)
}

#[cfg(not(unix))]
fn created(path: &Path, _mode: u32) -> io::Result<File> {
    let _ = OWN;
    OpenOptions::new().write(true).create_new(true).open(path)
}
