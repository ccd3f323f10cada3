//! The documentation is true: its commands run, its tables are whole, its links lead somewhere.

use chaski_model::{ChannelKind, ErrorCode, provider_codes};
use e2e::World;
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::process::Command;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the workspace").to_owned()
}

fn read(path: &str) -> String {
    std::fs::read_to_string(root().join(path)).unwrap_or_else(|e| panic!("{path}: {e}"))
}

fn pages() -> Vec<String> {
    let mut found = vec!["README.md".to_owned(), "README.es.md".to_owned(), "CHANGELOG.md".to_owned()];
    for folder in ["docs", "docs/channels", "docs/adr", "docs/ops"] {
        for entry in std::fs::read_dir(root().join(folder)).expect("the folder") {
            let name = entry.expect("an entry").file_name().to_string_lossy().into_owned();
            if name.ends_with(".md") {
                found.push(format!("{folder}/{name}"));
            }
        }
    }
    found
}

/// The blocks of a page that are meant to be run: fenced as `sh`.
fn commands(page: &str) -> Vec<String> {
    page.split("```sh\n").skip(1).filter_map(|rest| rest.split("\n```").next()).map(str::to_owned).collect()
}

/// Runs a block as a reader would, with the demo's server and tokens in the environment.
fn run(world: &World, block: &str, more: &[(String, String)]) -> String {
    let folder = e2e::binary().parent().expect("a folder").to_owned();
    let path = format!("{}:{}", folder.display(), std::env::var("PATH").unwrap_or_default());
    let script = block.replace("http://127.0.0.1:8080", world.web_url());
    let output = Command::new("bash")
        .args(["-euc", &script])
        .env("PATH", path)
        .env("CHASKI_URL", world.web_url())
        .env("CHASKI_TOKEN", world.token())
        .envs(more.iter().cloned())
        .output()
        .expect("bash runs");
    let out = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{block}\n{out}{}", String::from_utf8_lossy(&output.stderr));
    out
}

#[tokio::test]
async fn every_command_of_the_readme_runs_in_both_languages() {
    for page in ["README.md", "README.es.md"] {
        let world = World::demo().await;
        let blocks = commands(&read(page));
        assert_eq!(blocks.len(), 6, "{page}");
        let answer: Value = serde_json::from_str(&run(&world, &blocks[0], &[])).expect("the answer is JSON");
        let id = answer["messageId"].as_i64().expect("messageId");
        world.reaches(id, "delivered").await;
        let dry = run(&world, &blocks[1], &[]);
        assert!(dry.contains("\"wouldSend\": false") || dry.contains("\"wouldSend\":false"), "{dry}");
        let timeline = run(&world, &blocks[2], &[("MESSAGE".into(), id.to_string())]);
        assert!(timeline.contains("attempt 1: sent") && timeline.contains("delivered"), "{timeline}");
        assert!(!timeline.contains("simulator_only_d360_key"), "secrets are masked: {timeline}");
        assert!(run(&world, &blocks[3], &[]).contains("132000"));
        // Answers stand one behind the other.
        let sent = run(&world, &blocks[4], &[]);
        let answers: Vec<Value> =
            serde_json::Deserializer::from_str(&sent).into_iter().collect::<Result<_, _>>().expect("answers");
        assert_eq!(answers.len(), world.channels(), "{page}: one for each channel of the demo");
        for answer in answers {
            let id = answer["messageId"].as_i64().expect("messageId");
            let kind = ChannelKind::from_source(&world.source_of(id).await).expect("a kind");
            let reports = kind.capabilities().expect("an adapter").receipts.contains(&"delivered");
            world.reaches(id, if reports { "delivered" } else { "sent" }).await;
        }
        let bot: Value = serde_json::from_str(&run(&world, &blocks[5], &[])).expect("an answer");
        world.reaches(bot["messageId"].as_i64().expect("messageId"), "sent").await;
    }
}

#[tokio::test]
async fn every_command_of_the_pages_for_operators_runs() {
    let world = World::demo().await;
    let channel = world.channel("360dialog_whatsapp");
    let id = world.sent(&channel, serde_json::json!({"type": "text", "text": "hola"})).await;
    world.reaches(id, "delivered").await;
    let folder = e2e::world::Scratch::new();
    let place = |name: &str| folder.0.join(name).to_string_lossy().into_owned();
    let environment: Vec<(String, String)> = [
        ("DATA", world.data().to_string_lossy().into_owned()),
        ("BACKUP", place("copy.db")),
        ("RESTORED", place("restored")),
        ("MESSAGE", id.to_string()),
    ]
    .map(|(key, value)| (key.to_owned(), value))
    .into();
    let mut out = String::new();
    for page in ["docs/ops/README.md", "docs/reliability.md"] {
        let blocks = commands(&read(page));
        assert!(blocks.len() >= 4, "{page}");
        for block in blocks {
            out.push_str(&run(&world, &block, &environment));
        }
    }
    assert!(out.contains("attempt 1: sent") && out.contains("copy of the store"), "{out}");
}

