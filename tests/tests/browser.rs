//! A person at work, in a real browser: Messages beside a virtual phone.
//!
//! With `CHASKI_UPDATE_DOCS` set, the pictures of the README are made anew.

use e2e::World;
use e2e::world::{PHONE, Scratch, template};
use fantoccini::wd::Capabilities;
use fantoccini::{Client, ClientBuilder, Locator};
use hyper_util::client::legacy::connect::HttpConnector;
use serde_json::{Value, json};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

/// ChromeDriver on a port of its own, and a browser.
struct Browser {
    driver: Child,
    client: Client,
    _profile: Scratch,
}

impl Browser {
    async fn start() -> Self {
        let port = free_port();
        let driver = Command::new("chromedriver")
            .arg(format!("--port={port}"))
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("chromedriver is installed; ./test installs it");
        let profile = Scratch::new();
        let mut arguments: Vec<String> = [
            "--headless=new",
            "--disable-gpu",
            "--disable-dev-shm-usage",
            "--no-first-run",
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-sync",
            "--hide-scrollbars",
            "--lang=es",
            "--window-size=1440,900",
        ]
        .map(str::to_owned)
        .to_vec();
        // A browser that runs as root, as in a build machine, has no sandbox.
        arguments.push("--no-sandbox".into());
        arguments.push(format!("--user-data-dir={}", profile.0.display()));
        let mut capabilities = Capabilities::new();
        let preferences = json!({"intl.accept_languages": "es"});
        capabilities.insert("goog:chromeOptions".into(), json!({"args": arguments, "prefs": preferences}));
        let url = format!("http://127.0.0.1:{port}");
        let client = e2e::until("the browser starts", || async {
            let mut builder = ClientBuilder::new(HttpConnector::new());
            builder.capabilities(capabilities.clone()).connect(&url).await.ok()
        })
        .await;
        Self { driver, client, _profile: profile }
    }

    async fn open(&self, url: &str) {
        self.client.goto(url).await.unwrap_or_else(|e| panic!("{url}: {e}"));
    }

    /// Waits until an element is there.
    async fn sees(&self, css: &str) -> fantoccini::elements::Element {
        let found = self.client.wait().at_most(Duration::from_secs(40)).for_element(Locator::Css(css)).await;
        match found {
            Ok(element) => element,
            Err(error) => {
                let page = self.client.source().await.unwrap_or_default();
                panic!("{css} is not there: {error}\n{}", e2e::inbox::text_of(&page))
            }
        }
    }

    /// Waits until an element shows a text. Live updates replace elements, so none is held on to.
    async fn reads(&self, css: &str, wanted: &str) {
        let script = "const e = document.querySelector(arguments[0]); return e ? e.textContent : ''";
        e2e::until(&format!("{css} shows {wanted:?}"), || async {
            let text = self.client.execute(script, vec![json!(css)]).await.ok()?;
            text.as_str().is_some_and(|text| text.contains(wanted)).then_some(())
        })
        .await;
    }

    async fn size(&self, width: u32, height: u32) {
        self.client.set_window_size(width, height).await.expect("the window has a size");
    }

    async fn theme(&self, dark: bool) {
        let value = if dark { "dark" } else { "light" };
        let script = "document.documentElement.dataset.theme = arguments[0]";
        self.client.execute(script, vec![json!(value)]).await.expect("a script runs");
    }

    /// Keeps a picture: for the documentation if it is being made anew, else beside the test.
    async fn picture(&self, name: &str) {
        let png = self.client.screenshot().await.expect("a screenshot");
        assert!(png.len() > 5000, "the picture {name} shows something");
        let folder = match std::env::var_os("CHASKI_UPDATE_DOCS") {
            Some(_) => {
                Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the workspace").join("docs/img")
            }
            None => std::env::temp_dir().join("chaski-pictures"),
        };
        std::fs::create_dir_all(&folder).expect("a folder");
        std::fs::write(folder.join(format!("{name}.png")), png).expect("the picture is kept");
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        let _ = self.driver.kill();
        let _ = self.driver.wait();
    }
}

