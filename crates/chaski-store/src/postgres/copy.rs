//! Writing what comes from a data folder: a page of rows and how far the copy has come in one transaction,
//! and sums that tell whether a stretch holds the same on both sides.

use super::connect::{Conn, Params, Target};
use super::exchanges::WRITE as WRITE_BLOCK;
use super::fault::Fail;
use super::migrate;
use crate::copy::cell::{Cell, Column, Kind, Page, Rows, Stretch, Sum, Which, canonical_sql};
use crate::copy::tables::{Family, Table, tables};
use crate::error::StoreError;
use crate::sqlite::exchanges::Block;
use chaski_model::Timestamp;
use std::collections::HashMap;
use std::error::Error;
use std::sync::{Arc, Mutex};
use tokio_postgres::Statement;
use tokio_postgres::binary_copy::BinaryCopyInWriter;
use tokio_postgres::types::private::BytesMut;
use tokio_postgres::types::{IsNull, ToSql, Type, to_sql_checked};
use uuid::Uuid;

/// How many connections compare at once.
const COMPARING: usize = 3;
/// A node that died may still have a call under way for this long after its lease.
const AFTER_LEASE_MS: i64 = 5000;

const MADE: &str = "SELECT to_regclass('schema_version') IS NOT NULL, to_regclass('migration') IS NOT NULL,
    (SELECT COUNT(*) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
       WHERE n.nspname = current_schema() AND c.relkind IN ('r', 'p', 'v', 'm', 'f'))";
const MAKE: &str = "CREATE TABLE migration (
    only_row BOOLEAN PRIMARY KEY DEFAULT TRUE CHECK (only_row),
    source TEXT NOT NULL, state TEXT NOT NULL, runner UUID NOT NULL, progress TEXT NOT NULL)";
const BEGUN: &str = "INSERT INTO migration (source, state, runner, progress) VALUES ($1, 'copying', $2, $3)";
const KNOWN: &str = "SELECT source, state, progress FROM migration";
const TAKE: &str = "UPDATE migration SET runner = $1";
const SAVE: &str = "UPDATE migration SET progress = $1 WHERE runner = $2 AND state = 'copying'";
const DONE: &str =
    "UPDATE migration SET state = 'done', progress = '' WHERE runner = $1 AND state = 'copying'";
const LIVE: &str = "SELECT COUNT(*) FROM nodes WHERE holder IS NOT NULL
    AND lease_until + $1 >= (EXTRACT(EPOCH FROM clock_timestamp()) * 1000)::int8";
const COLUMNS: &str = "SELECT a.attname::text, t.typname::text, a.attidentity <> '' FROM pg_attribute a JOIN pg_type t ON t.oid = a.atttypid
    WHERE a.attrelid = to_regclass($1::text) AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum";
const UNIQUE: &str = "SELECT ARRAY(SELECT a.attname::text FROM pg_attribute a
      WHERE a.attrelid = i.indrelid AND a.attnum = ANY(i.indkey))
    FROM pg_index i WHERE i.indrelid = to_regclass($1::text) AND i.indisunique";
const BUSY: &str =
    "UPDATE lanes l SET busy = TRUE FROM queue q WHERE q.lane_id = l.id AND NOT q.aside AND NOT l.busy";
const FLOORS: &str =
    "INSERT INTO nodes AS n (slot, id_until) SELECT slot, $1::int8 FROM generate_series(0, 63) AS g(slot)
    ON CONFLICT (slot) DO UPDATE SET id_until = GREATEST(n.id_until, excluded.id_until)";

/// Refuses a database that holds half of a data folder.
pub(super) async fn refuse_unfinished(conn: &Conn) -> Result<(), StoreError> {
    let made = conn.row(MADE, &[]).await.map_err(Fail::into_error)?;
    if !made.is_some_and(|row| row.get(1)) {
        return Ok(());
    }
    let known = conn.row(KNOWN, &[]).await.map_err(Fail::into_error)?;
    match known {
        Some(row) if row.get::<_, &str>(1) != "done" => Err(StoreError::Conflict(
            "the database holds a migration that is not finished: stop the server of the data folder and run `chaski migrate` again"
                .into(),
        )),
        _ => Ok(()),
    }
}

/// What a table of the target looks like.
pub(crate) struct Shape {
    /// What is copied.
    pub(crate) columns: Vec<Column>,
    identity: Option<String>,
    unique: Vec<Vec<String>>,
}

