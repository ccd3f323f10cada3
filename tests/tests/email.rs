//! E-mail, whole: submission by SMTP, the mails as a mailbox has them, what comes in by the hook, bounces, and
//! every way that the mail server refuses.

use e2e::world::current;
use e2e::{World, text, until};
use serde_json::{Value, json};

const SOURCE: &str = "other_email";
const MAILBOX: &str = "ana@ejemplo.ec";

/// The mail as a mailbox has it, once the server has taken it.
async fn in_mailbox(world: &World, id: i64, mailbox: &str) -> Value {
    let name = world.reaches(id, "sent").await["channelMessageId"].clone();
    let found = || async { world.phone(mailbox).await.into_iter().find(|mail| mail["id"] == name) };
    until("the mailbox has it", found).await
}

async fn times(world: &World, words: &str) -> usize {
    world.phone(MAILBOX).await.iter().filter(|mail| mail["body"] == words).count()
}

#[tokio::test]
async fn a_text_is_a_mail_with_the_channels_subject() {
    let (world, channel) = World::demo_on(SOURCE).await;
    let id = world.sent(&channel, text("Hola Ana: ñandú 😀\nsegunda línea\n.punto")).await;
    let mail = in_mailbox(&world, id, MAILBOX).await;
    assert_eq!(mail["body"], "Hola Ana: ñandú 😀\nsegunda línea\n.punto");
    assert_eq!((&mail["header"], &mail["mail"]["to"]), (&json!("Message"), &json!([MAILBOX])));
    assert_eq!(mail["mail"]["from"], json!(["soporte@ecuabots.example"]));
    let asked = json!({"type": "quick_reply", "title": "¿Vienes?", "replies": ["Sí", "No"]});
    let id = world.sent(&channel, asked).await;
    assert_eq!(in_mailbox(&world, id, MAILBOX).await["body"], "¿Vienes?\n1. Sí\n2. No");
}

#[tokio::test]
async fn a_mail_has_copies_files_and_its_subject() {
    let (world, channel) = World::demo_on(SOURCE).await;
    let host = e2e::files::host([("/factura.pdf", &b"%PDF-1.4 factura"[..])]).await;
    let mail = json!({
        "type": "email", "text": "Adjunto la factura, {{$contact.firstName}}.", "subject": "Su pedido ñ 1001",
        "cc": ["luis@ejemplo.ec"], "bcc": ["archivo@ejemplo.ec"],
        "attachments": [{"type": "file", "url": format!("{host}/factura.pdf"), "fileName": "Factura ñ 1.pdf"}],
    });
    let id = world.sent(&channel, mail).await;
    for mailbox in [MAILBOX, "luis@ejemplo.ec", "archivo@ejemplo.ec"] {
        let mail = in_mailbox(&world, id, mailbox).await;
        assert_eq!(
            (&mail["header"], &mail["body"]),
            (&json!("Su pedido ñ 1001"), &json!("Adjunto la factura, Ana."))
        );
        assert_eq!(mail["mail"]["cc"], json!(["luis@ejemplo.ec"]));
        assert!(
            !mail["mail"]["headers"].as_str().unwrap().contains("archivo"),
            "a blind copy is seen by nobody"
        );
        let file = json!({"filename": "Factura ñ 1.pdf", "mime": "application/pdf", "size": 16});
        assert_eq!(mail["mail"]["attachments"], json!([file]));
    }
    let image =
        json!({"type": "attachment", "attachment": {"type": "file", "url": format!("{host}/factura.pdf")}});
    let id = world.sent(&channel, image).await;
    assert_eq!(in_mailbox(&world, id, MAILBOX).await["mail"]["attachments"][0]["filename"], "factura.pdf");
    let refused = json!({"type": "email", "text": "x", "subject": "a\r\nBcc: eve@ejemplo.ec"});
    let answer = world.send(&channel, refused).await;
    assert_eq!(
        (answer.status, answer.json()["errors"][0]["pointer"].clone()),
        (400, json!("/message/subject"))
    );
    let elsewhere = world.send(&world.channel("telegram"), json!({"type": "email", "text": "x"})).await;
    assert_eq!(elsewhere.json()["error"], "channel_cannot_carry");
}

