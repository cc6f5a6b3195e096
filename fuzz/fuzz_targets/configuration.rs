//! Any text is a configuration or is refused in words.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    if let Err(error) = keyward::config::check(text) {
        assert!(error.to_string().starts_with("keyward.toml:"));
    }
});
