//! Reads the body of a request into memory.

use crate::graphql::{Charge, Code, MemoryBudget, NoMemory};
use crate::http::error_response::{HttpError, NO_MEMORY};
use crate::http::json_memory::{charge_json, parsed_size};
use axum::body::{Body, Bytes};
use axum::http::StatusCode;
use http_body_util::BodyExt;
use hyper::body::Frame;
use std::sync::Arc;
use tokio_util::sync::CancellationToken;

/// What has arrived of a body: one chunk as it came, or several in one buffer. A list of them would keep the read
/// buffer of each, which can be much larger than the chunk.
enum Received {
    Chunk(Bytes),
    Buffer(Vec<u8>),
}

/// Reads a body of at most `max` bytes. Its memory is counted while it arrives, and with it the memory that it takes
/// when it is parsed.
pub(super) async fn read(mut body: Body, max: usize, memory: &MemoryBudget) -> Result<(Bytes, Charge), HttpError> {
    let mut received = Received::Chunk(Bytes::new());
    let (mut arrival, mut given_up) = (memory.arrival(), None);
    while let Some(frame) = next_frame(&mut body, given_up.as_ref()).await? {
        let frame = frame.map_err(|_| UNREADABLE)?;
        let Ok(chunk) = frame.into_data() else { continue }; // trailers
        if received.len() + chunk.len() > max {
            return Err(TOO_LARGE);
        }
        received.append(chunk);
        let reader = || Arc::new(given_up.insert(CancellationToken::new()).clone());
        arrival.grow(received.memory(), reader).map_err(|NoMemory| NO_MEMORY)?;
    }
    let mut charge = arrival.complete();
    let body = received.into_bytes();
    if parsed_size(&body) > memory.largest() {
        return Err(TOO_MANY_VALUES);
    }
    charge_json(memory, &mut charge, &body).map_err(|NoMemory| NO_MEMORY)?;
    Ok((body, charge))
}

/// The next frame of a body, unless the body is given up because other requests need its memory.
async fn next_frame(
    body: &mut Body,
    given_up: Option<&CancellationToken>,
) -> Result<Option<Result<Frame<Bytes>, axum::Error>>, HttpError> {
    let Some(given_up) = given_up else { return Ok(body.frame().await) };
    tokio::select! {
        frame = body.frame() => Ok(frame),
        () = given_up.cancelled() => Err(NO_MEMORY),
    }
}

impl Received {
    fn len(&self) -> usize {
        match self {
            Self::Chunk(chunk) => chunk.len(),
            Self::Buffer(buffer) => buffer.len(),
        }
    }

    fn memory(&self) -> usize {
        match self {
            Self::Chunk(chunk) => chunk.len(),
            Self::Buffer(buffer) => buffer.capacity(),
        }
    }

    fn append(&mut self, chunk: Bytes) {
        match self {
            Self::Chunk(first) if first.is_empty() => *first = chunk,
            Self::Chunk(first) => *self = Self::Buffer([&**first, &*chunk].concat()),
            Self::Buffer(buffer) => buffer.extend_from_slice(&chunk),
        }
    }

    fn into_bytes(self) -> Bytes {
        match self {
            Self::Chunk(chunk) => chunk,
            Self::Buffer(buffer) => buffer.into(),
        }
    }
}

const TOO_LARGE: HttpError = HttpError::new(StatusCode::PAYLOAD_TOO_LARGE, Code::BadRequest, "The body is too large.");
const TOO_MANY_VALUES: HttpError =
    HttpError::new(StatusCode::PAYLOAD_TOO_LARGE, Code::BadRequest, "The body has too many values.");
const UNREADABLE: HttpError = HttpError::new(StatusCode::BAD_REQUEST, Code::BadRequest, "The body could not be read.");

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::HeaderMap;
    use futures_util::stream;
    use http_body_util::{Full, StreamBody};
    use std::convert::Infallible;

    fn chunked(chunks: impl Iterator<Item = Bytes> + Send + 'static) -> Body {
        Body::new(StreamBody::new(stream::iter(chunks.map(|chunk| Ok::<_, Infallible>(Frame::data(chunk))))))
    }

    async fn read_all(body: Body, memory: &MemoryBudget) -> Result<(Bytes, Charge), (u16, String)> {
        read(body, 1_000_000, memory).await.map_err(|error| {
            let error = format!("{error:?}");
            let status = error.split("status: ").nth(1).and_then(|rest| rest[..3].parse().ok()).unwrap_or_default();
            (status, error)
        })
    }

    #[tokio::test]
    async fn one_chunk_is_not_copied() {
        let memory = MemoryBudget::new(1_000_000);
        let chunk = Bytes::from(vec![b'x'; 10_000]);
        let (body, charge) = read_all(Body::new(Full::new(chunk.clone())), &memory).await.unwrap();
        assert_eq!(body.as_ptr(), chunk.as_ptr());
        assert_eq!((charge.bytes(), memory.used()), (20_000, 20_000));
    }

    #[tokio::test]
    async fn chunks_are_one_buffer() {
        let memory = MemoryBudget::new(10_000_000);
        // Each chunk keeps a buffer of 8 KB as long as it exists.
        let chunk = Bytes::from(vec![b'x'; 8192]).slice(..1);
        let (body, charge) = read_all(chunked(std::iter::repeat_n(chunk.clone(), 50_000)), &memory).await.unwrap();
        assert_eq!(body, vec![b'x'; 50_000]);
        assert!((100_000..200_000).contains(&charge.bytes()), "{charge:?}");
        assert!(chunk.is_unique(), "the chunks are dropped");
    }

    #[tokio::test]
    async fn body_is_refused_at_the_chunk_for_which_there_is_no_memory() {
        let memory = MemoryBudget::new(400_000);
        let chunks = std::iter::repeat_n(Bytes::from(vec![b'x'; 1000]), 900);
        let (status, error) = read_all(chunked(chunks), &memory).await.unwrap_err();
        assert!(status == 503 && error.contains("Overloaded"), "{error}");
        assert_eq!(memory.used(), 0);
    }

    #[tokio::test]
    async fn body_with_more_values_than_fit_into_memory_is_too_large() {
        let memory = MemoryBudget::new(4_000_000);
        let numbers = |count| Body::from(format!("[{}0]", "0,".repeat(count)));
        assert!(read_all(numbers(20_000), &memory).await.is_ok());
        let (status, error) = read_all(numbers(30_000), &memory).await.unwrap_err();
        assert!(status == 413 && error.contains("too many values"), "{error}");
    }

    #[tokio::test]
    async fn trailers_are_ignored() {
        let frames = [Frame::data(Bytes::from("{}")), Frame::trailers(HeaderMap::new())].map(Ok::<_, Infallible>);
        let (body, _) =
            read_all(Body::new(StreamBody::new(stream::iter(frames))), &MemoryBudget::new(0)).await.unwrap();
        assert_eq!(body, "{}");
    }
}
