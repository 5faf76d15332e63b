//! One connection, from its first message to its end.

use crate::graphql::{Code, Ended, Opened, Outcome, Permitted, Refused, internal_error};
use crate::http::error_response::{BUSY, LATE};
use crate::http::graphql::sse;
use crate::http::server::shutdown::Place;
use crate::http::websocket::messages::{Close, Received, Sent};
use crate::http::websocket::operations::{Event, Operations};
use crate::http::websocket::transport::{End, Wire};
use crate::http::{Server, authorization};
use crate::services::{AuthenticationError, Bearer};
use async_graphql::Request as Operation;
use futures_util::FutureExt;
use serde_json::{Map, Value};
use std::panic::AssertUnwindSafe;
use std::pin::pin;
use std::sync::Arc;
use tokio::time::{Instant, MissedTickBehavior, interval_at, timeout};

/// What a connection knows of the request that it was once.
pub struct Origin {
    pub server: Server,
    pub request_id: String,
    /// The token of its header.
    pub token: Result<Option<String>, AuthenticationError>,
}

/// Talks to the client until either has had enough.
pub async fn converse(origin: &Origin, place: &mut Place, wire: &mut Wire) -> End {
    let bearer = tokio::select! {
        () = place.stopping() => return End::Closed(Close::GOING_AWAY),
        bearer = begin(origin, wire) => match bearer {
            Ok(bearer) => Arc::new(bearer),
            Err(end) => return end,
        },
    };
    let mut conversation = Conversation { origin, bearer: bearer.clone(), wire, operations: Operations::default() };
    tokio::select! {
        // The client comes back with another token.
        () = bearer.signed_out() => End::Closed(Close::FORBIDDEN),
        end = conversation.run(place) => end,
    }
}

/// From the first message to its acknowledgement.
async fn begin(origin: &Origin, wire: &mut Wire) -> Result<Bearer, End> {
    let init = async {
        loop {
            match wire.receive().await? {
                Received::Init(payload) => return Ok(payload),
                Received::Ping(payload) => wire.send(&Sent::Pong { payload }).await?,
                Received::Pong | Received::Complete { .. } => {}
                Received::Subscribe { .. } => return Err(End::Closed(Close::UNAUTHORIZED)),
            }
        }
    };
    let limits = &origin.server.limits;
    let payload = timeout(limits.init_time, init).await.unwrap_or(Err(End::Closed(Close::INIT_TIMEOUT)))?;
    let signing_in = timeout(limits.time, sign_in(origin, &payload)).await;
    let bearer = signing_in.unwrap_or(Err(Close::TRY_LATER)).map_err(End::Closed)?;
    wire.send(&Sent::ConnectionAck).await?;
    Ok(bearer)
}

