//! What goes to standard output: tables for people, JSON for programs. Logs go to standard error.

use comfy_table::{Table, TableStyle};
use serde_json::Value;
use std::io::{IsTerminal, Write};
use std::process::ExitCode;

/// One line.
pub(crate) fn line(text: &str) {
    let mut out = std::io::stdout().lock();
    // A closed pipe is the reader's wish.
    let _ = writeln!(out, "{text}");
    let _ = out.flush();
}

/// One JSON document: on one line for programs, indented for people.
pub(crate) fn json(value: &Value) {
    let pretty = std::io::stdout().is_terminal();
    line(&if pretty { serde_json::to_string_pretty(value).unwrap_or_default() } else { value.to_string() });
}

/// Rows with a head.
pub(crate) fn table(head: &[&str], rows: Vec<Vec<String>>) {
    let mut table = Table::new();
    table.load_style(TableStyle::new()).set_header(head.to_vec());
    for row in rows {
        table.add_row(row);
    }
    line(&table.to_string());
}

/// Says on standard error why a command failed.
pub(crate) fn failed(cause: &anyhow::Error) -> ExitCode {
    let mut err = std::io::stderr().lock();
    let _ = writeln!(err, "chaski: {cause:#}");
    ExitCode::from(1)
}

/// A value of a JSON object as text for a table.
pub(crate) fn cell(item: &Value, key: &str) -> String {
    match item.get(key) {
        None | Some(Value::Null) => String::new(),
        Some(Value::String(text)) => text.clone(),
        Some(other) => other.to_string(),
    }
}
