//! How likely a value under a telling name is a credential.

use super::assignment::Candidate;
use super::value::{entropy_of, is_placeholder};

/// The probability, from zero to one, that the value of `candidate` is a credential.
pub fn probability(text: &[u8], candidate: &Candidate) -> f32 {
    let value = &text[candidate.value.clone()];
    let digits = value.iter().filter(|byte| byte.is_ascii_digit()).count();
    let plain = value.iter().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.' | b'$'));
    if is_placeholder(value) || value.iter().any(|byte| matches!(byte, b'(' | b')' | b' ' | b'{' | b'[')) {
        return 0.05;
    }
    if digits == 0 && plain {
        return if candidate.quoted { 0.4 } else { 0.1 };
    }
    (entropy_of(value) / 4.0).min(0.95)
}