#[tokio::test]
async fn each_kind_of_file_travels_in_the_mail() {
    let (world, channel) = World::demo_on(SOURCE).await;
    let host = e2e::files::host([
        ("/foto.png", &b"\x89PNG\r\n\x1a\n picture"[..]),
        ("/clip.mp4", &b"\x00\x00\x00\x18ftypmp42\x00\x00\x00\x00mp42isom"[..]),
        ("/tema.mp3", &b"ID3 music"[..]),
    ])
    .await;
    for (kind, name, mime, size) in [
        ("image", "foto.png", "image/png", 16),
        ("video", "clip.mp4", "video/mp4", 24),
        ("audio", "tema.mp3", "audio/mpeg", 9),
    ] {
        let id = world.sent(&channel, e2e::attachment(kind, &format!("{host}/{name}"))).await;
        let mail = in_mailbox(&world, id, MAILBOX).await;
        let file = json!({"filename": name, "mime": mime, "size": size});
        assert_eq!(mail["mail"]["attachments"], json!([file]), "{kind}");
        world.writes(SOURCE, MAILBOX, json!({"type": kind, "caption": kind})).await;
        let came = world.received(kind, |m| m["attachment"]["fileName"] == format!("{kind}.bin")).await;
        assert_eq!(came["message"]["attachment"]["type"], kind);
    }
}

#[tokio::test]
async fn an_answer_stays_in_the_thread_in_both_directions() {
    let (world, channel) = World::demo_on(SOURCE).await;
    let first =
        world.sent(&channel, json!({"type": "email", "text": "¿Qué tal?", "subject": "Pedido"})).await;
    let first_id = in_mailbox(&world, first, MAILBOX).await["id"].clone();
    let wrote = world.writes(SOURCE, MAILBOX, text("Muy bien, gracias.")).await;
    assert_eq!(wrote["replyTo"], first_id);
    let answer = world.received("the answer", |m| m["text"] == "Muy bien, gracias.").await;
    assert_eq!(
        (&answer["message"]["type"], &answer["message"]["subject"]),
        (&json!("email"), &json!("Re: Pedido"))
    );
    let number = answer["messageId"].as_i64().unwrap();
    let again = json!({"type": "email", "text": "Me alegro.", "replyToMessageId": number});
    let again = world.sent(&channel, again).await;
    let mail = in_mailbox(&world, again, MAILBOX).await;
    assert_eq!((&mail["header"], &mail["mail"]["inReplyTo"]), (&json!("Re: Pedido"), &json!([wrote["id"]])));
    assert_eq!(mail["mail"]["references"], json!([first_id, wrote["id"]]));
    let foreign = world.send(&channel, json!({"type": "email", "text": "x", "replyToMessageId": 5})).await;
    assert_eq!(foreign.json()["errors"][0]["pointer"], "/message/replyToMessageId");
}

