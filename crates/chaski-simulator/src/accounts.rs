//! The accounts that exist at each provider: fixed, so that everyone's tests can rely on them.
//!
//! Every secret here is made up and opens nothing but a simulator.

use serde_json::{Map, Value, json};

use crate::providers::vonage::sms::is_classic;
use crate::sim::MailUrls;
use crate::source::Source;

/// One number at one provider, with what a caller needs to use it.
#[derive(Debug)]
pub(crate) struct Account {
    pub(crate) source: Source,
    /// The word by which the control API tells several accounts of a source apart.
    pub(crate) name: &'static str,
    /// The verified name that phones show.
    pub(crate) business: &'static str,
    /// The number in international form, digits alone; a bot's or an account's name elsewhere.
    pub(crate) number: &'static str,
    pub(crate) phone_number_id: &'static str,
    pub(crate) waba_id: &'static str,
    pub(crate) credential: Credential,
}

/// What proves to a provider who calls, and what it signs its webhooks with.
#[derive(Debug)]
pub(crate) enum Credential {
    Cloud {
        access_token: &'static str,
        app_secret: &'static str,
        verify_token: &'static str,
    },
    Dialog360 {
        api_key: &'static str,
    },
    Vonage {
        application_id: &'static str,
        api_key: &'static str,
        api_secret: &'static str,
        signature_secret: &'static str,
    },
    Telegram {
        token: &'static str,
    },
    Twilio {
        account_sid: &'static str,
        auth_token: &'static str,
    },
    Custom {
        api_token: &'static str,
    },
    Viber {
        auth_token: &'static str,
    },
    Line {
        access_token: &'static str,
        channel_secret: &'static str,
    },
    /// Messenger or Instagram; an Instagram account is linked to a Page.
    Messaging {
        page_id: &'static str,
        access_token: &'static str,
        app_secret: &'static str,
        verify_token: &'static str,
    },
    Mailbox {
        username: &'static str,
        password: &'static str,
        inbound_token: &'static str,
    },
}

/// The place of an account in [`ACCOUNTS`].
pub(crate) type AccountId = usize;

const CLOUD_APP: Credential = Credential::Cloud {
    access_token: "EAASimulatorOnlyToken0000000000000000000000000000000000000000",
    app_secret: "simulator-only-app-secret",
    verify_token: "simulator-only-verify-token",
};

const fn messaging(page_id: &'static str, access_token: &'static str) -> Credential {
    Credential::Messaging {
        page_id,
        access_token,
        app_secret: "simulator-only-app-secret",
        verify_token: "simulator-only-verify-token",
    }
}

const fn vonage(application_id: &'static str) -> Credential {
    Credential::Vonage {
        application_id,
        api_key: "a1b2c3d4",
        api_secret: "SimulatorOnly1",
        signature_secret: "simulator-only-signature-secret-0123456789",
    }
}

const fn twilio(account_sid: &'static str) -> Credential {
    Credential::Twilio { account_sid, auth_token: "simulatoronlyauthtoken0123456789" }
}

const fn mailbox(username: &'static str) -> Credential {
    Credential::Mailbox {
        username,
        password: "simulator-only-mail-password",
        inbound_token: "simulator-only-inbound-token",
    }
}