#[test]
fn both_readmes_have_the_same_commands() {
    let plain = |page: &str| commands(&read(page)).join("\n").replace("--lang es", "--lang en");
    assert_eq!(plain("README.md"), plain("README.es.md"));
    for page in ["README.md", "README.es.md"] {
        for command in ["cargo run --release -- demo", "./test"] {
            assert!(read(page).contains(&format!("```\n{command}\n```")), "{page}: {command}");
        }
    }
}

#[tokio::test]
async fn every_channel_is_connected_as_its_page_says() {
    let world = World::demo().await;
    let accounts = world.simulator("GET", "/accounts", Value::Null).await;
    // The demo has connected the first account of each; the second is free.
    let of = |source: &str, key: &str| {
        let second = accounts.as_array().into_iter().flatten().filter(|a| a["source"] == source).nth(1);
        second.and_then(|a| a["set"][key].as_str()).unwrap_or_else(|| panic!("{source} {key}")).to_owned()
    };
    let key_file = std::env::temp_dir().join(format!("chaski-docs-{}.pem", std::process::id()));
    std::fs::write(&key_file, of("nexmo_whatsapp", "private_key")).expect("a file");
    let (d360, vonage, cloud) = ("360dialog_whatsapp", "nexmo_whatsapp", "whatsapp_cloud");
    let mut environment: Vec<(String, String)> = [
        ("D360_API_KEY", of(d360, "api_key")),
        ("D360_BASE_URL", of(d360, "base_url")),
        ("VONAGE_APPLICATION", of(vonage, "application_id")),
        ("VONAGE_KEY_FILE", key_file.to_string_lossy().into_owned()),
        ("VONAGE_SIGNATURE_SECRET", of(vonage, "signature_secret")),
        ("VONAGE_FROM", of(vonage, "from")),
        ("VONAGE_WABA", of(vonage, "waba_id")),
        ("VONAGE_BASE_URL", of(vonage, "base_url")),
        ("META_PHONE_ID", of(cloud, "phone_number_id")),
        ("META_WABA", of(cloud, "waba_id")),
        ("META_TOKEN", of(cloud, "access_token")),
        ("META_APP_SECRET", of(cloud, "app_secret")),
        ("META_VERIFY_TOKEN", of(cloud, "verify_token")),
        ("META_BASE_URL", of(cloud, "base_url")),
        ("VIBER_TOKEN", of("viber", "auth_token")),
        ("VIBER_BASE_URL", of("viber", "base_url")),
        ("LINE_TOKEN", of("line", "access_token")),
        ("LINE_SECRET", of("line", "channel_secret")),
        ("LINE_BASE_URL", of("line", "base_url")),
    ]
    .into_iter()
    .map(|(key, value)| (key.to_owned(), value))
    .collect();
    // The others' are named after the source and the setting.
    for account in accounts.as_array().into_iter().flatten() {
        let source = account["source"].as_str().unwrap_or_default();
        for (key, value) in account["set"].as_object().into_iter().flatten() {
            let name = (format!("{source}_{key}").to_uppercase(), value.as_str().unwrap_or("").to_owned());
            // The second account's come later and stay.
            environment.retain(|(known, _)| *known != name.0);
            environment.push(name);
        }
    }
    for kind in chaski_channels::ADAPTERS.iter().map(|adapter| adapter.kind()) {
        let page = kind.word();
        let blocks = commands(&read(&format!("docs/channels/{page}.md")));
        assert_eq!(blocks.len(), 1, "{page}");
        let out = run(&world, &blocks[0], &environment);
        let templates = if kind.is_whatsapp() { "12 templates" } else { "0 templates" };
        assert!(out.contains(templates) && out.contains("/hooks/"), "{page}: {out}");
        let by_hand = matches!(
            kind,
            ChannelKind::WhatsappVonage
                | ChannelKind::WhatsappCloud
                | ChannelKind::WhatsappTwilio
                | ChannelKind::Line
                | ChannelKind::VonageSms
                | ChannelKind::Messenger
                | ChannelKind::Instagram
                | ChannelKind::Custom
        );
        assert_eq!(out.contains("left to do by hand"), by_hand, "{page}: {out}");
    }
    let _ = std::fs::remove_file(key_file);
}

