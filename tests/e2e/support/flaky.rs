//! A slow, bad link to a server: connections that are refused, cut in the middle, and answered by a busy store.

use std::{
    io::{Read, Write},
    net::{Shutdown, TcpListener, TcpStream},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
};

/// Of these connections one is closed at once, one is told to slow down, the others are cut after some bytes.
const CYCLE: usize = 5;
const CUT_BYTES: usize = 700_000;

/// Listens until the process ends; connections to it lead to `to`, mostly.
pub(crate) struct Flaky {
    pub(crate) address: String,
    /// Connections that came to harm.
    pub(crate) harmed: Arc<AtomicUsize>,
}

impl Flaky {
    pub(crate) fn before(to: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let (to, harmed) = (to.to_owned(), Arc::new(AtomicUsize::new(0)));
        let counted = harmed.clone();
        thread::spawn(move || {
            for (number, client) in listener.incoming().map_while(Result::ok).enumerate() {
                let (to, counted) = (to.clone(), counted.clone());
                thread::spawn(move || serve(number, client, &to, &counted));
            }
        });
        Self { address, harmed }
    }
}

fn serve(number: usize, mut client: TcpStream, to: &str, harmed: &AtomicUsize) {
    match number % CYCLE {
        1 => {
            harmed.fetch_add(1, Ordering::Relaxed);
        }
        3 => {
            harmed.fetch_add(1, Ordering::Relaxed);
            let _ = client.read(&mut [0; 1024]);
            let busy = "HTTP/1.1 503 Slow Down\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";
            let _ = client.write_all(busy.as_bytes());
        }
        _ => {
            let Ok(server) = TcpStream::connect(to) else {
                return;
            };
            let limit = CUT_BYTES * (1 + number % 7);
            let (mut back, mut forth) = (server.try_clone().unwrap(), client.try_clone().unwrap());
            let answers = thread::spawn(move || {
                let _ = std::io::copy(&mut back, &mut forth);
                let _ = forth.shutdown(Shutdown::Both);
            });
            let mut server = server;
            let asked = std::io::copy(&mut (&mut client).take(limit as u64), &mut server);
            if asked.is_ok_and(|bytes| bytes == limit as u64) {
                harmed.fetch_add(1, Ordering::Relaxed);
                let _ = client.shutdown(Shutdown::Both);
            }
            let _ = server.shutdown(Shutdown::Both);
            let _ = answers.join();
        }
    }
}
