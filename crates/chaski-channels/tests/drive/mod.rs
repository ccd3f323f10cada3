//! Drives everything of an adapter that reads what comes from outside, with any bytes. Nothing of it may panic,
//! nor ask a provider more often than it may. The property tests and the fuzz targets share it.

use chaski_channels::template::definition;
use chaski_channels::{
    Adapter, Cx, FileFacts, Incoming, MAX_STEPS, Outcome, REGISTERED, Reply, Secrets, Settings, Step, Task,
};
use chaski_model::event::Event;
use chaski_model::message::{Mail, Media, MediaKind};
use chaski_model::{Address, Content, E164, Timestamp};
use http::{HeaderMap, HeaderName, HeaderValue};
use std::time::Duration;

const NOW: Timestamp = Timestamp(1_795_000_000_000);

/// A webhook: its body, or its query, its headers by line and its body, parted by zero bytes.
pub(crate) fn webhook(adapter: &dyn Adapter, data: &[u8]) {
    let parts: Vec<&[u8]> = data.splitn(3, |byte| *byte == 0).collect();
    let (query, lines, body) = match parts.as_slice() {
        [query, lines, body] => (String::from_utf8_lossy(query), *lines, *body),
        _ => ("".into(), &b""[..], data),
    };
    let (url, headers) = (format!("https://chat.example.com/hooks/key?{query}"), headers(lines));
    let hook = Incoming { url: &url, at: NOW, headers: &headers, body };
    for secrets in [Secrets::default(), secrets(adapter)] {
        let _ = adapter.verify(&hook, &secrets, NOW);
        let _ = adapter.challenge(&query, &secrets);
    }
    let _ = adapter.replay_key(&hook);
    for settings in settings(adapter) {
        let _ = adapter.acknowledge(&hook, &settings);
    }
    for (_, event) in adapter.events(&hook).unwrap_or_default() {
        let _ = serde_json::to_string(&event);
        follow(adapter, &hook, &event);
    }
}

/// What the engine asks of an adapter for an event.
fn follow(adapter: &dyn Adapter, hook: &Incoming<'_>, event: &Event) {
    match event {
        Event::Receipt(receipt) => {
            let _ = receipt.failure.as_ref().map(|failure| adapter.marks(failure));
        }
        Event::Inbound(inbound) => {
            if let Content::Attachment(media) = &inbound.content {
                let _ = adapter.brought(hook, media);
                for settings in settings(adapter) {
                    walk(adapter, &settings, &Task::Media { media: media.clone() }, &[]);
                }
            }
        }
        _ => {}
    }
}

fn headers(lines: &[u8]) -> HeaderMap {
    let pairs = lines.split(|byte| *byte == b'\n').filter_map(|line| {
        let (name, value) = line.split_at_checked(line.iter().position(|byte| *byte == b':')?)?;
        Some((HeaderName::from_bytes(name).ok()?, HeaderValue::from_bytes(value[1..].trim_ascii()).ok()?))
    });
    pairs.collect()
}

/// Answers to a send, to what is prepared for it and to every task: parted by zero bytes, the last one again and
/// again. One that begins like `404 ` has that status, others are good ones and refusals.
pub(crate) fn answer(adapter: &dyn Adapter, data: &[u8]) {
    for status in [200, 400] {
        let replies: Vec<Reply> = data.split(|byte| *byte == 0).map(|part| reply(part, status)).collect();
        for reply in &replies {
            if let Outcome::Fail { failure, .. } = adapter.outcome(reply) {
                let _ = adapter.marks(&failure);
            }
        }
        for settings in settings(adapter) {
            send(adapter, &settings, &replies);
            for task in tasks() {
                walk(adapter, &settings, &task, &replies);
            }
        }
    }
}

fn reply(part: &[u8], otherwise: u16) -> Reply {
    let given = part.split_first_chunk::<4>().and_then(|(head, body)| {
        let digits = std::str::from_utf8(head).ok()?.strip_suffix(' ')?;
        Some((digits.parse().ok()?, body))
    });
    let (status, body) = given.unwrap_or((otherwise, part));
    let location = (300..400).contains(&status).then(|| String::from_utf8_lossy(body).into_owned());
    let retry_after = (status == 429).then(|| Duration::from_secs(body.len() as u64));
    Reply { status, retry_after, location, body: body.to_vec() }
}

