//! One connection, from its first message to its end.

use crate::graphql::{AllowedOperations, Code, Execution, Outcome, RequestError, StreamEnd, internal_error};
use crate::http::error_response::{OVERLOADED, TIMED_OUT};
use crate::http::graphql::sse;
use crate::http::server::shutdown::ConnectionPermit;
use crate::http::websocket::messages::{Close, Received, Sent};
use crate::http::websocket::operations::{OperationEvent, Operations};
use crate::http::websocket::transport::{Disconnect, Transport};
use crate::http::{Server, authorization};
use crate::services::{AuthenticationError, LiveSession};
use async_graphql::Request as Operation;
use futures_util::FutureExt;
use serde_json::{Map, Value};
use std::panic::AssertUnwindSafe;
use std::pin::pin;
use std::sync::Arc;
use tokio::time::{Instant, MissedTickBehavior, interval_at, timeout};

/// What a connection knows of the request that it was once.
pub struct ConnectionContext {
    pub server: Server,
    pub request_id: String,
    /// The token of its header.
    pub token: Result<Option<String>, AuthenticationError>,
}

/// Talks to the client until either has had enough.
pub async fn run(context: &ConnectionContext, permit: &ConnectionPermit, transport: &mut Transport) -> Disconnect {
    let bearer = tokio::select! {
        () = permit.shutdown_requested() => return Disconnect::Closed(Close::GOING_AWAY),
        bearer = begin(context, transport) => match bearer {
            Ok(bearer) => Arc::new(bearer),
            Err(end) => return end,
        },
    };
    let mut client = ClientConnection { context, bearer: bearer.clone(), transport, operations: Operations::default() };
    tokio::select! {
        // The client comes back with another token.
        () = bearer.signed_out() => Disconnect::Closed(Close::FORBIDDEN),
        end = client.run(permit) => end,
    }
}

/// From the first message to its acknowledgement.
async fn begin(context: &ConnectionContext, transport: &mut Transport) -> Result<LiveSession, Disconnect> {
    let init = async {
        loop {
            match transport.receive().await? {
                Received::Init(payload) => return Ok(payload),
                Received::Ping(payload) => transport.send(&Sent::Pong { payload }).await?,
                Received::Pong | Received::Complete { .. } => {}
                Received::Subscribe { .. } => return Err(Disconnect::Closed(Close::UNAUTHORIZED)),
            }
        }
    };
    let limits = &context.server.limits;
    let payload = timeout(limits.init_time, init).await.unwrap_or(Err(Disconnect::Closed(Close::INIT_TIMEOUT)))?;
    let signing_in = timeout(limits.time, sign_in(context, &payload)).await;
    let bearer = signing_in.unwrap_or(Err(Close::TRY_LATER)).map_err(Disconnect::Closed)?;
    transport.send(&Sent::ConnectionAck).await?;
    Ok(bearer)
}

/// With the token of the payload, or else of the request's header. A browser's page cannot set headers, and does not see how an upgrade was
/// refused: so a header that is no good is judged here, too.
async fn sign_in(context: &ConnectionContext, payload: &Map<String, Value>) -> Result<LiveSession, Close> {
    let token = match in_payload(payload) {
        Some(Value::String(value)) => authorization::of_value(value).map(Some),
        Some(_) => return Err(Close::FORBIDDEN),
        None => context.token.as_ref().map(Option::as_deref).map_err(Clone::clone),
    };
    let signed_in = match token {
        Ok(Some(token)) => context.server.services.sign_in(token).await,
        Ok(None) => return Err(Close::FORBIDDEN),
        Err(error) => Err(error),
    };
    signed_in.map_err(|error| match error {
        AuthenticationError::Refused(_) => Close::FORBIDDEN,
        AuthenticationError::Failed(cause) => {
            tracing::error!(request_id = context.request_id, %cause, "nobody could be signed in");
            Close::TRY_LATER
        }
    })
}

/// `Authorization` in any case, itself or among `headers`: where the clients' users put it.
fn in_payload(payload: &Map<String, Value>) -> Option<&Value> {
    find(payload, "authorization").or_else(|| find(find(payload, "headers")?.as_object()?, "authorization"))
}

fn find<'a>(fields: &'a Map<String, Value>, name: &str) -> Option<&'a Value> {
    fields.iter().find(|(field, value)| field.eq_ignore_ascii_case(name) && !value.is_null()).map(|(_, value)| value)
}

/// A connection whose client is signed in.
struct ClientConnection<'a> {
    context: &'a ConnectionContext,
    bearer: Arc<LiveSession>,
    transport: &'a mut Transport,
    operations: Operations,
}

