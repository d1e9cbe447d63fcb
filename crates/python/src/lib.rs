//! `filmless._core`: the core as Python sees it.
use pyo3::prelude::*;

#[pymodule]
mod _core {}
