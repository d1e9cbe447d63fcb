//! THE registry of transfer syntaxes (PS3.5 8.2, A; PS3.6 A): reader, codecs, negotiation, web services and the
//! documentation all read this one table. UID, name and whether it is retired come from the UID registry.

use crate::dictionary::{registered, slots};

/// How the pixel data of a transfer syntax are coded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Codec {
    /// Not coded and not encapsulated (PS3.5 8.1).
    Native,
    /// Not coded, each frame encapsulated (PS3.5 A.4.11).
    Uncompressed,
    /// Run length (PS3.5 G).
    Rle,
    /// JPEG with a discrete cosine transform, 8 or 12 bits (PS3.5 8.2.1).
    Jpeg,
    /// JPEG lossless: prediction, 2 to 16 bits (PS3.5 8.2.1).
    JpegLossless,
    /// JPEG-LS (PS3.5 8.2.3).
    JpegLs,
    /// JPEG 2000 Part 1, and its Part 2 for multi-component images (PS3.5 8.2.4).
    Jpeg2000,
    /// High-throughput JPEG 2000 (PS3.5 8.2.14).
    Htj2k,
    /// JPEG XL (PS3.5 8.2.15).
    JpegXl,
    /// Each frame deflated (PS3.5 8.2.16).
    DeflatedFrame,
    /// MPEG-2, MPEG-4 or HEVC: all frames are one stream (PS3.5 8.2.5 to 8.2.8).
    Video,
    /// No pixels of its own: they are elsewhere (JPIP, real-time video), or the data set is not one of elements.
    Unsupported,
}

impl Codec {
    /// A stable name in lower case.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Native => "native",
            Self::Uncompressed => "uncompressed",
            Self::Rle => "rle",
            Self::Jpeg => "jpeg",
            Self::JpegLossless => "jpeg-lossless",
            Self::JpegLs => "jpeg-ls",
            Self::Jpeg2000 => "jpeg-2000",
            Self::Htj2k => "htj2k",
            Self::JpegXl => "jpeg-xl",
            Self::DeflatedFrame => "deflated-frame",
            Self::Video => "video",
            Self::Unsupported => "unsupported",
        }
    }
}

/// A row of the registry.
#[allow(clippy::struct_excessive_bools)] // it is a table, and these are its columns
#[derive(Debug)]
pub struct TransferSyntax {
    /// The UID.
    pub uid: &'static str,
    /// Its name, as in PS3.6.
    pub name: &'static str,
    /// Its keyword, as in PS3.6: `ExplicitVRLittleEndian`.
    pub keyword: &'static str,
    /// Whether elements carry their value representation (PS3.5 7.1.2).
    pub explicit: bool,
    /// Whether tags, lengths and values are big endian (PS3.5 7.3).
    pub big_endian: bool,
    /// Whether Pixel Data, when native, are big endian: also in one where nothing else is, GE's private one.
    pub big_endian_pixels: bool,
    /// Whether the data set is deflated as a whole (PS3.5 A.5).
    pub deflated: bool,
    /// Whether Pixel Data are a sequence of fragments (PS3.5 A.4).
    pub encapsulated: bool,
    /// How pixels are coded.
    pub codec: Codec,
    /// Whether every image in it is lossless. When neither this nor `lossy` holds, the stream decides.
    pub lossless: bool,
    /// Whether every image in it is lossy.
    pub lossy: bool,
    /// Whether the Standard has retired it.
    pub retired: bool,
    /// Least and greatest number of bits of a sample that it can hold; (0, 0) when it holds no pixels.
    pub bits: (u8, u8),
    /// Media type of a frame or of bulk data (PS3.18 Tables 8.7.3-4 and 8.7.3-5); empty when it holds no pixels.
    pub media_type: &'static str,
}

impl TransferSyntax {
    /// Whether the reader can parse a data set in it: all but those whose data sets are not made of elements.
    pub const fn has_elements(&self) -> bool {
        !matches!(self.uid.as_bytes(), b"1.2.840.10008.1.2.6.1" | b"1.2.840.10008.1.2.6.2")
    }
}

const OCTETS: &str = "application/octet-stream";

/// Explicit VR Little Endian, from which the others differ, under another name.
const fn native(keyword: &str) -> TransferSyntax {
    let registered = registered(keyword);
    TransferSyntax {
        uid: registered.uid,
        name: registered.name,
        keyword: registered.keyword,
        retired: registered.retired,
        explicit: true,
        big_endian: false,
        big_endian_pixels: false,
        deflated: false,
        encapsulated: false,
        codec: Codec::Native,
        lossless: true,
        lossy: false,
        bits: (1, 64),
        media_type: OCTETS,
    }
}