/// A database that is written.
pub(crate) struct Sink {
    conn: Conn,
    comparing: Vec<Conn>,
    statements: Vec<Mutex<HashMap<String, Statement>>>,
    runner: Uuid,
    shapes: HashMap<&'static str, Arc<Shape>>,
    /// Host, port and database, for people.
    pub(crate) shown: String,
}

fn refused(text: impl Into<String>) -> Fail {
    Fail::Refused(StoreError::Conflict(text.into()))
}

impl Sink {
    /// Connects, brings the schema up to date and claims the database for this source. Returns what an
    /// earlier run remembered, or stores `first`.
    pub(crate) async fn open(
        url: &str,
        source: &str,
        first: &str,
    ) -> Result<(Self, Option<String>), StoreError> {
        let target = Target::parse(url)?;
        let conn = target.connect(&[]).await.map_err(Fail::into_error)?;
        let runner = Uuid::new_v4();
        let known = claim(&conn, source, first, runner).await.map_err(Fail::into_error)?;
        let mut comparing = Vec::new();
        for _ in 0..COMPARING {
            comparing.push(target.connect(&[]).await.map_err(Fail::into_error)?);
        }
        let mut shapes = HashMap::new();
        for (_, table) in tables() {
            let shape = shape(&conn, table).await.map_err(Fail::into_error)?;
            shapes.insert(table.name, Arc::new(shape));
        }
        // Pages of the copy need not be on disk one by one: what is remembered of them is lost with them.
        let settings = "SET synchronous_commit = off";
        conn.client.batch_execute(settings).await.map_err(Fail::from).map_err(Fail::into_error)?;
        let statements = (0..=COMPARING).map(|_| Mutex::default()).collect();
        Ok((Self { conn, comparing, statements, runner, shapes, shown: target.shown }, known))
    }

    /// What is copied of each table of a family.
    pub(crate) fn columns(&self, family: &Family) -> Vec<Vec<Column>> {
        family.tables.iter().map(|table| self.shapes[table.name].columns.clone()).collect()
    }

    /// The statement on the connection of this place; the writer's is the last.
    async fn prepared(&self, place: usize, sql: &str) -> Result<Statement, Fail> {
        let held = &self.statements[place];
        let known = held.lock().expect("nobody panics with the statements").get(sql).cloned();
        if let Some(statement) = known {
            return Ok(statement);
        }
        let conn = self.comparing.get(place).unwrap_or(&self.conn);
        let statement = conn.client.prepare(sql).await?;
        held.lock().expect("nobody panics with the statements").insert(sql.to_owned(), statement.clone());
        Ok(statement)
    }

    async fn execute(&self, sql: &str, params: &[&(dyn ToSql + Sync)]) -> Result<u64, Fail> {
        let statement = self.prepared(COMPARING, sql).await?;
        Ok(self.conn.client.execute(&statement, params).await?)
    }

    /// What each table of a family holds.
    pub(crate) async fn sums(&self, family: &Family, which: &Which) -> Result<Vec<Sum>, StoreError> {
        let sums = family.tables.iter().enumerate();
        let sums = sums.map(|(place, table)| self.sum(place % COMPARING, table, which));
        futures_util::future::try_join_all(sums).await.map_err(Fail::into_error)
    }

    async fn sum(&self, place: usize, table: &Table, which: &Which) -> Result<Sum, Fail> {
        let shape = &self.shapes[table.name];
        let (only, values) = only(table, shape, which);
        let sql = format!(
            "SELECT COUNT(*), COALESCE(SUM(('x' || left(encode(sha256(convert_to({}, 'UTF8')), 'hex'), 16))::bit(64)::int8), 0)::text
             FROM {} {only}",
            canonical_sql(&shape.columns),
            table.name
        );
        let statement = self.prepared(place, &sql).await?;
        let row = self.comparing[place].client.query_one(&statement, &params(&values)).await?;
        let hash = row.get::<_, &str>(1).parse();
        let hash = hash.map_err(|_| Fail::Refused(StoreError::Fault("a sum is not a number".into())))?;
        Ok(Sum { rows: row.get::<_, i64>(0).unsigned_abs(), hash })
    }