#[tokio::test]
async fn a_data_folder_is_moved_to_postgresql_as_the_page_says() {
    let Some(database) = e2e::postgres::database() else { return };
    let world = World::demo().await;
    let blocks = commands(&read("docs/postgres.md"));
    assert_eq!(blocks.len(), 2);
    let dump = e2e::world::Scratch::new();
    let file = dump.0.join("chaski.dump").to_string_lossy().into_owned();
    let environment = [
        ("DATA".to_owned(), world.data().to_string_lossy().into_owned()),
        ("DATABASE".to_owned(), database.url.clone()),
        ("DUMP".to_owned(), file.clone()),
    ];
    let told = run(&world, &blocks[0], &environment);
    assert!(told.contains("while the server runs") && told.contains("run the same command again"), "{told}");
    assert_eq!(database.sql("SELECT COUNT(*) FROM contacts WHERE id = 123"), "1");
    run(&world, &blocks[1], &environment);
    assert!(std::fs::metadata(file).is_ok_and(|dump| dump.len() > 1000));
}

#[test]
fn every_setting_of_a_kind_is_on_its_page() {
    for adapter in chaski_channels::ADAPTERS {
        let page = read(&format!("docs/channels/{}.md", adapter.kind().word()));
        for setting in adapter.settings() {
            assert!(
                page.contains(&format!("`{}`", setting.key)),
                "{}: `{}`",
                adapter.kind().word(),
                setting.key
            );
        }
    }
}

#[test]
fn links_between_pages_lead_somewhere() {
    for page in pages() {
        let folder = root().join(&page).parent().expect("a folder").to_owned();
        for rest in read(&page).split("](").skip(1) {
            let target = rest.split(')').next().unwrap_or("").split('#').next().unwrap_or("");
            if !target.is_empty() && !target.starts_with("http") {
                assert!(folder.join(target).exists(), "{page} links to {target}");
            }
        }
    }
}

/// `docs/errors.md`, made from the code.
fn errors_page() -> String {
    let mut page = String::from(
        "# Error codes\n\nMade from the code; `chaski explain CODE` says the same.\n\n## Ours\n\n\
         | code | status | means | what to do |\n|---|---|---|---|\n",
    );
    for code in ErrorCode::ALL {
        let info = code.info();
        page.push_str(&format!("| `{}` | {} | {} | {} |\n", info.code, info.status, info.en.0, info.en.1));
    }
    page.push_str("\n## The providers'\n\n| provider | code | means | what to do |\n|---|---|---|---|\n");
    for row in provider_codes::all() {
        page.push_str(&format!("| {} | {} | {} | {} |\n", row.family.title(), row.code, row.en.0, row.en.1));
    }
    page
}

/// `docs/channels/README.md`, made from the table of capabilities.
fn channels_page() -> String {
    let mut page = String::from(
        "# Channels\n\nMade from the code's table of capabilities, by which sends are checked.\n\n\
         | kind | source | carries | longest text | window | receipts | pace |\n|---|---|---|---|---|---|---|\n",
    );
    for kind in ChannelKind::all() {
        let Some(can) = kind.capabilities() else { continue };
        let unit = match can.text_unit {
            chaski_model::capabilities::TextUnit::Bytes => "bytes",
            chaski_model::capabilities::TextUnit::Utf16 => "UTF-16 units",
            chaski_model::capabilities::TextUnit::Characters => "characters",
        };
        let split = if can.splits_text { "split" } else { "refused" };
        let window = can.window.map_or("none".to_owned(), |window| format!("{} h", window.as_secs() / 3600));
        let pair = match (can.pair_pace, can.pair_burst) {
            (0, _) => String::new(),
            (seconds, burst) => format!(", one in {seconds} s to a contact after {burst}"),
        };
        page.push_str(&format!(
            "| [{}]({}.md) | `{}` | {} | {} {unit}, longer is {split} | {window} | {} | {} a second{pair} |\n",
            kind.title(),
            kind.word(),
            kind.source(),
            can.content.join(", "),
            can.text_limit,
            can.receipts.join(", "),
            can.pace,
        ));
    }
    page
}

#[test]
fn the_page_of_channels_is_current() {
    let path = root().join("docs/channels/README.md");
    if std::env::var_os("CHASKI_UPDATE_DOCS").is_some() {
        std::fs::write(&path, channels_page()).expect("the page can be written");
    }
    let page = std::fs::read_to_string(path).unwrap_or_default();
    assert!(
        page == channels_page(),
        "docs/channels/README.md is not current: run this test with CHASKI_UPDATE_DOCS=1"
    );
}

#[test]
fn the_page_of_errors_is_current() {
    let path = root().join("docs/errors.md");
    if std::env::var_os("CHASKI_UPDATE_DOCS").is_some() {
        std::fs::write(&path, errors_page()).expect("the page can be written");
    }
    let page = std::fs::read_to_string(path).unwrap_or_default();
    assert!(page == errors_page(), "docs/errors.md is not current: run this test with CHASKI_UPDATE_DOCS=1");
}