#[tokio::test]
async fn what_comes_in_is_text_and_files_and_no_programs_talk() {
    let (world, _) = World::demo_on(SOURCE).await;
    let html = json!({"type": "text", "text": "<p>Hola <b>todos</b></p><script>alert(1)</script>", "html": true, "subject": "Página"});
    world.writes(SOURCE, MAILBOX, html).await;
    let page = world.received("the page", |m| m["subject"] == "Página").await;
    let words = page["message"]["text"].as_str().unwrap();
    assert!(words.contains("Hola todos") && !words.contains('<') && !words.contains("alert"), "{words}");
    world
        .writes(
            SOURCE,
            MAILBOX,
            json!({"type": "document", "filename": "acta ñ.pdf", "caption": "Va el acta."}),
        )
        .await;
    world.received("its text", |m| m["text"] == "Va el acta.").await;
    let file = world
        .received("its file", |m| {
            m["attachment"]["fileName"] == "acta ñ.pdf" && m["attachment"]["url"].is_string()
        })
        .await;
    let url = file["message"]["attachment"]["url"].as_str().unwrap().to_owned();
    assert_eq!(world.http.call("GET", &url, &[], "").await.unwrap().status, 200);
    world
        .writes(SOURCE, MAILBOX, json!({"type": "text", "text": "Estoy de vacaciones.", "automatic": true}))
        .await;
    world.writes(SOURCE, MAILBOX, text("después de las vacaciones")).await;
    world.received("the next one", |m| m["text"] == "después de las vacaciones").await;
    let list = world.api("GET", "/contact/id:123/message/list?limit=50", Value::Null).await.text();
    assert!(!list.contains("Estoy de vacaciones"), "an automatic answer is no message");
}

fn letter(id: &str, words: &str) -> String {
    format!(
        "From: Ana <{MAILBOX}>\r\nTo: soporte@ecuabots.example\r\nSubject: Carta\r\nMessage-ID: <{id}@ejemplo.ec>\r\n\r\n{words}\r\n"
    )
}

/// How often the contact has written these words.
async fn written(world: &World, words: &str) -> usize {
    let list = world.api("GET", "/contact/id:123/message/list?limit=50", Value::Null).await.json();
    let items = list["items"].as_array().expect("a list").clone();
    items
        .iter()
        .filter(|item| item["message"]["text"].as_str().is_some_and(|text| text.contains(words)))
        .count()
}

#[tokio::test]
async fn a_mailbox_is_read_once_whatever_happens_to_the_connection() {
    let (world, channel) = World::demo_on(SOURCE).await;
    let mailboxes = async |change: Value| world.simulator("POST", "/mailboxes", change).await;
    mailboxes(json!({"put": letter("uno", "la primera")})).await;
    world.received("the first", |m| m["text"] == "la primera").await;
    // One that a person moves into the folder keeps its day.
    mailboxes(json!({"put": letter("vieja", "una vieja"), "at": 1_700_000_000_000_i64})).await;
    mailboxes(json!({"cut": true, "put": letter("dos", "tras el corte")})).await;
    world.received("the one after the cut", |m| m["text"] == "tras el corte").await;
    mailboxes(json!({"renumber": true})).await;
    mailboxes(json!({"put": letter("tres", "con otros números")})).await;
    world.received("the one with other numbers", |m| m["text"] == "con otros números").await;
    // Another folder begins with what comes from now on.
    let folder = json!({"set": {"imap_folder": "inbox"}});
    let changed = world.admin("POST", &format!("/channels/{}/settings", channel.id), folder).await;
    assert_eq!(changed.status, 200, "{}", changed.text());
    until("the other folder is read", || async {
        let cuarta = letter("cuatro", "de la otra carpeta");
        world.simulator("POST", "/mailboxes", json!({"put": cuarta})).await;
        (written(&world, "de la otra carpeta").await > 0).then_some(())
    })
    .await;
    for words in ["la primera", "una vieja", "tras el corte", "con otros números", "de la otra carpeta"] {
        assert_eq!((written(&world, words).await, words), (1, words));
    }
}