fn free_port() -> u16 {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
    listener.local_addr().expect("its number").port()
}

async fn signed_in(world: &World) -> Browser {
    let browser = Browser::start().await;
    browser.open(world.sign_in_link()).await;
    browser.sees("form#sign-in button").await.click().await.expect("a click");
    browser.sees("main").await;
    browser
}

fn delivery(text: &str) -> Value {
    let value = |text: &str| json!({"type": "text", "text": text});
    template(
        "delivery_order",
        "en",
        json!([
            {"type": "header", "format": "image", "parameters": [{"type": "image", "image": {"link": "https://picsum.photos/200/300"}}]},
            {"type": "body", "text": text, "parameters": [value("Ana"), value("0419")]},
            {"type": "buttons", "buttons": [
                {"type": "url", "text": "Seguimiento de su paquete", "url": "https://www.ecuabots.com/"},
                {"type": "phone_number", "text": "Servicio al cliente", "phone_number": "+593997333444"},
            ]},
        ]),
    )
}

const NEAR: &str = "Hola, {{1}} tu pedido {{2}} está en camino. Para realizar un seguimiento de su entrega, \
    simplemente haga clic en el enlace para ver las actualizaciones del socio de entrega.";

#[tokio::test]
async fn a_person_follows_a_message_from_the_api_to_the_phone_and_back() {
    let world = World::demo().await;
    let channel = world.channel("360dialog_whatsapp");
    let browser = signed_in(&world).await;
    browser.open(&format!("{}/messages/123", world.web_url())).await;
    browser.sees("form#reply").await;
    let refused = world.send(&channel, template("account100", "es", json!([]))).await;
    let refused = refused.json()["messageId"].as_i64().expect("recorded");
    browser.reads(&format!("article[data-message-id='{refused}'][data-status=failed]"), "132000").await;

    let id = world.sent(&channel, delivery(NEAR)).await;
    browser.sees(&format!("article[data-message-id='{id}'][data-status=delivered]")).await;
    browser.sees(&format!("article[data-message-id='{id}'][data-mark=api_text_differed]")).await;

    let messages = browser.client.window().await.expect("a window");
    let phone = browser.client.new_window(false).await.expect("a second window").handle;
    browser.client.switch_to_window(phone.clone()).await.expect("the phone's window");
    browser.open(&format!("{}/phones/{PHONE}", world.simulator_url())).await;
    browser.reads("article[data-direction=outbound] button[data-button-index='0']", "Seguimiento").await;
    let box_ = browser.sees("form#reply textarea[name=text]").await;
    box_.send_keys("¡Gracias! ¿Puedo cambiar la dirección?").await.expect("typing");
    let send = browser
        .client
        .find(Locator::Css("form#reply button[type=submit], form#reply button:not([type])"))
        .await;
    send.expect("a button").click().await.expect("a click");
    browser.sees("article[data-direction=inbound]:last-of-type").await;

    browser.client.switch_to_window(messages.clone()).await.expect("the window of Messages");
    browser.sees(&format!("article[data-message-id='{id}'][data-status=read]")).await;
    e2e::until("the answer of the phone is in Messages", || async {
        let page = browser.client.source().await.ok()?;
        page.contains("¿Puedo cambiar la dirección?").then_some(())
    })
    .await;
    let reply = browser.sees("form#reply textarea[name=text]").await;
    reply.send_keys("Claro, dime la nueva.").await.expect("typing");
    let send = browser.client.find(Locator::Css("form#reply button[type=submit]")).await;
    send.expect("a button").click().await.expect("a click");
    e2e::until("the reply is on the phone", || async {
        world.phone(PHONE).await.iter().any(|m| m["body"] == "Claro, dime la nueva.").then_some(())
    })
    .await;
    e2e::until("the reply has arrived in Messages", || async {
        let page = browser.client.source().await.ok()?;
        // The phone lies open, so it may be read at once.
        let arrived = |a: &str| a.contains("data-status=\"delivered\"") || a.contains("data-status=\"read\"");
        page.split("<article").any(|a| a.contains("Claro, dime la nueva.") && arrived(a)).then_some(())
    })
    .await;
    browser.open(&format!("{}/messages/123", world.web_url())).await;
    pictures(&browser, &world, id, phone).await;
}

