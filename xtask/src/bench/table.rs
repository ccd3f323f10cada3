//! The rows for people, on standard error.

use serde_json::Value;
use std::io::Write;

/// Prints rows as they are finished, so that a long run shows where it is.
pub(super) fn print(rows: &[Value]) {
    let mut err = std::io::stderr().lock();
    for row in rows {
        let number = |key: &str| row[key].as_f64().map_or_else(|| "–".to_owned(), shown);
        let text = |key: &str| row[key].as_str().unwrap_or("").to_owned();
        let verdict = match row["met"].as_bool() {
            Some(true) => "met",
            Some(false) => "missed",
            None => "",
        };
        let lost = |key: &str| {
            let pairs = row["pairs"].as_array().into_iter().flatten();
            pairs.filter_map(|pair| pair[key].as_f64()).fold(0.0, f64::max) * 100.0
        };
        // Nobody may be looking.
        let _ = writeln!(
            err,
            "{:<26} bare {:>8}  product {:>8} {:<4} ratio {:>6}  {:<16} {:<7} steal {:>4.1} %  others {:>4.1} %  discarded {}{}",
            text("name"),
            number("bare"),
            number("product"),
            text("unit"),
            number("ratio"),
            text("target"),
            verdict,
            lost("steal"),
            lost("others"),
            row["discarded"],
            if row["disturbed"] == true { "  DISTURBED" } else { "" },
        );
    }
}

/// A figure in a width that lines up.
fn shown(figure: f64) -> String {
    if figure.abs() >= 100.0 { format!("{figure:.0}") } else { format!("{figure:.3}") }
}
