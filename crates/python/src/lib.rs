//! `filmless._core`: the core as Python sees it. A file per exposed class; conversions only.

use pyo3::prelude::*;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

mod copy;
mod dataset;
mod decode;
mod dictionary;
mod durable;
mod element;
mod encode;
mod errors;
mod file;
mod finding;
mod frames;
mod model;
mod origin;
mod png;
mod render;
mod rle;
mod scan;
mod sequence;
mod state;
mod streams;
mod tag;
mod upper_layer;
mod walk;

#[pymodule]
mod _core {
    #[pymodule_export]
    use crate::copy::{copied, findings, pickled, same, unpickled};
    #[pymodule_export]
    use crate::dataset::Dataset;
    #[pymodule_export]
    use crate::dictionary::{dictionary_entry, keywords, private_entry, transfer_syntax, transfer_syntaxes, uid_entry};
    #[pymodule_export]
    use crate::durable::{FileWriter, sync_folder};
    #[pymodule_export]
    use crate::element::DataElement;
    #[pymodule_export]
    use crate::file::{
        DataSetPieces, destination, encode_data_set, encode_file, encode_json, read_bytes, read_file, write_bytes,
        write_file,
    };
    #[pymodule_export]
    use crate::finding::Finding;
    #[pymodule_export]
    use crate::frames::{
        fragment_tails, fragments, functional_groups, keep_stored, pixel_attributes, read_into, unpack_bits,
        value_range,
    };
    #[pymodule_export]
    use crate::model::{JsonPicker, from_json, from_xml, to_json, to_xml};
    #[pymodule_export]
    use crate::png::{lzw_decode, png_filter, png_unfilter};
    #[pymodule_export]
    use crate::render::{draw_ramp, expand_segments, look_up_samples, sample_range, ybr_to_rgb};
    #[pymodule_export]
    use crate::rle::{rle_decode, rle_encode};
    #[pymodule_export]
    use crate::scan::scan;
    #[pymodule_export]
    use crate::sequence::Sequence;
    #[pymodule_export]
    use crate::state::Handle;
    #[pymodule_export]
    use crate::streams::{jpeg_damage, jpeg_segments};
    #[pymodule_export]
    use crate::upper_layer::{
        Acceptable, AnsweredContext, AssociateAccept, AssociateRequest, Chunk, CommonExtendedNegotiation, Connection,
        Event, ExtendedNegotiation, NegotiatedContext, OperationsWindow, Policy, ProposedContext, Reject,
        RoleSelection, UpperLayerLimits, UserIdentity, UserInformation, decode_command, encode_command,
    };
    #[pymodule_export]
    use crate::walk::{ElementIterator, Walker};

    /// The version of the package, which `Cargo.toml` says.
    #[pymodule_export]
    #[allow(non_upper_case_globals)]
    const __version__: &str = env!("CARGO_PKG_VERSION");
}
