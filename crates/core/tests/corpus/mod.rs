//! Real files, where the environment says that there are any: every test that uses them skips with a note when not.

use std::path::{Path, PathBuf};

/// The files below the folders that `FILMLESS_PYDICOM_FILES` and `FILMLESS_CORPUS` name, colons between folders.
pub fn files() -> Vec<PathBuf> {
    let mut files = Vec::new();
    for variable in ["FILMLESS_PYDICOM_FILES", "FILMLESS_CORPUS"] {
        match std::env::var_os(variable) {
            Some(folders) => std::env::split_paths(&folders).for_each(|folder| collect(&folder, &mut files)),
            None => println!("skipped: {variable} names no folder of real files"),
        }
    }
    files
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) {
    let Ok(entries) = std::fs::read_dir(folder) else { return };
    for entry in entries.flatten() {
        let Ok(kind) = entry.file_type() else { continue };
        if kind.is_dir() {
            collect(&entry.path(), files);
        } else if kind.is_file() {
            files.push(entry.path());
        }
    }
}
