//! Micro-benchmarks of the log, to compare a change with the commit before it. What the figures are worth on this
//! machine is another question: `bin/log_limits` answers it.
#![allow(clippy::unwrap_used, missing_docs)]

use std::hint::black_box;
use std::path::Path;
use std::time::Duration;

use benches::log_speed::limits::{RawFile, Space};
use benches::log_speed::read::fill;
use benches::log_speed::records::{Records, size_label};
use benches::log_speed::system::{Work, competitors, log_config};
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use log_core::Log;
use log_core::format::frame_bytes;

const MIB: usize = 1024 * 1024;
const RECORD_BYTES: [usize; 3] = [256, 3400, 19_500];
const GROUP_BYTES: [usize; 3] = [64 * 1024, MIB, 8 * MIB];
/// Groups an iteration appends: the first finds an empty queue and is small.
const GROUPS: usize = 16;
const READ_BYTES: usize = 64 * MIB;
/// Room of the raw writer's file; it starts anew at its end, in space that was written before.
const RAW_BYTES: usize = 512 * MIB;

/// On the file system of the build, not on one in memory.
fn scratch() -> tempfile::TempDir {
    tempfile::tempdir_in(Path::new(env!("CARGO_TARGET_TMPDIR"))).unwrap()
}

fn append(criterion: &mut Criterion) {
    for group_bytes in GROUP_BYTES {
        let mut group = criterion.benchmark_group(format!("append/{}", size_label(group_bytes)));
        group.sample_size(10);
        group.warm_up_time(Duration::from_millis(500));
        // Each second leaves a gigabyte on disk until the case ends.
        group.measurement_time(Duration::from_secs(2));
        for record_bytes in RECORD_BYTES {
            let part = group_bytes / frame_bytes(record_bytes);
            let count = part * GROUPS;
            let records = Records::new(record_bytes);
            group.throughput(Throughput::Bytes((count * record_bytes) as u64));
            for competitor in competitors() {
                let dir = scratch();
                let system = (competitor.open)(dir.path(), group_bytes).unwrap();
                let work = Work {
                    producer: 0,
                    records: &records,
                    count,
                    part,
                };
                let name = format!("{}/{}", competitor.name, size_label(record_bytes));
                group.bench_function(name, |bencher| {
                    bencher.iter(|| system.run(work).unwrap());
                });
            }
        }
        group.finish();
    }
}

fn raw(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("raw pwrite + fdatasync");
    group.sample_size(10);
    for group_bytes in GROUP_BYTES {
        let dir = scratch();
        let bytes = vec![0x5a; group_bytes];
        let path = dir.path().join("raw");
        let fresh = || RawFile::create(&path, RAW_BYTES as u64, Space::Reserved).unwrap();
        let (mut file, mut at) = (fresh(), 0);
        group.throughput(Throughput::Bytes(group_bytes as u64));
        group.bench_function(size_label(group_bytes), |bencher| {
            bencher.iter(|| {
                if at + group_bytes > RAW_BYTES {
                    (file, at) = (fresh(), 0);
                }
                file.append(&bytes).unwrap();
                at += group_bytes;
            });
        });
    }
    group.finish();
}

fn read(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("read/warm");
    for record_bytes in RECORD_BYTES {
        let dir = scratch();
        let records = Records::new(record_bytes);
        let count = READ_BYTES / record_bytes;
        let log = Log::open(log_config(dir.path(), MIB)).unwrap();
        fill(&log, &records, count).unwrap();
        let reader = log.reader();
        group.throughput(Throughput::Bytes((count * record_bytes) as u64));
        group.bench_function(size_label(record_bytes), |bencher| {
            bencher.iter(|| {
                assert_eq!(reader.read(0).flat_map(black_box).count(), count);
            });
        });
    }
    group.finish();
}

criterion_group!(benches, append, raw, read);
criterion_main!(benches);
