//! What people and their programs ask of the gateway, beside commands: sign-in, accounts,
//! a project's settings, and what became of what was sent.

pub(crate) mod accounts;
pub(crate) mod outcomes;
pub mod settings;
pub(crate) mod sign_in;