impl ClientConnection<'_> {
    async fn run(&mut self, permit: &ConnectionPermit) -> Disconnect {
        let every = self.context.server.limits.ping;
        let mut ping = interval_at(Instant::now() + every, every);
        ping.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            let done = tokio::select! {
                () = permit.shutdown_requested() => self.finish().await,
                _ = ping.tick() => while_operations_advance(&mut self.operations, self.transport.ping()).await,
                received = self.transport.receive() => match received {
                    Ok(received) => self.handle(received).await,
                    Err(end) => Err(end),
                },
                (id, event) = self.operations.next() => self.emit(&id, event).await,
            };
            if let Err(end) = done {
                return end;
            }
        }
    }

    /// Lets queries and mutations end as requests in flight do.
    async fn finish(&mut self) -> Result<(), Disconnect> {
        while let Some((id, outcome)) = self.operations.next_outcome().await {
            self.emit(&id, OperationEvent::Once(outcome)).await?;
        }
        Err(Disconnect::Closed(Close::GOING_AWAY))
    }

    async fn handle(&mut self, received: Received) -> Result<(), Disconnect> {
        match received {
            Received::Init(_) => Err(Disconnect::Closed(Close::TOO_MANY_INITS)),
            Received::Ping(payload) => self.send(&Sent::Pong { payload }).await,
            Received::Pong => Ok(()),
            Received::Subscribe { id, .. } if self.operations.contains(&id) => {
                Err(Disconnect::Closed(Close::taken(&id)))
            }
            Received::Subscribe { id, .. } if self.operations.len() >= self.context.server.limits.subscriptions => {
                let message = "there are too many operations on this connection: complete one first";
                self.refuse(&id, &RequestError::new(Code::TooManySubscriptions, message, None)).await
            }
            Received::Subscribe { id, operation } => {
                self.operations.start(&id, open(self.context, self.bearer.clone(), *operation));
                Ok(())
            }
            Received::Complete { id } => {
                self.operations.cancel(&id);
                Ok(())
            }
        }
    }

    async fn emit(&mut self, id: &str, event: OperationEvent) -> Result<(), Disconnect> {
        match event {
            OperationEvent::Next(answer) => self.send(&Sent::Next { id, payload: &answer }).await,
            OperationEvent::Done => self.send(&Sent::Complete { id }).await,
            OperationEvent::Once(outcome) => match *outcome {
                Outcome::Executed(answer) => {
                    self.send(&Sent::Next { id, payload: &answer.text() }).await?;
                    self.send(&Sent::Complete { id }).await
                }
                Outcome::Rejected(refused) => self.refuse(id, &refused).await,
            },
            OperationEvent::StreamEnd(StreamEnd::SignedOut) => Err(Disconnect::Closed(Close::FORBIDDEN)),
            OperationEvent::StreamEnd(ended @ StreamEnd::Failed) => {
                self.refuse(id, &sse::refusal(ended, &self.context.request_id)).await
            }
        }
    }

    async fn refuse(&mut self, id: &str, refused: &RequestError) -> Result<(), Disconnect> {
        self.send(&Sent::Error { id, payload: &refused.errors }).await
    }

    async fn send(&mut self, message: &Sent<'_>) -> Result<(), Disconnect> {
        while_operations_advance(&mut self.operations, self.transport.send(message)).await
    }
}

/// Writes, while queries and mutations go on: they hold what others wait for, and do not depend on what their client takes.
async fn while_operations_advance(
    operations: &mut Operations,
    writing: impl Future<Output = Result<(), Disconnect>>,
) -> Result<(), Disconnect> {
    let mut writing = pin!(writing);
    loop {
        tokio::select! {
            written = &mut writing => return written,
            () = operations.advance() => {}
        }
    }
}

/// Executes or begins an operation, under the limits of a request.
fn open(
    context: &ConnectionContext,
    bearer: Arc<LiveSession>,
    operation: Operation,
) -> impl Future<Output = Execution> + Send + 'static {
    let (server, request_id) = (context.server.clone(), context.request_id.clone());
    async move {
        let Ok(_room) = server.in_flight.try_acquire() else {
            return Execution::Once(Outcome::Rejected(OVERLOADED.refusal()));
        };
        let opening = server.engine.open(Some(&bearer), request_id.clone(), operation, AllowedOperations::All);
        let opened = timeout(server.limits.time, catch_panic(opening, &request_id)).await;
        opened.unwrap_or_else(|_| Execution::Once(Outcome::Rejected(TIMED_OUT.refusal())))
    }
}

/// A panic ends its operation, and not the connection with all the others.
async fn catch_panic(opening: impl Future<Output = Execution>, request_id: &str) -> Execution {
    AssertUnwindSafe(opening).catch_unwind().await.unwrap_or_else(|_| {
        tracing::error!(request_id, "panic");
        Execution::Once(Outcome::Rejected(RequestError::failed(internal_error(request_id))))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_panic_becomes_an_error_that_tells_nothing() {
        let opened = catch_panic(async { panic!("secret") }, "r").await;
        let Execution::Once(Outcome::Rejected(refused)) = opened else { panic!("it went on") };
        let told = serde_json::to_string(&refused.errors).unwrap();
        assert_eq!(told, r#"[{"message":"internal error","extensions":{"code":"INTERNAL","requestId":"r"}}]"#);
    }
}