/// A refusal, or a good-bye in the middle, says nothing of what there is.
#[tokio::test]
async fn a_server_that_refuses_or_leaves_loses_no_mail() {
    let (world, channel) = World::demo_on(SOURCE).await;
    let mailboxes = async |change: Value| world.simulator("POST", "/mailboxes", change).await;
    for (n, spoilt) in
        [("FETCH", "no"), ("FETCH", "bye"), ("IDLE", "no"), ("EXAMINE", "no")].iter().enumerate()
    {
        let words = format!("carta {n} pese a {spoilt:?}");
        if spoilt.0 == "EXAMINE" {
            mailboxes(json!({"spoil": {spoilt.0: spoilt.1}, "cut": true})).await;
        } else {
            mailboxes(json!({"spoil": {spoilt.0: spoilt.1}})).await;
        }
        mailboxes(json!({"put": letter(&format!("pese-{n}"), &words)})).await;
        until("it comes", || async {
            world.advance("10s").await;
            (written(&world, &words).await == 1).then_some(())
        })
        .await;
    }
    // A search that is refused at the very beginning leaves nothing out either.
    let folder = json!({"set": {"imap_folder": "inbox"}});
    mailboxes(json!({"spoil": {"SEARCH": "no"}})).await;
    let changed = world.admin("POST", &format!("/channels/{}/settings", channel.id), folder).await;
    assert_eq!(changed.status, 200, "{}", changed.text());
    mailboxes(json!({"put": letter("busca", "tras la búsqueda")})).await;
    until("it comes", || async {
        world.advance("10s").await;
        (written(&world, "tras la búsqueda").await == 1).then_some(())
    })
    .await;
}

/// A mail that the server never gives is told by words in its place, and those behind it come.
#[tokio::test]
async fn a_mail_that_cannot_be_had_keeps_nothing_back() {
    let (world, _) = World::demo_on(SOURCE).await;
    let mailboxes = async |change: Value| world.simulator("POST", "/mailboxes", change).await;
    mailboxes(json!({"put": letter("terca", "no se deja leer"), "withheld": true})).await;
    mailboxes(json!({"put": letter("detras", "la de atrás")})).await;
    until("the one behind comes", || async {
        world.advance("6m").await;
        (written(&world, "la de atrás").await == 1).then_some(())
    })
    .await;
    assert_eq!(written(&world, "no se deja leer").await, 0);
}

/// A mailbox that was quiet for weeks and then numbers its mails anew brings none of them again.
#[tokio::test]
async fn mails_are_known_again_after_weeks() {
    let (world, _) = World::demo_on(SOURCE).await;
    let mailboxes = async |change: Value| world.simulator("POST", "/mailboxes", change).await;
    mailboxes(json!({"put": letter("antigua", "de hace semanas")})).await;
    world.received("the first", |m| m["text"] == "de hace semanas").await;
    world.advance("22d").await;
    mailboxes(json!({"renumber": true})).await;
    mailboxes(json!({"put": letter("nueva", "la de hoy")})).await;
    until("the new one comes", || async {
        world.advance("10s").await;
        (written(&world, "la de hoy").await == 1).then_some(())
    })
    .await;
    assert_eq!(written(&world, "de hace semanas").await, 1);
}

#[tokio::test]
async fn a_mail_that_is_too_large_is_told_and_keeps_nothing_back() {
    let (world, _) = World::demo_on(SOURCE).await;
    let large = json!({"put": letter("grande", "cuarenta y dos fotos"), "size": 44_040_192});
    world.simulator("POST", "/mailboxes", large).await;
    world.simulator("POST", "/mailboxes", json!({"put": letter("chica", "y otra más")})).await;
    world.received("the next one", |m| m["text"] == "y otra más").await;
    let told =
        world.received("the large one", |m| m["text"].as_str().is_some_and(|t| t.contains("of 42 MB"))).await;
    assert_eq!(told["message"]["subject"], "Carta");
    assert_eq!(written(&world, "cuarenta y dos fotos").await, 0);
}

