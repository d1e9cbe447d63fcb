//! Files: reading and writing elements and Part 10, JSON and XML (PS3.5 7, PS3.10, PS3.18 F, PS3.19 A.1).

mod header;
mod node;
mod odd;
mod parsed;
mod parser;
mod read;
mod source;

pub use node::{Encoding, Flags, Node};
pub use parsed::Parsed;
pub use parser::{INLINE, Limits, Parser, Step, View};
pub use read::{DicomFile, ReadOptions, read_bytes, read_path};
pub use source::{FileSource, SharedBytes, Source, Window};
