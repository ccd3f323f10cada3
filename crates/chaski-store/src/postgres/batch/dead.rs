//! The list of dead letters, written with each failure, and the number of each cause.

use super::set::Set;
use super::status::Told;
use chaski_model::{ChannelId, ErrorCode, Failure, MessageId, PartRef, Rank, Timestamp, WorkspaceId};

/// In a column that is part of a key: no code of a provider's.
pub(crate) const NO_CODE: i64 = -1;

/// Takes messages off the list, puts others onto it, and moves the causes' numbers by what came of it.
/// Every lock is taken in one order.
pub(crate) const DEAD: &str = "WITH old AS (SELECT message_id FROM dead_letters WHERE message_id = ANY($1::int8[]) ORDER BY message_id FOR UPDATE),
    gone AS (DELETE FROM dead_letters d USING old WHERE d.message_id = old.message_id
      RETURNING d.workspace_id, d.channel_id, d.code, d.provider_code),
    new AS (INSERT INTO dead_letters (message_id, workspace_id, channel_id, code, provider_code, failed_at)
      SELECT * FROM UNNEST($2::int8[], $3::int8[], $4::int8[], $5::text[], $6::int8[], $7::int8[])
      ON CONFLICT (message_id) DO NOTHING RETURNING workspace_id, channel_id, code, provider_code),
    steps AS (SELECT workspace_id, channel_id, code, provider_code, -1 AS step FROM gone
      UNION ALL SELECT workspace_id, channel_id, code, provider_code, 1 FROM new)
    INSERT INTO dead_letter_causes AS c (workspace_id, channel_id, code, provider_code, messages)
    SELECT workspace_id, channel_id, code, provider_code, SUM(step) FROM steps
    GROUP BY workspace_id, channel_id, code, provider_code HAVING SUM(step) <> 0
    ORDER BY workspace_id, channel_id, code, provider_code
    ON CONFLICT (workspace_id, channel_id, code, provider_code) DO UPDATE SET messages = c.messages + excluded.messages";

/// A message that comes onto the list.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct DeadRow {
    pub(super) workspace: WorkspaceId,
    pub(super) channel: ChannelId,
    pub(super) code: &'static str,
    pub(super) provider_code: i64,
    pub(super) at: Timestamp,
}

/// What a message has come to.
pub(super) struct Raised {
    /// What its parts have reached together.
    pub(super) whole: Rank,
    /// What is stored: the highest so far.
    pub(super) rank: i32,
    /// It has failed, now or before.
    pub(super) had_failed: bool,
}

/// A message's rank was raised: it joins the dead letters, or was none after all.
pub(super) fn follow(set: &mut Set, workspace: WorkspaceId, part: PartRef, raised: &Raised, told: &Told<'_>) {
    // What a person has left as unknown was decided; it is not to be sent again with the others.
    let is_left = told.failure.is_some_and(|failure| failure.code == ErrorCode::OutcomeUnknown);
    match raised.whole {
        Rank::Failed if raised.rank == Rank::Failed as i32 && !is_left => {
            if let Some(channel) = set.parts.get(&part).map(|row| row.channel) {
                bury(set, part.message, workspace, channel, told.failure, told.now);
            }
        }
        Rank::Delivered | Rank::Read if raised.had_failed => exhume(set, part.message),
        _ => {}
    }
}

/// Puts a message on the list, unless it is there.
pub(super) fn bury(
    set: &mut Set,
    message: MessageId,
    workspace: WorkspaceId,
    channel: ChannelId,
    failure: Option<&Failure>,
    at: Timestamp,
) {
    let code = failure.map_or(ErrorCode::Internal, |failure| failure.code).info().code;
    let provider_code = failure.and_then(|failure| failure.provider_code).unwrap_or(NO_CODE);
    set.buried.entry(message.0).or_insert(DeadRow { workspace, channel, code, provider_code, at });
}

/// Takes a message off the list.
pub(super) fn exhume(set: &mut Set, message: MessageId) {
    set.buried.remove(&message.0);
    set.exhumed.insert(message.0);
}
