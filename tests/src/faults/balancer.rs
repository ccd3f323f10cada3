//! A load balancer as small as can be: connections go to a server that is up, and are cut when it is
//! taken out.

use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

/// The balancer.
pub(super) struct Balancer {
    /// Where callers and providers connect.
    pub(super) url: String,
    backends: Arc<Mutex<Vec<Backend>>>,
}

struct Backend {
    address: String,
    up: watch::Sender<bool>,
}

impl Balancer {
    /// In front of servers at these addresses, all of them out.
    pub(super) async fn start(addresses: &[String]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let url = format!("http://{}", listener.local_addr().expect("it is bound"));
        let backends = addresses
            .iter()
            .map(|address| Backend { address: address.clone(), up: watch::channel(false).0 })
            .collect();
        let backends = Arc::new(Mutex::new(backends));
        let shared = Arc::clone(&backends);
        tokio::spawn(async move {
            let mut turn = 0;
            while let Ok((stream, _)) = listener.accept().await {
                turn += 1;
                tokio::spawn(forward(stream, Arc::clone(&shared), turn));
            }
        });
        Self { url, backends }
    }

    /// Puts a server in or takes it out.
    pub(super) fn set(&self, place: usize, up: bool) {
        let backends = self.backends.lock().expect("nobody panics with the list");
        backends[place].up.send_replace(up);
    }
}

async fn forward(mut stream: TcpStream, backends: Arc<Mutex<Vec<Backend>>>, turn: usize) {
    let (address, mut up) = {
        let backends = backends.lock().expect("nobody panics with the list");
        let up: Vec<&Backend> = backends.iter().filter(|backend| *backend.up.borrow()).collect();
        let Some(backend) = up.get(turn % up.len().max(1)) else { return };
        (backend.address.clone(), backend.up.subscribe())
    };
    let connecting = tokio::time::timeout(Duration::from_secs(1), TcpStream::connect(&address));
    let Ok(Ok(mut server)) = connecting.await else { return };
    let _ = (stream.set_nodelay(true), server.set_nodelay(true));
    tokio::select! {
        _ = copy_bidirectional(&mut stream, &mut server) => {}
        _ = up.wait_for(|up| !up) => {}
    }
}
