//! A few connections that only read. A statement shares its connection with others, which the
//! server answers in turn; a lost connection is made anew, and what was read from it is read again.

use super::connect::{Conn, Params, Target};
use super::fault::Fail;
use crate::error::StoreError;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use tokio::sync::Mutex;
use tokio_postgres::Row;

const READERS: usize = 4;

pub(super) struct Readers {
    target: Target,
    places: Vec<Mutex<Option<Arc<Conn>>>>,
    next: AtomicUsize,
}

impl Readers {
    pub(super) fn new(target: Target) -> Self {
        Self { target, places: (0..READERS).map(|_| Mutex::default()).collect(), next: AtomicUsize::new(0) }
    }

    async fn conn(&self) -> Result<Arc<Conn>, Fail> {
        let place = self.next.fetch_add(1, Ordering::Relaxed) % READERS;
        let mut place = self.places[place].lock().await;
        if let Some(conn) = place.as_ref().filter(|conn| !conn.client.is_closed()) {
            return Ok(Arc::clone(conn));
        }
        let conn = Arc::new(self.target.connect(&[]).await?);
        *place = Some(Arc::clone(&conn));
        Ok(conn)
    }

    pub(super) async fn rows(&self, sql: &'static str, params: Params<'_>) -> Result<Vec<Row>, StoreError> {
        let mut last = None;
        for _ in 0..=READERS {
            let read = match self.conn().await {
                Ok(conn) => conn.rows(sql, params).await,
                Err(fail) => return Err(fail.into_error()),
            };
            match read {
                Ok(rows) => return Ok(rows),
                Err(fail @ Fail::Lost(_)) => last = Some(fail),
                Err(fail) => return Err(fail.into_error()),
            }
        }
        Err(last.map_or(StoreError::Busy, Fail::into_error))
    }

    pub(super) async fn row(&self, sql: &'static str, params: Params<'_>) -> Result<Option<Row>, StoreError> {
        Ok(self.rows(sql, params).await?.into_iter().next())
    }
}
