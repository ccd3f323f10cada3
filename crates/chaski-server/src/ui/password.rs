//! Passwords: argon2id, on a thread that may take its time.

use crate::problem::Problem;
use argon2::Argon2;
use argon2::password_hash::{PasswordHasher, PasswordVerifier, phc::PasswordHash};
use chaski_model::ErrorCode;

fn fault(cause: impl std::fmt::Display) -> Problem {
    Problem::new(ErrorCode::Internal, format!("The password could not be worked on: {cause}."))
}

/// Hashes a password for storage.
pub(crate) async fn hash(password: String) -> Result<String, Problem> {
    tokio::task::spawn_blocking(move || {
        Argon2::default().hash_password(password.as_bytes()).map(|hash| hash.to_string()).map_err(fault)
    })
    .await
    .map_err(fault)?
}

/// Whether a password is the stored one. Without a stored one the work is done all the same, so that
/// the time does not tell whether the user exists.
pub(crate) async fn matches(password: String, stored: Option<String>) -> bool {
    let known = stored.is_some();
    let checked = tokio::task::spawn_blocking(move || match stored {
        Some(stored) => PasswordHash::new(&stored)
            .is_ok_and(|hash| Argon2::default().verify_password(password.as_bytes(), &hash).is_ok()),
        None => Argon2::default().hash_password(password.as_bytes()).is_ok(),
    })
    .await;
    known && checked.unwrap_or(false)
}
