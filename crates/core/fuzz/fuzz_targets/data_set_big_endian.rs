#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| filmless_core_fuzz::data_set("1.2.840.10008.1.2.2", data));
