//! Deltas: texts told as copies of ranges of another text and new bytes between them.

/// Why a delta cannot be applied.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DeltaError {
    /// It ends within an instruction.
    Truncated,
    /// It copies from beyond the end of its base.
    OutOfBase,
    /// It was made for a base of another size, or does not make a text of the size it promises.
    Size,
    /// It holds the reserved instruction.
    Reserved,
}

/// A range of the new text that was copied from the base.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Copied {
    /// Where it starts in the base.
    pub from: usize,
    /// Where it starts in the new text.
    pub to: usize,
    /// How many bytes.
    pub length: usize,
}

/// The sizes of base and result that `delta` states, and where its instructions start.
///
/// # Errors
/// When it ends before that.
pub fn sizes(delta: &[u8]) -> Result<(usize, usize, usize), DeltaError> {
    let mut at = 0;
    let base = size(delta, &mut at)?;
    let result = size(delta, &mut at)?;
    Ok((base, result, at))
}

/// Replaces `out` by the text that `delta` makes of `base`, and `copies` by what was copied, in the order of the new text.
/// Copies that continue each other in both texts are told as one.
///
/// # Errors
/// When the delta is damaged or belongs to another base; `out` and `copies` are then of no use.
pub fn apply(base: &[u8], delta: &[u8], out: &mut Vec<u8>, copies: &mut Vec<Copied>) -> Result<(), DeltaError> {
    out.clear();
    copies.clear();
    let (base_size, result_size, mut at) = sizes(delta)?;
    if base_size != base.len() {
        return Err(DeltaError::Size);
    }
    // The size is only a promise until the instructions have been read, so no more than the bytes at hand can justify is reserved.
    out.reserve(result_size.min(base.len().saturating_add(delta.len()).saturating_mul(4)));
    while let Some(&instruction) = delta.get(at) {
        at += 1;
        if instruction & 0x80 != 0 {
            let from = operand(delta, &mut at, instruction & 0x0F)?;
            let length = match operand(delta, &mut at, instruction >> 4 & 0x07)? {
                0 => 0x1_0000,
                length => length,
            };
            let range = base.get(from..from + length).ok_or(DeltaError::OutOfBase)?;
            note(copies, Copied { from, to: out.len(), length });
            out.extend_from_slice(range);
        } else if instruction != 0 {
            let range = delta.get(at..at + usize::from(instruction)).ok_or(DeltaError::Truncated)?;
            at += range.len();
            out.extend_from_slice(range);
        } else {
            return Err(DeltaError::Reserved);
        }
        if out.len() > result_size {
            return Err(DeltaError::Size);
        }
    }
    if out.len() == result_size { Ok(()) } else { Err(DeltaError::Size) }
}

/// Adds `copy`, or lengthens the last one when it continues that.
fn note(copies: &mut Vec<Copied>, copy: Copied) {
    match copies.last_mut() {
        Some(last) if last.from + last.length == copy.from && last.to + last.length == copy.to => last.length += copy.length,
        _ => copies.push(copy),
    }
}

/// A size: seven bits a byte, lowest first.
fn size(delta: &[u8], at: &mut usize) -> Result<usize, DeltaError> {
    let mut value = 0u64;
    for shift in (0..57).step_by(7) {
        let byte = *delta.get(*at).ok_or(DeltaError::Truncated)?;
        *at += 1;
        value |= u64::from(byte & 0x7F) << shift;
        if byte & 0x80 == 0 {
            return usize::try_from(value).map_err(|_| DeltaError::Size);
        }
    }
    Err(DeltaError::Size)
}

/// An operand of a copy: the bytes that `present` names, lowest first.
fn operand(delta: &[u8], at: &mut usize, present: u8) -> Result<usize, DeltaError> {
    let mut value = 0;
    for index in 0..4 {
        if present & 1 << index != 0 {
            value |= usize::from(*delta.get(*at).ok_or(DeltaError::Truncated)?) << (8 * index);
            *at += 1;
        }
    }
    Ok(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn applied(base: &[u8], delta: &[u8]) -> Result<(Vec<u8>, Vec<Copied>), DeltaError> {
        let (mut out, mut copies) = (Vec::new(), Vec::new());
        apply(base, delta, &mut out, &mut copies).map(|()| (out, copies))
    }

    #[test]
    fn copies_and_inserts_make_the_text() {
        let delta = [10, 9, 0x90, 4, 3, b'x', b'y', b'z', 0x91, 8, 2];
        let (text, copies) = applied(b"0123456789", &delta).expect("a sound delta");
        assert_eq!(text, b"0123xyz89");
        assert_eq!(copies, [Copied { from: 0, to: 0, length: 4 }, Copied { from: 8, to: 7, length: 2 }]);
    }

    #[test]
    fn copies_that_continue_are_one() {
        let (text, copies) = applied(b"0123456789", &[10, 6, 0x91, 1, 3, 0x91, 4, 3]).expect("a sound delta");
        assert_eq!(text, b"123456");
        assert_eq!(copies, [Copied { from: 1, to: 0, length: 6 }]);
    }

    #[test]
    fn damage_is_told() {
        assert_eq!(applied(b"0123", &[4, 9, 0x90, 9]).err(), Some(DeltaError::OutOfBase));
        assert_eq!(applied(b"0123", &[5, 4, 0x90, 4]).err(), Some(DeltaError::Size));
        assert_eq!(applied(b"0123", &[4, 5, 0x90, 4]).err(), Some(DeltaError::Size));
        assert_eq!(applied(b"0123", &[4, 4, 7, b'a']).err(), Some(DeltaError::Truncated));
        assert_eq!(applied(b"0123", &[4, 4, 0]).err(), Some(DeltaError::Reserved));
        assert_eq!(applied(b"0123", &[]).err(), Some(DeltaError::Truncated));
        assert_eq!(applied(b"0123", &[0xFF; 12]).err(), Some(DeltaError::Size));
    }
}
