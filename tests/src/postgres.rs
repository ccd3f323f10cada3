//! A PostgreSQL cluster for tests: made from the installed programs in a scratch folder, shared by
//! every test process, gone soon after the last one.
//!
//! Each process that uses a cluster holds a shared lock for as long as it lives. A watchman beside the
//! server looks for the lock: when nobody holds it any more, however they ended, it stops the server
//! and removes the folder.

use std::fs::{self, File};
use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::MetadataExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};

const USER: &str = "chaski";

/// Stops the server once nobody holds the lock; `$1` is the folder, `$2…` runs pg_ctl.
const WATCHMAN: &str = r#"
folder=$1; shift
while sleep 2; do
  exec 8>"$folder/start.lock"; flock 8
  if flock -n -x "$folder/users.lock" true; then
    "$@" -D "$folder/data" -m immediate stop >/dev/null 2>&1
    # Away at once: whoever comes now makes a new one.
    mv "$folder" "$folder.gone.$$" && rm -rf "$folder.gone.$$"
    exit 0
  fi
  exec 8>&-
done
"#;

/// A running cluster.
pub struct Cluster {
    folder: PathBuf,
    programs: PathBuf,
    port: u16,
    /// Held for as long as the process uses it.
    _used: File,
}

/// A database of its own, dropped with the value.
pub struct Database {
    /// How to connect to it.
    pub url: String,
    name: String,
    cluster: &'static Cluster,
}

/// Where the server's programs lie, if it is installed.
fn programs() -> Option<PathBuf> {
    let installed = fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let mut folders: Vec<PathBuf> = installed.map(|entry| entry.path().join("bin")).collect();
    folders.sort();
    folders.reverse();
    folders.extend(std::env::split_paths(&std::env::var_os("PATH").unwrap_or_default()));
    folders.into_iter().find(|folder| folder.join("initdb").exists() && folder.join("pg_ctl").exists())
}

/// A new database in the shared cluster. `None`, said aloud, when PostgreSQL is not installed; that
/// fails when `CHASKI_REQUIRE_POSTGRES=1`.
pub fn database() -> Option<Database> {
    static SHARED: OnceLock<Option<Cluster>> = OnceLock::new();
    let cluster = SHARED.get_or_init(|| {
        let folder = std::env::temp_dir().join(format!("chaski-test-postgres-{USER}"));
        Cluster::start(folder, "off")
    });
    let cluster = cluster.as_ref()?;
    static COUNT: AtomicU32 = AtomicU32::new(0);
    let name = format!("t{}_{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
    cluster.psql("postgres", &format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)"));
    cluster.psql("postgres", &format!("CREATE DATABASE {name}"));
    Some(Database { url: cluster.url(&name), name, cluster })
}

impl Drop for Database {
    fn drop(&mut self) {
        self.cluster.psql("postgres", &format!("DROP DATABASE IF EXISTS {} WITH (FORCE)", self.name));
    }
}

impl Database {
    /// Runs SQL in it; what it answers.
    pub fn sql(&self, sql: &str) -> String {
        self.cluster.psql(&self.name, sql)
    }
}

impl Cluster {
    /// A cluster that no other process uses, with `fsync` on or off.
    pub fn private(fsync: &str) -> Option<Self> {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let name = format!("chaski-test-postgres-{}-{number}", std::process::id());
        Self::start(std::env::temp_dir().join(name), fsync)
    }

    fn start(folder: PathBuf, fsync: &str) -> Option<Self> {
        let Some(programs) = programs() else {
            let missing = "PostgreSQL is not installed (apt-get install postgresql): its tests do not run";
            assert!(std::env::var_os("CHASKI_REQUIRE_POSTGRES").is_none(), "{missing}");
            eprintln!("{missing}");
            return None;
        };
        // The watchman may remove the folder between our steps: then we begin anew.
        loop {
            fs::create_dir_all(&folder).expect("a scratch folder can be made");
            let starting = File::create(folder.join("start.lock"));
            let Ok(starting) = starting else { continue };
            starting.lock().expect("a file can be locked");
            let Ok(used) = File::options().create(true).append(true).open(folder.join("users.lock")) else {
                continue;
            };
            used.lock_shared().expect("a file can be locked");
            // The one that was locked may have gone with its folder.
            let place = |file: std::io::Result<fs::Metadata>| file.ok().map(|file| file.ino());
            if place(fs::metadata(folder.join("start.lock"))) != place(starting.metadata()) {
                continue;
            }
            let known =
                fs::read_to_string(folder.join("port")).ok().and_then(|port| port.trim().parse().ok());
            // One whose server is gone, after a restart of the machine, is made anew.
            let port = known.filter(|port| TcpStream::connect(("127.0.0.1", *port)).is_ok());
            let port = port.unwrap_or_else(|| make(&folder, &programs, fsync));
            return Some(Self { folder, programs, port, _used: used });
        }
    }

    /// How to connect to a database of it.
    pub fn url(&self, database: &str) -> String {
        format!("postgres://{USER}:secret-of-tests@127.0.0.1:{}/{database}?sslmode=disable", self.port)
    }

    /// Runs SQL in a database; what it answers.
    pub fn psql(&self, database: &str, sql: &str) -> String {
        let answer = Command::new(self.programs.join("psql"))
            .args(["-h", "127.0.0.1", "-U", USER, "-At", "-q", "-v", "ON_ERROR_STOP=1", "-p"])
            .args([&self.port.to_string(), "-d", database, "-c", sql])
            .output()
            .expect("psql starts");
        assert!(answer.status.success(), "{sql}: {}", String::from_utf8_lossy(&answer.stderr));
        String::from_utf8_lossy(&answer.stdout).trim().to_owned()
    }

    /// Stops the server, as an operator or a crash does.
    pub fn stop(&self) {
        pg_ctl(&self.programs, &self.folder, &["-m", "immediate", "-w", "stop"]);
    }

    /// A second cluster that follows this one; from now on this one commits only what the other has.
    pub fn synchronous_standby(&self) -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let folder =
            std::env::temp_dir().join(format!("chaski-test-standby-{}-{number}", std::process::id()));
        let _ = fs::remove_dir_all(&folder);
        fs::create_dir_all(&folder).expect("a scratch folder can be made");
        let used = File::create(folder.join("users.lock")).expect("a file can be made");
        used.lock_shared().expect("a file can be locked");
        File::create(folder.join("start.lock")).expect("a file can be made");
        if is_root() {
            run(Command::new("chown").arg("postgres").arg(&folder));
        }
        let data = folder.join("data");
        let mut copy = as_server(&self.programs.join("pg_basebackup"));
        copy.current_dir("/").args(["-h", "127.0.0.1", "-U", USER, "-R", "--no-sync", "-c", "fast"]);
        run(copy.args(["-p", &self.port.to_string()]).arg("-D").arg(&data));
        let port = free_port();
        let settings = fs::read_to_string(data.join("postgresql.auto.conf")).expect("it was written");
        fs::write(data.join("postgresql.auto.conf"), format!("{settings}\nport = {port}\n"))
            .expect("the settings can be written");
        pg_ctl(&self.programs, &folder, &["-w", "-l", "/dev/null", "start"]);
        watch(&folder, &self.programs);
        self.psql("postgres", "ALTER SYSTEM SET synchronous_standby_names = '*'");
        self.psql("postgres", "SELECT pg_reload_conf()");
        let state = "SELECT COUNT(*) FROM pg_stat_replication WHERE sync_state = 'sync'";
        while self.psql("postgres", state) != "1" {
            std::thread::sleep(std::time::Duration::from_millis(20));
        }
        Self { folder, programs: self.programs.clone(), port, _used: used }
    }

    /// Makes a standby the primary, which waits for nobody.
    pub fn promote(&self) {
        pg_ctl(&self.programs, &self.folder, &["-w", "promote"]);
        self.psql("postgres", "ALTER SYSTEM SET synchronous_standby_names = ''");
        self.psql("postgres", "SELECT pg_reload_conf()");
    }

    /// How to connect to a database of whichever of the two can be written.
    pub fn url_of_pair(&self, other: &Self, database: &str) -> String {
        format!(
            "postgres://{USER}:secret-of-tests@127.0.0.1:{},127.0.0.1:{}/{database}?sslmode=disable&target_session_attrs=read-write",
            self.port, other.port
        )
    }

    /// Starts it again.
    pub fn start_again(&self) {
        pg_ctl(&self.programs, &self.folder, &["-w", "-l", "/dev/null", "start"]);
    }
}

