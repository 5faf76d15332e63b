//! A port at which a database comes up during a test.

use sea_orm::sqlx::postgres::PgConnectOptions;
use socket2::{Domain, Socket, Type};
use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::thread;

/// Nothing listens at the port yet, and no other process can take it.
pub struct DatabasePort {
    socket: Socket,
}

impl DatabasePort {
    pub fn reserve() -> Self {
        let socket = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
        socket.bind(&SocketAddr::from(([127, 0, 0, 1], 0)).into()).unwrap();
        Self { socket }
    }

    pub fn port(&self) -> u16 {
        self.socket.local_addr().unwrap().as_socket().unwrap().port()
    }

    /// The URL of a database by this port.
    pub fn url_of(&self, url: &str) -> String {
        let (scheme, rest) = url.split_once("://").unwrap();
        let (user, rest) = rest.split_once('@').unwrap();
        let (_, name) = rest.split_once('/').unwrap();
        format!("{scheme}://{user}@127.0.0.1:{}/{name}", self.port())
    }

    /// From now on, connections lead to the database of this URL.
    pub fn lead_to(self, url: &str) {
        let database: PgConnectOptions = url.parse().unwrap();
        let address = (database.get_host().to_owned(), database.get_port());
        self.serve(move |client| {
            let server = TcpStream::connect((address.0.as_str(), address.1)).unwrap();
            let [from_client, to_server] = [&client, &server].map(|stream| stream.try_clone().unwrap());
            thread::spawn(move || copy(from_client, to_server));
            thread::spawn(move || copy(server, client));
        });
    }

    /// From now on, every connection is refused as PostgreSQL and its poolers refuse one.
    pub fn refuse_with(self, sqlstate: &str, message: &str) {
        let fields = format!("SFATAL\0VFATAL\0C{sqlstate}\0M{message}\0\0");
        let length = u32::try_from(fields.len() + 4).unwrap();
        let error = [b"E", &length.to_be_bytes()[..], fields.as_bytes()].concat();
        self.serve(move |mut client| {
            let request_for_tls = [0, 0, 0, 8, 4, 210, 22, 47];
            let mut begin = [0; 8];
            client.read_exact(&mut begin).unwrap();
            if begin == request_for_tls {
                client.write_all(b"N").unwrap();
                client.read_exact(&mut begin).unwrap();
            }
            client.write_all(&error).unwrap();
            let _ = client.shutdown(Shutdown::Write);
            let _ = client.read_to_end(&mut Vec::new());
        });
    }

    /// From now on, connections are accepted and not answered.
    pub fn say_nothing(self) {
        let mut open = Vec::new();
        self.serve(move |client| open.push(client));
    }

    fn serve(self, mut handle: impl FnMut(TcpStream) + Send + 'static) {
        self.socket.listen(128).unwrap();
        let listener = TcpListener::from(self.socket);
        thread::spawn(move || listener.incoming().map_while(Result::ok).for_each(&mut handle));
    }
}

fn copy(mut from: TcpStream, mut to: TcpStream) {
    let _ = std::io::copy(&mut from, &mut to);
    let _ = to.shutdown(Shutdown::Both);
}
