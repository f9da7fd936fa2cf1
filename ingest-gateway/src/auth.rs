//! Who it is that asks: [`key`] for those who send events, [`caller`] for people and
//! tokens that command or look.

pub(crate) mod caller;
pub(crate) mod key;
