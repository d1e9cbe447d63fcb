//! Files that survive a loss of power, in one call: a thread that gives Python's lock back for each step waits for it
//! as often.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use filmless_core::Error;
use pyo3::buffer::PyBuffer;
use pyo3::exceptions::PyBufferError;
use pyo3::prelude::*;

use crate::errors::at_path;

/// Writes bytes to the end of a file, or to a new one; then through to the disk, if that is asked for.
#[pyfunction]
pub fn append_file(py: Python<'_>, path: PathBuf, data: PyBuffer<u8>, new_mode: Option<u32>, sync: bool) -> PyResult<()> {
    if !data.is_c_contiguous() {
        return Err(PyBufferError::new_err("the bytes are not in one piece"));
    }
    // The buffer is held until the end of this function. Who writes into it meanwhile gets what they deserve into
    // their file: it is handed to the system, nothing here depends on what it says.
    #[allow(unsafe_code)]
    let bytes = match data.len_bytes() {
        0 => &[][..],
        length => unsafe { std::slice::from_raw_parts(data.buf_ptr().cast::<u8>(), length) },
    };
    py.detach(|| append(&path, bytes, new_mode, sync)).map_err(|error| at_path(Error::Io(error), Some(&path)))
}

/// Writes the names in a folder through to the disk.
#[pyfunction]
pub fn sync_folder(py: Python<'_>, path: PathBuf) -> PyResult<()> {
    py.detach(|| File::open(&path)?.sync_all()).map_err(|error| at_path(Error::Io(error), Some(&path)))
}

fn append(path: &Path, bytes: &[u8], new_mode: Option<u32>, sync: bool) -> io::Result<()> {
    let mut options = OpenOptions::new();
    match new_mode {
        Some(mode) => created_with(options.write(true).create_new(true), mode),
        None => options.append(true),
    };
    let mut file = options.open(path)?;
    if let Some(mode) = new_mode {
        open_to(&file, mode)?;
    }
    file.write_all(bytes)?;
    if sync { file.sync_all() } else { Ok(()) }
}

/// Nobody but its owner, from the beginning on.
const OWN: u32 = 0o600;

#[cfg(unix)]
fn created_with(options: &mut OpenOptions, mode: u32) -> &mut OpenOptions {
    use std::os::unix::fs::OpenOptionsExt;
    options.mode(mode & OWN)
}

#[cfg(unix)]
fn open_to(file: &File, mode: u32) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    // Not at its making: what the process denies to all its files would be denied here, too.
    if mode == OWN { Ok(()) } else { file.set_permissions(std::fs::Permissions::from_mode(mode)) }
}

#[cfg(not(unix))]
fn created_with(options: &mut OpenOptions, _mode: u32) -> &mut OpenOptions {
    options
}

#[cfg(not(unix))]
fn open_to(_file: &File, _mode: u32) -> io::Result<()> {
    let _ = OWN;
    Ok(())
}
