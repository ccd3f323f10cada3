//! `reply_markup`: buttons under a message, or in the place of the contact's keyboard.

use serde_json::Value;

use super::problem::Problem;
use crate::call::text;
use crate::phones::Button;

/// The most buttons of a message.
const MOST: usize = 100;
/// The longest data of a button, in bytes.
const DATA: usize = 64;

/// The buttons of a body: `inline` under the message, `key` in the keyboard.
pub(super) fn read(body: &Value) -> Result<Vec<Button>, Problem> {
    let Some(markup) = body.get("reply_markup").filter(|markup| !markup.is_null()) else {
        return Ok(Vec::new());
    };
    if !markup.is_object() {
        return Err(Problem::bad("Bad Request: object expected as reply markup"));
    }
    let is_inline = markup.get("inline_keyboard").is_some();
    let key = if is_inline { "inline_keyboard" } else { "keyboard" };
    let Some(rows) = markup.get(key) else { return Ok(Vec::new()) };
    let not_rows = || Problem::bad(format!("Bad Request: field \"{key}\" must be of type Array of Arrays"));
    let mut buttons = Vec::new();
    for row in rows.as_array().ok_or_else(not_rows)? {
        for button in row.as_array().ok_or_else(not_rows)? {
            let mut button = if is_inline { inline(button)? } else { typed(button)? };
            button.index = buttons.len();
            buttons.push(button);
        }
    }
    if buttons.len() > MOST {
        return Err(Problem::bad("Bad Request: reply markup is too long"));
    }
    Ok(buttons)
}

fn label(button: &Value) -> Result<String, Problem> {
    let label = button.as_str().or_else(|| text(button, "text")).filter(|label| !label.trim().is_empty());
    label
        .map(str::to_owned)
        .ok_or_else(|| Problem::bad("Bad Request: keyboard button text must be non-empty"))
}

/// A tap writes the label.
fn typed(button: &Value) -> Result<Button, Problem> {
    Ok(Button { kind: "key".to_owned(), text: label(button)?, ..Button::default() })
}

fn inline(button: &Value) -> Result<Button, Problem> {
    let text_of_button = label(button)?;
    let (data, url) = (text(button, "callback_data"), text(button, "url"));
    match (data, url) {
        (Some(data), None) if (1..=DATA).contains(&data.len()) => Ok(Button {
            kind: "inline".to_owned(),
            text: text_of_button,
            payload: Some(data.to_owned()),
            ..Button::default()
        }),
        (None, Some(url)) => Ok(Button {
            kind: "url".to_owned(),
            text: text_of_button,
            url: Some(url.to_owned()),
            ..Button::default()
        }),
        (Some(_), None) => Err(Problem::bad("Bad Request: BUTTON_DATA_INVALID")),
        _ => Err(Problem::bad(
            "Bad Request: can't parse inline keyboard button: Text buttons are unallowed in the inline keyboard",
        )),
    }
}