/// All accounts; the first of a source is the one meant where only the provider is named.
pub(crate) static ACCOUNTS: [Account; 26] = [
    Account {
        source: Source::Dialog360,
        name: "360dialog_whatsapp",
        business: "Ecuabots",
        number: "15550360360",
        phone_number_id: "360540352242901",
        waba_id: "360290129340391",
        credential: Credential::Dialog360 { api_key: "simulator_only_d360_key_1" },
    },
    Account {
        source: Source::Dialog360,
        name: "360dialog_whatsapp-2",
        business: "Ecuabots Quito",
        number: "15550360361",
        phone_number_id: "360540352242902",
        waba_id: "360290129340392",
        credential: Credential::Dialog360 { api_key: "simulator_only_d360_key_2" },
    },
    Account {
        source: Source::Vonage,
        name: "nexmo_whatsapp",
        business: "Ecuabots",
        number: "447700900001",
        phone_number_id: "447540352242901",
        waba_id: "447290129340391",
        credential: vonage("aaaaaaaa-bbbb-4ccc-8ddd-0123456789ab"),
    },
    Account {
        source: Source::Vonage,
        name: "nexmo_whatsapp-2",
        business: "Ecuabots Quito",
        number: "447700900002",
        phone_number_id: "447540352242902",
        waba_id: "447290129340392",
        credential: vonage("aaaaaaaa-bbbb-4ccc-8ddd-0123456789ac"),
    },
    Account {
        source: Source::Cloud,
        name: "whatsapp_cloud",
        business: "Ecuabots",
        number: "15550783881",
        phone_number_id: "106540352242922",
        waba_id: "102290129340398",
        credential: CLOUD_APP,
    },
    Account {
        source: Source::Cloud,
        name: "whatsapp_cloud-2",
        business: "Ecuabots Quito",
        number: "15550783882",
        phone_number_id: "106540352242923",
        waba_id: "102290129340399",
        credential: CLOUD_APP,
    },
    Account {
        source: Source::Telegram,
        name: "telegram",
        business: "Ecuabots",
        number: "ecuabots_bot",
        phone_number_id: "7001234567",
        waba_id: "",
        credential: Credential::Telegram { token: "7001234567:SimulatorOnlyToken-AAAAAAAAAAAAAAAA" },
    },
    Account {
        source: Source::Telegram,
        name: "telegram-2",
        business: "Ecuabots Quito",
        number: "ecuabots_quito_bot",
        phone_number_id: "7001234568",
        waba_id: "",
        credential: Credential::Telegram { token: "7001234568:SimulatorOnlyToken-BBBBBBBBBBBBBBBB" },
    },
    Account {
        source: Source::TwilioWhatsapp,
        name: "twilio_whatsapp",
        business: "Ecuabots",
        number: "15550991001",
        phone_number_id: "XE00000000000000000000000000000001",
        waba_id: "AC00000000000000000000000000000001",
        credential: twilio("AC00000000000000000000000000000001"),
    },
    Account {
        source: Source::TwilioWhatsapp,
        name: "twilio_whatsapp-2",
        business: "Ecuabots Quito",
        number: "15550991002",
        phone_number_id: "XE00000000000000000000000000000002",
        waba_id: "AC00000000000000000000000000000002",
        credential: twilio("AC00000000000000000000000000000002"),
    },
    Account {
        source: Source::TwilioSms,
        name: "twilio",
        business: "Ecuabots",
        number: "15550993001",
        phone_number_id: "PN00000000000000000000000000000001",
        waba_id: "",
        credential: twilio("AC00000000000000000000000000000001"),
    },
    Account {
        source: Source::TwilioSms,
        name: "twilio-2",
        business: "Ecuabots Quito",
        number: "15550993002",
        phone_number_id: "PN00000000000000000000000000000002",
        waba_id: "",
        credential: twilio("AC00000000000000000000000000000002"),
    },
    Account {
        source: Source::Viber,
        name: "viber",
        business: "Ecuabots",
        number: "ecuabots",
        phone_number_id: "pa:75346594275468546724",
        waba_id: "",
        credential: Credential::Viber { auth_token: "445da6az1s345z78-simulator-only-token-0000000000" },
    },
    Account {
        source: Source::Line,
        name: "line",
        business: "Ecuabots",
        number: "ecuabots",
        phone_number_id: "U216216216216216216216216216216ab",
        waba_id: "",
        credential: Credential::Line {
            access_token: "SimulatorOnlyLineToken+0000000000000000000000000000=",
            channel_secret: "51ec3e7051ec3e7051ec3e7051ec3e70",
        },
    },
    Account {
        source: Source::Viber,
        name: "viber-2",
        business: "Ecuabots Quito",
        number: "ecuabotsquito",
        phone_number_id: "pa:75346594275468546725",
        waba_id: "",
        credential: Credential::Viber { auth_token: "445da6az1s345z78-simulator-only-token-0000000001" },
    },
    Account {
        source: Source::Line,
        name: "line-2",
        business: "Ecuabots Quito",
        number: "ecuabotsquito",
        phone_number_id: "U216216216216216216216216216216ac",
        waba_id: "",
        credential: Credential::Line {
            access_token: "SimulatorOnlyLineToken+0000000000000000000000000001=",
            channel_secret: "51ec3e7051ec3e7051ec3e7051ec3e71",
        },
    },
    Account {
        source: Source::Messenger,
        name: "facebook",
        business: "Ecuabots",
        number: "ecuabots",
        phone_number_id: "682498302938465",
        waba_id: "",
        credential: messaging("682498302938465", "EAAGSimulatorOnlyPageToken00000000000000000001"),
    },
    Account {
        source: Source::Messenger,
        name: "facebook-2",
        business: "Ecuabots Quito",
        number: "ecuabots.quito",
        phone_number_id: "682498302938466",
        waba_id: "",
        credential: messaging("682498302938466", "EAAGSimulatorOnlyPageToken00000000000000000002"),
    },
    Account {
        source: Source::Instagram,
        name: "instagram",
        business: "Ecuabots",
        number: "ecuabots.ec",
        phone_number_id: "17841405793187218",
        waba_id: "",
        credential: messaging("682498302938475", "EAAGSimulatorOnlyInstagramToken000000000000001"),
    },
    Account {
        source: Source::Instagram,
        name: "instagram-2",
        business: "Ecuabots Quito",
        number: "ecuabots.quito",
        phone_number_id: "17841405793187219",
        waba_id: "",
        credential: messaging("682498302938476", "EAAGSimulatorOnlyInstagramToken000000000000002"),
    },
    Account {
        source: Source::VonageSms,
        name: "nexmo",
        business: "Ecuabots",
        number: "447700900101",
        phone_number_id: "",
        waba_id: "",
        credential: vonage("aaaaaaaa-bbbb-4ccc-8ddd-0123456789ad"),
    },
    Account {
        source: Source::VonageSms,
        name: "nexmo-2",
        business: "Ecuabots Quito",
        number: "447700900102",
        phone_number_id: "",
        waba_id: "",
        credential: vonage("aaaaaaaa-bbbb-4ccc-8ddd-0123456789ae"),
    },
    Account {
        source: Source::Custom,
        name: "custom_channel",
        business: "Ecuabots",
        number: "chat",
        phone_number_id: "gfd8g7fd89dgfd",
        waba_id: "",
        credential: Credential::Custom { api_token: "simulator-only-custom-token-0001" },
    },
    Account {
        source: Source::Custom,
        name: "custom_channel-2",
        business: "Ecuabots Quito",
        number: "chat-quito",
        phone_number_id: "gfd8g7fd89dgfe",
        waba_id: "",
        credential: Credential::Custom { api_token: "simulator-only-custom-token-0002" },
    },
    Account {
        source: Source::Email,
        name: "other_email",
        business: "Ecuabots",
        number: "soporte@ecuabots.example",
        phone_number_id: "",
        waba_id: "",
        credential: mailbox("soporte@ecuabots.example"),
    },
    Account {
        source: Source::Email,
        name: "other_email-2",
        business: "Ecuabots Quito",
        number: "quito@ecuabots.example",
        phone_number_id: "",
        waba_id: "",
        credential: mailbox("quito@ecuabots.example"),
    },
];

