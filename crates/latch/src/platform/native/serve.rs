//! A small HTTP server around an [`App`].

use std::convert::Infallible;
use std::rc::Rc;

use bytes::Bytes;
use http::{HeaderValue, Request, Response};
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::body::{Body as _, Incoming};
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;
use tokio::task::{LocalSet, spawn_local};

use super::Native;
use crate::body::{Body, BodyBroken};
use crate::{App, Component};

/// Serves `app` on `listener` until the future is dropped. One thread; for more, run one of these
/// on each, with an `App` of its own.
pub async fn serve<C: Component>(app: App<Native, C>, listener: TcpListener) {
    let app = Rc::new(app);
    let connections = LocalSet::new();
    connections
        .run_until(async move {
            loop {
                let Ok((stream, peer)) = listener.accept().await else {
                    continue;
                };
                let _ = stream.set_nodelay(true);
                let app = Rc::clone(&app);
                let peer = HeaderValue::try_from(peer.to_string());
                spawn_local(async move {
                    let service = service_fn(|mut request: Request<Incoming>| {
                        if let Ok(peer) = &peer {
                            request
                                .headers_mut()
                                .append("spin-client-addr", peer.clone());
                        }
                        answer(Rc::clone(&app), request)
                    });
                    // A connection that fails is its client's business.
                    let _ = hyper::server::conn::http1::Builder::new()
                        .serve_connection(TokioIo::new(stream), service)
                        .await;
                });
            }
        })
        .await;
}

async fn answer<C: Component>(
    app: Rc<App<Native, C>>,
    request: Request<Incoming>,
) -> Result<Response<Full<Bytes>>, Infallible> {
    let (head, body) = request.into_parts();
    Ok(app.respond(head, IncomingBody(body)).await.map(Full::new))
}

struct IncomingBody(Incoming);

impl Body for IncomingBody {
    async fn read(self, at_most: usize) -> Result<Option<Bytes>, BodyBroken> {
        let announced = self.0.size_hint().lower();
        if usize::try_from(announced).is_ok_and(|length| length > at_most) {
            return Ok(None);
        }
        match Limited::new(self.0, at_most).collect().await {
            Ok(body) => Ok(Some(body.to_bytes())),
            Err(error) if error.is::<http_body_util::LengthLimitError>() => Ok(None),
            Err(_) => Err(BodyBroken),
        }
    }
}
