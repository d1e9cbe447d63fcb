//! Files: reading and writing elements and Part 10, JSON and XML (PS3.5 7, PS3.10, PS3.18 F, PS3.19 A.1).

mod encode;
mod header;
mod node;
mod odd;
mod ordinary;
mod parsed;
mod parser;
mod plan;
mod read;
mod source;
mod view;
mod write;

pub use encode::Lengths;
pub use node::{Encoding, Flags, Node};
pub use parsed::Parsed;
pub use parser::{INLINE, Parser};
pub use plan::{Place, Plan};
pub use read::{DicomFile, ReadOptions, read_bytes, read_command_set, read_path};
pub use source::{FileSource, Reader, SharedBytes, Source, Window};
pub use view::{Limits, Step, View};
pub use write::{
    Destination, FileParts, IMPLEMENTATION_CLASS_UID, IMPLEMENTATION_VERSION_NAME, WriteOptions, destination,
    keep_open, plan_body, plan_data_set, plan_file, write_atomically,
};
