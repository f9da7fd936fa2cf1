#![allow(clippy::unwrap_used)]

use proptest::prelude::*;

use super::*;

const LOG: [u8; 16] = [7; 16];

#[test]
fn every_log_has_exactly_one_row() {
    for knows in [Knows::Manifest, Knows::Nothing, Knows::Lost] {
        for oldest in [Oldest::None, Oldest::One, Oldest::Later] {
            let rows = LOGS.iter().filter(|row| matches_log(**row, knows, oldest));
            assert_eq!(rows.count(), 1, "{knows:?} {oldest:?}");
        }
    }
}

#[test]
fn every_segment_has_exactly_one_row() {
    let all_say = [
        Says::Dropped,
        Says::Raw,
        Says::Sealed,
        Says::MayFollow,
        Says::Unknown,
    ];
    for says in all_say {
        for redacted in [Redacted::Never, Redacted::Once] {
            for files in [Files::None, Files::Raw, Files::Sealed, Files::Both] {
                let rows = SEGMENTS
                    .iter()
                    .filter(|row| matches_segment(**row, says, redacted, files));
                assert_eq!(rows.count(), 1, "{says:?} {redacted:?} {files:?}");
            }
        }
    }
}

/// Segment `number`, of ten records.
fn listed(number: u64, form: Form) -> Listed {
    let (base, redaction) = (number * 10, 0);
    Listed {
        number,
        base,
        form,
        redaction,
    }
}

fn raw(number: u64) -> Present {
    Present {
        number,
        log_id: LOG,
        base: number * 10,
        raw: true,
        sealed: false,
    }
}

fn sealed(number: u64) -> Present {
    Present {
        raw: false,
        sealed: true,
        ..raw(number)
    }
}

fn both(number: u64) -> Present {
    Present {
        sealed: true,
        ..raw(number)
    }
}

fn manifest(segments: &[Listed]) -> Manifest {
    Manifest {
        generation: 9,
        log_id: LOG,
        epoch: 1,
        first_sequence: segments[0].base,
        segments: segments.to_vec(),
    }
}

/// Segments 3 (sealed), 4 and 5 (raw).
fn usual() -> Manifest {
    manifest(&[
        listed(3, Form::Sealed),
        listed(4, Form::Raw),
        listed(5, Form::Raw),
    ])
}

fn newest(present: &[Present]) -> Result<Resolution, Problem> {
    check(&Known::Newest(usual()), present)
}

#[test]
fn a_directory_as_listed_needs_nothing() {
    let resolution = newest(&[raw(4), sealed(3), raw(5)]).unwrap();
    assert_eq!(resolution.segments, usual().segments);
    assert_eq!(resolution.first_sequence, 30);
    assert!(resolution.remove.is_empty() && !resolution.changed);
}

#[test]
fn a_lost_segment_is_told_from_a_dropped_one() {
    for (gone, base) in [(3, 30), (4, 40), (5, 50)] {
        let there: Vec<Present> = [sealed(3), raw(4), raw(5)]
            .into_iter()
            .filter(|one| one.number != gone)
            .collect();
        let missing = Problem::Missing { number: gone, base };
        assert_eq!(newest(&there), Err(missing.clone()));
        assert_eq!(check(&Known::Doubtful(usual()), &there), Err(missing));
    }
    let dropped = newest(&[raw(1), both(2), sealed(3), raw(4), raw(5)]).unwrap();
    assert_eq!(
        dropped.remove,
        [(1, Form::Raw), (2, Form::Raw), (2, Form::Sealed)]
    );
    assert_eq!(dropped.segments, usual().segments);
}

#[test]
fn crash_between_roll_and_manifest_adopts_the_new_segment() {
    let resolution = newest(&[sealed(3), raw(4), raw(5), raw(6)]).unwrap();
    assert_eq!(resolution.segments.last(), Some(&listed(6, Form::Raw)));
    assert!(resolution.changed);
    let two = [sealed(3), raw(4), raw(5), raw(6), raw(7)];
    let (number, newest_listed) = (7, 5);
    assert_eq!(
        newest(&two),
        Err(Problem::Unlisted {
            number,
            newest: newest_listed
        })
    );
    let resolution = check(&Known::Doubtful(usual()), &two).unwrap();
    assert_eq!(resolution.segments.len(), 5);
    let (number, found) = (6, 7);
    let hole = [sealed(3), raw(4), raw(5), raw(7)];
    assert_eq!(
        check(&Known::Doubtful(usual()), &hole),
        Err(Problem::Gap { number, found })
    );
}

