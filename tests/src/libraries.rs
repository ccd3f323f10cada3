//! Programs of others that tests run against, which lie outside the checkout, in `CHASKI_CLIENTS`, where `./test`
//! installs them.

use std::path::PathBuf;

/// Where they are. Without them a test says that it skips; with `CHASKI_REQUIRE_CLIENTS=1` it must not.
pub fn libraries() -> Option<PathBuf> {
    let found = std::env::var_os("CHASKI_CLIENTS").map(PathBuf::from);
    let required = std::env::var("CHASKI_REQUIRE_CLIENTS").is_ok_and(|value| value == "1");
    assert!(!required || found.is_some(), "CHASKI_REQUIRE_CLIENTS is set, but CHASKI_CLIENTS is not");
    if found.is_none() {
        eprintln!(
            "skipped: CHASKI_CLIENTS does not say where the client libraries are; ./test installs them"
        );
    }
    found
}
