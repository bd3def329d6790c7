//! Accepts connections and serves HTTP on them.
//!
//! Unlike Spin's, the listener sets TCP_NODELAY: a response that leaves in two segments does not
//! wait 40 ms for the client's delayed acknowledgement of the first.

use std::{
    io::{self, Write as _},
    net::SocketAddr,
    sync::Arc,
    time::Duration,
};

use anyhow::{Context as _, Result};
use hyper::service::service_fn;
use hyper_util::{
    rt::{TokioExecutor, TokioIo},
    server::conn::auto::Builder,
};
use tokio::net::{TcpListener, TcpStream};

use crate::{
    answer::answer,
    app::{App, Target},
    report::report,
    routes::{Route, Router},
};

/// An application and where it is served.
pub struct Server {
    listener: TcpListener,
    address: SocketAddr,
    router: Arc<Router<Target>>,
}

// === impl Server ===

impl Server {
    /// Listens at `address`.
    ///
    /// # Errors
    /// An address that cannot be listened at: one in use, above all.
    pub async fn bind(address: SocketAddr, app: App) -> Result<Self> {
        let listener = TcpListener::bind(address).await.with_context(|| {
            format!("cannot listen at {address}: try another --listen, port 0 picks a free one")
        })?;
        Ok(Self {
            address: listener.local_addr()?,
            listener,
            router: Arc::new(app.router),
        })
    }

    /// Prints where the application is and which routes it has, for people and for programs: the
    /// first line is `Serving http://ADDRESS`.
    ///
    /// # Errors
    /// A stdout that cannot be written to.
    pub fn announce(&self) -> io::Result<()> {
        let base = format!("http://{}", self.address);
        let mut out = io::stdout().lock();
        writeln!(out, "Serving {base}\nAvailable Routes:")?;
        for Route { raw, target, .. } in self.router.routes() {
            let name = match target {
                Target::Component { id, .. } => id,
                Target::Static(_) => "(static)",
            };
            writeln!(out, "  {name}: {base}{raw}")?;
        }
        out.flush()
    }

    /// Serves for ever.
    pub async fn serve(self) {
        loop {
            match self.listener.accept().await {
                Ok((stream, client)) => {
                    let router = Arc::clone(&self.router);
                    tokio::spawn(connection(stream, client, router));
                }
                // Out of file descriptors, most likely: let some be closed.
                Err(error) => {
                    report(format_args!("cannot accept a connection: {error}"));
                    tokio::time::sleep(Duration::from_millis(100)).await;
                }
            }
        }
    }
}

async fn connection(stream: TcpStream, client: SocketAddr, router: Arc<Router<Target>>) {
    let _ = stream.set_nodelay(true);
    let service = service_fn(|request| {
        let router = Arc::clone(&router);
        async move {
            let answered = answer(&router, request, client).await;
            answered.inspect_err(|error| report(format_args!("closing {client}: {error:#}")))
        }
    });
    // What ends here is the client's doing: it went away, or does not speak HTTP.
    let _ = Builder::new(TokioExecutor::new())
        .serve_connection(TokioIo::new(stream), service)
        .await;
}
