//! Forms in requests.

use super::problem::Problem;
use crate::call::Call;

/// The fields of a request, in their order.
pub(super) struct Form(Vec<(String, String)>);

impl Form {
    pub(super) fn read(call: &Call) -> Result<Self, Problem> {
        let content_type = call.header("content-type").unwrap_or_default();
        if !content_type.starts_with("application/x-www-form-urlencoded") {
            return Err(Problem::bad(20_001, "The content type must be application/x-www-form-urlencoded"));
        }
        Ok(Self(url::form_urlencoded::parse(&call.body).into_owned().collect()))
    }

    /// A field that is there and not empty.
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(key, value)| key == name && !value.is_empty()).map(|(_, value)| value.as_str())
    }

    pub(super) fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.0
            .iter()
            .filter(move |(key, value)| key == name && !value.is_empty())
            .map(|(_, value)| value.as_str())
    }
}