#[tokio::test]
async fn a_mail_that_is_handed_to_the_hook_and_lies_in_the_mailbox_is_one_message() {
    let (world, channel) = World::demo_on(SOURCE).await;
    let listed = world.admin("GET", "/channels", Value::Null).await.json();
    let own = listed["items"].as_array().into_iter().flatten().find(|one| one["id"] == channel.id);
    let hook = own.expect("the channel")["webhookUrl"].as_str().expect("an address").to_owned();
    let hand = async |token: &str| {
        let bearer = format!("Bearer {token}");
        let headers = [("authorization", bearer.as_str()), ("content-type", "message/rfc822")];
        world.http.call("POST", &hook, &headers, letter("mano", "por la puerta")).await.unwrap().status
    };
    assert_eq!(hand("wrong").await, 401);
    assert_eq!(hand("simulator-only-inbound-token").await, 200);
    assert_eq!(written(&world, "por la puerta").await, 1);
    world.simulator("POST", "/mailboxes", json!({"put": letter("mano", "por la puerta")})).await;
    world.simulator("POST", "/mailboxes", json!({"put": letter("fin", "la última")})).await;
    world.received("the last one", |m| m["text"] == "la última").await;
    assert_eq!(written(&world, "por la puerta").await, 1);
}

#[tokio::test]
async fn a_mailbox_that_cannot_be_read_is_told_and_read_again() {
    let (world, channel) = World::demo_on(SOURCE).await;
    let settings = format!("/channels/{}/settings", channel.id);
    for (set, error, words) in [
        (json!({"imap_folder": "Ventas"}), "validation_failed", "no such folder"),
        (
            json!({"imap_username": "x", "imap_password": "sekret-word"}),
            "credentials_refused",
            "imap_username",
        ),
        (json!({"imap_url": "imap://127.0.0.1:9/x"}), "validation_failed", "imap_url"),
        (json!({"imap_url": "https://127.0.0.1:9"}), "validation_failed", "imap://"),
    ] {
        let refused = world.admin("POST", &settings, json!({"set": set})).await;
        assert_eq!((refused.status, &refused.json()["error"]), (400, &json!(error)), "{}", refused.text());
        let text = refused.text();
        assert!(text.contains(words) && !text.contains("sekret-word"), "{text}");
    }
    let mailbox_error = || async {
        let listed = world.admin("GET", "/channels", Value::Null).await.json();
        let own = listed["items"].as_array().cloned().unwrap_or_default();
        own.into_iter().find(|one| one["id"] == channel.id).expect("the channel")["mailboxError"].clone()
    };
    world.fault(SOURCE, json!({"code": 535})).await;
    world
        .simulator("POST", "/mailboxes", json!({"cut": true, "put": letter("espera", "espera su turno")}))
        .await;
    until("it is told", || async {
        world.advance("10s").await;
        mailbox_error()
            .await
            .as_str()
            .is_some_and(|error| error.contains("Invalid credentials"))
            .then_some(())
    })
    .await;
    world.no_faults().await;
    world.advance("6m").await;
    world.received("what waited", |m| m["text"] == "espera su turno").await;
    until("the trouble is over", || async { mailbox_error().await.is_null().then_some(()) }).await;
}

#[tokio::test]
async fn reports_of_mail_servers_find_their_mail() {
    let (world, channel) = World::demo_on(SOURCE).await;
    let report = async |words: &str, action: &str, status: &str| {
        let id = world.sent(&channel, text(words)).await;
        let name = in_mailbox(&world, id, MAILBOX).await["id"].clone();
        let body = json!({"type": "report", "messageId": name, "action": action, "status": status});
        world.simulator("POST", &format!("/phones/{MAILBOX}/messages"), body).await;
        id
    };
    let bounced = report("vuelve", "failed", "5.1.1").await;
    let error = world.reaches(bounced, "failed").await["error"].clone();
    assert_eq!((&error["code"], &error["providerCode"]), (&json!("recipient_unreachable"), &json!(550)));
    let arrived = report("llega", "delivered", "2.0.0").await;
    world.reaches(arrived, "delivered").await;
    let delayed = report("tarda", "delayed", "4.4.1").await;
    assert_eq!(current(&world.message(delayed).await), "sent");
}

