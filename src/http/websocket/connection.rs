//! One WebSocket connection, from its initialisation to its end.

use crate::graphql::{AllowedOperations, Charge, Code, Execution, Outcome, RequestError, StreamEnd};
use crate::http::ServerState;
use crate::http::access_log::OperationLine;
use crate::http::caller::{Caller, bearer_token};
use crate::http::deadline::run_within;
use crate::http::error_response::HttpError;
use crate::http::graphql::sse::stream_end_error;
use crate::http::server::long_lived::{ConnectionPermit, PendingSocket};
use crate::http::websocket::close::Close;
use crate::http::websocket::messages::{ClientMessage, ServerMessage};
use crate::http::websocket::operations::{OperationEvent, Operations};
use crate::http::websocket::transport::{Disconnect, Transport};
use crate::services::{AuthenticationError, LiveSession, TokenProblem};
use async_graphql::Request as Operation;
use futures_util::FutureExt;
use serde_json::{Map, Value};
use std::panic::AssertUnwindSafe;
use std::pin::pin;
use std::sync::Arc;
use tokio::time::{Instant, MissedTickBehavior, interval_at, timeout};

/// The server, and the request that was upgraded.
pub(super) struct ConnectionContext {
    pub(super) server: ServerState,
    pub(super) caller: Caller,
}

/// Runs the connection until either side closes it. Returns its permit, to be held until it is closed; a client that
/// has not signed in has none.
pub(super) async fn run(
    context: &ConnectionContext,
    pending: PendingSocket,
    transport: &mut Transport,
) -> (Disconnect, Option<ConnectionPermit>) {
    let initialized = tokio::select! {
        () = pending.shutdown_requested() => Err(Disconnect::ByServer(Close::GOING_AWAY)),
        () = pending.evicted() => Err(Disconnect::ByServer(Close::TRY_LATER)),
        initialized = initialize(context, &pending, transport) => initialized,
    };
    drop(pending);
    if let Some(access) = &context.caller.access {
        match &initialized {
            Ok((session, _)) => {
                access.set_user(session.user());
                access.signed_in(None);
            }
            Err(Disconnect::ByServer(close)) => access.signed_in(Some(&close.reason)),
            Err(_) => {} // The client has left.
        }
    }
    let (session, permit) = match initialized {
        Ok(initialized) => initialized,
        Err(disconnect) => return (disconnect, None),
    };
    let mut connection = Connection { context, session: session.clone(), transport, operations: Operations::default() };
    let disconnect = tokio::select! {
        problem = session.signed_out() => Disconnect::ByServer(Close::no_viewer(problem.reason())),
        disconnect = connection.run(&permit) => disconnect,
    };
    (disconnect, Some(permit))
}

/// Waits for `connection_init`, signs the client in, gets a permit and acknowledges the connection.
async fn initialize(
    context: &ConnectionContext,
    pending: &PendingSocket,
    transport: &mut Transport,
) -> Result<(Arc<LiveSession>, ConnectionPermit), Disconnect> {
    let init = async {
        loop {
            let (message, _charge) = transport.receive().await?;
            match message {
                ClientMessage::ConnectionInit(payload) => return Ok(payload),
                ClientMessage::Ping(payload) => transport.send(&ServerMessage::Pong { payload }).await?,
                ClientMessage::Pong | ClientMessage::Complete { .. } => {}
                ClientMessage::Subscribe { .. } => return Err(Disconnect::ByServer(Close::UNAUTHORIZED)),
            }
        }
    };
    let limits = &context.server.limits;
    let payload = timeout(limits.init_timeout, init).await.unwrap_or(Err(Disconnect::ByServer(Close::INIT_TIMEOUT)))?;
    pending.begin_sign_in();
    let session = timeout(limits.request_timeout, sign_in(context, &payload)).await;
    let session = session.unwrap_or(Err(Close::TRY_LATER)).map_err(Disconnect::ByServer)?;
    if let Ok(viewer) = session.viewer() {
        // Like a REST request: signing in reads the database.
        let charged = context.server.engine.charge_request(&viewer);
        charged.map_err(|_| Disconnect::ByServer(Close::RATE_LIMITED))?;
    }
    let permit = context.server.long_lived.try_acquire(session.user());
    let permit = permit.map_err(|why| Disconnect::ByServer(Close::no_permit(why)))?;
    transport.signed_in();
    transport.send(&ServerMessage::ConnectionAck).await?;
    Ok((Arc::new(session), permit))
}

