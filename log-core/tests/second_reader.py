"""Prints the records of a log, one a line: sequence, time, schema, kind, CRC-32 of the payload, its length.

Written from docs/formats/log.md alone, with the standard library and the `zstd` program, as a check of that page.
"""

import pathlib
import struct
import subprocess
import sys
import zlib

SEGMENT_HEADER = 4096
FRAME_HEADER = 48
DATA, BATCH_END, SEAL, EPOCH, WATERMARK, REDACTED, LOST = range(1, 8)


def fail(what):
    sys.exit(f"second reader: {what}")


def manifest(folder):
    """The newest readable list of (number, base, form), or None."""
    newest = None
    for parity in (0, 1):
        path = folder / f"manifest.{parity}"
        data = path.read_bytes() if path.exists() else b""
        if data[:8] != b"ERRATMAN":
            continue
        version, crc, generation = struct.unpack_from("<IIQ", data, 8)
        (count,) = struct.unpack_from("<I", data, 44)
        end = 64 + 24 * count
        if len(data) < end or zlib.crc32(data[16:end], zlib.crc32(data[:12])) != crc:
            continue
        if version != 1 or generation % 2 != parity:
            fail(f"{path} is of version {version}, generation {generation}")
        listed = []
        for at in range(64, end, 24):
            number, base, _, form = struct.unpack_from("<QQIB", data, at)
            listed.append((number, base, form))
        if newest is None or generation > newest[0]:
            newest = (generation, listed)
    return newest and newest[1]


def segments(folder):
    """The raw bytes of all segments, in order."""
    names = {int(p.name.split(".")[0]): p for p in sorted(folder.glob("*.log.zst"))}
    raw = {int(p.name.split(".")[0]): p for p in folder.glob("*.log")}
    listed = manifest(folder)
    if listed:
        chosen = {number: (names if form else raw)[number] for number, _, form in listed}
        follows = listed[-1][0] + 1
        if follows in raw:
            chosen[follows] = raw[follows]
    else:
        chosen = {**names, **raw}
    for number in sorted(chosen):
        path = chosen[number]
        if path.suffix == ".zst":
            done = subprocess.run(["zstd", "-dcq", str(path)], capture_output=True, check=True)
            yield number, done.stdout
        else:
            yield number, path.read_bytes()


def header(number, data):
    if data[:8] != b"ERRATLOG" or zlib.crc32(data[:4092]) != struct.unpack_from("<I", data, 4092)[0]:
        fail(f"segment {number} has no sound header")
    version, log_id = struct.unpack_from("<I4x16s", data, 8)
    own, base, _, _ = struct.unpack_from("<QQqI", data, 32)
    (salt,) = struct.unpack_from("<Q", data, 64)
    seal_offset, seal_hash, _ = struct.unpack_from("<Q32sQ", data, 72)
    if version != 1 or own != number:
        fail(f"segment {number} is of version {version} and has number {own}")
    return log_id, base, salt, seal_offset, seal_hash


def frame(data, at, salt):
    """The frame at `at`, or None."""
    head = data[at : at + FRAME_HEADER]
    if len(head) < FRAME_HEADER or not any(head):
        return None
    length, crc = struct.unpack_from("<II", head)
    salted = struct.pack("<QQ", salt, at) + head[:4] + head[8:]
    payload = data[at + FRAME_HEADER : at + FRAME_HEADER + length]
    if length == 0 or length > 16777216 or zlib.crc32(salted) != crc or len(payload) < length:
        return None
    fields = struct.unpack_from("<QqQIHBBII", head, 8)
    if zlib.crc32(payload) != fields[3]:
        return None
    return fields, payload, at + FRAME_HEADER + (length + 15) // 16 * 16


def read(folder):
    before = None
    for number, data in segments(folder):
        log_id, base, salt, seal_offset, seal_hash = header(number, data)
        if before is not None and before != (log_id, base, seal_offset, seal_hash):
            fail(f"segment {number} does not join the one before it")
        at, expected, batch, sealed = SEGMENT_HEADER, base, [], None
        while (found := frame(data, at, salt)) is not None and sealed is None:
            (sequence, time, _, crc, schema, kind, flags, epoch, _), payload, end = found
            if sequence != expected:
                fail(f"segment {number}, byte {at}: record {sequence} instead of {expected}")
            if batch and epoch != before_epoch:
                fail(f"segment {number}, byte {at}: a batch of epoch {before_epoch} goes on in epoch {epoch}")
            before_epoch = epoch
            pair = struct.unpack_from("<QQ", payload) if kind not in (DATA, REDACTED) else None
            if kind in (DATA, REDACTED):
                line = f"{sequence} {time} {schema} {kind} {crc} {len(payload)}"
                expected += 1
                if flags & 1:
                    batch.append(line)
                else:
                    yield line
            elif kind == BATCH_END:
                if pair != (expected - len(batch), len(batch)):
                    fail(f"segment {number}, byte {at}: the batch end names {pair}")
                yield from batch
                batch = []
            elif kind == LOST:
                expected = pair[0] + pair[1]
            elif kind == SEAL:
                sealed = (log_id, pair[0], at, payload[16:48])
                if pair[1] != at:
                    fail(f"segment {number}: the seal at {at} says {pair[1]}")
            at = end
        # Whatever stands behind a seal is not part of the segment.
        before = sealed


for record in read(pathlib.Path(sys.argv[1])):
    print(record)
