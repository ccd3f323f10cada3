//! Twilio's Message resource, in the documented form.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::Method;
use tokio::time::timeout;

use crate::support::{ANA, World};

const SMS: &str = "twilio";
const PATIENCE: std::time::Duration = std::time::Duration::from_secs(30);

#[tokio::test]
async fn a_message_can_be_asked_for_and_tells_how_far_it_came() {
    let world = World::start().await;
    let (sid, token) = (world.set(SMS, "account_sid"), world.set(SMS, "auth_token"));
    let authorization = format!("Basic {}", STANDARD.encode(format!("{sid}:{token}")));
    let headers =
        [("authorization", authorization.as_str()), ("content-type", "application/x-www-form-urlencoded")];
    let root = format!("{}/2010-04-01/Accounts/{sid}/Messages", world.set(SMS, "base_url"));
    let mut form = url::form_urlencoded::Serializer::new(String::new());
    form.append_pair("From", &world.set(SMS, "from")).append_pair("To", ANA).append_pair("Body", "hola");
    let body = form.finish().into_bytes().into();
    let made = world.try_call(Method::POST, &format!("{root}.json"), &headers, body).await.unwrap();
    assert_eq!((made.status, &made.json["status"]), (201, &"queued".into()), "{}", made.json);
    assert!(made.json["date_created"].as_str().is_some_and(|at| at.ends_with(" +0000")), "{}", made.json);
    assert!(made.json["date_sent"].is_null());
    world.sees(ANA, "hola").await;

    let name = made.json["sid"].as_str().unwrap();
    let read = async |name: &str| {
        world
            .try_call(Method::GET, &format!("{root}/{name}.json"), &headers, Default::default())
            .await
            .unwrap()
    };
    let arrived = async {
        loop {
            let found = read(name).await;
            if found.json["status"] == "delivered" {
                return found;
            }
        }
    };
    let found = timeout(PATIENCE, arrived).await.expect("it is delivered in time");
    assert_eq!((&found.json["body"], &found.json["sid"]), (&"hola".into(), &name.into()));
    assert!(found.json["date_sent"].is_string());
    assert_eq!(read("SM00000000000000000000000000000000").await.status, 404);
}
