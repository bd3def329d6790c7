//! From Spin's call of a component to [`App::respond`], and back.

use spin_sdk::wasip3::http::types::{ErrorCode, Request, Response};

use super::{Spin, convert};
use crate::{App, Component};

/// Answers one request of the host.
pub async fn serve<C: Component>(
    app: &App<Spin, C>,
    request: Request,
) -> Result<Response, ErrorCode> {
    let (head, body) = convert::incoming(request)?;
    let response = app.respond(head, body).await;
    convert::response(response)
}
