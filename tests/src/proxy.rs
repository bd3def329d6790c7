//! A TCP proxy between the app and a Redis, which does to their conversation what networks do.

use std::{
    collections::VecDeque,
    io::ErrorKind,
    sync::{Arc, Mutex, MutexGuard},
    thread,
    time::Duration,
};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{
        TcpListener, TcpStream,
        tcp::{OwnedReadHalf, OwnedWriteHalf},
    },
    sync::watch,
    time::sleep,
};

use crate::{Redis, resp};

/// A proxy in front of a [`Redis`], or of one after another, on a thread of its own; it ends with the test.
///
/// It passes everything on until it is told otherwise, and knows commands and replies apart: a
/// reply can be lost after Redis has carried its command out.
pub struct Proxy {
    port: u16,
    shared: Arc<Shared>,
}

/// What happens to whatever passes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mode {
    Pass,
    /// Replies come that much later.
    Delay(Duration),
    /// Connections stand and are accepted, and nothing ever comes out of them.
    BlackHole,
}

/// What the caller gets of a reply before its connection is cut.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cut {
    /// Nothing: the command has been carried out, and nobody knows.
    BeforeReply,
    /// The first half.
    MidReply,
}

/// The replies that get lost.
struct Loss {
    cut: Cut,
    /// What the command contains, such as a part of a key's name.
    of: String,
    /// How many are still to be lost.
    times: usize,
}

struct Shared {
    /// The port of the Redis behind new connections.
    to: Mutex<u16>,
    mode: Mutex<Mode>,
    loss: Mutex<Option<Loss>>,
    /// Counts the times that every connection was cut.
    cuts: watch::Sender<u64>,
    /// Counts the replies that were lost.
    lost: watch::Sender<usize>,
}

impl Proxy {
    /// Starts a proxy in front of `redis`.
    pub fn start(redis: &Redis) -> Self {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        listener.set_nonblocking(true).unwrap();
        let port = listener.local_addr().unwrap().port();
        let shared = Arc::new(Shared {
            to: Mutex::new(redis.port()),
            mode: Mutex::new(Mode::Pass),
            loss: Mutex::new(None),
            cuts: watch::Sender::new(0),
            lost: watch::Sender::new(0),
        });
        let known = Arc::downgrade(&shared);
        // On a thread of its own: what the test's thread is busy with delays nothing here.
        thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()
                .unwrap();
            runtime.block_on(async {
                let listener = TcpListener::from_std(listener).unwrap();
                loop {
                    let accepted = tokio::select! {
                        accepted = listener.accept() => accepted,
                        () = sleep(Duration::from_millis(100)) => {
                            if known.strong_count() == 0 { return } else { continue }
                        }
                    };
                    if let (Ok((client, _)), Some(shared)) = (accepted, known.upgrade()) {
                        tokio::spawn(converse(client, shared));
                    }
                }
            });
        });
        Self { port, shared }
    }

    /// The address that goes into `redis_url`.
    pub fn url(&self) -> String {
        format!("redis://127.0.0.1:{}", self.port)
    }

    /// The address with a password in it.
    pub fn url_with_password(&self, password: &str) -> String {
        format!("redis://:{password}@127.0.0.1:{}", self.port)
    }

    /// Leads new connections to `redis`, as a name does that has moved. Those that there are stay where
    /// they lead.
    pub fn lead_to(&self, redis: &Redis) {
        *lock(&self.shared.to) = redis.port();
    }

    /// Passes everything on again, and loses no replies.
    pub fn pass(&self) {
        self.set(Mode::Pass);
        *lock(&self.shared.loss) = None;
    }

    /// Hands each reply on that much later.
    pub fn delay(&self, delay: Duration) {
        self.set(Mode::Delay(delay));
    }

    /// Swallows everything. Connections stand, and new ones are accepted. Those that something was
    /// swallowed of are of no use afterwards, and are cut.
    pub fn black_hole(&self) {
        self.set(Mode::BlackHole);
    }

    /// Cuts every connection there is. New ones are welcome.
    pub fn cut_all(&self) {
        self.shared.cuts.send_modify(|cuts| *cuts += 1);
    }

    /// Cuts the connection of each of the next `times` commands that contain `of`: after Redis has
    /// carried the command out, and before the whole reply has been handed on.
    pub fn lose(&self, times: usize, of: &str, cut: Cut) {
        *lock(&self.shared.loss) = Some(Loss {
            cut,
            of: of.to_owned(),
            times,
        });
    }

    /// How many replies have been lost so far.
    pub fn lost(&self) -> usize {
        *self.shared.lost.borrow()
    }

    fn set(&self, mode: Mode) {
        *lock(&self.shared.mode) = mode;
    }
}

