//! A provider of a test's own, as small as can be: it answers what the test says.

use serde_json::Value;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};

/// Starts a provider on a free port and returns its address. It says what to answer to a method and
/// a path, one call at a time, and ends with the test's process.
pub fn start(mut answer: impl FnMut(&str, &str) -> (u16, Value) + Send + 'static) -> String {
    start_reading(move |method, path, _| answer(method, path))
}

/// The same for one that reads bodies.
pub fn start_reading(mut answer: impl FnMut(&str, &str, &[u8]) -> (u16, Value) + Send + 'static) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let url = format!("http://{}", listener.local_addr().expect("it is bound"));
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            // A caller that hangs up is no fault of the provider.
            let _ = serve(stream, &mut answer);
        }
    });
    url
}

fn serve(
    stream: TcpStream,
    answer: &mut impl FnMut(&str, &str, &[u8]) -> (u16, Value),
) -> std::io::Result<()> {
    let mut reader = BufReader::new(stream);
    let mut first = String::new();
    reader.read_line(&mut first)?;
    let mut length = 0;
    loop {
        let mut line = String::new();
        reader.read_line(&mut line)?;
        let Some((name, value)) = line.split_once(':') else { break };
        if name.eq_ignore_ascii_case("content-length") {
            length = value.trim().parse().unwrap_or(0);
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body)?;
    let mut words = first.split_whitespace();
    let (method, path) = (words.next().unwrap_or(""), words.next().unwrap_or(""));
    let (status, body) = answer(method, path, &body);
    let body = body.to_string();
    write!(
        reader.get_mut(),
        "HTTP/1.1 {status} Said\r\ncontent-type: application/json\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}",
        body.len()
    )
}
