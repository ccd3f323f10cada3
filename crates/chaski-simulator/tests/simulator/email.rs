//! The mail server's answers, line by line, and what it hands on.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::TcpStream;

use crate::support::{Receiver, World};

const EMAIL: &str = "other_email";
const MAILBOX: &str = "ana@ejemplo.ec";
const LETTER: &str = "From: soporte@ecuabots.example\r\nTo: ana@ejemplo.ec\r\nSubject: Hola\r\nMessage-ID: <1@ecuabots.example>\r\n\r\nuno\r\n..dos\r\n.";

struct Client(BufReader<TcpStream>);

impl Client {
    async fn open(world: &World) -> Self {
        let url = world.set(EMAIL, "smtp_url");
        let stream = TcpStream::connect(url.strip_prefix("smtp://").unwrap()).await.unwrap();
        let mut client = Self(BufReader::new(stream));
        assert!(client.answer().await.starts_with("220 "));
        client
    }

    /// The last line of an answer; empty once the server has left.
    async fn answer(&mut self) -> String {
        loop {
            let mut line = String::new();
            self.0.read_line(&mut line).await.unwrap();
            if line.as_bytes().get(3) != Some(&b'-') {
                return line.trim_end().to_owned();
            }
        }
    }

    async fn say(&mut self, words: &str) -> String {
        self.0.get_mut().write_all(format!("{words}\r\n").as_bytes()).await.unwrap();
        self.answer().await
    }

    async fn log_in(&mut self, world: &World, password: &str) -> String {
        let plain = STANDARD.encode(format!("\0{}\0{password}", world.set(EMAIL, "username")));
        self.say(&format!("AUTH PLAIN {plain}")).await
    }

    async fn submit(&mut self, to: &str) -> String {
        assert!(self.say("MAIL FROM:<soporte@ecuabots.example>").await.starts_with("250"));
        let refused = self.say(&format!("RCPT TO:<{to}>")).await;
        if !refused.starts_with("250") {
            return refused;
        }
        assert!(self.say("DATA").await.starts_with("354"));
        self.say(LETTER).await
    }
}

async fn logged_in(world: &World) -> Client {
    let mut client = Client::open(world).await;
    assert!(client.say("EHLO ecuabots.example").await.starts_with("250 AUTH"));
    let password = world.set(EMAIL, "password");
    assert!(client.log_in(world, &password).await.starts_with("235 2.7.0"));
    client
}

#[tokio::test]
async fn a_mail_lies_in_its_mailbox_once() {
    let world = World::start().await;
    let mut client = logged_in(&world).await;
    for _ in 0..2 {
        assert!(client.submit("Ana@Ejemplo.ec").await.starts_with("250 2.0.0 Ok: queued"));
    }
    let mails = world.messages(MAILBOX).await;
    assert_eq!(mails.len(), 1);
    assert_eq!((&mails[0]["header"], &mails[0]["body"]), (&json!("Hola"), &json!("uno\n.dos")));
    assert_eq!((&mails[0]["id"], &mails[0]["type"]), (&json!("<1@ecuabots.example>"), &json!("email")));
    let page = world.get(&format!("/phones/{MAILBOX}")).await;
    assert_eq!(page.status, 200);
    assert!(client.say("QUIT").await.starts_with("221"));
}

#[tokio::test]
async fn nothing_is_taken_without_a_login_or_out_of_order() {
    let world = World::start().await;
    let mut client = Client::open(&world).await;
    assert!(client.say("MAIL FROM:<a@x.ec>").await.starts_with("530 5.7.0"));
    assert!(client.log_in(&world, "wrong").await.starts_with("535 5.7.8"));
    let password = world.set(EMAIL, "password");
    assert!(client.log_in(&world, &password).await.starts_with("235"));
    assert!(client.say("RCPT TO:<ana@ejemplo.ec>").await.starts_with("503"));
    assert!(client.say("DATA").await.starts_with("503"));
    assert!(client.submit("nobody").await.starts_with("553 5.1.3"));
    assert!(client.say("NONSENSE").await.starts_with("502"));
    assert!(client.say("RSET").await.starts_with("250"));
}

#[tokio::test]
async fn refusals_on_purpose_have_their_codes() {
    let world = World::start().await;
    for (code, words) in [(450, "450 4.2.0"), (550, "550 5.1.1"), (554, "554 5.7.1"), (421, "421 4.3.2")] {
        let rule = json!([{"when": {"provider": EMAIL, "recipient": MAILBOX}, "do": {"code": code}}]);
        world.put("/sim/v1/faults", rule).await;
        let said = logged_in(&world).await.submit(MAILBOX).await;
        assert!(said.starts_with(words), "{said}");
    }
    world.put("/sim/v1/faults", json!([{"do": {"cut": "after"}}])).await;
    assert_eq!(logged_in(&world).await.submit(MAILBOX).await, "", "no answer");
    assert_eq!(world.messages(MAILBOX).await.len(), 1, "and yet it is there");
    world.put("/sim/v1/faults", json!([{"do": {"code": 535}}])).await;
    let mut client = Client::open(&world).await;
    assert!(client.log_in(&world, &world.set(EMAIL, "password")).await.starts_with("535"));
}

#[tokio::test]
async fn what_a_person_writes_is_handed_on_as_it_is() {
    let receiver = Receiver::start().await;
    let world = World::start().await;
    world.hook(EMAIL, &receiver).await;
    logged_in(&world).await.submit(MAILBOX).await;
    world.says(MAILBOX, EMAIL, "sí, gracias").await;
    let mail = receiver.until("a mail", |hooks| hooks.first().cloned()).await;
    assert_eq!(mail.headers["content-type"], "message/rfc822");
    assert_eq!(mail.headers["authorization"], format!("Bearer {}", world.set(EMAIL, "inbound_token")));
    let text = String::from_utf8(mail.bytes.to_vec()).unwrap();
    assert!(
        text.contains("In-Reply-To: <1@ecuabots.example>\r\n") && text.contains("Subject: Re: Hola\r\n"),
        "{text}"
    );
    assert!(text.contains(&STANDARD.encode("sí, gracias")), "{text}");
}
