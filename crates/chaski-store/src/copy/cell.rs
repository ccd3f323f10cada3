//! One value on its way, and what tells whether two stores hold the same.

use sha2::{Digest as _, Sha256};

/// What a column holds, by PostgreSQL's types.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Small,
    Big,
    Bool,
    Text,
    Bytes,
}

impl Kind {
    pub(crate) fn from_type(name: &str) -> Option<Self> {
        Some(match name {
            "int4" => Self::Small,
            "int8" => Self::Big,
            "bool" => Self::Bool,
            "text" => Self::Text,
            "bytea" => Self::Bytes,
            _ => return None,
        })
    }

    pub(crate) fn type_name(self) -> &'static str {
        match self {
            Self::Small => "int4",
            Self::Big => "int8",
            Self::Bool => "bool",
            Self::Text => "text",
            Self::Bytes => "bytea",
        }
    }
}

/// A column of the target.
#[derive(Debug, Clone)]
pub(crate) struct Column {
    pub(crate) name: String,
    pub(crate) kind: Kind,
}

/// A value.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Cell {
    Null,
    Int(i64),
    Text(String),
    Bytes(Vec<u8>),
}

/// Where a stretch of keys lies: above `after`, up to `to`. `None` is the end of the line.
#[derive(Debug, Clone, Default)]
pub(crate) struct Stretch {
    pub(crate) after: Option<Vec<Cell>>,
    pub(crate) to: Option<Vec<Cell>>,
}

/// Which rows of a family.
#[derive(Debug, Clone)]
pub(crate) enum Which {
    Stretch(Stretch),
    /// Families whose key is one number.
    Ids(Vec<i64>),
}

/// Rows of a family's tables, in the order of the family.
pub(crate) struct Page {
    pub(crate) which: Which,
    pub(crate) tables: Vec<Rows>,
}

/// Rows of a table.
pub(crate) struct Rows {
    pub(crate) cells: Vec<Vec<Cell>>,
    pub(crate) sum: Sum,
}

/// A number of rows and what they hold: the sum of the first eight bytes of each row's SHA-256, so
/// that the order does not matter and stretches can be added up.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Sum {
    pub(crate) rows: u64,
    pub(crate) hash: i128,
}

impl Sum {
    pub(crate) fn add(&mut self, other: Self) {
        self.rows += other.rows;
        self.hash += other.hash;
    }

    pub(crate) fn add_row(&mut self, cells: &[Cell]) {
        let hash = Sha256::digest(canonical(cells));
        let mut first = [0; 8];
        first.copy_from_slice(&hash[..8]);
        self.add(Self { rows: 1, hash: i128::from(i64::from_be_bytes(first)) });
    }

    /// The hash for people.
    pub(crate) fn shown(&self) -> String {
        let low = self.hash.rem_euclid(1 << 64);
        format!("{low:016x}")
    }
}

/// A row as bytes that no other row has: the same as [`canonical_sql`] makes.
fn canonical(cells: &[Cell]) -> Vec<u8> {
    let mut row = Vec::with_capacity(256);
    for cell in cells {
        match cell {
            Cell::Null => row.push(b'-'),
            Cell::Int(number) => row.extend(number.to_string().as_bytes()),
            Cell::Text(text) => {
                row.extend(text.len().to_string().as_bytes());
                row.push(b':');
                row.extend(text.as_bytes());
            }
            Cell::Bytes(bytes) => bytes.iter().for_each(|byte| row.extend(format!("{byte:02x}").as_bytes())),
        }
        row.push(b';');
    }
    row
}

/// The same in PostgreSQL's SQL.
pub(crate) fn canonical_sql(columns: &[Column]) -> String {
    let cell = |column: &Column| {
        let name = &column.name;
        let text = match column.kind {
            Kind::Small | Kind::Big => format!("{name}::text"),
            Kind::Bool => format!("{name}::int4::text"),
            Kind::Text => format!("octet_length({name}) || ':' || {name}"),
            Kind::Bytes => format!("encode({name}, 'hex')"),
        };
        format!("COALESCE({text}, '-') || ';'")
    };
    let cells: Vec<String> = columns.iter().map(cell).collect();
    format!("concat({})", cells.join(", "))
}