/// An encapsulated one: codec, bits and media type go together.
const fn coded(keyword: &str, codec: Codec, loss: Loss, bits: (u8, u8), media_type: &'static str) -> TransferSyntax {
    let (lossless, lossy) = (matches!(loss, Loss::Never), matches!(loss, Loss::Always));
    TransferSyntax { encapsulated: true, codec, lossless, lossy, bits, media_type, ..native(keyword) }
}

/// One without pixels of its own.
const fn without_pixels(keyword: &str, loss: Loss, deflated: bool) -> TransferSyntax {
    TransferSyntax { encapsulated: false, deflated, ..coded(keyword, Codec::Unsupported, loss, (0, 0), "") }
}

#[derive(Clone, Copy)]
enum Loss {
    Never,
    Always,
    /// The stream decides.
    Perhaps,
}

const fn jpeg(keyword: &str, bits: (u8, u8)) -> TransferSyntax {
    coded(keyword, Codec::Jpeg, Loss::Always, bits, "image/jpeg")
}

const fn jpeg_lossless(keyword: &str) -> TransferSyntax {
    coded(keyword, Codec::JpegLossless, Loss::Never, (2, 16), "image/jpeg")
}

const fn jpeg_2000(keyword: &str, loss: Loss, media_type: &'static str) -> TransferSyntax {
    coded(keyword, Codec::Jpeg2000, loss, (1, 38), media_type)
}

const fn htj2k(keyword: &str, loss: Loss) -> TransferSyntax {
    coded(keyword, Codec::Htj2k, loss, (1, 38), "image/jphc")
}

const fn jpeg_xl(keyword: &str, loss: Loss, bits: (u8, u8)) -> TransferSyntax {
    coded(keyword, Codec::JpegXl, loss, bits, "image/jxl")
}

const fn video(keyword: &str, bits: u8, media_type: &'static str) -> TransferSyntax {
    coded(keyword, Codec::Video, Loss::Always, (bits, bits), media_type)
}