/// With the token of the payload, or else of the request's header. A browser's page cannot set headers, and does not see how an upgrade was
/// refused: so a header that is no good is judged here, too.
async fn sign_in(origin: &Origin, payload: &Map<String, Value>) -> Result<Bearer, Close> {
    let token = match in_payload(payload) {
        Some(Value::String(value)) => authorization::of_value(value).map(Some),
        Some(_) => return Err(Close::FORBIDDEN),
        None => origin.token.as_ref().map(Option::as_deref).map_err(Clone::clone),
    };
    let signed_in = match token {
        Ok(Some(token)) => origin.server.services.sign_in(token).await,
        Ok(None) => return Err(Close::FORBIDDEN),
        Err(error) => Err(error),
    };
    signed_in.map_err(|error| match error {
        AuthenticationError::Refused(_) => Close::FORBIDDEN,
        AuthenticationError::Failed(cause) => {
            tracing::error!(request_id = origin.request_id, %cause, "nobody could be signed in");
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
struct Conversation<'a> {
    origin: &'a Origin,
    bearer: Arc<Bearer>,
    wire: &'a mut Wire,
    operations: Operations,
}

impl Conversation<'_> {
    async fn run(&mut self, place: &mut Place) -> End {
        let every = self.origin.server.limits.ping;
        let mut ping = interval_at(Instant::now() + every, every);
        ping.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            let done = tokio::select! {
                () = place.stopping() => self.finish().await,
                _ = ping.tick() => meanwhile(&mut self.operations, self.wire.ping()).await,
                received = self.wire.receive() => match received {
                    Ok(received) => self.take(received).await,
                    Err(end) => Err(end),
                },
                (id, event) = self.operations.next() => self.tell(&id, event).await,
            };
            if let Err(end) = done {
                return end;
            }
        }
    }

    /// Lets queries and mutations end as requests in flight do.
    async fn finish(&mut self) -> Result<(), End> {
        while let Some((id, outcome)) = self.operations.next_outcome().await {
            self.tell(&id, Event::Once(outcome)).await?;
        }
        Err(End::Closed(Close::GOING_AWAY))
    }

    async fn take(&mut self, received: Received) -> Result<(), End> {
        match received {
            Received::Init(_) => Err(End::Closed(Close::TOO_MANY_INITS)),
            Received::Ping(payload) => self.send(&Sent::Pong { payload }).await,
            Received::Pong => Ok(()),
            Received::Subscribe { id, .. } if self.operations.contains(&id) => Err(End::Closed(Close::taken(&id))),
            Received::Subscribe { id, .. } if self.operations.len() >= self.origin.server.limits.subscriptions => {
                let message = "there are too many operations on this connection: complete one first";
                self.refuse(&id, &Refused::new(Code::TooManySubscriptions, message, None)).await
            }
            Received::Subscribe { id, operation } => {
                self.operations.start(&id, open(self.origin, self.bearer.clone(), *operation));
                Ok(())
            }
            Received::Complete { id } => {
                self.operations.cancel(&id);
                Ok(())
            }
        }
    }

    async fn tell(&mut self, id: &str, event: Event) -> Result<(), End> {
        match event {
            Event::Next(answer) => self.send(&Sent::Next { id, payload: &answer }).await,
            Event::Done => self.send(&Sent::Complete { id }).await,
            Event::Once(outcome) => match *outcome {
                Outcome::Answered(answer) => {
                    self.send(&Sent::Next { id, payload: &answer.text() }).await?;
                    self.send(&Sent::Complete { id }).await
                }
                Outcome::Refused(refused) => self.refuse(id, &refused).await,
            },
            Event::Ended(Ended::SignedOut) => Err(End::Closed(Close::FORBIDDEN)),
            Event::Ended(ended @ Ended::Failed) => self.refuse(id, &sse::refusal(ended, &self.origin.request_id)).await,
        }
    }

    async fn refuse(&mut self, id: &str, refused: &Refused) -> Result<(), End> {
        self.send(&Sent::Error { id, payload: &refused.errors }).await
    }

    async fn send(&mut self, message: &Sent<'_>) -> Result<(), End> {
        meanwhile(&mut self.operations, self.wire.send(message)).await
    }
}

/// Writes, while queries and mutations go on: they hold what others wait for, and do not depend on what their client takes.
async fn meanwhile(operations: &mut Operations, writing: impl Future<Output = Result<(), End>>) -> Result<(), End> {
    let mut writing = pin!(writing);
    loop {
        tokio::select! {
            written = &mut writing => return written,
            () = operations.advance() => {}
        }
    }
}

/// Executes or begins an operation, under the limits of a request.
fn open(origin: &Origin, bearer: Arc<Bearer>, operation: Operation) -> impl Future<Output = Opened> + Send + 'static {
    let (server, request_id) = (origin.server.clone(), origin.request_id.clone());
    async move {
        let Ok(_room) = server.room.try_acquire() else { return Opened::Once(Outcome::Refused(BUSY.refusal())) };
        let opening = server.engine.open(Some(&bearer), request_id.clone(), operation, Permitted::All);
        let opened = timeout(server.limits.time, surviving(opening, &request_id)).await;
        opened.unwrap_or_else(|_| Opened::Once(Outcome::Refused(LATE.refusal())))
    }
}

/// A panic ends its operation, and not the connection with all the others.
async fn surviving(opening: impl Future<Output = Opened>, request_id: &str) -> Opened {
    AssertUnwindSafe(opening).catch_unwind().await.unwrap_or_else(|_| {
        tracing::error!(request_id, "panic");
        Opened::Once(Outcome::Refused(Refused::failed(internal_error(request_id))))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_panic_becomes_an_error_that_tells_nothing() {
        let opened = surviving(async { panic!("secret") }, "r").await;
        let Opened::Once(Outcome::Refused(refused)) = opened else { panic!("it went on") };
        let told = serde_json::to_string(&refused.errors).unwrap();
        assert_eq!(told, r#"[{"message":"internal error","extensions":{"code":"INTERNAL","requestId":"r"}}]"#);
    }
}
