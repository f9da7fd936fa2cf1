#![allow(clippy::unwrap_used)]

use proptest::prelude::*;

use super::*;

fn manifests() -> impl Strategy<Value = Manifest> {
    let segment = (0u64..1000, any::<bool>(), any::<u32>());
    (
        1u64..,
        any::<[u8; 16]>(),
        any::<u32>(),
        1u64..1 << 40,
        1u64..1 << 40,
        prop::collection::vec(segment, 1..40),
        0u64..100,
    )
        .prop_map(
            |(generation, log_id, epoch, first, base, shapes, behind)| Manifest {
                generation,
                log_id,
                epoch,
                first_sequence: base + behind,
                segments: shapes
                    .iter()
                    .zip(first..)
                    .scan(base, |next, (&(records, sealed, redaction), number)| {
                        let base = *next;
                        *next += records;
                        let form = if sealed { Form::Sealed } else { Form::Raw };
                        Some(Listed {
                            number,
                            base,
                            form,
                            redaction,
                        })
                    })
                    .collect(),
            },
        )
}

/// Three segments, in a file of 512 bytes.
fn sample() -> (Manifest, Vec<u8>) {
    let segment = |number, base, form| Listed {
        number,
        base,
        form,
        redaction: 0,
    };
    let manifest = Manifest {
        generation: 6,
        log_id: *b"0123456789abcdef",
        epoch: 3,
        first_sequence: 100,
        segments: vec![
            segment(2, 100, Form::Sealed),
            segment(3, 250, Form::Raw),
            segment(4, 400, Form::Raw),
        ],
    };
    let mut bytes = manifest.encode();
    bytes.resize(512, 0);
    (manifest, bytes)
}

proptest! {
    #[test]
    fn what_was_encoded_is_decoded(manifest in manifests(), zeros in 0usize..100) {
        let mut bytes = manifest.encode();
        prop_assert_eq!(bytes.len(), manifest.encoded_bytes());
        bytes.resize(bytes.len() + zeros, 0);
        prop_assert_eq!(Manifest::decode(&bytes), Ok(manifest));
    }

    #[test]
    fn any_bytes_are_refused_or_read(mut bytes in prop::collection::vec(any::<u8>(), 0..300), sound in any::<bool>()) {
        if sound && bytes.len() >= HEADER_BYTES {
            bytes[..8].copy_from_slice(&MAGIC);
            bytes[44..48].copy_from_slice(&2u32.to_le_bytes());
            if let Some(listed) = bytes.get(..HEADER_BYTES + 2 * ENTRY_BYTES) {
                let crc = crc(listed);
                bytes[CRC_AT..CRC_AT + 4].copy_from_slice(&crc.to_le_bytes());
            }
        }
        let _ = Manifest::decode(&bytes);
    }
}

#[test]
fn every_flipped_bit_of_the_file_is_noticed() {
    let (manifest, bytes) = sample();
    assert_eq!(Manifest::decode(&bytes), Ok(manifest));
    for bit in 0..bytes.len() * 8 {
        let mut flipped = bytes.clone();
        flipped[bit / 8] ^= 1 << (bit % 8);
        assert!(Manifest::decode(&flipped).is_err(), "bit {bit}");
    }
}

#[test]
fn every_cut_below_the_list_is_noticed() {
    let (manifest, bytes) = sample();
    for length in 0..bytes.len() {
        let whole = length >= manifest.encoded_bytes();
        assert_eq!(
            Manifest::decode(&bytes[..length]).is_ok(),
            whole,
            "{length}"
        );
    }
    assert_eq!(Manifest::decode(&[0; 512]), Err(ManifestFault::Blank));
    assert_eq!(Manifest::decode(&[]), Err(ManifestFault::Blank));
}

/// Changes bytes and gives them a sound checksum.
fn forged(at: usize, value: &[u8]) -> Result<Manifest, ManifestFault> {
    let (manifest, mut bytes) = sample();
    bytes[at..at + value.len()].copy_from_slice(value);
    let crc = crc(&bytes[..manifest.encoded_bytes()]);
    bytes[CRC_AT..CRC_AT + 4].copy_from_slice(&crc.to_le_bytes());
    Manifest::decode(&bytes)
}

#[test]
fn a_sound_checksum_does_not_excuse_nonsense() {
    assert!(
        forged(0, b"ERRATMAN").is_ok(),
        "the forging itself is sound"
    );
    assert_eq!(forged(8, &[2]), Err(ManifestFault::Version(2)));
    assert_eq!(
        forged(44, &u32::MAX.to_le_bytes()),
        Err(ManifestFault::Count(u32::MAX))
    );
    assert_eq!(forged(44, &[0]), Err(ManifestFault::Count(0)));
    let expected = HEADER_BYTES + ENTRY_BYTES * (1 << 16);
    let short = ManifestFault::Short {
        found: 512,
        expected,
    };
    assert_eq!(forged(44, &(1u32 << 16).to_le_bytes()), Err(short));
    for (at, value) in [
        (16, 0u64),        // generation
        (48, 99),          // a record before the first segment
        (56, 1),           // another first segment
        (64, 0),           // segment 0
        (64 + 24, 4),      // a gap
        (64 + 24 + 8, 99), // out of order
        (64 + 20, 2),      // no such form
    ] {
        let found = forged(at, &value.to_le_bytes()[..if at == 84 { 1 } else { 8 }]);
        assert!(
            matches!(found, Err(ManifestFault::Content(_))),
            "{at}: {found:?}"
        );
    }
}