impl Account {
    /// What people write to: a number, or a bot's name.
    pub(crate) fn handle(&self) -> String {
        match self.source {
            Source::Telegram | Source::Line | Source::Instagram => format!("@{}", self.number),
            Source::Custom | Source::Email | Source::Viber => self.number.to_owned(),
            Source::Messenger => format!("m.me/{}", self.number),
            _ => format!("+{}", self.number),
        }
    }
}

/// The account at a place; places come only from this module and from snapshots checked on reading.
pub(crate) fn account(id: AccountId) -> &'static Account {
    &ACCOUNTS[id % ACCOUNTS.len()]
}

/// The first account that satisfies a condition.
pub(crate) fn find(wanted: impl Fn(&Account) -> bool) -> Option<AccountId> {
    ACCOUNTS.iter().position(wanted)
}

/// The account meant by a word: its name, phone number id, WABA id or number.
pub(crate) fn named(source: Source, word: &str) -> Option<AccountId> {
    let digits = word.trim_start_matches(['+', '@']);
    find(|a| {
        a.source == source
            && [a.name, a.phone_number_id, a.waba_id, a.number]
                .iter()
                .any(|known| !known.is_empty() && (*known == word || *known == digits))
    })
}

/// The account used where only the provider is named.
pub(crate) fn first(source: Source) -> AccountId {
    find(|a| a.source == source).unwrap_or_default()
}