async fn pictures(browser: &Browser, world: &World, id: i64, phone: fantoccini::wd::WindowHandle) {
    browser.size(1440, 900).await;
    browser.sees("form#reply").await;
    browser.theme(false).await;
    browser.picture("messages-light").await;
    browser.theme(true).await;
    browser.picture("messages-dark").await;
    browser.theme(false).await;
    browser.open(&format!("{}/messages/123/{id}", world.web_url())).await;
    let page = browser.client.source().await.expect("the page");
    let text = e2e::inbox::text_of(&page);
    assert!(text.contains("para ver"), "the difference shows what was sent: {text}");
    for step in ["360dialog", "200"] {
        assert!(text.contains(step), "the timeline tells {step}: {text}");
    }
    browser.theme(false).await;
    browser.picture("message-detail").await;
    browser.size(390, 844).await;
    browser.open(&format!("{}/messages/123", world.web_url())).await;
    browser.theme(false).await;
    let wide =
        browser.client.execute("return document.documentElement.scrollWidth", vec![]).await.expect("a width");
    let inner = browser.client.execute("return window.innerWidth", vec![]).await.expect("a width");
    assert!(wide.as_i64() <= inner.as_i64(), "nothing sticks out at 390 px: {wide} > {inner}");
    browser.picture("messages-narrow").await;
    browser.client.switch_to_window(phone).await.expect("the phone's window");
    browser.size(420, 900).await;
    browser.picture("phone").await;
}

#[tokio::test]
async fn what_happened_while_the_page_was_away_appears_once() {
    let world = World::demo().await;
    let channel = world.channel("whatsapp_cloud");
    let browser = signed_in(&world).await;
    browser.open(&format!("{}/messages/123", world.web_url())).await;
    browser.sees("form#reply").await;
    let mut ids = Vec::new();
    for n in 0..3 {
        let id = world.sent(&channel, json!({"type": "text", "text": format!("en vivo {n}")})).await;
        ids.push(id);
    }
    for id in &ids {
        browser.sees(&format!("article[data-message-id='{id}'][data-status=delivered]")).await;
    }
    for id in ids {
        let css = format!("article[data-message-id='{id}']");
        let found = browser.client.find_all(Locator::Css(&css)).await.expect("a list");
        assert_eq!(found.len(), 1);
    }
}

/// Nothing of a page is wider than the window.
async fn fits(browser: &Browser) {
    let script = "return document.documentElement.scrollWidth - window.innerWidth";
    let beyond = browser.client.execute(script, vec![]).await.expect("a width");
    assert!(beyond.as_i64() <= Some(0), "{beyond} pixels stick out");
}

/// Presses a button by keyboard alone, as it is reached without a pointer.
async fn press(browser: &Browser, css: &str) {
    let script =
        "const e = document.querySelector(arguments[0]); e.focus(); return document.activeElement === e";
    let focused = browser.client.execute(script, vec![json!(css)]).await.expect("a script runs");
    assert_eq!(focused, json!(true), "{css} takes the focus");
    browser.sees(css).await.send_keys("\u{e007}").await.expect("a key");
}