/// A call of every sort that needs another one first, made with what was kept of the answers to that.
fn send(adapter: &dyn Adapter, settings: &Settings, replies: &[Reply]) {
    let to: Vec<Address> = [E164::from_digits("593997333444").as_ref().map(Address::phone)]
        .into_iter()
        .flatten()
        .chain([Address::bsuid("EC.1"), Address::native("1"), Address::email("ana@ejemplo.ec")])
        .collect();
    let parts = contents().into_iter().filter_map(|content| adapter.split(&content, None).ok()).flatten();
    for part in parts {
        let file = FileFacts {
            size: 9,
            mime: "image/png".to_owned(),
            name: "a.png".to_owned(),
            duration: None,
            bytes: Some("a picture".into()),
        };
        let files = vec![file; adapter.wants(settings, &part).len()];
        let cx = Cx { to: &to, reference: "1.1.1", files: &files, ..about(settings) };
        if let Ok(Some(_)) = adapter.prepare(&cx, &part) {
            for kept in replies.iter().filter_map(|reply| adapter.prepared(reply).ok()) {
                let _ = adapter.call(&Cx { prepared: Some(&kept), ..cx }, &part);
            }
        }
    }
}

/// Walks a task to its end, and uses what was learned.
fn walk(adapter: &dyn Adapter, settings: &Settings, task: &Task, replies: &[Reply]) {
    let mut so_far = Vec::new();
    loop {
        match adapter.ask(&about(settings), task, &so_far) {
            Step::Call(_) => {
                assert!(so_far.len() < MAX_STEPS, "{task:?} asks more often than it may");
                let Some(reply) = replies.get(so_far.len()).or(replies.last()) else { return };
                so_far.push(reply.clone());
            }
            Step::Done(answer) => {
                let _ = definition::parse_all(&answer.templates);
                let mut learned = settings.clone();
                learned.extend(answer.settings);
                let _ = (adapter.accepts(&learned), adapter.sender(&learned));
                let _ = adapter.ask(&about(&learned), &Task::Disconnect, &[]);
                return;
            }
            Step::Fetch(_) | Step::Kept(_) | Step::Fail(_) => return,
        }
    }
}

fn about(settings: &Settings) -> Cx<'_> {
    let hook_url = "https://chat.example.com/hooks/key";
    Cx { settings, to: &[], reference: "", hook_url, files: &[], prepared: None, now: NOW }
}

/// The settings that must be given, and every setting.
fn settings(adapter: &dyn Adapter) -> [Settings; 2] {
    let open = adapter.settings().iter().filter(|setting| !setting.secret);
    let value = |key: &str, default: &str| match key {
        "base_url" if default.is_empty() => "https://provider.example".to_owned(),
        "smtp_url" => "smtp://mail.example.com:587".to_owned(),
        "from" => "447700900001".to_owned(),
        "api" => "sms".to_owned(),
        _ if default.is_empty() => "1".to_owned(),
        _ => default.to_owned(),
    };
    let pair = |key: &str, default: &str| (key.to_owned(), value(key, default));
    let needed = open.clone().filter(|setting| setting.required).map(|s| pair(s.key, s.default));
    let registered = (REGISTERED.to_owned(), "registered".to_owned());
    [needed.collect(), open.map(|s| pair(s.key, s.default)).chain([registered]).collect()]
}

fn secrets(adapter: &dyn Adapter) -> Secrets {
    let all = adapter.settings().iter().filter(|setting| setting.secret);
    Secrets(all.map(|setting| (setting.key.to_owned(), "secret".to_owned())).collect())
}

fn contents() -> Vec<Content> {
    let question = |count: usize| Content::QuickReply {
        title: "¿Vienes?".to_owned(),
        replies: (0..count).map(|number| format!("Opción {number}")).collect(),
    };
    let mut all = vec![
        Content::Text { text: "hola".to_owned(), message_tag: None },
        Content::Email(Mail { text: "hola".to_owned(), ..Mail::default() }),
        question(2),
        question(9),
    ];
    let kinds = [MediaKind::Image, MediaKind::Video, MediaKind::Audio, MediaKind::File];
    all.extend(kinds.map(|kind| Content::Attachment(Media::link(kind, "https://ejemplo.ec/a.bin"))));
    all
}

fn tasks() -> Vec<Task> {
    let named = |id: &str| Media {
        link: None,
        provider_id: Some(id.to_owned()),
        ..Media::link(MediaKind::Image, "")
    };
    vec![
        Task::Check,
        Task::Connect { hook_secret: "secret".to_owned() },
        Task::Disconnect,
        Task::Templates,
        Task::Media { media: named("1") },
        Task::Media { media: named("https://api.twilio.com/a") },
        Task::Profile { of: Address::native("1") },
    ]
}
