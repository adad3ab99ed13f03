//! The Merkle tree over the journal (RFC 6962, section 2.1, with SHA-256). Pure; the form is frozen.
//!
//! Leaf number `n` (from 0) is the entry at position `n + 1`; what is hashed of it is the entry's own hash of 32 bytes, which
//! covers all that the entry says and the entry before it.

use sha2::{Digest, Sha256};

/// A hash.
pub type Hash = [u8; 32];

/// The hash of a leaf: of the byte 0 and the entry's hash.
pub fn leaf_hash(entry: &[u8]) -> Hash {
    Sha256::new()
        .chain_update([0])
        .chain_update(entry)
        .finalize()
        .into()
}

/// The hash of a node: of the byte 1 and the two hashes below it.
pub fn node_hash(left: &Hash, right: &Hash) -> Hash {
    Sha256::new()
        .chain_update([1])
        .chain_update(left)
        .chain_update(right)
        .finalize()
        .into()
}

/// The root of a tree without a leaf.
pub fn empty_root() -> Hash {
    Sha256::digest([]).into()
}

/// The root over hashes of a whole number of leaves, or of complete subtrees of one level: a power of two of them.
pub fn reduce(hashes: &[Hash]) -> Option<Hash> {
    let mut level = hashes.to_vec();
    if !level.len().is_power_of_two() {
        return None;
    }
    while level.len() > 1 {
        level = level
            .chunks_exact(2)
            .filter_map(|pair| match pair {
                [left, right] => Some(node_hash(left, right)),
                _ => None,
            })
            .collect();
    }
    level.first().copied()
}

/// A tree that grows, of which nothing is kept but what its root needs: the roots of its complete subtrees.
#[derive(Clone, Debug, Default)]
pub struct Growing {
    size: u64,
    /// The largest subtree first.
    peaks: Vec<Hash>,
}

impl Growing {
    /// Adds the hash of a leaf.
    pub fn push(&mut self, leaf: Hash) {
        self.push_with(leaf, |_, _, _| {});
    }

    /// Adds the hash of a leaf; tells of every subtree that it completes: level, index, hash.
    pub fn push_with(&mut self, leaf: Hash, mut completes: impl FnMut(u32, u64, &Hash)) {
        let mut hash = leaf;
        let (mut level, mut index) = (0, self.size);
        while index & 1 == 1 {
            if let Some(left) = self.peaks.pop() {
                hash = node_hash(&left, &hash);
            }
            index >>= 1;
            level += 1;
            completes(level, index, &hash);
        }
        self.peaks.push(hash);
        self.size += 1;
    }

    /// The number of leaves.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// The root.
    pub fn root(&self) -> Hash {
        let mut peaks = self.peaks.iter().rev();
        let Some(last) = peaks.next() else {
            return empty_root();
        };
        peaks.fold(*last, |right, left| node_hash(left, &right))
    }
}

/// Where the hashes of complete subtrees come from.
pub trait Nodes {
    /// What can go wrong.
    type Error;

    /// The root of the complete subtree over the leaves from `index << level` to before `(index + 1) << level`.
    fn node(&mut self, level: u32, index: u64) -> Result<Hash, Self::Error>;
}

/// The largest power of two that is smaller than `size`, which is at least 2.
fn split(size: u64) -> u64 {
    1 << (u64::BITS - 1 - (size - 1).leading_zeros())
}

/// The root over `size` leaves from `begin`, where a subtree of a tree begins.
fn over<N: Nodes>(nodes: &mut N, begin: u64, size: u64) -> Result<Hash, N::Error> {
    if size == 0 {
        return Ok(empty_root());
    }
    if size.is_power_of_two() {
        let level = size.trailing_zeros();
        return nodes.node(level, begin >> level);
    }
    let left = split(size);
    Ok(node_hash(
        &over(nodes, begin, left)?,
        &over(nodes, begin + left, size - left)?,
    ))
}

/// The root of the tree over the first `size` leaves.
pub fn root<N: Nodes>(nodes: &mut N, size: u64) -> Result<Hash, N::Error> {
    over(nodes, 0, size)
}

/// The proof that leaf `index` is in the tree of `size` leaves (`PATH`, section 2.1.1); `index` is less than `size`.
pub fn inclusion<N: Nodes>(nodes: &mut N, index: u64, size: u64) -> Result<Vec<Hash>, N::Error> {
    let (mut begin, mut size) = (0, size);
    let mut path = Vec::new();
    while size > 1 {
        let left = split(size);
        if index - begin < left {
            path.push(over(nodes, begin + left, size - left)?);
            size = left;
        } else {
            path.push(over(nodes, begin, left)?);
            begin += left;
            size -= left;
        }
    }
    path.reverse();
    Ok(path)
}

/// The proof that the tree of `from` leaves is the beginning of that of `to` leaves (`PROOF`, section 2.1.2); empty where either is
/// empty or both are the same.
pub fn consistency<N: Nodes>(nodes: &mut N, from: u64, to: u64) -> Result<Vec<Hash>, N::Error> {
    if from == 0 || from >= to {
        return Ok(Vec::new());
    }
    let (mut begin, mut size, mut old) = (0, to, from);
    let mut whole = true;
    let mut proof = Vec::new();
    while old != size {
        let left = split(size);
        if old <= left {
            proof.push(over(nodes, begin + left, size - left)?);
            size = left;
        } else {
            proof.push(over(nodes, begin, left)?);
            begin += left;
            size -= left;
            old -= left;
            whole = false;
        }
    }
    if !whole {
        proof.push(over(nodes, begin, size)?);
    }
    proof.reverse();
    Ok(proof)
}

/// Whether the path leads from the leaf to the root (RFC 9162, section 2.1.3.2).
pub fn includes(leaf: &Hash, index: u64, size: u64, path: &[Hash], root: &Hash) -> bool {
    if index >= size {
        return false;
    }
    let (mut at, mut last) = (index, size - 1);
    let mut hash = *leaf;
    for step in path {
        if last == 0 {
            return false;
        }
        if at & 1 == 1 || at == last {
            hash = node_hash(step, &hash);
            while at & 1 == 0 && at != 0 {
                at >>= 1;
                last >>= 1;
            }
        } else {
            hash = node_hash(&hash, step);
        }
        at >>= 1;
        last >>= 1;
    }
    last == 0 && hash == *root
}

/// Whether the proof shows that the first tree is the beginning of the second (RFC 9162, section 2.1.4.2).
pub fn is_consistent(from: u64, to: u64, proof: &[Hash], old: &Hash, new: &Hash) -> bool {
    match (from, to) {
        (from, to) if from > to => return false,
        (from, to) if from == to => return proof.is_empty() && old == new,
        (0, _) => return proof.is_empty() && *old == empty_root(),
        _ => {}
    }
    // A complete tree is its own first step.
    let first = from.is_power_of_two().then_some(*old);
    let mut steps = first.iter().chain(proof);
    let Some(begin) = steps.next() else {
        return false;
    };
    let (mut at, mut last) = (from - 1, to - 1);
    while at & 1 == 1 {
        at >>= 1;
        last >>= 1;
    }
    let (mut was, mut is) = (*begin, *begin);
    for step in steps {
        if last == 0 {
            return false;
        }
        if at & 1 == 1 || at == last {
            was = node_hash(step, &was);
            is = node_hash(step, &is);
            while at & 1 == 0 && at != 0 {
                at >>= 1;
                last >>= 1;
            }
        } else {
            is = node_hash(&is, step);
        }
        at >>= 1;
        last >>= 1;
    }
    last == 0 && was == *old && is == *new
}

#[cfg(test)]
mod tests;
