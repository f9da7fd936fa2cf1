#![allow(clippy::unwrap_used)]

use std::convert::Infallible;
use std::sync::Barrier;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use super::*;

const BLOCK: usize = 1000;

fn key(block: u32) -> BlockKey {
    BlockKey {
        segment: 1,
        generation: 0,
        block,
    }
}

fn block(number: u32) -> Bytes {
    Bytes::from(vec![number as u8; BLOCK])
}

/// Asks for a block; whether it was decoded for that.
fn ask(cache: &BlockCache, key: BlockKey) -> bool {
    let mut decoded = false;
    let bytes = cache
        .get(key, BLOCK, || {
            decoded = true;
            Ok::<_, Infallible>(block(key.block))
        })
        .unwrap();
    assert_eq!(bytes, block(key.block));
    decoded
}

#[test]
fn at_most_the_limit_is_kept_whatever_is_asked_for() {
    let cache = BlockCache::new(5 * BLOCK + 1);
    for round in 0..3 {
        for number in 0..100 {
            ask(&cache, key((number * 7 + round) % 50));
            assert!(cache.bytes() <= 5 * BLOCK + 1, "{} bytes", cache.bytes());
            let cached = lock(&cache.cached);
            assert_eq!(cached.order.len(), cached.blocks.len());
        }
    }
    assert_eq!(cache.bytes(), 5 * BLOCK, "it is used to the full");
}

#[test]
fn a_kept_block_is_not_decoded_again_and_the_oldest_one_goes() {
    let cache = BlockCache::new(3 * BLOCK);
    for number in [0, 1, 2] {
        assert!(ask(&cache, key(number)), "new");
        assert!(!ask(&cache, key(number)), "kept");
    }
    let other = BlockCache::new(3 * BLOCK);
    for number in [0, 1, 2, 3] {
        ask(&other, key(number));
    }
    assert!(ask(&other, key(0)), "evicted");
    assert!(!ask(&other, key(3)), "kept");
}

#[test]
fn a_block_that_is_asked_for_often_outlives_a_long_read() {
    let cache = BlockCache::new(4 * BLOCK);
    ask(&cache, key(1000));
    for number in 0..100 {
        ask(&cache, key(number));
        assert!(!ask(&cache, key(1000)), "evicted by block {number}");
    }
}

#[test]
fn another_generation_is_another_block_and_a_segment_can_be_forgotten() {
    let cache = BlockCache::new(10 * BLOCK);
    let redacted = BlockKey {
        generation: 1,
        ..key(3)
    };
    let other_segment = BlockKey {
        segment: 2,
        ..key(3)
    };
    for key in [key(3), redacted, other_segment] {
        assert!(ask(&cache, key));
    }
    cache.forget(1);
    assert_eq!(cache.bytes(), BLOCK);
    assert!(!ask(&cache, other_segment));
    assert!(ask(&cache, redacted));
}

#[test]
fn what_does_not_fit_is_decoded_and_not_kept() {
    let cache = BlockCache::new(BLOCK - 1);
    assert!(ask(&cache, key(1)));
    assert!(ask(&cache, key(1)));
    assert_eq!(cache.bytes(), 0);
}

#[test]
fn a_failed_decode_is_told_and_not_kept() {
    let cache = BlockCache::new(10 * BLOCK);
    let failed: Result<Bytes, &str> = cache.get(key(1), BLOCK, || Err("rotten"));
    assert_eq!(failed, Err("rotten"));
    assert_eq!(cache.bytes(), 0);
    assert!(lock(&cache.cached).order.is_empty());
    assert!(ask(&cache, key(1)), "the next one tries again");
    assert!(!ask(&cache, key(1)));
}

#[test]
fn readers_of_one_block_decode_it_once_and_do_not_hold_up_other_blocks() {
    const READERS: usize = 8;
    let cache = BlockCache::new(100 * BLOCK);
    let decodes = AtomicUsize::new(0);
    let start = Barrier::new(READERS);
    thread::scope(|scope| {
        for _ in 0..READERS {
            scope.spawn(|| {
                start.wait();
                let bytes = cache.get(key(1), BLOCK, || {
                    decodes.fetch_add(1, Ordering::SeqCst);
                    // Another block can be had while this one is on its way: no lock is held here.
                    assert!(ask(&cache, key(2)));
                    Ok::<_, Infallible>(block(1))
                });
                assert_eq!(bytes.unwrap(), block(1));
            });
        }
    });
    assert_eq!(decodes.load(Ordering::SeqCst), 1);
}

#[test]
fn those_that_waited_for_a_failed_decode_have_their_own_try() {
    const READERS: usize = 8;
    let cache = BlockCache::new(100 * BLOCK);
    let tries = AtomicUsize::new(0);
    let start = Barrier::new(READERS);
    let failures: usize = thread::scope(|scope| {
        let readers: Vec<_> = (0..READERS)
            .map(|_| {
                scope.spawn(|| {
                    start.wait();
                    let result = cache.get(key(1), BLOCK, || {
                        tries.fetch_add(1, Ordering::SeqCst);
                        Err::<Bytes, _>("rotten")
                    });
                    usize::from(result.is_err())
                })
            })
            .collect();
        readers
            .into_iter()
            .map(|reader| reader.join().unwrap())
            .sum()
    });
    assert_eq!(failures, READERS);
    assert_eq!(tries.load(Ordering::SeqCst), READERS);
    assert_eq!(cache.bytes(), 0);
}

#[test]
fn a_late_failure_does_not_take_its_successor_out() {
    let cache = BlockCache::new(10 * BLOCK);
    ask(&cache, key(1));
    cache.remove(key(1), &Slot::default());
    assert!(!ask(&cache, key(1)), "still kept");
}