/// Signs in with the token of the payload, or else of the header. Pages in a browser cannot set headers and do not see
/// why a handshake was refused, therefore a refused header closes the WebSocket instead of failing the handshake.
async fn sign_in(context: &ConnectionContext, payload: &Map<String, Value>) -> Result<LiveSession, Close> {
    let token = match find_authorization(payload) {
        Some(Value::String(value)) => bearer_token(value).map(Some),
        Some(_) => Err(TokenProblem::OtherScheme),
        None => context.caller.token(),
    };
    let session = match token.and_then(|token| token.ok_or(TokenProblem::Missing)) {
        Ok(token) => context.server.services.sign_in(token).await,
        Err(problem) => Err(problem.into()),
    };
    session.map_err(|error| match error {
        AuthenticationError::Refused(problem) => Close::no_viewer(problem.reason()),
        AuthenticationError::Failed(cause) => {
            cause.log(&context.caller.client.request_id);
            Close::TRY_LATER
        }
    })
}

/// `Authorization` in any case, in the payload itself or in its object `headers`: client libraries differ.
fn find_authorization(payload: &Map<String, Value>) -> Option<&Value> {
    find(payload, "authorization").or_else(|| find(find(payload, "headers")?.as_object()?, "authorization"))
}

fn find<'a>(fields: &'a Map<String, Value>, name: &str) -> Option<&'a Value> {
    fields.iter().find(|(field, value)| field.eq_ignore_ascii_case(name) && !value.is_null()).map(|(_, value)| value)
}

/// A connection whose client is signed in.
struct Connection<'a> {
    context: &'a ConnectionContext,
    session: Arc<LiveSession>,
    transport: &'a mut Transport,
    operations: Operations,
}

impl Connection<'_> {
    async fn run(&mut self, permit: &ConnectionPermit) -> Disconnect {
        let interval = self.context.server.limits.ping_interval;
        let mut ping = interval_at(Instant::now() + interval, interval);
        ping.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            let handled = tokio::select! {
                () = permit.shutdown_requested() => self.drain().await,
                _ = ping.tick() => while_operations_advance(&mut self.operations, self.transport.ping()).await,
                received = self.transport.receive() => match received {
                    Ok((message, charge)) => self.handle(message, charge).await,
                    Err(disconnect) => Err(disconnect),
                },
                (id, event) = self.operations.next() => self.emit(&id, event).await,
            };
            if let Err(disconnect) = handled {
                return disconnect;
            }
        }
    }

    /// Sends the outcomes of the queries and mutations in flight. Subscriptions end.
    async fn drain(&mut self) -> Result<(), Disconnect> {
        while let Some((id, outcome)) = self.operations.next_outcome().await {
            self.emit(&id, OperationEvent::Once(outcome)).await?;
        }
        Err(Disconnect::ByServer(Close::GOING_AWAY))
    }

    /// Handles a message. What it starts takes over the memory that is counted for the message.
    async fn handle(&mut self, message: ClientMessage, charge: Charge) -> Result<(), Disconnect> {
        match message {
            ClientMessage::ConnectionInit(_) => Err(Disconnect::ByServer(Close::TOO_MANY_INITS)),
            ClientMessage::Ping(payload) => self.send(&ServerMessage::Pong { payload }).await,
            ClientMessage::Pong => Ok(()),
            ClientMessage::Subscribe { id, .. } if self.operations.contains(&id) => {
                Err(Disconnect::ByServer(Close::duplicate_id(&id)))
            }
            ClientMessage::Subscribe { id, .. }
                if self.operations.len() >= self.context.server.limits.max_subscriptions =>
            {
                let message = "There are too many operations on this connection. Complete one first.";
                self.reject(&id, &RequestError::new(Code::TooManySubscriptions, message, None)).await
            }
            ClientMessage::Subscribe { id, operation } => {
                self.operations.start(&id, execute(self.context, self.session.clone(), *operation, charge));
                Ok(())
            }
            ClientMessage::Complete { id } => {
                self.operations.cancel(&id);
                Ok(())
            }
        }
    }

    async fn emit(&mut self, id: &str, event: OperationEvent) -> Result<(), Disconnect> {
        match event {
            OperationEvent::Next(response) => self.send(&ServerMessage::Next { id, payload: &response }).await,
            OperationEvent::Complete => self.send(&ServerMessage::Complete { id }).await,
            OperationEvent::Once(outcome) => match *outcome {
                Outcome::Executed(response) => {
                    let response = response.into_json().into_text();
                    self.send(&ServerMessage::Next { id, payload: &response }).await?;
                    self.send(&ServerMessage::Complete { id }).await
                }
                Outcome::Rejected(error) => self.reject(id, &error).await,
            },
            OperationEvent::StreamEnd(StreamEnd::SignedOut(why)) => {
                Err(Disconnect::ByServer(Close::no_viewer(why.reason)))
            }
            OperationEvent::StreamEnd(end @ (StreamEnd::CursorExpired | StreamEnd::Failed(_))) => {
                self.reject(id, &stream_end_error(end, &self.context.caller.client.request_id)).await
            }
        }
    }

    async fn reject(&mut self, id: &str, error: &RequestError) -> Result<(), Disconnect> {
        self.send(&ServerMessage::Error { id, payload: &error.errors }).await
    }

    async fn send(&mut self, message: &ServerMessage<'_>) -> Result<(), Disconnect> {
        while_operations_advance(&mut self.operations, self.transport.send(message)).await
    }
}

