//! Evaluates the embedded table of decision trees.

use super::FEATURES;
use std::cell::RefCell;

/// The table. Little-endian: how many trees (u16), scale and offset of the sum (two f32), then for each tree the number of its
/// inner nodes (u8), the nodes, and one leaf (i16, in 1/4096) more than there are nodes. A node is a feature (u8), a threshold
/// (i16), and where to go for values up to it and above it (two u8: a node, or a leaf with the high bit set).
pub static MODEL: &[u8] = include_bytes!("model.bin");

/// Bytes before the first tree.
const HEADER: usize = 10;
/// Bytes of a node.
const NODE: usize = 5;
/// Marks a leaf.
const LEAF: u8 = 0x80;

/// How many verdicts a thread remembers.
const REMEMBERED: usize = 512;

/// Verdicts given before, each in the one place that its features have.
struct Memory(Box<[([i16; FEATURES], f32)]>);

impl Memory {
    /// A memory without verdicts: no probability is negative.
    fn new() -> Self {
        Self(vec![([0; FEATURES], -1.0); REMEMBERED].into())
    }

    /// The place of `features`.
    fn place(&mut self, features: &[i16; FEATURES]) -> &mut ([i16; FEATURES], f32) {
        let hash = features
            .iter()
            .fold(0u64, |hash, &cell| (hash.rotate_left(5) ^ u64::from(cell as u16)).wrapping_mul(0x9E37_79B9_7F4A_7C15));
        &mut self.0[(hash >> 32) as usize % REMEMBERED]
    }
}

thread_local! {
    /// In a history the same place comes by again in version after version.
    static MEMORY: RefCell<Memory> = RefCell::new(Memory::new());
}

/// The probability that the trees give.
pub fn evaluate(features: &[i16; FEATURES]) -> f32 {
    MEMORY.with_borrow_mut(|memory| {
        let place = memory.place(features);
        if place.1 < 0.0 || place.0 != *features {
            *place = (*features, ask(features));
        }
        place.1
    })
}

/// The probability that the trees give, without regard to verdicts given before.
fn ask(features: &[i16; FEATURES]) -> f32 {
    let sum = sum(MODEL, features);
    let scale = f32::from_le_bytes([MODEL[2], MODEL[3], MODEL[4], MODEL[5]]);
    let offset = f32::from_le_bytes([MODEL[6], MODEL[7], MODEL[8], MODEL[9]]);
    let score = scale * (sum as f32 / 4096.0) + offset;
    1.0 / (1.0 + (-score).exp())
}

/// The sum of the leaves that `features` lead to.
fn sum(model: &[u8], features: &[i16; FEATURES]) -> i32 {
    let trees = u16::from_le_bytes([model[0], model[1]]);
    let mut at = HEADER;
    let mut sum = 0;
    for _ in 0..trees {
        let inner = usize::from(model[at]);
        let nodes = &model[at + 1..at + 1 + inner * NODE];
        let leaves = &model[at + 1 + inner * NODE..at + 1 + inner * NODE + (inner + 1) * 2];
        at += 1 + inner * NODE + leaves.len();
        let mut next = if inner == 0 { LEAF } else { 0 };
        while next & LEAF == 0 {
            let node = &nodes[usize::from(next) * NODE..][..NODE];
            let threshold = i16::from_le_bytes([node[1], node[2]]);
            next = if features[usize::from(node[0])] <= threshold { node[3] } else { node[4] };
        }
        let leaf = usize::from(next & !LEAF) * 2;
        sum += i32::from(i16::from_le_bytes([leaves[leaf], leaves[leaf + 1]]));
    }
    sum
}
