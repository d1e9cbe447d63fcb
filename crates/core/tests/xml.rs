//! The Native DICOM Model, PS3.19 A.1.

mod corpus;

use filmless_core::compare::same;
use filmless_core::dataset::{Dataset, Element};
use filmless_core::file::{ReadOptions, read_path};
use filmless_core::model::no_bulk_data;
use filmless_core::xml::{self, BulkData, XmlLimits, XmlOptions};
use filmless_core::{Error, Tag, Vr};

const HEAD: &str = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<NativeDicomModel xmlns=\"http://dicom.nema.org/PS3.19/models/NativeDICOM\" xml:space=\"preserve\">\n";
const FOOT: &str = "</NativeDicomModel>\n";

fn of(elements: Vec<(u32, Element)>) -> Dataset {
    let mut dataset = Dataset::new();
    for (tag, element) in elements {
        dataset.set(Tag(tag), element);
    }
    dataset
}

fn read(text: &str) -> Result<Dataset, Error> {
    xml::read(text.as_bytes(), &XmlLimits::default(), &mut no_bulk_data)
}

fn model(body: &str) -> String {
    format!("{HEAD}{body}{FOOT}")
}

/// The elements as XML; they come back the same from it.
fn both_ways(elements: Vec<(u32, Element)>) -> String {
    let dataset = of(elements);
    let text = xml::to_string(&dataset, &XmlOptions::default()).unwrap();
    assert!(same(&dataset, &read(&text).unwrap()).unwrap(), "{text}");
    text.strip_prefix(HEAD).unwrap().strip_suffix(FOOT).unwrap().to_owned()
}

#[test]
fn values_carry_their_number() {
    assert_eq!(
        both_ways(vec![(0x0008_0008, Element::text(Vr::CS, "A\\\\<&>\""))]),
        "<DicomAttribute tag=\"00080008\" vr=\"CS\" keyword=\"ImageType\"><Value number=\"1\">A</Value><Value number=\"2\"></Value><Value number=\"3\">&lt;&amp;&gt;&quot;</Value></DicomAttribute>\n"
    );
    assert_eq!(
        both_ways(vec![(0x0028_0010, Element::bytes(Vr::US, [0, 2]))]),
        "<DicomAttribute tag=\"00280010\" vr=\"US\" keyword=\"Rows\"><Value number=\"1\">512</Value></DicomAttribute>\n"
    );
    let floats = [0.1, f64::NAN, f64::NEG_INFINITY].map(f64::to_le_bytes).concat();
    assert_eq!(
        both_ways(vec![(0x0018_9087, Element::bytes(Vr::FD, floats))]),
        "<DicomAttribute tag=\"00189087\" vr=\"FD\" keyword=\"DiffusionBValue\"><Value number=\"1\">0.1</Value><Value number=\"2\">NaN</Value><Value number=\"3\">-inf</Value></DicomAttribute>\n"
    );
    both_ways(vec![
        (0x0028_0009, Element::bytes(Vr::AT, [0x18, 0, 0x63, 0x10])),
        (0x0010_4000, Element::text(Vr::LT, "a\\b\r\n\tc  d")),
    ]);
}

#[test]
fn person_names_have_groups_and_components() {
    assert_eq!(
        both_ways(vec![(0x0010_0010, Element::text(Vr::PN, "Doe^Jane^^Dr^x^y==p=q\\"))]),
        "<DicomAttribute tag=\"00100010\" vr=\"PN\" keyword=\"PatientName\"><PersonName number=\"1\"><Alphabetic><FamilyName>Doe</FamilyName><GivenName>Jane</GivenName><NamePrefix>Dr</NamePrefix><NameSuffix>x^y</NameSuffix></Alphabetic><Phonetic><FamilyName>p=q</FamilyName></Phonetic></PersonName><PersonName number=\"2\"></PersonName></DicomAttribute>\n"
    );
}

#[test]
fn items_private_elements_and_binary() {
    let item =
        of(vec![(0x0009_0010, Element::text(Vr::LO, "ACME \"1\"")), (0x0009_1001, Element::bytes(Vr::UN, [1, 2]))]);
    assert_eq!(
        both_ways(vec![(0x0008_1140, Element::items(vec![Dataset::new(), item]))]),
        "<DicomAttribute tag=\"00081140\" vr=\"SQ\" keyword=\"ReferencedImageSequence\">\n<Item number=\"1\">\n</Item>\n<Item number=\"2\">\n<DicomAttribute tag=\"00090010\" vr=\"LO\"><Value number=\"1\">ACME &quot;1&quot;</Value></DicomAttribute>\n<DicomAttribute tag=\"00091001\" vr=\"UN\" privateCreator=\"ACME &quot;1&quot;\"><InlineBinary>AQI=</InlineBinary></DicomAttribute>\n</Item>\n</DicomAttribute>\n"
    );
}

#[test]
fn characters_that_xml_lacks_go_in_base_64() {
    let text = both_ways(vec![(0x0008_103E, Element::text(Vr::LO, "a\u{1}\\b"))]);
    assert!(text.contains("<InlineBinary>YQFcYg==</InlineBinary>"), "{text}");
}