/// A picture of some size, drawn by the browser.
async fn drawn(browser: &Browser) -> String {
    let script = "const c = document.createElement('canvas'); c.width = 640; c.height = 420;
        const x = c.getContext('2d'), g = x.createLinearGradient(0, 0, 640, 420);
        g.addColorStop(0, '#0B6E5B'); g.addColorStop(1, '#F0925A'); x.fillStyle = g; x.fillRect(0, 0, 640, 420);
        return c.toDataURL('image/png').split(',')[1]";
    let drawn = browser.client.execute(script, vec![]).await.expect("a script runs");
    drawn.as_str().expect("a picture").to_owned()
}

#[tokio::test]
async fn what_a_contact_sends_is_seen_heard_saved_or_said_to_be_lost() {
    let world = World::demo().await;
    let browser = signed_in(&world).await;
    browser.open(&format!("{}/messages/123", world.web_url())).await;
    browser.sees("form#reply").await;
    let says = async |kind: &str, more: Value| {
        let mut wanted = json!({"type": kind, "provider": "360dialog_whatsapp"});
        wanted.as_object_mut().expect("an object").extend(more.as_object().cloned().unwrap_or_default());
        world.simulator("POST", &format!("/phones/{PHONE}/messages"), wanted).await;
    };
    // Live: the bubble comes, and then its picture.
    says("image", json!({"content": drawn(&browser).await, "caption": "El paquete llegó así"})).await;
    browser.sees("article .seen img").await;
    let width = "return document.querySelector('article .seen img').naturalWidth";
    e2e::until("the picture is shown", || async {
        (browser.client.execute(width, vec![]).await.ok()? == json!(640)).then_some(())
    })
    .await;
    says("audio", json!({})).await;
    browser
        .sees("article .heard audio[controls][aria-label='Nota de voz'], article .heard[data-broken]")
        .await;
    says("document", json!({"filename": "Factura 0419.pdf"})).await;
    browser.sees("article a[download='Factura 0419.pdf']").await;
    // A picture that is none to the browser, though it begins like one.
    says("image", json!({"content": "iVBORw0KGgo="})).await;
    browser.reads("article .seen[data-broken] .broken", "No se pudo mostrar").await;
    world.simulator("PUT", "/faults", json!([{"when": {"media": true}, "do": {"httpStatus": 404}}])).await;
    says("video", json!({"caption": "Mira"})).await;
    browser.reads("article:last-of-type .b-attachment", "El proveedor aún no lo tiene").await;
    says("document", json!({"size": 1, "filename": "contrato.docx"})).await;
    browser.reads("article:last-of-type .b-attachment", "contrato.docx").await;
    for (name, width, dark) in
        [("media-light", 1440, false), ("media-dark", 1440, true), ("media-narrow", 390, false)]
    {
        browser.size(width, 1500).await;
        browser.theme(dark).await;
        fits(&browser).await;
        browser.picture(name).await;
    }
    browser.size(1440, 1200).await;
    world.simulator("PUT", "/faults", json!([])).await;
    press(&browser, "article form[action$='/media'] button").await;
    browser.sees("article .seen video[controls], article .seen[data-broken]").await;
}

