//! Nothing is forgotten: every table and column of both schemas is copied, or left out on purpose.

use super::tables::{FAMILIES, LEFT_OUT, MERGED, RETOLD, Table, tables};
use crate::sqlite::SqliteStore;
use rusqlite::Connection;
use std::collections::BTreeSet;
use std::path::Path;

/// The tables of PostgreSQL's migrations, with their columns, read from the files.
fn postgres_schema() -> Vec<(String, BTreeSet<String>)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("migrations/postgres");
    let mut files: Vec<_> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    let mut schema: Vec<(String, BTreeSet<String>)> = Vec::new();
    for file in files {
        let sql = std::fs::read_to_string(file).unwrap();
        let without_comments: Vec<&str> =
            sql.lines().map(|line| line.split("--").next().unwrap_or_default().trim_end()).collect();
        for statement in without_comments.join("\n").split(';') {
            let words: Vec<&str> = statement.split_whitespace().collect();
            match words.as_slice() {
                ["CREATE", "TABLE", name, ..] => {
                    let inner = statement.lines().skip(1).filter(|line| line.starts_with("  "));
                    let first = inner.filter_map(|line| line.split_whitespace().next());
                    let columns =
                        first.filter(|word| word.chars().all(|c| c.is_ascii_lowercase() || c == '_'));
                    schema.push(((*name).to_owned(), columns.map(str::to_owned).collect()));
                }
                ["ALTER", "TABLE", name, "ADD", "COLUMN", column, ..] => {
                    let table = schema.iter_mut().find(|(known, _)| known == name).unwrap();
                    table.1.insert((*column).to_owned());
                }
                _ => {}
            }
        }
    }
    schema
}

/// The tables of SQLite's schema, with their columns, as it is after all migrations.
fn sqlite_schema() -> Vec<(String, BTreeSet<String>)> {
    let folder = std::env::temp_dir().join(format!("chaski-copy-{}", std::process::id()));
    drop(tokio::runtime::Runtime::new().unwrap().block_on(async { SqliteStore::open(&folder, 0).unwrap() }));
    let connection = Connection::open(folder.join("chaski.db")).unwrap();
    let list = |sql: &str| -> Vec<String> {
        let mut statement = connection.prepare(sql).unwrap();
        statement.query_map([], |row| row.get(0)).unwrap().collect::<Result<_, _>>().unwrap()
    };
    let names = list("SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'");
    let with = |name: String| {
        let columns = list(&format!("SELECT name FROM pragma_table_info('{name}')"));
        (name, columns.into_iter().collect())
    };
    let schema = names.into_iter().map(with).collect();
    std::fs::remove_dir_all(folder).unwrap();
    schema
}

fn copied(name: &str) -> Option<&'static Table> {
    tables().map(|(_, table)| table).find(|table| table.name == name)
}

#[test]
fn every_table_of_the_target_is_copied_or_left_out_on_purpose() {
    let schema = postgres_schema();
    assert!(schema.len() > 30, "{schema:?}");
    for (name, _) in &schema {
        let is_left_out = LEFT_OUT.iter().any(|(table, why)| table == name && !why.is_empty());
        assert_ne!(copied(name).is_some(), is_left_out, "{name}: copied, or left out, and not both");
    }
    for (_, table) in tables() {
        assert!(schema.iter().any(|(name, _)| name == table.name), "{} is not in the schema", table.name);
    }
}

#[test]
fn every_table_and_column_of_the_source_is_copied_or_told_in_another_way() {
    let target = postgres_schema();
    for (name, columns) in sqlite_schema() {
        if MERGED.iter().any(|(table, into)| *table == name && !into.is_empty()) {
            continue;
        }
        assert!(copied(&name).is_some(), "{name} is not copied");
        let (_, there) = target.iter().find(|(table, _)| *table == name).unwrap();
        for column in columns {
            let full = format!("{name}.{column}");
            let is_retold = RETOLD.iter().any(|(retold, _)| *retold == full);
            assert_ne!(there.contains(&column), is_retold, "{full}");
        }
    }
}

#[test]
fn every_column_of_the_target_has_a_source() {
    let source = sqlite_schema();
    for (name, columns) in postgres_schema() {
        let Some(table) = copied(&name) else { continue };
        let from =
            table.from.split_whitespace().next().filter(|word| !word.starts_with('(')).unwrap_or(&name);
        let (_, there) = source.iter().find(|(source, _)| source == from).unwrap();
        for column in columns {
            let is_said =
                table.own.contains(&&*column) || table.columns.iter().any(|(known, _)| *known == column);
            assert!(is_said || there.contains(&column), "{name}.{column} is not in the source");
        }
    }
}

#[test]
fn the_keys_of_a_familys_tables_are_alike() {
    for family in FAMILIES {
        assert!(family.tables.iter().all(|table| table.key.len() == family.key.len()), "{}", family.lead);
        assert!(family.is_big() || family.tables.iter().all(|table| table.key[0] == family.key[0]));
    }
}