    /// Puts a page in the place of what is there, and remembers how far the copy has come.
    pub(crate) async fn write(
        &self,
        family: &Family,
        page: &Page,
        is_new: bool,
        progress: &str,
    ) -> Result<(), StoreError> {
        let mut result = self.try_write(family, page, is_new, progress).await;
        if is_new && matches!(result, Err(Fail::Refused(StoreError::Conflict(_)))) {
            // A row that has another key now: the careful way clears its old one away.
            let _ = self.conn.command("ROLLBACK").await;
            result = self.try_write(family, page, false, progress).await;
        }
        if result.is_err() {
            let _ = self.conn.command("ROLLBACK").await;
        }
        result.map_err(Fail::into_error)
    }

    async fn try_write(
        &self,
        family: &Family,
        page: &Page,
        is_new: bool,
        progress: &str,
    ) -> Result<(), Fail> {
        self.conn.command("BEGIN").await?;
        for (table, rows) in family.tables.iter().zip(&page.tables) {
            let shape = &self.shapes[table.name];
            if is_new {
                self.copy_in(table.name, shape, rows).await?;
            } else {
                self.replace(table, shape, &page.which, rows).await?;
            }
        }
        self.save(progress).await?;
        self.conn.command("COMMIT").await
    }

    /// Remembers how far the copy has come, if it is still this process that copies.
    async fn save(&self, progress: &str) -> Result<(), Fail> {
        match self.execute(SAVE, &[&progress, &self.runner]).await? {
            0 => Err(refused("another `chaski migrate` goes on with this database: this one ends")),
            _ => Ok(()),
        }
    }

    /// The same by itself.
    pub(crate) async fn remember(&self, progress: &str) -> Result<(), StoreError> {
        self.save(progress).await.map_err(Fail::into_error)
    }

    /// Adds blocks of exchanges of a week, and remembers how far the copy has come.
    pub(crate) async fn write_blocks(
        &self,
        at: Timestamp,
        blocks: &[Block],
        progress: &str,
    ) -> Result<(), StoreError> {
        let result = self.try_write_blocks(at, blocks, progress).await;
        if result.is_err() {
            let _ = self.conn.command("ROLLBACK").await;
        }
        result.map_err(Fail::into_error)
    }

    async fn try_write_blocks(&self, at: Timestamp, blocks: &[Block], progress: &str) -> Result<(), Fail> {
        self.conn.command("BEGIN").await?;
        for block in blocks.iter().filter(|block| !block.places.is_empty()) {
            let of = block.places.iter();
            let messages: Vec<i64> = of.clone().map(|place| place.part.message.0).collect();
            let deliveries: Vec<i32> = of.clone().map(|place| i32::from(place.part.delivery)).collect();
            let parts: Vec<i32> = of.clone().map(|place| i32::from(place.part.part)).collect();
            let attempts: Vec<i32> = of.clone().map(|place| i32::from(place.attempt)).collect();
            let places: Vec<i32> = of.map(|place| i32::from(place.place)).collect();
            let body = &block.body;
            let row: Params<'_> = &[&at.0, &messages, &deliveries, &parts, &attempts, &places, body];
            self.conn.execute(WRITE_BLOCK, row).await?;
        }
        self.save(progress).await?;
        self.conn.command("COMMIT").await
    }

    async fn copy_in(&self, to: &str, shape: &Shape, rows: &Rows) -> Result<(), Fail> {
        if rows.cells.is_empty() {
            return Ok(());
        }
        let types: Vec<Type> = shape.columns.iter().map(|column| pg_type(column.kind)).collect();
        let sql = format!("COPY {to} ({}) FROM STDIN BINARY", names(shape));
        let writer = BinaryCopyInWriter::new(self.conn.client.copy_in(&sql).await?, &types);
        let mut writer = std::pin::pin!(writer);
        for cells in &rows.cells {
            writer.as_mut().write_raw(cells.iter().map(|cell| cell as &(dyn ToSql + Sync))).await?;
        }
        writer.finish().await?;
        Ok(())
    }

    async fn replace(&self, table: &Table, shape: &Shape, which: &Which, rows: &Rows) -> Result<(), Fail> {
        let (only, values) = only(table, shape, which);
        let name = table.name;
        self.execute(&format!("DELETE FROM {name} {only}"), &params(&values)).await?;
        if rows.cells.is_empty() {
            return Ok(());
        }
        let (staged, columns) = (format!("pg_temp.copy_{name}"), names(shape));
        let make = format!(
            "CREATE TEMP TABLE IF NOT EXISTS copy_{name} ON COMMIT DELETE ROWS AS SELECT {columns} FROM {name} WITH NO DATA"
        );
        self.conn.client.batch_execute(&make).await?;
        self.copy_in(&staged, shape, rows).await?;
        for unique in &shape.unique {
            let same: Vec<String> = unique.iter().map(|column| format!("o.{column} = s.{column}")).collect();
            let sql = format!("DELETE FROM {name} o USING {staged} s WHERE {}", same.join(" AND "));
            self.execute(&sql, &[]).await?;
        }
        let insert = format!("INSERT INTO {name} ({columns}) SELECT {columns} FROM {staged}");
        self.execute(&insert, &[]).await?;
        Ok(())
    }

