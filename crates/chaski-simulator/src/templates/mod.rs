//! The template store of every account: what was created, what its review said.

mod definition;

use std::collections::BTreeMap;
use std::sync::{Arc, RwLock};

use serde_json::Value;

pub(crate) use self::definition::{ButtonDefinition, Header, Pattern, Template};
use crate::accounts::{ACCOUNTS, AccountId, account};
use crate::call::text;
use crate::source::App;
use crate::sync::{reading, writing};

/// The templates that every account starts with.
const DEMO: &str = include_str!("demo.json");

type Shelf = BTreeMap<String, Vec<Arc<Template>>>;

/// Templates by account, name and language.
pub(crate) struct Templates {
    shelves: RwLock<Vec<Shelf>>,
}

/// Why a template is not there to send.
pub(crate) enum Missing {
    Name,
    Language,
}

impl Templates {
    /// The kept objects of each account, else the demo's.
    pub(crate) fn new(kept: Option<Vec<Vec<Value>>>) -> Self {
        let demo: Vec<Value> = serde_json::from_str(DEMO).expect("the embedded templates are JSON");
        let none = Vec::new();
        let templates = Self { shelves: RwLock::new(vec![Shelf::new(); ACCOUNTS.len()]) };
        for id in 0..ACCOUNTS.len() {
            // Only WhatsApp has templates.
            let own = if account(id).source.app() == App::Whatsapp { &demo } else { &none };
            let objects = kept.as_ref().and_then(|kept| kept.get(id)).unwrap_or(own);
            for object in objects {
                // A kept object was read before, so it can be read again.
                let _ = templates.put(id, object);
            }
        }
        templates
    }

    /// Everything that a snapshot keeps.
    pub(crate) fn keep(&self) -> Vec<Vec<Value>> {
        (0..ACCOUNTS.len())
            .map(|id| self.list(id).iter().map(|template| template.object.clone()).collect())
            .collect()
    }

    /// All templates of an account by name.
    pub(crate) fn list(&self, id: AccountId) -> Vec<Arc<Template>> {
        reading(&self.shelves)[id].values().flatten().cloned().collect()
    }

    pub(crate) fn find(&self, id: AccountId, name: &str, language: &str) -> Result<Arc<Template>, Missing> {
        let shelves = reading(&self.shelves);
        let translations = shelves[id].get(name).ok_or(Missing::Name)?;
        translations.iter().find(|template| template.language == language).cloned().ok_or(Missing::Language)
    }

    pub(crate) fn by_id(&self, template_id: &str) -> Option<(AccountId, Arc<Template>)> {
        (0..ACCOUNTS.len())
            .find_map(|id| self.list(id).into_iter().find(|t| t.id == template_id).map(|t| (id, t)))
    }

    /// Adds or replaces a template; gives it and the status it had before.
    pub(crate) fn put(
        &self,
        id: AccountId,
        object: &Value,
    ) -> Result<(Arc<Template>, Option<String>), String> {
        let before = match (text(object, "name"), text(object, "language")) {
            (Some(name), Some(language)) => self.find(id, name, language).ok(),
            _ => None,
        };
        let template = match &before {
            // A change of the status alone needs no components.
            Some(known) if object.get("components").is_none() => known.with_status(
                text(object, "status").ok_or("a known template needs `status` or `components`")?,
            ),
            Some(known) => {
                let mut object = object.clone();
                object["id"] = Value::from(known.id.as_str());
                if object.get("status").is_none() {
                    object["status"] = Value::from(known.status.as_str());
                }
                Template::read(&object, account(id).waba_id)?
            }
            None => Template::read(object, account(id).waba_id)?,
        };
        let template = Arc::new(template);
        let mut shelves = writing(&self.shelves);
        let translations = shelves[id].entry(template.name.clone()).or_default();
        translations.retain(|known| known.language != template.language);
        translations.push(template.clone());
        Ok((template, before.map(|known| known.status.clone())))
    }

    /// Removes all translations of a name, or the one with an id; says whether there was one.
    pub(crate) fn delete(&self, id: AccountId, name: &str, template_id: Option<&str>) -> bool {
        let mut shelves = writing(&self.shelves);
        let Some(translations) = shelves[id].get_mut(name) else {
            return false;
        };
        let before = translations.len();
        translations.retain(|template| template_id.is_some_and(|wanted| wanted != template.id));
        let is_changed = translations.len() < before;
        if translations.is_empty() {
            shelves[id].remove(name);
        }
        is_changed
    }
}
