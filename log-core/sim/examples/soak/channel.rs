//! What the child tells the parent: small messages through a socket that is the child's standard input.
//!
//! A socket keeps what was sent when the sender is killed, and ends when either side does. Message, little-endian:
//! kind u64, three values u64; the last one may be cut by a kill.

use std::io::{self, Read, Write};
use std::os::fd::AsFd;
use std::os::unix::net::UnixStream;
use std::sync::Mutex;
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::thread;
use std::time::Instant;

const MESSAGE_BYTES: usize = 32;

/// Something the child did, or is about to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Message {
    /// It will open the log now.
    Opening,
    /// It has opened the log, and had to cut this many bytes off its tail.
    Opened {
        torn_bytes: u64,
    },
    /// The append `id` of `count` records is durable from number `first` on.
    Acknowledged {
        first: u64,
        id: u64,
        count: u64,
    },
    /// The cursor stands here, durably.
    Cursor {
        position: u64,
    },
    /// It will drop what is below this number now; it has, and the log begins at that one.
    Dropping {
        below: u64,
    },
    Dropped {
        first: u64,
    },
    /// It will redact this record now; it has.
    Redacting {
        sequence: u64,
    },
    Redacted {
        sequence: u64,
    },
}

impl Message {
    fn encode(self) -> [u8; MESSAGE_BYTES] {
        let words = match self {
            Self::Opening => [1, 0, 0, 0],
            Self::Opened { torn_bytes } => [2, torn_bytes, 0, 0],
            Self::Acknowledged { first, id, count } => [3, first, id, count],
            Self::Cursor { position } => [4, position, 0, 0],
            Self::Dropping { below } => [5, below, 0, 0],
            Self::Dropped { first } => [6, first, 0, 0],
            Self::Redacting { sequence } => [7, sequence, 0, 0],
            Self::Redacted { sequence } => [8, sequence, 0, 0],
        };
        let mut bytes = [0; MESSAGE_BYTES];
        for (slot, word) in bytes.chunks_exact_mut(8).zip(words) {
            slot.copy_from_slice(&u64::to_le_bytes(word));
        }
        bytes
    }

    fn decode(bytes: &[u8; MESSAGE_BYTES]) -> Option<Self> {
        let mut words = bytes
            .chunks_exact(8)
            .map(|word| u64::from_le_bytes(word.try_into().expect("eight bytes")));
        let mut word = || words.next().expect("four words");
        Some(match word() {
            1 => Self::Opening,
            2 => Self::Opened { torn_bytes: word() },
            3 => Self::Acknowledged {
                first: word(),
                id: word(),
                count: word(),
            },
            4 => Self::Cursor { position: word() },
            5 => Self::Dropping { below: word() },
            6 => Self::Dropped { first: word() },
            7 => Self::Redacting { sequence: word() },
            8 => Self::Redacted { sequence: word() },
            _ => return None,
        })
    }
}

/// The child's end.
#[derive(Debug)]
pub(crate) struct Teller(Mutex<UnixStream>);

impl Teller {
    /// Standard input, which the parent made one end of a socket.
    pub(crate) fn from_stdin() -> io::Result<Self> {
        let socket = io::stdin().as_fd().try_clone_to_owned()?;
        Ok(Self(Mutex::new(UnixStream::from(socket))))
    }

    /// Ends the process when the parent is gone: nobody is left to tell.
    #[expect(
        clippy::disallowed_methods,
        reason = "a crash without a parent to see it"
    )]
    pub(crate) fn tell(&self, message: Message) {
        let mut socket = self
            .0
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        if socket.write_all(&message.encode()).is_err() {
            std::process::exit(0);
        }
    }

    /// Blocks until the parent is gone, then ends the process.
    #[expect(
        clippy::disallowed_methods,
        reason = "a crash without a parent to see it"
    )]
    pub(crate) fn wait_for_the_end(&self) -> ! {
        let socket = self.0.lock().map(|socket| socket.try_clone());
        if let Ok(Ok(mut socket)) = socket {
            let _ = socket.read(&mut [0]);
        }
        std::process::exit(0);
    }
}

/// The parent's end: a thread of its own empties the socket, so that the child never waits for its parent.
#[derive(Debug)]
pub(crate) struct Listener(Receiver<Message>);

/// Why there is no message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Silence {
    /// The time is up.
    Timeout,
    /// The child has ended, and everything it said was heard.
    Ended,
}

impl Listener {
    /// A listener, and what the child gets as its standard input.
    #[expect(
        clippy::disallowed_methods,
        reason = "a parent that is slow must not hold the child up"
    )]
    pub(crate) fn pair() -> io::Result<(Self, UnixStream)> {
        let (mut ours, theirs) = UnixStream::pair()?;
        let (sender, receiver) = channel();
        thread::spawn(move || {
            let mut bytes = [0; MESSAGE_BYTES];
            while ours.read_exact(&mut bytes).is_ok() {
                let Some(message) = Message::decode(&bytes) else {
                    break;
                };
                if sender.send(message).is_err() {
                    break;
                }
            }
        });
        Ok((Self(receiver), theirs))
    }

    pub(crate) fn next(&self, deadline: Instant) -> Result<Message, Silence> {
        let left = deadline.saturating_duration_since(Instant::now());
        self.0.recv_timeout(left).map_err(|error| match error {
            RecvTimeoutError::Timeout => Silence::Timeout,
            RecvTimeoutError::Disconnected => Silence::Ended,
        })
    }
}
