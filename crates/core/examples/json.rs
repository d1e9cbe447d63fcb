//! Prints files as DICOM JSON, or as native XML after `--xml`: `cargo run --example json -- FILE…`

use std::io::Write;
use std::path::Path;

use filmless_core::file::{ReadOptions, read_path};
use filmless_core::{json, xml};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut as_xml = false;
    let mut out = std::io::stdout().lock();
    for argument in std::env::args().skip(1) {
        if argument == "--xml" {
            as_xml = true;
            continue;
        }
        let file = read_path(Path::new(&argument), &ReadOptions::default())?;
        let mut text = Vec::new();
        if as_xml {
            xml::write(&file.dataset, &xml::XmlOptions::default(), &mut text)?;
        } else {
            json::write(&file.dataset, &json::JsonOptions::default(), &mut text)?;
            text.push(b'\n');
        }
        out.write_all(&text)?;
    }
    Ok(())
}