#[test]
fn crash_while_sealing_leaves_the_listed_form() {
    let before_manifest = newest(&[sealed(3), both(4), raw(5)]).unwrap();
    assert_eq!(before_manifest.remove, [(4, Form::Sealed)]);
    assert_eq!(before_manifest.segments, usual().segments);
    let before_unlink = newest(&[both(3), raw(4), raw(5)]).unwrap();
    assert_eq!(before_unlink.remove, [(3, Form::Raw)]);
    assert_eq!(before_unlink.segments, usual().segments);
}

#[test]
fn the_other_form_stands_in_unless_it_was_redacted() {
    for present in [[raw(3), raw(4), raw(5)], [sealed(3), sealed(4), raw(5)]] {
        let resolution = newest(&present).unwrap();
        assert!(resolution.changed && resolution.remove.is_empty());
        for (segment, file) in resolution.segments.iter().zip(present) {
            assert_eq!(segment.form == Form::Raw, file.raw);
        }
        let mut redacted = usual();
        for segment in &mut redacted.segments[..2] {
            segment.redaction = 1;
        }
        let found = check(&Known::Newest(redacted), &present);
        assert!(matches!(found, Err(Problem::Missing { .. })), "{found:?}");
    }
}

#[test]
fn what_does_not_belong_is_named() {
    let foreign = Present {
        log_id: [8; 16],
        ..raw(5)
    };
    assert_eq!(
        newest(&[sealed(3), raw(4), foreign]),
        Err(Problem::Foreign { number: 5 })
    );
    let moved = Present { base: 41, ..raw(4) };
    let (number, expected, found) = (4, 40, 41);
    assert_eq!(
        newest(&[sealed(3), moved, raw(5)]),
        Err(Problem::Base {
            number,
            expected,
            found
        })
    );
}

#[test]
fn without_a_manifest_nothing_may_be_gone() {
    let begin = check(&Known::Nothing, &[]).unwrap();
    assert!(begin.segments.is_empty() && begin.changed && begin.first_sequence == 1);
    let one = Present { base: 1, ..raw(1) };
    let whole = check(&Known::Nothing, &[one, sealed(2), raw(3)]).unwrap();
    assert_eq!(
        (whole.segments.len(), whole.first_sequence, whole.changed),
        (3, 1, true)
    );
    assert_eq!(
        check(&Known::Nothing, &[raw(2), raw(3)]),
        Err(Problem::Absent { first: 2 })
    );
    let (number, found) = (2, 3);
    assert_eq!(
        check(&Known::Nothing, &[one, raw(3)]),
        Err(Problem::Gap { number, found })
    );
    assert_eq!(
        check(&Known::Nothing, &[one, both(2)]),
        Err(Problem::Ambiguous { number: 2 })
    );
    assert_eq!(check(&Known::Lost, &[one]), Err(Problem::Damaged));
    assert_eq!(check(&Known::Lost, &[]), Err(Problem::Damaged));
}

proptest! {
    /// No listed segment is ever removed in its last form, and what remains can be stored.
    #[test]
    fn resolving_never_loses_the_last_file_of_a_listed_segment(
        first in 1u64..5,
        shapes in prop::collection::vec((any::<bool>(), 0u32..2), 1..5),
        files in prop::collection::vec((any::<bool>(), any::<bool>()), 8),
        doubtful in any::<bool>(),
    ) {
        let segments: Vec<Listed> = shapes
            .iter()
            .zip(first..)
            .map(|(&(sealed, redaction), number)| Listed {
                redaction,
                ..listed(number, if sealed { Form::Sealed } else { Form::Raw })
            })
            .collect();
        let manifest = manifest(&segments);
        let present: Vec<Present> = files
            .iter()
            .zip(1..)
            .filter(|((raw, sealed), _)| *raw || *sealed)
            .map(|(&(raw, sealed), number)| Present { raw, sealed, ..super::tests::raw(number) })
            .collect();
        let known = if doubtful { Known::Doubtful(manifest.clone()) } else { Known::Newest(manifest.clone()) };
        if let Ok(resolution) = check(&known, &present) {
            for segment in &resolution.segments {
                let file = present.iter().find(|one| one.number == segment.number).unwrap();
                let there = if segment.form == Form::Raw { file.raw } else { file.sealed };
                prop_assert!(there);
                prop_assert!(!resolution.remove.contains(&(segment.number, segment.form)));
            }
            for segment in &manifest.segments {
                prop_assert!(resolution.segments.iter().any(|kept| kept.number == segment.number));
            }
            let stored = Manifest { segments: resolution.segments, ..manifest };
            prop_assert_eq!(Manifest::decode(&stored.encode()), Ok(stored));
        }
    }
}
