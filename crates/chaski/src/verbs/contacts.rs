//! Contacts and their custom fields.

use super::{list, percent_encode, tell};
use crate::cli::Common;
use crate::client::Client;
use crate::output::{self, cell};
use anyhow::{Context, Result};
use clap::Subcommand;
use serde_json::{Value, json};

#[derive(Subcommand)]
pub(crate) enum ContactVerb {
    /// Make a contact.
    Add {
        /// First name.
        #[arg(long)]
        first_name: Option<String>,
        /// Phone number.
        #[arg(long)]
        phone: Option<String>,
        /// E-mail address.
        #[arg(long)]
        email: Option<String>,
        /// An id that only a channel's provider knows.
        #[arg(long = "address", value_name = "CHANNEL_ID=NATIVE_ID")]
        addresses: Vec<String>,
    },
    /// List contacts.
    List,
    /// Show a contact.
    Show {
        /// id:123, email:… or phone:…
        identifier: String,
    },
}

#[derive(Subcommand)]
pub(crate) enum FieldVerb {
    /// Make a custom field.
    Add {
        /// Its name.
        name: String,
        /// text, list, checkbox, email, number, url, date or time.
        #[arg(long = "type", default_value = "text")]
        data_type: String,
        /// A value of a list; repeat for more.
        #[arg(long = "value")]
        values: Vec<String>,
    },
    /// Delete a custom field by name or slug.
    Delete {
        /// Which.
        name: String,
    },
    /// List custom fields.
    List,
}

#[derive(Subcommand)]
pub(crate) enum LifecycleVerb {
    /// List the stages in their order.
    List,
    /// Set all stages in their order; none clears them. A contact keeps the stage that it has.
    Set {
        /// Their names.
        names: Vec<String>,
    },
}

pub(crate) async fn lifecycle(common: &Common, verb: LifecycleVerb) -> Result<()> {
    let client = Client::new(common)?;
    let answer = match verb {
        LifecycleVerb::List => client.get("/admin/v1/lifecycles").await?,
        LifecycleVerb::Set { names } => client.put("/admin/v1/lifecycles", &json!({"items": names})).await?,
    };
    tell(common, &answer, |a| {
        let names: Vec<&str> =
            a["items"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
        if names.is_empty() { "no stages".to_owned() } else { names.join("\n") }
    });
    Ok(())
}

pub(crate) async fn contact(common: &Common, verb: ContactVerb) -> Result<()> {
    match verb {
        ContactVerb::List => {
            list(common, "/admin/v1/contacts", &["id", "firstName", "lastName", "phone", "email"]).await
        }
        ContactVerb::Show { identifier } => {
            output::json(
                &Client::new(common)?.get(&format!("/v2/contact/{}", percent_encode(&identifier))).await?,
            );
            Ok(())
        }
        ContactVerb::Add { first_name, phone, email, addresses } => {
            let addresses: Vec<Value> = addresses
                .iter()
                .map(|pair| {
                    let (channel, value) = pair
                        .split_once('=')
                        .with_context(|| format!("`{pair}`: write CHANNEL_ID=NATIVE_ID"))?;
                    let channel: i64 =
                        channel.parse().with_context(|| format!("`{channel}` is not a channel's number"))?;
                    Ok(json!({"channelId": channel, "value": value}))
                })
                .collect::<Result<_>>()?;
            let body =
                json!({"firstName": first_name, "phone": phone, "email": email, "addresses": addresses});
            let answer = Client::new(common)?.post("/admin/v1/contacts", &body).await?;
            tell(common, &answer, |a| format!("contact {}", cell(a, "id")));
            Ok(())
        }
    }
}

pub(crate) async fn field(common: &Common, verb: FieldVerb) -> Result<()> {
    match verb {
        FieldVerb::List => list(common, "/admin/v1/fields", &["id", "name", "slug", "dataType"]).await,
        FieldVerb::Add { name, data_type, values } => {
            let body = json!({"name": name, "dataType": data_type, "allowedValues": values});
            let answer = Client::new(common)?.post("/admin/v1/fields", &body).await?;
            tell(common, &answer, |a| format!("field {}", cell(a, "id")));
            Ok(())
        }
        FieldVerb::Delete { name } => {
            let answer =
                Client::new(common)?.delete(&format!("/admin/v1/fields/{}", percent_encode(&name))).await?;
            tell(common, &answer, |_| format!("field {name} deleted"));
            Ok(())
        }
    }
}
