//! Evaluates the embedded table of decision trees.

use super::FEATURES;

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

/// The probability that the trees give.
pub fn evaluate(features: &[i16; FEATURES]) -> f32 {
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
