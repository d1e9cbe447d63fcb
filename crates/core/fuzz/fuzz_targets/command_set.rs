#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| filmless_core_fuzz::command_set(data));