    /// The end of it, in one transaction: which lanes are busy, where new numbers start, and that it is
    /// done. Returns how many lanes are busy; if that is not as many as `busy`, nothing is done.
    pub(crate) async fn finish(
        &self,
        busy: i64,
        id_floor: i64,
        given: &HashMap<&'static str, i64>,
    ) -> Result<i64, StoreError> {
        let result = self.try_finish(busy, id_floor, given).await;
        if !matches!(result, Ok(found) if found == busy) {
            let _ = self.conn.command("ROLLBACK").await;
        }
        result.map_err(Fail::into_error)
    }

    async fn try_finish(
        &self,
        busy: i64,
        id_floor: i64,
        given: &HashMap<&'static str, i64>,
    ) -> Result<i64, Fail> {
        self.conn.command("BEGIN").await?;
        self.conn.command("SET LOCAL synchronous_commit = on").await?;
        self.execute(BUSY, &[]).await?;
        let row = self.conn.row("SELECT COUNT(*) FROM lanes WHERE busy", &[]).await?;
        let found: i64 = row.map_or(0, |row| row.get(0));
        if found != busy {
            return Ok(found);
        }
        self.execute(FLOORS, &[&id_floor]).await?;
        for (table, shape) in &self.shapes {
            let Some(column) = &shape.identity else { continue };
            let last = given.get(table).copied().unwrap_or(0);
            let sql = format!(
                "SELECT setval(pg_get_serial_sequence('{table}', '{column}'), m) FROM
                   (SELECT GREATEST($1::int8, (SELECT MAX({column}) FROM {table})) AS m) x WHERE m > 0"
            );
            let statement = self.prepared(COMPARING, &sql).await?;
            self.conn.client.query(&statement, &[&last]).await?;
        }
        if self.execute(DONE, &[&self.runner]).await? == 0 {
            return Err(refused("another `chaski migrate` goes on with this database: this one ends"));
        }
        self.conn.command("COMMIT").await?;
        // Only for the planner: the copy is good without.
        let _ = self.conn.command("ANALYZE").await;
        Ok(found)
    }
}

async fn claim(conn: &Conn, source: &str, first: &str, runner: Uuid) -> Result<Option<String>, Fail> {
    let made = conn.row(MADE, &[]).await?;
    let (ours, begun, relations) =
        made.map_or((false, false, 0), |row| (row.get(0), row.get(1), row.get::<_, i64>(2)));
    if !ours && relations > 0 {
        return Err(refused(
            "the database holds tables that are not Chaski's: give a database of its own, for example by CREATE DATABASE chaski",
        ));
    }
    migrate::migrate(conn).await?;
    if conn.row(LIVE, &[&AFTER_LEASE_MS]).await?.is_some_and(|row| row.get::<_, i64>(0) > 0) {
        return Err(refused("a server works on the database: give an empty one"));
    }
    if begun && let Some(row) = conn.row(KNOWN, &[]).await? {
        let (known, state): (&str, &str) = (row.get(0), row.get(1));
        if state == "done" {
            return Err(refused(
                "the database holds a migration that is finished: start the server on it, or give an empty database",
            ));
        }
        if known != source {
            return Err(refused(
                "the database holds the unfinished migration of another data folder: give an empty database",
            ));
        }
        conn.execute(TAKE, &[&runner]).await?;
        return Ok(Some(row.get(2)));
    }
    for (_, table) in tables() {
        let row =
            conn.client.query_one(&format!("SELECT EXISTS (SELECT 1 FROM {})", table.name), &[]).await?;
        if row.get(0) {
            return Err(refused(format!(
                "the database is not empty (there are {}): give an empty one",
                table.name.replace('_', " ")
            )));
        }
    }
    conn.command("BEGIN").await?;
    if !begun {
        conn.command(MAKE).await?;
    }
    conn.execute(BEGUN, &[&source, &runner, &first]).await?;
    conn.command("COMMIT").await?;
    Ok(None)
}

