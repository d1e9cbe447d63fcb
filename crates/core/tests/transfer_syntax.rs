//! The registry of transfer syntaxes: complete, consistent, and right where it matters.

use filmless_core::dictionary::{UidKind, uids};
use filmless_core::transfer_syntax::{Codec, REGISTRY, TransferSyntax, find, find_by_keyword};

fn named(keyword: &str) -> &'static TransferSyntax {
    find_by_keyword(keyword).unwrap_or_else(|| panic!("{keyword} is not in the registry"))
}

#[test]
fn every_registered_transfer_syntax_has_one_row() {
    for uid in uids().filter(|uid| uid.kind == UidKind::TransferSyntax) {
        let row = find(uid.uid).unwrap_or_else(|| panic!("{} is not in the registry", uid.uid));
        assert_eq!((row.name, row.keyword, row.retired), (uid.name, uid.keyword, uid.retired));
    }
    for row in REGISTRY {
        assert!(std::ptr::eq(find(row.uid).expect(row.uid), row), "{} occurs twice", row.uid);
        assert!(std::ptr::eq(named(row.keyword), row), "{} occurs twice", row.keyword);
    }
    let private = REGISTRY.iter().filter(|row| !row.uid.starts_with("1.2.840.10008.")).count();
    assert_eq!((REGISTRY.len(), private), (64, 1));
    assert!(find("1.2.840.10008.1.1").is_none() && find("").is_none() && find_by_keyword("").is_none());
}

#[test]
fn the_data_set_is_encoded_as_said() {
    // keyword: explicit, big endian, big endian pixels, deflated
    for (keyword, expected) in [
        ("ImplicitVRLittleEndian", [false, false, false, false]),
        ("ExplicitVRLittleEndian", [true, false, false, false]),
        ("ExplicitVRBigEndian", [true, true, true, false]),
        ("DeflatedExplicitVRLittleEndian", [true, false, false, true]),
        ("JPIPReferencedDeflate", [true, false, false, true]),
        ("JPIPHTJ2KReferencedDeflate", [true, false, false, true]),
        ("JPIPReferenced", [true, false, false, false]),
        ("Papyrus3ImplicitVRLittleEndian", [false, false, false, false]),
        ("GEPrivateImplicitVRBigEndian", [false, false, true, false]),
        ("JPEG2000Lossless", [true, false, false, false]),
    ] {
        let row = named(keyword);
        assert_eq!([row.explicit, row.big_endian, row.big_endian_pixels, row.deflated], expected, "{keyword}");
    }
    let without: Vec<_> = REGISTRY.iter().filter(|row| !row.has_elements()).map(|row| row.keyword).collect();
    assert_eq!(without, ["RFC2557MIMEEncapsulation", "XMLEncoding"]);
}

#[test]
fn the_pixels_are_coded_as_said() {
    use Codec::{Htj2k, Jpeg, Jpeg2000, JpegLossless, JpegLs, JpegXl, Native, Rle, Video};
    // keyword: codec, encapsulated, lossless, lossy, bits, media type
    for (keyword, codec, encapsulated, lossless, lossy, bits, media_type) in [
        ("ExplicitVRLittleEndian", Native, false, true, false, (1, 64), "application/octet-stream"),
        ("JPEGBaseline8Bit", Jpeg, true, false, true, (8, 8), "image/jpeg"),
        ("JPEGExtended12Bit", Jpeg, true, false, true, (8, 12), "image/jpeg"),
        ("JPEGLossless", JpegLossless, true, true, false, (2, 16), "image/jpeg"),
        ("JPEGLosslessSV1", JpegLossless, true, true, false, (2, 16), "image/jpeg"),
        ("JPEGLSLossless", JpegLs, true, true, false, (2, 16), "image/jls"),
        ("JPEGLSNearLossless", JpegLs, true, false, false, (2, 16), "image/jls"),
        ("JPEG2000Lossless", Jpeg2000, true, true, false, (1, 38), "image/jp2"),
        ("JPEG2000", Jpeg2000, true, false, false, (1, 38), "image/jp2"),
        ("JPEG2000MC", Jpeg2000, true, false, false, (1, 38), "image/jpx"),
        ("HTJ2KLosslessRPCL", Htj2k, true, true, false, (1, 38), "image/jphc"),
        ("JPEGXLJPEGRecompression", JpegXl, true, false, true, (8, 8), "image/jxl"),
        ("RLELossless", Rle, true, true, false, (1, 64), "image/dicom-rle"),
        ("MPEG2MPML", Video, true, false, true, (8, 8), "video/mpeg"),
        ("MPEG4HP41F", Video, true, false, true, (8, 8), "video/mp4"),
        ("HEVCM10P51", Video, true, false, true, (10, 10), "video/H265"),
    ] {
        let row = named(keyword);
        assert_eq!((row.codec, row.encapsulated, row.bits), (codec, encapsulated, bits), "{keyword}");
        assert_eq!((row.lossless, row.lossy, row.media_type), (lossless, lossy, media_type), "{keyword}");
    }
    assert_eq!(named("JPIPReferenced").codec, Codec::Unsupported);
    assert_eq!(named("DeflatedImageFrameCompression").codec, Codec::DeflatedFrame);
    assert_eq!(named("EncapsulatedUncompressedExplicitVRLittleEndian").codec, Codec::Uncompressed);
}

#[test]
fn columns_agree_with_each_other() {
    for row in REGISTRY {
        let holds_pixels = row.codec != Codec::Unsupported;
        assert_eq!(row.encapsulated, holds_pixels && row.codec != Codec::Native, "{}", row.keyword);
        assert!(!row.encapsulated || (row.explicit && !row.big_endian), "PS3.5 A.4: {}", row.keyword);
        assert!(!(row.lossless && row.lossy), "{}", row.keyword);
        assert_eq!(row.media_type.is_empty(), !holds_pixels, "{}", row.keyword);
        assert_eq!(row.bits == (0, 0), !holds_pixels, "{}", row.keyword);
        assert!(row.bits.0 <= row.bits.1, "{}", row.keyword);
        assert!(!row.big_endian || row.big_endian_pixels, "{}", row.keyword);
    }
}