impl Shared {
    fn mode(&self) -> Mode {
        *lock(&self.mode)
    }

    /// Whether the reply to `command` is one to lose.
    fn loss_of(&self, command: &[u8]) -> Option<Cut> {
        let mut loss = lock(&self.loss);
        let loss = loss.as_mut().filter(|loss| loss.times > 0)?;
        let of = loss.of.as_bytes();
        command.windows(of.len()).find(|part| *part == of)?;
        loss.times -= 1;
        Some(loss.cut)
    }
}

/// What the two directions of a connection tell each other.
#[derive(Default)]
struct Talk {
    /// For each command whose reply is still to come: how it gets lost, if it does.
    pending: VecDeque<Option<Cut>>,
    /// Something was swallowed, so that replies no longer belong to their commands.
    spoiled: bool,
}

async fn converse(client: TcpStream, shared: Arc<Shared>) {
    let mut cuts = shared.cuts.subscribe();
    let to = *lock(&shared.to);
    let Ok(server) = TcpStream::connect(("127.0.0.1", to)).await else {
        return;
    };
    let _ = (client.set_nodelay(true), server.set_nodelay(true));
    let (client_read, client_write) = client.into_split();
    let (server_read, server_write) = server.into_split();
    let talk = Mutex::new(Talk::default());
    // Whichever ends first ends the connection, in both directions.
    tokio::select! {
        _ = commands(client_read, server_write, &talk, &shared) => {}
        _ = replies(server_read, client_write, &talk, &shared) => {}
        _ = cuts.changed() => {}
    }
}

async fn commands(
    mut from: OwnedReadHalf,
    mut to: OwnedWriteHalf,
    talk: &Mutex<Talk>,
    shared: &Shared,
) -> std::io::Result<()> {
    let mut buffer = Vec::new();
    loop {
        read(&mut from, &mut buffer).await?;
        while let Some(length) = resp::frame(&buffer) {
            let frame: Vec<u8> = buffer.drain(..length).collect();
            if shared.mode() == Mode::BlackHole {
                lock(talk).spoiled = true;
                continue;
            }
            if lock(talk).spoiled {
                return Ok(());
            }
            lock(talk).pending.push_back(shared.loss_of(&frame));
            to.write_all(&frame).await?;
        }
    }
}

async fn replies(
    mut from: OwnedReadHalf,
    mut to: OwnedWriteHalf,
    talk: &Mutex<Talk>,
    shared: &Shared,
) -> std::io::Result<()> {
    let mut buffer = Vec::new();
    loop {
        read(&mut from, &mut buffer).await?;
        if let Mode::Delay(delay) = shared.mode() {
            sleep(delay).await;
        }
        while let Some(length) = resp::frame(&buffer) {
            let frame: Vec<u8> = buffer.drain(..length).collect();
            let cut = lock(talk).pending.pop_front().flatten();
            if shared.mode() == Mode::BlackHole {
                lock(talk).spoiled = true;
                continue;
            }
            if lock(talk).spoiled {
                return Ok(());
            }
            let Some(cut) = cut else {
                to.write_all(&frame).await?;
                continue;
            };
            if cut == Cut::MidReply {
                to.write_all(&frame[..length / 2]).await?;
            }
            shared.lost.send_modify(|lost| *lost += 1);
            return Ok(());
        }
    }
}

async fn read(from: &mut OwnedReadHalf, buffer: &mut Vec<u8>) -> std::io::Result<()> {
    // Room for all that is there: what comes late comes late together.
    buffer.reserve(64 * 1024);
    match from.read_buf(buffer).await? {
        0 => Err(ErrorKind::UnexpectedEof.into()),
        _ => Ok(()),
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap()
}
