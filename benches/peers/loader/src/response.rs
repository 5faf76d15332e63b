//! Reads HTTP/1.1 responses, as far as the servers of this benchmark use the protocol.

use std::io::{Error, ErrorKind};
use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, BufReader},
    net::TcpStream,
};

/// Reads one response into `body`, with a content length or in chunks, and returns its status. `line` is a buffer.
pub async fn read(stream: &mut BufReader<TcpStream>, line: &mut String, body: &mut Vec<u8>) -> std::io::Result<u16> {
    let (mut status, mut length, mut chunked) = (None, 0, false);
    body.clear();
    loop {
        line.clear();
        if stream.read_line(line).await? == 0 {
            return Err(ErrorKind::UnexpectedEof.into());
        }
        if line == "\r\n" {
            break;
        }
        if status.is_none() {
            status = Some(parse(line.get(9..12).unwrap_or(line))?);
            continue;
        }
        let (name, value) = line.split_once(':').unwrap_or((line, ""));
        if name.eq_ignore_ascii_case("content-length") {
            length = parse(value)?;
        }
        chunked |= name.eq_ignore_ascii_case("transfer-encoding") && value.contains("chunked");
    }
    loop {
        if chunked {
            line.clear();
            stream.read_line(line).await?;
            length = usize::from_str_radix(line.trim(), 16).map_err(Error::other)?;
        }
        let start = body.len();
        body.resize(start + length, 0);
        stream.read_exact(&mut body[start..]).await?;
        if chunked {
            stream.read_line(line).await?; // a line break follows every chunk, also the last and empty one
        }
        if !chunked || length == 0 {
            return Ok(status.unwrap_or(0));
        }
    }
}

fn parse<T: std::str::FromStr>(text: &str) -> std::io::Result<T> {
    text.trim().parse().map_err(|_| Error::other(format!("cannot read {text:?}")))
}
