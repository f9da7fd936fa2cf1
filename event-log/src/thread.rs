//! The writer's threads by name, so that a failed start or a panic can be told.

use std::thread::JoinHandle;

use crate::error::{CloseError, OpenError};

/// A running thread.
pub(crate) struct NamedThread {
    name: &'static str,
    handle: JoinHandle<()>,
}

impl NamedThread {
    pub(crate) fn spawn(
        name: &'static str,
        body: impl FnOnce() + Send + 'static,
    ) -> Result<Self, OpenError> {
        std::thread::Builder::new()
            .name(name.to_owned())
            .spawn(body)
            .map(|handle| Self { name, handle })
            .map_err(|source| OpenError::Thread { name, source })
    }

    pub(crate) fn name(&self) -> &'static str {
        self.name
    }

    pub(crate) fn is_finished(&self) -> bool {
        self.handle.is_finished()
    }

    pub(crate) fn join(self) -> Result<(), CloseError> {
        self.handle
            .join()
            .map_err(|_| CloseError::Thread(self.name))
    }
}