/// Every transfer syntax of PS3.6 Table A-1 by its keyword, and one that is not there.
#[rustfmt::skip]
pub static REGISTRY: &[TransferSyntax] = &[
    TransferSyntax { explicit: false, ..native("ImplicitVRLittleEndian") },
    native("ExplicitVRLittleEndian"),
    coded("EncapsulatedUncompressedExplicitVRLittleEndian", Codec::Uncompressed, Loss::Never, (1, 64), OCTETS),
    TransferSyntax { deflated: true, ..native("DeflatedExplicitVRLittleEndian") },
    TransferSyntax { big_endian: true, big_endian_pixels: true, ..native("ExplicitVRBigEndian") },
    jpeg("JPEGBaseline8Bit", (8, 8)),
    jpeg("JPEGExtended12Bit", (8, 12)),
    jpeg("JPEGExtended35", (8, 12)),
    jpeg("JPEGSpectralSelectionNonHierarchical68", (8, 12)),
    jpeg("JPEGSpectralSelectionNonHierarchical79", (8, 12)),
    jpeg("JPEGFullProgressionNonHierarchical1012", (8, 12)),
    jpeg("JPEGFullProgressionNonHierarchical1113", (8, 12)),
    jpeg_lossless("JPEGLossless"),
    jpeg_lossless("JPEGLosslessNonHierarchical15"),
    jpeg("JPEGExtendedHierarchical1618", (8, 12)),
    jpeg("JPEGExtendedHierarchical1719", (8, 12)),
    jpeg("JPEGSpectralSelectionHierarchical2022", (8, 12)),
    jpeg("JPEGSpectralSelectionHierarchical2123", (8, 12)),
    jpeg("JPEGFullProgressionHierarchical2426", (8, 12)),
    jpeg("JPEGFullProgressionHierarchical2527", (8, 12)),
    jpeg_lossless("JPEGLosslessHierarchical28"),
    jpeg_lossless("JPEGLosslessHierarchical29"),
    jpeg_lossless("JPEGLosslessSV1"),
    coded("JPEGLSLossless", Codec::JpegLs, Loss::Never, (2, 16), "image/jls"),
    coded("JPEGLSNearLossless", Codec::JpegLs, Loss::Perhaps, (2, 16), "image/jls"),
    jpeg_2000("JPEG2000Lossless", Loss::Never, "image/jp2"),
    jpeg_2000("JPEG2000", Loss::Perhaps, "image/jp2"),
    jpeg_2000("JPEG2000MCLossless", Loss::Never, "image/jpx"),
    jpeg_2000("JPEG2000MC", Loss::Perhaps, "image/jpx"),
    without_pixels("JPIPReferenced", Loss::Perhaps, false),
    without_pixels("JPIPReferencedDeflate", Loss::Perhaps, true),
    video("MPEG2MPML", 8, "video/mpeg"),
    video("MPEG2MPMLF", 8, "video/mpeg"),
    video("MPEG2MPHL", 8, "video/mpeg"),
    video("MPEG2MPHLF", 8, "video/mpeg"),
    video("MPEG4HP41", 8, "video/mp4"),
    video("MPEG4HP41F", 8, "video/mp4"),
    video("MPEG4HP41BD", 8, "video/mp4"),
    video("MPEG4HP41BDF", 8, "video/mp4"),
    video("MPEG4HP422D", 8, "video/mp4"),
    video("MPEG4HP422DF", 8, "video/mp4"),
    video("MPEG4HP423D", 8, "video/mp4"),
    video("MPEG4HP423DF", 8, "video/mp4"),
    video("MPEG4HP42STEREO", 8, "video/mp4"),
    video("MPEG4HP42STEREOF", 8, "video/mp4"),
    video("HEVCMP51", 8, "video/H265"),
    video("HEVCM10P51", 10, "video/H265"),
    jpeg_xl("JPEGXLLossless", Loss::Never, (1, 16)),
    jpeg_xl("JPEGXLJPEGRecompression", Loss::Always, (8, 8)),
    jpeg_xl("JPEGXL", Loss::Perhaps, (1, 16)),
    htj2k("HTJ2KLossless", Loss::Never),
    htj2k("HTJ2KLosslessRPCL", Loss::Never),
    htj2k("HTJ2K", Loss::Perhaps),
    without_pixels("JPIPHTJ2KReferenced", Loss::Perhaps, false),
    without_pixels("JPIPHTJ2KReferencedDeflate", Loss::Perhaps, true),
    coded("RLELossless", Codec::Rle, Loss::Never, (1, 64), "image/dicom-rle"),
    without_pixels("RFC2557MIMEEncapsulation", Loss::Never, false),
    without_pixels("XMLEncoding", Loss::Never, false),
    without_pixels("SMPTEST211020UncompressedProgressiveActiveVideo", Loss::Never, false),
    without_pixels("SMPTEST211020UncompressedInterlacedActiveVideo", Loss::Never, false),
    without_pixels("SMPTEST211030PCMDigitalAudio", Loss::Never, false),
    coded("DeflatedImageFrameCompression", Codec::DeflatedFrame, Loss::Never, (1, 64), OCTETS),
    TransferSyntax { explicit: false, ..native("Papyrus3ImplicitVRLittleEndian") },
    // A private one that is often met; its keyword is ours.
    TransferSyntax {
        uid: "1.2.840.113619.5.2",
        name: "GE Private Implicit VR Little Endian with Big Endian Pixel Data",
        keyword: "GEPrivateImplicitVRBigEndian",
        explicit: false,
        big_endian_pixels: true,
        ..native("ExplicitVRLittleEndian")
    },
];

const SLOTS: usize = 128;

static BY_UID: [u16; SLOTS] = {
    let mut by_uid = [slots::EMPTY; SLOTS];
    let mut row = 0;
    while row < REGISTRY.len() {
        slots::insert(&mut by_uid, REGISTRY[row].uid, row);
        row += 1;
    }
    by_uid
};

/// The row of a UID, without padding.
///
/// DICOM: PS3.5 10, A; PS3.6 A.
pub fn find(uid: &str) -> Option<&'static TransferSyntax> {
    slots::find(&BY_UID, uid, |row| REGISTRY[row].uid).map(|row| &REGISTRY[row])
}

/// The row of a keyword such as `JPEG2000Lossless`, as people name a transfer syntax.
///
/// DICOM: PS3.6 A.
pub fn find_by_keyword(keyword: &str) -> Option<&'static TransferSyntax> {
    REGISTRY.iter().find(|row| row.keyword == keyword)
}