/// Writes to the client while its queries and mutations continue: they hold database locks and permits, which a slow
/// client must not prolong.
async fn while_operations_advance(
    operations: &mut Operations,
    write: impl Future<Output = Result<(), Disconnect>>,
) -> Result<(), Disconnect> {
    let mut write = pin!(write);
    loop {
        tokio::select! {
            written = &mut write => return written,
            () = operations.advance() => {}
        }
    }
}

/// Executes a query or mutation, or starts a subscription, within the limits of a request.
fn execute(
    context: &ConnectionContext,
    session: Arc<LiveSession>,
    operation: Operation,
    charge: Charge,
) -> impl Future<Output = Execution> + Send + 'static {
    let (server, mut client) = (context.server.clone(), context.caller.client.clone());
    let line = OperationLine::begin(context.caller.access.as_ref(), "websocket");
    client.record = line.as_ref().map(|line| line.operation());
    let rejected = |error: HttpError| Execution::Once(Outcome::Rejected(error.into_request_error()));
    async move {
        let _charge = charge;
        let permits =
            server.admission.admit().and_then(|permit| Ok((permit, server.admission.admit_user(session.user())?)));
        let execution = match permits {
            Ok(_permits) => {
                let request_id = client.request_id.clone();
                let execution = server.engine.open(Some(&session), client, operation, AllowedOperations::All, None);
                let execution = pin!(catch_panic(execution, &request_id));
                run_within(server.limits.request_timeout, execution).await.unwrap_or_else(rejected)
            }
            Err(error) => rejected(error),
        };
        if let Some(line) = line {
            if let Execution::Once(Outcome::Rejected(error)) = &execution {
                line.operation().fail(error.code.as_str());
            }
            line.end();
        }
        execution
    }
}

/// A panic fails its operation; the connection and its other operations continue.
async fn catch_panic(execution: impl Future<Output = Execution>, request_id: &str) -> Execution {
    AssertUnwindSafe(execution).catch_unwind().await.unwrap_or_else(|_| {
        tracing::error!(request_id, "panic");
        Execution::Once(Outcome::Rejected(RequestError::failed(Code::Internal, request_id)))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn panic_is_an_internal_error_without_its_message() {
        let execution = catch_panic(async { panic!("secret") }, "r").await;
        let Execution::Once(Outcome::Rejected(error)) = execution else { panic!("not rejected") };
        let errors = serde_json::to_string(&error.errors).unwrap();
        assert_eq!(
            errors,
            r#"[{"message":"Something went wrong on the server.","extensions":{"code":"INTERNAL","requestId":"r"}}]"#
        );
    }
}
