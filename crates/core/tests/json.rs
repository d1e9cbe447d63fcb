//! The DICOM JSON Model, PS3.18 F.

mod corpus;

use std::fmt::Write as _;

use filmless_core::compare::same;
use filmless_core::dataset::{Dataset, Element};
use filmless_core::file::{ReadOptions, read_path};
use filmless_core::json::{self, BulkData, JsonLimits, JsonOptions};
use filmless_core::model::no_bulk_data;
use filmless_core::{Error, Tag, Vr};

const PATIENT_NAME: Tag = Tag(0x0010_0010);
const SEQUENCE: Tag = Tag(0x0008_1140);

fn of(elements: Vec<(u32, Element)>) -> Dataset {
    let mut dataset = Dataset::new();
    for (tag, element) in elements {
        dataset.set(Tag(tag), element);
    }
    dataset
}

fn written(dataset: &Dataset) -> String {
    json::to_string(dataset, &JsonOptions::default()).unwrap()
}

fn read(text: &str) -> Result<Dataset, Error> {
    json::read(text.as_bytes(), &JsonLimits::default(), &mut no_bulk_data)
}

/// An element as JSON, and the data set that JSON is read to.
fn both_ways(tag: u32, element: Element) -> String {
    let dataset = of(vec![(tag, element)]);
    let text = written(&dataset);
    assert!(same(&dataset, &read(&text).unwrap()).unwrap(), "{text}");
    let head = format!("{{\"{tag:08X}\":");
    text.strip_prefix(&head).unwrap().strip_suffix('}').unwrap().to_owned()
}

