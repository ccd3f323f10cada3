//! `IncomingPhoneNumbers`: the numbers of an account, and where their messages go.

use serde_json::{Value, json};

use super::form::Form;
use super::problem::Problem;
use crate::accounts::{ACCOUNTS, AccountId, Credential, account};
use crate::call::{Call, Reply};
use crate::sim::Sim;
use crate::source::Source;
use crate::webhooks::Hook;

fn own(account_sid: &str) -> impl Iterator<Item = AccountId> {
    (0..ACCOUNTS.len()).filter(move |id| {
        let a = account(*id);
        a.source == Source::TwilioSms
            && matches!(&a.credential, Credential::Twilio { account_sid: known, .. } if *known == account_sid)
    })
}

fn view(sim: &Sim, id: AccountId) -> Value {
    let a = account(id);
    let url = sim.webhooks.hook(id).map(|hook| hook.url).unwrap_or_default();
    json!({
        "sid": a.phone_number_id, "phone_number": format!("+{}", a.number), "friendly_name": a.business,
        "sms_url": url, "sms_method": "POST", "capabilities": {"sms": true, "mms": true, "voice": false},
    })
}

pub(super) fn list(sim: &Sim, account_sid: &str, call: &Call) -> Reply {
    let wanted = call.query("PhoneNumber").map(|number| number.trim_start_matches('+').to_owned());
    let is_wanted = |id: &AccountId| wanted.as_deref().is_none_or(|wanted| account(*id).number == wanted);
    let found: Vec<Value> = own(account_sid).filter(is_wanted).map(|id| view(sim, id)).collect();
    Reply::ok(&json!({"incoming_phone_numbers": found, "page": 0, "page_size": 50, "next_page_uri": null}))
}

pub(super) fn set(sim: &Sim, account_sid: &str, number: &str, call: &Call) -> Result<Reply, Problem> {
    let found = own(account_sid).find(|id| account(*id).phone_number_id == number);
    let id = found.ok_or_else(|| Problem::not_found(&call.path))?;
    let form = Form::read(call)?;
    let hook = form.get("SmsUrl").map(|url| Hook { url: url.to_owned(), ..Hook::default() });
    sim.webhooks.set(Source::TwilioSms, Some(id), hook);
    sim.touch();
    Ok(Reply::ok(&view(sim, id)))
}