/// The server refuses to run as root; then it runs as the user that its package made.
fn as_server(program: &Path) -> Command {
    if !is_root() {
        return Command::new(program);
    }
    let mut command = Command::new("runuser");
    command.args(["-u", "postgres", "--"]).arg(program);
    command
}

fn is_root() -> bool {
    fs::metadata("/proc/self").is_ok_and(|own| own.uid() == 0)
}

fn run(command: &mut Command) {
    let done = command.stdin(Stdio::null()).stdout(Stdio::null()).status().expect("the program starts");
    assert!(done.success(), "{command:?}");
}

fn pg_ctl(programs: &Path, folder: &Path, arguments: &[&str]) {
    run(as_server(&programs.join("pg_ctl"))
        .current_dir("/")
        .arg("-D")
        .arg(folder.join("data"))
        .args(arguments));
}

fn make(folder: &Path, programs: &Path, fsync: &str) -> u16 {
    let data = folder.join("data");
    let _ = fs::remove_dir_all(&data);
    fs::create_dir_all(&data).expect("a scratch folder can be made");
    if is_root() {
        run(Command::new("chown").arg("postgres").arg(&data).arg(folder));
    }
    let mut initdb = as_server(&programs.join("initdb"));
    initdb.current_dir("/").arg("-D").arg(&data);
    run(initdb.args(["-U", USER, "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync"]));
    let port = free_port();
    let settings = format!(
        "port = {port}\nlisten_addresses = '127.0.0.1'\nunix_socket_directories = ''\nfsync = {fsync}\n\
         max_connections = 300\nshared_buffers = 64MB\nmax_wal_size = 512MB\n"
    );
    let settings_file = folder.join("settings.conf");
    fs::write(&settings_file, settings).expect("the settings can be written");
    fs::write(data.join("postgresql.auto.conf"), fs::read(&settings_file).expect("they are there"))
        .expect("the settings can be written");
    pg_ctl(programs, folder, &["-w", "-l", "/dev/null", "start"]);
    watch(folder, programs);
    fs::write(folder.join("port"), port.to_string()).expect("the port can be written");
    port
}

fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").and_then(|free| free.local_addr()).expect("a free port").port()
}

fn watch(folder: &Path, programs: &Path) {
    let server = as_server(&programs.join("pg_ctl"));
    // A grandchild in a group of its own: what ends the tests at once must not end the one who tidies up
    // after them, and nobody need wait for it.
    let mut watchman = Command::new("sh");
    watchman.args(["-c", "sh -c \"$0\" watchman \"$@\" &", WATCHMAN]).arg(folder);
    watchman.arg(server.get_program()).args(server.get_args());
    run(watchman.process_group(0).current_dir("/").stderr(Stdio::null()));
}