async fn shape(conn: &Conn, table: &Table) -> Result<Shape, Fail> {
    let mut columns = Vec::new();
    let mut identity = None;
    for row in conn.rows(COLUMNS, &[&table.name]).await? {
        let (name, kind): (String, &str) = (row.get(0), row.get(1));
        if row.get(2) {
            identity = Some(name.clone());
        }
        if table.own.contains(&name.as_str()) {
            continue;
        }
        let unknown = || StoreError::Fault(format!("{}.{name} is a {kind}", table.name));
        let kind = Kind::from_type(kind).ok_or_else(unknown)?;
        columns.push(Column { name, kind });
    }
    let unique = conn.rows(UNIQUE, &[&table.name]).await?.iter().map(|row| row.get(0)).collect();
    Ok(Shape { columns, identity, unique })
}

fn names(shape: &Shape) -> String {
    let names: Vec<&str> = shape.columns.iter().map(|column| column.name.as_str()).collect();
    names.join(", ")
}

/// Which rows, as a condition with its values.
fn only(table: &Table, shape: &Shape, which: &Which) -> (String, Vec<Box<dyn ToSql + Sync + Send>>) {
    let kind_of = |key: &&str| {
        let column = shape.columns.iter().find(|column| column.name == **key);
        column.map_or(Kind::Big, |column| column.kind)
    };
    let kinds: Vec<Kind> = table.key.iter().map(kind_of).collect();
    // Bytes order text there, so they do here.
    let ordered = |text: String, kind: &Kind| match kind {
        Kind::Text => format!("{text} COLLATE \"C\""),
        _ => text,
    };
    let keys: Vec<String> =
        table.key.iter().zip(&kinds).map(|(key, kind)| ordered((*key).to_owned(), kind)).collect();
    let keys = keys.join(", ");
    let mut values: Vec<Box<dyn ToSql + Sync + Send>> = Vec::new();
    let mut conditions = Vec::new();
    match which {
        Which::Ids(ids) => {
            conditions.push(format!("{keys} = ANY($1::int8[])"));
            values.push(Box::new(ids.clone()));
        }
        Which::Stretch(Stretch { after, to }) => {
            for (sign, bound) in [(">", after), ("<=", to)] {
                let Some(bound) = bound else { continue };
                let mut marks = Vec::new();
                for (cell, kind) in bound.iter().zip(&kinds) {
                    values.push(Box::new(cell.clone()));
                    marks.push(ordered(format!("${}::{}", values.len(), kind.type_name()), kind));
                }
                conditions.push(format!("({keys}) {sign} ({})", marks.join(", ")));
            }
        }
    }
    let only =
        if conditions.is_empty() { String::new() } else { format!("WHERE {}", conditions.join(" AND ")) };
    (only, values)
}

fn params(values: &[Box<dyn ToSql + Sync + Send>]) -> Vec<&(dyn ToSql + Sync)> {
    values.iter().map(|value| &**value as &(dyn ToSql + Sync)).collect()
}

fn pg_type(kind: Kind) -> Type {
    match kind {
        Kind::Small => Type::INT4,
        Kind::Big => Type::INT8,
        Kind::Bool => Type::BOOL,
        Kind::Text => Type::TEXT,
        Kind::Bytes => Type::BYTEA,
    }
}

impl ToSql for Cell {
    fn to_sql(&self, ty: &Type, out: &mut BytesMut) -> Result<IsNull, Box<dyn Error + Sync + Send>> {
        match (self, ty) {
            (Self::Null, _) => Ok(IsNull::Yes),
            (Self::Int(number), &Type::INT8) => number.to_sql(ty, out),
            (Self::Int(number), &Type::INT4) => i32::try_from(*number)?.to_sql(ty, out),
            (Self::Int(number @ (0 | 1)), &Type::BOOL) => (*number == 1).to_sql(ty, out),
            (Self::Text(text), &Type::TEXT) if text.contains('\0') => {
                text.replace('\0', "\u{fffd}").to_sql(ty, out)
            }
            (Self::Text(text), &Type::TEXT) => text.to_sql(ty, out),
            (Self::Bytes(bytes), &Type::BYTEA) => bytes.to_sql(ty, out),
            (cell, ty) => Err(format!("{cell:?} is not a {ty}").into()),
        }
    }

    fn accepts(ty: &Type) -> bool {
        [Type::INT4, Type::INT8, Type::BOOL, Type::TEXT, Type::BYTEA].contains(ty)
    }

    to_sql_checked!();
}
