//! What the proof by simulation (`log-sim`, beside this crate) sees of the inside: no part of the interface, and no
//! promise. Costs nothing where nobody looks.

pub mod classify {
    //! See `crate::classify`.
    pub use crate::classify::{Place, Verdict, classify};
}
pub mod commit {
    //! See `crate::commit`.
    pub use crate::commit::lock;
}
pub mod cursor {
    //! See `crate::cursor`.
    pub use crate::cursor::{CursorInfo, look};
}
pub mod io {
    //! See `crate::io`.
    pub use crate::io::{preallocate, read_all, write_all};
}
pub mod manifest {
    //! See `crate::manifest`.
    pub use crate::manifest::{ENTRY_BYTES, HEADER_BYTES, MAGIC, Manifest};
}
pub mod repair {
    //! See `crate::repair`.
    pub use crate::repair::{RepairError, RepairMode, repair_on};
}
pub mod scan {
    //! See `crate::scan`.
    pub use crate::scan::{Scan, scan};
}
pub mod sealed {
    //! See `crate::sealed`.
    pub use crate::sealed::{BlockCache, Proven, SealedError, SealedFile, number_of};
}
pub mod segment {
    //! See `crate::segment`.
    pub use crate::segment::{number_of, path_of};
}
pub mod verify {
    //! See `crate::verify`.
    pub use crate::verify::verify_on;
}