/// What `GET /sim/v1/accounts` answers: the settings with which a gateway connects to each account.
pub(crate) fn listed(url: &str, mail: &MailUrls, private_key: &str) -> Value {
    ACCOUNTS
        .iter()
        .map(|a| json!({"source": a.source.word(), "name": a.name, "set": settings(a, url, mail, private_key)}))
        .collect()
}

/// The first account is connected by the Messages API, the second by the older one.
fn vonage_sms<'a>(a: &'a Account, base_url: &'a str, private_key: &'a str) -> Vec<(&'a str, &'a str)> {
    let Credential::Vonage { application_id, api_key, api_secret, signature_secret } = &a.credential else {
        return Vec::new();
    };
    let mut pairs = vec![
        ("base_url", base_url),
        ("sms_url", base_url),
        ("from", a.number),
        ("signature_secret", signature_secret),
    ];
    pairs.extend(if is_classic(a) {
        vec![("api", "sms"), ("api_key", api_key), ("api_secret", api_secret), ("signature_method", "sha256")]
    } else {
        vec![("application_id", *application_id), ("private_key", private_key)]
    });
    pairs
}

fn settings(a: &Account, url: &str, mail: &MailUrls, private_key: &str) -> Map<String, Value> {
    let base_url = format!("{url}{}", a.source.prefix());
    let plus = format!("+{}", a.number);
    let pairs: Vec<(&str, &str)> = match &a.credential {
        Credential::Dialog360 { api_key } => {
            vec![
                ("base_url", &base_url),
                ("api_key", api_key),
                ("phone_number", &plus),
                ("phone_number_id", a.phone_number_id),
            ]
        }
        Credential::Vonage { .. } if a.source == Source::VonageSms => vonage_sms(a, &base_url, private_key),
        Credential::Vonage { application_id, api_key, api_secret, signature_secret } => vec![
            ("base_url", &base_url),
            ("application_id", application_id),
            ("private_key", private_key),
            ("signature_secret", signature_secret),
            ("from", a.number),
            ("waba_id", a.waba_id),
            ("api_key", api_key),
            ("api_secret", api_secret),
        ],
        Credential::Telegram { token } => vec![("base_url", &base_url), ("token", token)],
        Credential::Twilio { account_sid, auth_token } => {
            let own = [("base_url", &*base_url), ("account_sid", account_sid), ("auth_token", auth_token)];
            let content = [("content_url", &*base_url)].into_iter().filter(|_| !a.waba_id.is_empty());
            own.into_iter().chain(content).chain([("from", &*plus)]).collect()
        }
        Credential::Custom { api_token } => {
            vec![("base_url", &base_url), ("channel_id", a.phone_number_id), ("api_token", api_token)]
        }
        Credential::Viber { auth_token } => vec![("base_url", &base_url), ("auth_token", auth_token)],
        Credential::Line { access_token, channel_secret } => vec![
            ("base_url", &base_url),
            ("data_url", &base_url),
            ("access_token", access_token),
            ("channel_secret", channel_secret),
        ],
        Credential::Messaging { page_id, access_token, app_secret, verify_token } => {
            let mut set: Vec<(&str, &str)> = vec![
                ("base_url", &base_url),
                ("version", "v25.0"),
                ("page_id", page_id),
                ("access_token", access_token),
                ("app_secret", app_secret),
                ("verify_token", verify_token),
            ];
            if a.source == Source::Instagram {
                set.push(("instagram_id", a.phone_number_id));
            }
            set
        }
        Credential::Mailbox { username, password, inbound_token } => vec![
            ("smtp_url", &mail.smtp),
            ("imap_url", &mail.imap),
            ("username", username),
            ("password", password),
            ("from", a.number),
            ("from_name", a.business),
            ("inbound_token", inbound_token),
        ],
        Credential::Cloud { access_token, app_secret, verify_token } => vec![
            ("base_url", &base_url),
            ("version", "v23.0"),
            ("phone_number_id", a.phone_number_id),
            ("phone_number", &plus),
            ("waba_id", a.waba_id),
            ("access_token", access_token),
            ("app_secret", app_secret),
            ("verify_token", verify_token),
        ],
    };
    pairs.into_iter().map(|(key, value)| (key.to_owned(), Value::from(value))).collect()
}
