#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| ecrhub_fuzz_targets::masking::run(data));
