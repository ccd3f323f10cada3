//! Prepared statements of the writer's connection, found by where their text lies in the program.
//!
//! The writer runs a dozen statements for each message; looking each up by hashing and comparing its
//! text costs more than a short one takes to run.

use super::rows::fault;
use crate::error::StoreError;
use rusqlite::{Connection, Statement};
use std::cell::RefCell;
use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};

/// What runs prepared statements. It hides for how long their connection lives.
pub(super) trait Prepared {
    /// Runs a statement, prepared at its first use. `run` must not run another one.
    fn with(&self, sql: &'static str, run: &mut Run<'_>) -> Result<(), StoreError>;
    fn connection(&self) -> &Connection;
}

type Run<'r> = dyn FnMut(&mut Statement<'_>) -> Result<(), StoreError> + 'r;

/// The statements of one connection.
pub(super) struct Statements<'c> {
    connection: &'c Connection,
    known: RefCell<HashMap<u64, Statement<'c>, BuildHasherDefault<Place>>>,
}

impl<'c> Statements<'c> {
    pub(super) fn new(connection: &'c Connection) -> Self {
        Self { connection, known: RefCell::default() }
    }
}

impl Prepared for Statements<'_> {
    fn with(&self, sql: &'static str, run: &mut Run<'_>) -> Result<(), StoreError> {
        // Texts at one place differ in length.
        let place = (sql.as_ptr() as u64) ^ ((sql.len() as u64) << 48);
        let mut known = self.known.borrow_mut();
        let statement = match known.entry(place) {
            std::collections::hash_map::Entry::Occupied(found) => found.into_mut(),
            std::collections::hash_map::Entry::Vacant(free) => {
                free.insert(self.connection.prepare(sql).map_err(fault)?)
            }
        };
        run(statement)
    }

    fn connection(&self) -> &Connection {
        self.connection
    }
}

/// Hashes a place in memory: one multiplication spreads it.
#[derive(Default)]
struct Place(u64);

impl Hasher for Place {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.write_u64(u64::from(*byte));
        }
    }

    fn write_u64(&mut self, place: u64) {
        self.0 = (self.0 ^ place).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        self.0 ^= self.0 >> 29;
    }
}