#[tokio::test]
async fn a_person_settles_in_delivery_what_is_held_unknown_or_failed() {
    let world = World::demo().await;
    let (d360, cloud) = (world.channel("360dialog_whatsapp"), world.channel("whatsapp_cloud"));
    let text = |text: &str| json!({"type": "text", "text": text});
    world.fault(&d360.source, json!({"code": 131_026})).await;
    let failed = [world.sent(&d360, text("no llega")).await, world.sent(&d360, text("tampoco")).await];
    for id in failed {
        world.reaches(id, "failed").await;
    }
    world.fault(&d360.source, json!({"cut": "before"})).await;
    let unknown = world.sent(&d360, text("quién sabe")).await;
    e2e::until("the outcome is unknown", || async {
        (world.message(unknown).await["outcome"] == "unknown").then_some(())
    })
    .await;
    world.fault(&cloud.source, json!({"code": 190})).await;
    let waiting = world.sent(&cloud, text("espera")).await;
    let browser = signed_in(&world).await;
    let place = format!("{}/delivery", world.web_url());
    e2e::until("the channel is held", || async {
        browser.open(&place).await;
        browser.client.source().await.ok()?.contains("data-state=\"held\"").then_some(())
    })
    .await;
    browser.sees(&format!("li[data-unknown='{unknown}']")).await;
    browser.sees("li[data-messages='2']").await;
    for (name, width, dark) in
        [("delivery-light", 1440, false), ("delivery-dark", 1440, true), ("delivery-narrow", 390, false)]
    {
        browser.size(width, 1200).await;
        browser.theme(dark).await;
        fits(&browser).await;
        browser.picture(name).await;
    }
    world.simulator("PUT", "/faults", json!([])).await;
    press(&browser, "li[data-messages='2'] button[value=replay]").await;
    browser.reads("p.told", "2 mensajes se vuelven a enviar").await;
    for id in failed {
        world.reaches(id, "delivered").await;
    }
    press(&browser, &format!("li[data-unknown='{unknown}'] button[value=resend]")).await;
    browser.reads("p.told", "Tu decisión").await;
    world.reaches(unknown, "delivered").await;
    press(&browser, "li[data-state=held] button").await;
    browser.reads("p.told", "se reanudó").await;
    world.reaches(waiting, "delivered").await;
    browser.open(&place).await;
    browser.reads("main", "No hay mensajes fallidos").await;
    browser.reads("main", "No hay resultados desconocidos").await;
    // And where the message itself is.
    world.fault(&d360.source, json!({"code": 131_026})).await;
    let again = world.sent(&d360, text("otra vez")).await;
    world.reaches(again, "failed").await;
    world.simulator("PUT", "/faults", json!([])).await;
    browser.open(&format!("{}/messages/123", world.web_url())).await;
    press(&browser, &format!("article[data-message-id='{again}'] form[action$=replay] button")).await;
    browser.sees(&format!("article[data-message-id='{again}'][data-status=delivered]")).await;
    browser.open(&format!("{}/messages/123/{again}", world.web_url())).await;
    browser.reads("#drawer", "Enviado de nuevo por").await;
}

/// A channel is connected by its form: what the provider refuses is said there, and nothing of it is kept.
#[tokio::test]
async fn a_person_connects_a_channel() {
    let world = World::demo().await;
    let browser = signed_in(&world).await;
    let accounts = world.simulator("GET", "/accounts", Value::Null).await;
    let mut own = accounts.as_array().into_iter().flatten().filter(|account| account["source"] == "viber");
    let set = own.next_back().expect("Viber has an account")["set"].clone();
    let before = world.admin("GET", "/channels", Value::Null).await.json()["items"].clone();
    browser.open(&format!("{}/channels", world.web_url())).await;
    press(&browser, "a[href='/channels/add']").await;
    press(&browser, "a[href='/channels/add/viber']").await;
    fits(&browser).await;
    let write = async |key: &str, value: &str| {
        let field = browser.sees(&format!("[name='{key}']")).await;
        field.clear().await.expect("it is cleared");
        field.send_keys(value).await.expect("it is written");
    };
    press(&browser, "form.connect summary").await;
    write("name", "Viber de prueba").await;
    write("set.base_url", set["base_url"].as_str().expect("a text")).await;
    write("set.auth_token", "a-token-that-is-wrong-0001").await;
    press(&browser, "form.connect button[type=submit]").await;
    browser.reads("form.connect .failure", "Viber no acepta el token del bot").await;
    assert_eq!(world.admin("GET", "/channels", Value::Null).await.json()["items"], before, "nothing is kept");
    write("set.auth_token", set["auth_token"].as_str().expect("a text")).await;
    press(&browser, "form.connect button[type=submit]").await;
    browser.reads("main", "Viber de prueba está conectado").await;
    press(&browser, "main a[href='/channels']").await;
    browser.reads("main .cards", "Viber de prueba").await;
}
