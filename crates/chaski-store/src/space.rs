//! The words of a workspace: tags that contacts carry, and what conversations are closed with.

use crate::error::StoreError;
use async_trait::async_trait;
use chaski_model::{ClosingNoteId, TagId, Timestamp, WorkspaceId};

/// A tag of a workspace. Contacts carry it by its name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tag {
    /// Its number.
    pub id: TagId,
    /// Its name; upper and lower case differ.
    pub name: String,
    /// What it is for.
    pub description: Option<String>,
    /// Its color, in the caller's own word.
    pub color_code: Option<String>,
    /// A sign before its name.
    pub emoji: Option<String>,
    /// When it was made.
    pub created_at: Timestamp,
}

/// What a tag is to be. `None` leaves a thing as it is; a new tag needs a name.
#[derive(Debug, Clone, Default)]
pub struct TagChange {
    /// Its name.
    pub name: Option<String>,
    /// What it is for.
    pub description: Option<String>,
    /// Its color.
    pub color_code: Option<String>,
    /// A sign before its name.
    pub emoji: Option<String>,
}

impl TagChange {
    /// The tag as it is after this change.
    pub(crate) fn applied(self, tag: Tag) -> Tag {
        Tag {
            name: self.name.unwrap_or(tag.name),
            description: self.description.or(tag.description),
            color_code: self.color_code.or(tag.color_code),
            emoji: self.emoji.or(tag.emoji),
            ..tag
        }
    }
}

/// What a conversation can be closed with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClosingNote {
    /// Its number.
    pub id: ClosingNoteId,
    /// Its category, of which there is one in a workspace.
    pub category: String,
    /// What it says.
    pub description: Option<String>,
    /// When it was made.
    pub created_at: Timestamp,
}

/// What is asked and told about the words of a workspace.
#[async_trait]
pub trait Space: Send + Sync {
    /// A workspace's tags, oldest first.
    async fn tags(&self, workspace: WorkspaceId) -> Result<Vec<Tag>, StoreError>;

    /// Makes a tag. Fails with `Conflict` when there is one of this name.
    async fn add_tag(
        &self,
        workspace: WorkspaceId,
        name: String,
        change: TagChange,
        now: Timestamp,
    ) -> Result<Tag, StoreError>;

    /// Changes the tag of this name. A new name stands on every contact that has it from then on.
    /// Fails with `NotFound`, or with `Conflict` when there is another one of the new name.
    async fn change_tag(
        &self,
        workspace: WorkspaceId,
        name: String,
        change: TagChange,
        now: Timestamp,
    ) -> Result<Tag, StoreError>;

    /// Deletes the tag of this name and takes it off every contact; whether there was one.
    async fn delete_tag(
        &self,
        workspace: WorkspaceId,
        name: String,
        now: Timestamp,
    ) -> Result<bool, StoreError>;

    /// What a workspace's conversations can be closed with, by category.
    async fn closing_notes(&self, workspace: WorkspaceId) -> Result<Vec<ClosingNote>, StoreError>;

    /// Makes a closing note. Fails with `Conflict` when there is one of this category.
    async fn add_closing_note(
        &self,
        workspace: WorkspaceId,
        category: String,
        description: Option<String>,
        now: Timestamp,
    ) -> Result<ClosingNoteId, StoreError>;

    /// Deletes a closing note; whether there was one.
    async fn delete_closing_note(
        &self,
        workspace: WorkspaceId,
        id: ClosingNoteId,
    ) -> Result<bool, StoreError>;
}

/// A tag's name is taken.
pub(crate) fn tag_exists(name: &str) -> StoreError {
    StoreError::Conflict(format!("A tag `{name}` exists already."))
}

/// A closing note's category is taken.
pub(crate) fn note_exists(category: &str) -> StoreError {
    StoreError::Conflict(format!("A closing note of the category `{category}` exists already."))
}

/// How a tag stands in the JSON of a contact's tags, to look for contacts that may have it.
pub(crate) fn in_json(name: &str) -> String {
    serde_json::Value::from(name).to_string()
}

/// A contact's tags with one of them renamed or, without a new name, taken off; `None` when it has not got it.
pub(crate) fn retagged(tags: &[String], from: &str, to: Option<&str>) -> Option<Vec<String>> {
    if !tags.iter().any(|tag| tag == from) {
        return None;
    }
    let mut changed: Vec<String> = Vec::with_capacity(tags.len());
    for tag in tags {
        let now = if tag == from { to } else { Some(tag.as_str()) };
        if let Some(now) = now.filter(|now| !changed.iter().any(|known| known == now)) {
            changed.push(now.to_owned());
        }
    }
    Some(changed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_renamed_tag_keeps_its_place_and_stands_once() {
        let tags = ["a", "VIP", "vip", "b"].map(str::to_owned);
        let renamed = |from, to| retagged(&tags, from, to).map(|tags| tags.join(" "));
        assert_eq!(renamed("VIP", Some("top")).as_deref(), Some("a top vip b"));
        assert_eq!(renamed("VIP", Some("b")).as_deref(), Some("a b vip"));
        assert_eq!(renamed("VIP", None).as_deref(), Some("a vip b"));
        assert_eq!(renamed("Vip", Some("top")), None);
    }

    #[test]
    fn what_is_looked_for_is_in_the_json_of_every_tag() {
        for name in ["VIP", "a \"b\" \\ c", "ñandú 🦙", "a,b", "tab\there"] {
            let stored = serde_json::to_string(&["other", name]).unwrap();
            assert!(stored.contains(&in_json(name)), "{stored}");
        }
    }
}