#[test]
fn text_is_an_array_of_strings() {
    assert_eq!(
        both_ways(0x0008_0008, Element::text(Vr::CS, "ORIGINAL\\\\AXIAL")),
        r#"{"vr":"CS","Value":["ORIGINAL",null,"AXIAL"]}"#
    );
    assert_eq!(both_ways(0x0008_0008, Element::text(Vr::CS, " ")), r#"{"vr":"CS"}"#);
    assert_eq!(
        both_ways(0x0010_4000, Element::text(Vr::LT, "a\\b\r\n\"\u{1}é")),
        r#"{"vr":"LT","Value":["a\\b\r\n\"\u0001é"]}"#
    );
}

#[test]
fn decimal_strings_are_numbers_of_the_same_digits() {
    let element = Element::text(Vr::DS, "1.50\\+1\\1.\\.5\\-.5\\007\\1E5\\-0\\ 2e-003 \\");
    assert_eq!(both_ways(0x0028_0030, element), r#"{"vr":"DS","Value":[1.50,1,1,0.5,-0.5,7,1e+5,-0,2e-3,null]}"#);
    let element = Element::text(Vr::DS, "1,5\\.\\-\\1e\\1e9999\\1.5x\\nan\\--1");
    let expected = r#"{"vr":"DS","Value":["1,5",".","-","1e","1e9999","1.5x","nan","--1"]}"#;
    assert_eq!(both_ways(0x0028_0030, element), expected);
    assert_eq!(both_ways(0x0020_0013, Element::text(Vr::IS, "12\\x")), r#"{"vr":"IS","Value":[12,"x"]}"#);
}

#[test]
fn person_names_are_objects() {
    assert_eq!(
        both_ways(0x0010_0010, Element::text(Vr::PN, "Doe^Jane==j")),
        r#"{"vr":"PN","Value":[{"Alphabetic":"Doe^Jane","Phonetic":"j"}]}"#
    );
    assert_eq!(
        both_ways(0x0010_0010, Element::text(Vr::PN, "=\\a=b=c=d")),
        r#"{"vr":"PN","Value":[null,{"Alphabetic":"a","Ideographic":"b","Phonetic":"c=d"}]}"#
    );
}

#[test]
fn numbers_are_numbers_and_no_number_is_a_string() {
    let floats: Vec<u8> =
        [0.1_f32, f32::NAN, f32::NEG_INFINITY, -0.0, 1e30].iter().flat_map(|number| number.to_le_bytes()).collect();
    assert_eq!(
        both_ways(0x0018_9087, Element::bytes(Vr::FL, floats)),
        r#"{"vr":"FL","Value":[0.10000000149011612,"NaN","-inf",-0.0,1.0000000150474662e30]}"#
    );
    assert_eq!(
        both_ways(0x0018_9087, Element::bytes(Vr::FD, f64::INFINITY.to_le_bytes())),
        r#"{"vr":"FD","Value":["inf"]}"#
    );
    let expected = r#"{"vr":"UV","Value":[18446744073709551615]}"#;
    assert_eq!(both_ways(0x0008_040C, Element::bytes(Vr::UV, u64::MAX.to_le_bytes())), expected);
    assert_eq!(both_ways(0x0028_0106, Element::bytes(Vr::SS, (-2_i16).to_le_bytes())), r#"{"vr":"SS","Value":[-2]}"#);
    assert_eq!(
        both_ways(0x0028_0009, Element::bytes(Vr::AT, [0x18, 0, 0x63, 0x10])),
        r#"{"vr":"AT","Value":["00181063"]}"#
    );
}

#[test]
fn binary_is_base_64_in_little_endian() {
    assert_eq!(
        both_ways(0x7FE0_0010, Element::bytes(Vr::OW, [1, 0, 2, 0])),
        r#"{"vr":"OW","InlineBinary":"AQACAA=="}"#
    );
    let big = Element { big_endian: true, ..Element::bytes(Vr::OW, [0, 1, 0, 2]) };
    assert_eq!(both_ways(0x7FE0_0010, big), r#"{"vr":"OW","InlineBinary":"AQACAA=="}"#);
    assert_eq!(both_ways(0x7FE0_0010, Element::bytes(Vr::OB, [])), r#"{"vr":"OB"}"#);
}

#[test]
fn items_are_objects_and_group_lengths_are_left_out() {
    let item = of(vec![(0x0008_0005, Element::text(Vr::CS, "ISO_IR 100")), (0x0010_0010, Element::text(Vr::PN, "é"))]);
    let dataset = of(vec![
        (0x0008_0000, Element::bytes(Vr::UL, [4, 0, 0, 0])),
        (SEQUENCE.0, Element::items(vec![Dataset::new(), item])),
    ]);
    let text = written(&dataset);
    let expected = r#"{"00081140":{"vr":"SQ","Value":[{},{"00080005":{"vr":"CS","Value":["ISO_IR 192"]},"00100010":{"vr":"PN","Value":[{"Alphabetic":"é"}]}}]}}"#;
    assert_eq!(text, expected);
    assert!(same(&dataset, &read(&text).unwrap()).unwrap());
}

#[test]
fn bulk_data_goes_by_uri_and_comes_from_the_caller() {
    let item = of(vec![(0x7FE0_0010, Element::bytes(Vr::OB, [7; 8])), (0x0042_0011, Element::bytes(Vr::OB, [1, 2]))]);
    let dataset = of(vec![(SEQUENCE.0, Element::items(vec![Dataset::new(), item]))]);
    let uri = BulkData::Uri { prefix: "bulk/".into(), threshold: 2 };
    let text = json::to_string(&dataset, &JsonOptions { bulk_data: uri, ..JsonOptions::default() }).unwrap();
    assert!(text.contains(r#""7FE00010":{"vr":"OB","BulkDataURI":"bulk/00081140/1/7FE00010"}"#), "{text}");
    assert!(text.contains(r#""00420011":{"vr":"OB","InlineBinary":"AQI="}"#), "{text}");
    let mut asked = Vec::new();
    let mut fetch = |tag: Tag, vr: Vr, uri: &str| {
        asked.push((tag, vr, uri.to_owned()));
        Ok(Some(vec![7; 8]))
    };
    let back = json::read(text.as_bytes(), &JsonLimits::default(), &mut fetch).unwrap();
    assert!(same(&dataset, &back).unwrap());
    assert_eq!(asked, [(Tag::PIXEL_DATA, Vr::OB, "bulk/00081140/1/7FE00010".to_owned())]);
    let without = read(&text).unwrap().items(SEQUENCE).unwrap();
    assert_eq!(without[1].find(Tag::PIXEL_DATA).unwrap().length(), 0);
    let skipped =
        json::to_string(&dataset, &JsonOptions { bulk_data: BulkData::Skip, ..JsonOptions::default() }).unwrap();
    assert_eq!(skipped, r#"{"00081140":{"vr":"SQ","Value":[{},{}]}}"#);
}

#[test]
fn file_meta_is_written_when_it_is_given() {
    let meta = of(vec![(0x0002_0000, Element::bytes(Vr::UL, [0; 4])), (0x0002_0010, Element::text(Vr::UI, "1.2"))]);
    let text =
        json::to_string(&Dataset::new(), &JsonOptions { file_meta: Some(&meta), ..JsonOptions::default() }).unwrap();
    assert_eq!(text, r#"{"00020010":{"vr":"UI","Value":["1.2"]}}"#);
}

#[test]
fn reads_what_others_write() {
    // `vr` after the value, keywords as keys, no `vr`, members of others, duplicates, strings for names and numbers.
    let text = r#" [ {"PatientName": {"Value": ["Doe^Jane"], "vr": "PN", "note": [[1, {"x": 2}]]},
        "00280010": {"Value": [512.0]}, "00280030": {"vr": "DS", "Value": ["0.5", 0.25]},
        "00281050": {"vr": "FD", "Value": [NaN, "Infinity"]}, "00080018": {"vr": "UI", "Value": ["1"]},
        "00080018": {"vr": "UI", "Value": ["2"]}, "00280106": {"Value": [-1]}, "0008040C": {"vr": "UV", "Value": ["5"]},
        "00091001": {"BulkDataURI": null}, "00100020": {"vr": "LO", "Value": null} } ] "#;
    let back = read(text).unwrap();
    let expected = of(vec![
        (0x0010_0010, Element::text(Vr::PN, "Doe^Jane")),
        (0x0028_0010, Element::bytes(Vr::US, [0, 2])),
        (0x0028_0030, Element::text(Vr::DS, "0.5\\0.25")),
        (0x0028_1050, Element::bytes(Vr::FD, [f64::NAN.to_le_bytes(), f64::INFINITY.to_le_bytes()].concat())),
        (0x0008_0018, Element::text(Vr::UI, "2")),
        (0x0028_0106, Element::bytes(Vr::US, [0xFF, 0xFF])),
        (0x0008_040C, Element::bytes(Vr::UV, 5_u64.to_le_bytes())),
        (0x0009_1001, Element::bytes(Vr::UN, [])),
        (0x0010_0020, Element::text(Vr::LO, "")),
    ]);
    assert!(same(&back, &expected).unwrap(), "{}", written(&back));
    assert_eq!(json::read_all(b"[{}, {}]", &JsonLimits::default(), &mut no_bulk_data).unwrap().len(), 2);
    assert!(read("[]").is_err() && read("[{}, {}]").is_err());
}

#[test]
fn values_of_the_wrong_kind_name_the_element() {
    let wrong = [
        r#""00100010":"Doe""#,
        r#""00100010":{"vr":"PN","Value":"Doe"}"#,
        r#""00100010":{"vr":"PN","Value":[1]}"#,
        r#""00100010":{"vr":"PN","Value":[{"Alphabetic":1}]}"#,
        r#""00100010":{"vr":"PN","Value":[{"00100010":{"vr":"PN"}}]}"#,
        r#""00100010":{"vr":"LO","Value":[true]}"#,
        r#""00100010":{"vr":"LO","Value":[["x"]]}"#,
        r#""00100010":{"vr":"US","Value":[65536]}"#,
        r#""00100010":{"vr":"US","Value":["1"]}"#,
        r#""00100010":{"vr":"US","Value":[1.5]}"#,
        r#""00100010":{"vr":"FL","Value":[1e39]}"#,
        r#""00100010":{"vr":"AT","Value":["0010001"]}"#,
        r#""00100010":{"vr":"SQ","Value":["x"]}"#,
        r#""00100010":{"vr":"SQ","InlineBinary":"AAAA"}"#,
        r#""00100010":{"vr":"OB","Value":[1]}"#,
        r#""00100010":{"vr":"OB","InlineBinary":"A*"}"#,
        r#""00100010":{"vr":"XX"}"#,
        r#""00100010":{"vr":5}"#,
    ];
    for element in wrong {
        let error = read(&format!("{{{element}}}")).unwrap_err();
        assert!(matches!(error, Error::Value { .. }), "{element}: {error}");
        assert_eq!(error.place().tag, Some(PATIENT_NAME), "{element}");
        assert!(!error.to_string().contains("Doe"), "{error}");
    }
}

#[test]
fn what_is_no_json_of_a_data_set_is_refused() {
    for text in [
        "",
        "{",
        "[",
        "5",
        "{\"x\":{}}",
        "{\"FFFEE000\":{}}",
        "{} {}",
        "{\"00100010\":{\"vr\":\"LO\",\"Value\":[\"a\nb\"]}}",
        "[5]",
        "{\"00100010\":{\"vr\":\"LO\",\"Value\":[01]}}",
    ] {
        assert!(matches!(read(text).unwrap_err(), Error::Format { .. }), "{text}");
    }
}

#[test]
fn what_fuzzing_found() {
    // Padding before trailing delimiters of a name, and a Specific Character Set that is no text.
    assert_eq!(both_ways(0x0010_0010, Element::text(Vr::PN, "a\0= =")), r#"{"vr":"PN","Value":[{"Alphabetic":"a"}]}"#);
    assert_eq!(both_ways(0x0008_0005, Element::bytes(Vr::AT, [8, 0, 5, 0])), r#"{"vr":"AT","Value":["00080005"]}"#);
    // Bytes set as UN stay what they are, also where the dictionary has a sequence; so do odd tags of group FFFE.
    assert_eq!(both_ways(0x0008_0006, Element::bytes(Vr::UN, [1])), r#"{"vr":"UN","InlineBinary":"AQ=="}"#);
    assert_eq!(both_ways(0xFFFE_080D, Element::bytes(Vr::UN, [])), r#"{"vr":"UN"}"#);
}

/// JSON of sequences inside sequences.
fn nested(depth: usize) -> String {
    r#"{"00081140":{"vr":"SQ","Value":["#.repeat(depth) + "{}" + &"]}}".repeat(depth)
}

#[test]
fn depth_meets_a_limit_and_costs_no_stack() {
    let error = read(&nested(100_000)).unwrap_err();
    assert!(matches!(error, Error::Limit { limit: "max_depth", maximum: 128, .. }), "{error}");
    let deep = JsonLimits { depth: u32::MAX, ..JsonLimits::default() };
    let error = json::read(nested(100_000).as_bytes(), &deep, &mut no_bulk_data).unwrap_err();
    assert!(matches!(error, Error::Limit { limit: "max_depth", maximum: 256, .. }), "{error}");
    let deepest = json::read(nested(256).as_bytes(), &deep, &mut no_bulk_data).unwrap();
    assert_eq!(written(&deepest), nested(256));
    assert!(same(&deepest, &deepest.clone()).unwrap());
    let skipped = format!("{{\"00100010\":{{\"vr\":\"PN\",\"x\":{}}}}}", "[".repeat(100_000));
    assert!(matches!(read(&skipped).unwrap_err(), Error::Limit { limit: "max_depth", .. }));
}

#[test]
fn elements_and_binary_values_meet_their_limits() {
    let mut text = String::from("{");
    for index in 0..20 {
        write!(text, "{}\"001000{index:02X}\":{{\"vr\":\"LO\"}}", if index > 0 { "," } else { "" }).unwrap();
    }
    text.push('}');
    let limits = JsonLimits { elements: 19, ..JsonLimits::default() };
    let error = json::read(text.as_bytes(), &limits, &mut no_bulk_data).unwrap_err();
    assert!(matches!(error, Error::Limit { limit: "max_elements", .. }), "{error}");
    let limits = JsonLimits { allocation: 2, ..JsonLimits::default() };
    let text = br#"{"00100010":{"vr":"OB","InlineBinary":"AAAAAAAA"}}"#;
    let error = json::read(text, &limits, &mut no_bulk_data).unwrap_err();
    assert!(matches!(error, Error::Limit { limit: "max_allocation", .. }), "{error}");
}

#[test]
fn real_files_come_back_the_same() {
    let mut failed = Vec::new();
    let mut count = 0;
    for path in corpus::files() {
        let Ok(file) = read_path(&path, &ReadOptions::default()) else { continue };
        count += 1;
        let mut text = Vec::new();
        let result = json::write(&file.dataset, &JsonOptions::default(), &mut text)
            .and_then(|()| json::read(&text, &JsonLimits::default(), &mut no_bulk_data))
            .and_then(|back| same(&file.dataset, &back));
        if !matches!(result, Ok(true)) {
            failed.push(format!("{}: {result:?}", path.display()));
        }
    }
    println!("{count} files");
    assert!(failed.is_empty(), "{} of {count}:\n{}", failed.len(), failed.join("\n"));
}