#[test]
fn bulk_data_goes_by_uri_and_comes_from_the_caller() {
    let dataset = of(vec![(0x7FE0_0010, Element::bytes(Vr::OB, [7; 8]))]);
    let bulk_data = BulkData::Uri { prefix: "x?a&b=".into(), threshold: 0 };
    let text = xml::to_string(&dataset, &XmlOptions { bulk_data, ..XmlOptions::default() }).unwrap();
    assert!(text.contains("<BulkData uri=\"x?a&amp;b=7FE00010\"/>"), "{text}");
    let mut fetch = |tag: Tag, vr: Vr, uri: &str| {
        assert_eq!((tag, vr, uri), (Tag::PIXEL_DATA, Vr::OB, "x?a&b=7FE00010"));
        Ok(Some(vec![7; 8]))
    };
    assert!(same(&dataset, &xml::read(text.as_bytes(), &XmlLimits::default(), &mut fetch).unwrap()).unwrap());
    assert_eq!(read(&text).unwrap().find(Tag::PIXEL_DATA).unwrap().length(), 0);
}

#[test]
fn reads_what_others_write() {
    let text = "<?xml version='1.0' encoding='utf-8'?><!-- x --><n:NativeDicomModel xmlns:n='y'>
        <n:DicomAttribute keyword='PatientID'><n:Value number='1'><![CDATA[<a>]]>&#x62;&amp;<?pi?></n:Value><Other><Value>z</Value></Other></n:DicomAttribute>
        <DicomAttribute tag='00280030' vr='DS'><Value number='3'>1</Value></DicomAttribute>
        <DicomAttribute tag='00280010'><Value>1</Value></DicomAttribute>
        <DicomAttribute tag='7FE00010' vr='OB'><InlineBinary>
          AQ I=
        </InlineBinary></DicomAttribute></n:NativeDicomModel>";
    let expected = of(vec![
        (0x0010_0020, Element::text(Vr::LO, "<a>b&")),
        (0x0028_0030, Element::text(Vr::DS, "\\\\1")),
        (0x0028_0010, Element::bytes(Vr::US, [1, 0])),
        (0x7FE0_0010, Element::bytes(Vr::OB, [1, 2])),
    ]);
    let back = read(text).unwrap();
    assert!(same(&back, &expected).unwrap(), "{}", xml::to_string(&back, &XmlOptions::default()).unwrap());
}

#[test]
fn what_is_no_xml_of_a_data_set_is_refused() {
    let wrong = [
        "",
        "<x/>",
        "<NativeDicomModel>",
        "<NativeDicomModel/><NativeDicomModel/>",
        "<NativeDicomModel></x>",
        "<!DOCTYPE x [<!ENTITY a \"b\">]><NativeDicomModel/>",
        "<NativeDicomModel><DicomAttribute tag=\"00100020\" vr=\"LO\"><Value number=\"1\">&a;</Value></DicomAttribute></NativeDicomModel>",
        "<NativeDicomModel><DicomAttribute tag=\"&a;\"/></NativeDicomModel>",
        "<NativeDicomModel><DicomAttribute tag=\"001000\"/></NativeDicomModel>",
        "<NativeDicomModel><DicomAttribute tag=\"FFFEE000\"/></NativeDicomModel>",
        "<?xml version=\"1.0\" encoding=\"UTF-16\"?><NativeDicomModel/>",
    ];
    for text in wrong {
        assert!(matches!(read(text).unwrap_err(), Error::Format { .. } | Error::Truncated { .. }), "{text}");
    }
    let wrong_values = [
        "vr=\"US\"><Value number=\"1\">x</Value>",
        "vr=\"XX\">",
        "vr=\"LO\"><Value number=\"99999999\">x</Value>",
        "vr=\"LO\"><Value number=\"0\">x</Value>",
    ];
    for value in wrong_values {
        let error = read(&model(&format!("<DicomAttribute tag=\"00100020\" {value}</DicomAttribute>"))).unwrap_err();
        assert!(matches!(error, Error::Value { .. }), "{value}: {error}");
        assert_eq!(error.place().tag, Some(Tag(0x0010_0020)));
    }
}

#[test]
fn depth_meets_a_limit_and_costs_no_stack() {
    let open = "<DicomAttribute tag=\"00081140\" vr=\"SQ\"><Item>";
    let error = read(&format!("<NativeDicomModel>{}", open.repeat(100_000))).unwrap_err();
    assert!(matches!(error, Error::Limit { limit: "max_depth", maximum: 128, .. }), "{error}");
    let foreign = format!("<NativeDicomModel>{}{}</NativeDicomModel>", "<x>".repeat(100_000), "</x>".repeat(100_000));
    assert!(read(&foreign).unwrap().is_empty());
}

#[test]
fn real_files_come_back_the_same() {
    let mut failed = Vec::new();
    let mut count = 0;
    for path in corpus::files() {
        let Ok(file) = read_path(&path, &ReadOptions::default()) else { continue };
        count += 1;
        let mut text = Vec::new();
        let result = xml::write(&file.dataset, &XmlOptions::default(), &mut text)
            .and_then(|()| xml::read(&text, &XmlLimits::default(), &mut no_bulk_data))
            .and_then(|back| same(&file.dataset, &back));
        if !matches!(result, Ok(true)) {
            failed.push(format!("{}: {result:?}", path.display()));
        }
    }
    println!("{count} files");
    assert!(failed.is_empty(), "{} of {count}:\n{}", failed.len(), failed.join("\n"));
}
