//! The tree against a second implementation (ct-merkle), and its frozen form.

use std::convert::Infallible;

use ct_merkle::mem_backed_tree::MemoryBackedTree;
use proptest::prelude::*;
use sha2::Sha256;

use super::{
    Growing, Hash, Nodes, consistency, empty_root, includes, inclusion, is_consistent, leaf_hash,
    reduce, root,
};

/// All leaves in memory.
struct Leaves(Vec<Hash>);

impl Nodes for Leaves {
    type Error = Infallible;

    fn node(&mut self, level: u32, index: u64) -> Result<Hash, Infallible> {
        let (begin, count) = (index << level, 1 << level);
        let begin = usize::try_from(begin).unwrap();
        Ok(reduce(&self.0[begin..begin + count]).unwrap())
    }
}

fn entries(count: u64) -> Vec<Vec<u8>> {
    (0..count).map(|n| n.to_be_bytes().to_vec()).collect()
}

/// Our tree, and the same by the other implementation.
fn both(count: u64) -> (Leaves, MemoryBackedTree<Sha256, Vec<u8>>) {
    let mut other = MemoryBackedTree::new();
    let mut leaves = Vec::new();
    for entry in entries(count) {
        leaves.push(leaf_hash(&entry));
        other.push(entry);
    }
    (Leaves(leaves), other)
}

fn bytes(proof: &[Hash]) -> Vec<u8> {
    proof.concat()
}

#[test]
fn roots_are_those_of_the_second_implementation() {
    let mut growing = Growing::default();
    assert_eq!(growing.root(), empty_root());
    let (mut leaves, _) = both(300);
    let mut other = MemoryBackedTree::<Sha256, Vec<u8>>::new();
    for (size, entry) in (1..).zip(entries(300)) {
        growing.push(leaf_hash(&entry));
        other.push(entry);
        assert_eq!(growing.size(), size);
        let theirs = other.root();
        assert_eq!(growing.root().as_slice(), theirs.as_bytes().as_slice());
        assert_eq!(root(&mut leaves, size).unwrap(), growing.root());
    }
}

#[test]
fn every_proof_of_small_trees_is_that_of_the_second_implementation() {
    for size in 1..=40 {
        let (mut ours, theirs) = both(size);
        let top = root(&mut ours, size).unwrap();
        for index in 0..size {
            let path = inclusion(&mut ours, index, size).unwrap();
            let place = usize::try_from(index).unwrap();
            assert_eq!(bytes(&path), theirs.prove_inclusion(place).as_bytes());
            assert!(includes(&ours.0[place], index, size, &path, &top));
        }
        for from in 1..=size {
            let proof = consistency(&mut ours, from, size).unwrap();
            let added = usize::try_from(size - from).unwrap();
            assert_eq!(bytes(&proof), theirs.prove_consistency(added).as_bytes());
            let old = root(&mut ours, from).unwrap();
            assert!(is_consistent(from, size, &proof, &old, &top));
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn proofs_are_those_of_the_second_implementation_and_no_other_is_taken(
        size in 1u64..3000, a in any::<prop::sample::Index>(), b in any::<prop::sample::Index>(),
        flip in any::<prop::sample::Index>(), bit in 0u8..8,
    ) {
        let (mut ours, theirs) = both(size);
        let top = root(&mut ours, size).unwrap();
        let count = usize::try_from(size).unwrap();
        let place = a.index(count);
        let index = u64::try_from(place).unwrap();
        let path = inclusion(&mut ours, index, size).unwrap();
        prop_assert_eq!(bytes(&path), theirs.prove_inclusion(place).as_bytes().to_vec());
        prop_assert!(includes(&ours.0[place], index, size, &path, &top));
        let from = b.index(count) + 1;
        let old_size = u64::try_from(from).unwrap();
        let proof = consistency(&mut ours, old_size, size).unwrap();
        prop_assert_eq!(bytes(&proof), theirs.prove_consistency(count - from).as_bytes().to_vec());
        let old = root(&mut ours, old_size).unwrap();
        prop_assert!(is_consistent(old_size, size, &proof, &old, &top));

        // Another leaf, place, step or root is refused.
        let mut leaf = ours.0[place];
        leaf[0] ^= 1 << bit;
        prop_assert!(!includes(&leaf, index, size, &path, &top));
        if size > 1 {
            let elsewhere = (index + 1) % size;
            prop_assert!(!includes(&ours.0[place], elsewhere, size, &path, &top));
            let mut forged = path.clone();
            let n = flip.index(forged.len());
            forged[n][31] ^= 1 << bit;
            prop_assert!(!includes(&ours.0[place], index, size, &forged, &top));
            prop_assert!(!includes(&ours.0[place], index, size, &path[1..], &top));
        }
        if !proof.is_empty() {
            let mut forged = proof.clone();
            let n = flip.index(forged.len());
            forged[n][31] ^= 1 << bit;
            prop_assert!(!is_consistent(old_size, size, &forged, &old, &top));
            prop_assert!(!is_consistent(old_size, size, &proof[1..], &old, &top));
            prop_assert!(!is_consistent(old_size, size, &proof, &top, &top));
        }
    }
}

#[test]
fn the_form_of_the_tree_is_frozen() {
    let mut growing = Growing::default();
    for n in 1u8..=7 {
        growing.push(leaf_hash(&[n; 32]));
    }
    assert_eq!(
        data_encoding::HEXLOWER.encode(&growing.root()),
        include_str!("../frozen-root.hex").trim()
    );
    // RFC 6962: the hash of the empty string is the root of the empty tree.
    assert_eq!(
        data_encoding::HEXLOWER.encode(&empty_root()),
        "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    );
}
