//! A checkpoint's header: bytes from and to fields. Pure and total; the layout is in
//! the parent's table. Lengths are bytes.

use event_model::Position;

/// Bytes before the zstd frame.
pub(super) const HEADER_BYTES: usize = 128;
const MAGIC: [u8; 8] = *b"ERRATCKP";
const VERSION: u32 = 1;
const CRC: std::ops::Range<usize> = 12..16;

/// See the parent's table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Header {
    pub(super) schema_version: i64,
    pub(super) position: Position,
    pub(super) log_id: [u8; 16],
    pub(super) raw_bytes: u64,
    pub(super) sha256: [u8; 32],
    pub(super) frame_bytes: u64,
}

impl Header {
    pub(super) fn encode(&self) -> [u8; HEADER_BYTES] {
        let mut bytes = [0; HEADER_BYTES];
        bytes[0..8].copy_from_slice(&MAGIC);
        bytes[8..12].copy_from_slice(&VERSION.to_le_bytes());
        bytes[16..24].copy_from_slice(&self.schema_version.to_le_bytes());
        bytes[24..32].copy_from_slice(&self.position.0.to_le_bytes());
        bytes[32..48].copy_from_slice(&self.log_id);
        bytes[48..56].copy_from_slice(&self.raw_bytes.to_le_bytes());
        bytes[56..88].copy_from_slice(&self.sha256);
        bytes[88..96].copy_from_slice(&self.frame_bytes.to_le_bytes());
        let crc = checksum(&bytes);
        bytes[CRC].copy_from_slice(&crc.to_le_bytes());
        bytes
    }

    pub(super) fn decode(bytes: &[u8; HEADER_BYTES]) -> Result<Self, String> {
        let word = |at: usize| {
            let mut word = [0; 8];
            word.copy_from_slice(&bytes[at..at + 8]);
            u64::from_le_bytes(word)
        };
        if bytes[0..8] != MAGIC {
            return Err("it does not begin as a checkpoint does".to_owned());
        }
        let version = word(8) as u32;
        if version != VERSION {
            return Err(format!(
                "its layout is version {version}, this release reads {VERSION}"
            ));
        }
        if (word(8) >> 32) as u32 != checksum(bytes) {
            return Err("its header's checksum is wrong".to_owned());
        }
        let (mut log_id, mut sha256) = ([0; 16], [0; 32]);
        log_id.copy_from_slice(&bytes[32..48]);
        sha256.copy_from_slice(&bytes[56..88]);
        Ok(Self {
            schema_version: word(16) as i64,
            position: Position(word(24)),
            log_id,
            raw_bytes: word(48),
            sha256,
            frame_bytes: word(88),
        })
    }
}

fn checksum(bytes: &[u8; HEADER_BYTES]) -> u32 {
    let mut hash = crc32fast::Hasher::new();
    hash.update(&bytes[..CRC.start]);
    hash.update(&bytes[CRC.end..]);
    hash.finalize()
}