#[tokio::test]
async fn refusals_mean_what_their_codes_say() {
    let (world, channel) = World::demo_on(SOURCE).await;
    for (code, error) in [
        (550, "recipient_unreachable"),
        (553, "recipient_unreachable"),
        (552, "provider_refused"),
        (554, "provider_refused"),
    ] {
        world.fault(SOURCE, json!({"code": code})).await;
        let id = world.sent(&channel, text(&format!("rechazo {code}"))).await;
        assert_eq!(world.reaches(id, "failed").await["error"]["code"], error, "{code}");
    }
    for code in [421, 450, 451, 452] {
        world.fault(SOURCE, json!({"code": code})).await;
        let words = format!("más tarde {code}");
        let id = world.sent(&channel, text(&words)).await;
        world.tried(id, "\"retry\"").await;
        world.no_faults().await;
        world.advance("6m").await;
        in_mailbox(&world, id, MAILBOX).await;
        assert_eq!(times(&world, &words).await, 1, "{code}");
    }
    world.simulator("PUT", &format!("/phones/{MAILBOX}"), json!({"blocked": true})).await;
    let id = world.sent(&channel, text("sin buzón")).await;
    assert_eq!(world.reaches(id, "failed").await["error"]["code"], "recipient_unreachable");
}

/// Not every mail server drops doubles: a mail whose answer was lost is a person's to decide about.
#[tokio::test]
async fn a_lost_answer_is_unknown_and_never_submitted_again_by_itself() {
    let (world, channel) = World::demo_on(SOURCE).await;
    for (cut, words, arrived) in [("after", "llegó y nadie lo supo", 1), ("before", "no llegó", 0)] {
        world.fault(SOURCE, json!({"cut": cut})).await;
        let id = world.unknown(&channel, words).await;
        world.no_faults().await;
        world.advance("6m").await;
        // What is sent later goes its way; the one in doubt stays as it is.
        let later = world.sent(&channel, text("después")).await;
        in_mailbox(&world, later, MAILBOX).await;
        assert_eq!((times(&world, words).await, cut), (arrived, cut));
        assert_eq!(world.message(id).await["outcome"], "unknown");
        let resend = format!("/messages/{id}/resolve");
        assert_eq!(world.admin("POST", &resend, json!({"choice": "resend"})).await.status, 200);
        in_mailbox(&world, id, MAILBOX).await;
        // By its Message-ID this mailbox tells that it has it already.
        assert_eq!((times(&world, words).await, cut), (1, cut));
    }
}

#[tokio::test]
async fn a_revoked_login_holds_the_channel_and_a_new_one_lets_it_go_on() {
    let (world, channel) = World::demo_on(SOURCE).await;
    let settings = format!("/channels/{}/settings", channel.id);
    let wrong = world.admin("POST", &settings, json!({"set": {"password": "wrong password"}})).await;
    assert_eq!(
        (wrong.status, &wrong.json()["error"]),
        (400, &json!("credentials_refused")),
        "{}",
        wrong.text()
    );
    assert!(!wrong.text().contains("wrong password"));
    world.fault(SOURCE, json!({"code": 535})).await;
    let id = world.sent(&channel, text("espera su turno")).await;
    until("the channel is held", || async {
        world.admin("GET", "/channels", Value::Null).await.text().contains("\"held\"").then_some(())
    })
    .await;
    world.no_faults().await;
    let accounts = world.simulator("GET", "/accounts", Value::Null).await;
    let own =
        accounts.as_array().into_iter().flatten().find(|a| a["source"] == SOURCE).unwrap()["set"].clone();
    let renewed = world.admin("POST", &settings, json!({"set": {"password": own["password"]}})).await;
    assert_eq!(renewed.status, 200, "{}", renewed.text());
    world.admin("POST", &format!("/channels/{}/resume", channel.id), json!({})).await;
    in_mailbox(&world, id, MAILBOX).await;
    let shown = world.admin("GET", &format!("/messages/{id}"), Value::Null).await.text();
    assert!(!shown.contains("simulator-only-mail-password"), "the password is shown nowhere");
}
