//! What every store must do. Each case is written once and runs on each store.

#![expect(clippy::unwrap_used, reason = "helpers of tests, outside of test functions")]

mod backup;
mod cases;
mod inventory;
mod lanes;
mod media;
mod more_cases;
mod nodes;
#[path = "../../../../tests/src/postgres.rs"]
#[expect(unreachable_pub, dead_code, reason = "it is a module of the end-to-end tests, which use all of it")]
mod postgres;
mod recipients;
mod reports;
mod space;
mod support;
mod upkeep;

use support::Scratch;

macro_rules! conformance {
    ($($case:ident)*) => {
        mod sqlite {
            use super::*;

            $(
                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn $case() {
                    let scratch = Scratch::new();
                    let store = chaski_store::sqlite::SqliteStore::open(&scratch.0, 0).expect("a new store opens");
                    cases::$case(support::Bench::new(std::sync::Arc::new(store)).await).await;
                }
            )*
        }

        mod on_postgres {
            use super::*;

            $(
                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn $case() {
                    let Some(database) = postgres::database() else { return };
                    let store = chaski_store::postgres::PgStore::open(&database.url).await.expect("a new store opens");
                    cases::$case(support::Bench::new(std::sync::Arc::new(store)).await).await;
                }
            )*
        }
    };
}

conformance! {
    a_lane_sends_one_part_after_the_other
    parts_of_one_message_follow_each_other_and_a_failed_one_ends_the_rest
    a_retry_keeps_its_lane_until_it_steps_aside
    an_unknown_part_lets_its_lane_go_and_is_never_due_again
    a_receipt_ends_an_unknown_part_at_once
    a_receipt_before_the_answer_is_kept
    receipts_and_answer_in_any_order_end_in_the_same_status
    a_failed_receipt_for_an_unknown_part_ends_the_later_parts_too
    an_unknown_part_resent_at_once_is_not_removed_when_its_lane_is_let_go
    a_retry_after_a_back_off_or_a_hold_keeps_its_lane_a_full_minute_again
    a_lane_runs_at_the_highest_class_that_waits_in_it
    an_expired_part_is_not_begun
    a_key_is_answered_the_same_once_and_conflicts_with_another_body
    a_message_recorded_as_failed_has_no_work
    open_attempts_are_unknown_after_a_crash
    a_doubled_inbound_message_is_stored_once_even_at_once
    a_sender_is_found_by_any_of_its_addresses
    an_address_belongs_to_one_contact
    the_feed_is_dense_and_in_commit_order_under_load
    the_inbox_counts_what_it_shows
    a_thread_is_read_in_pages_both_ways
    workspaces_do_not_see_each_other
    a_catalogue_is_replaced_and_keeps_its_versions
    a_sign_in_link_opens_once
    a_receipt_for_another_channels_part_is_refused
    failures_are_grouped_by_cause_and_listed
    a_replay_is_a_new_delivery_and_late_receipts_of_the_old_one_move_nothing
    a_replay_that_fails_again_is_a_dead_letter_again
    only_the_parts_that_failed_are_sent_again
    a_replay_stands_behind_what_its_lane_has_accepted_meanwhile
    what_has_not_failed_or_cannot_go_out_is_not_replayed
    a_report_of_arrival_takes_a_message_off_the_dead_letters
    an_expired_message_gets_a_new_time_to_live
    many_are_replayed_in_bounded_steps_and_none_twice_in_a_run
    open_attempts_and_unknown_outcomes_are_found
    what_providers_have_reported_is_told
    old_messages_are_blanked_and_their_thread_still_reads
    the_family_of_a_blanked_message_goes_with_its_history
    what_was_passed_by_goes_once_it_has_ended
    what_still_waits_or_is_young_is_kept
    every_other_kind_goes_from_the_old_end
    events_that_a_follower_has_not_seen_are_kept
    what_waits_for_the_writer_is_told
    what_was_blanked_is_not_sent_again_by_a_decision
    every_part_of_many_replays_goes_out_once_and_in_order
    what_was_taken_for_lost_and_was_not_taken_is_work_again
    the_late_end_of_an_earlier_attempt_does_not_end_the_one_in_flight
    a_report_of_arrival_ends_a_part_that_waits_to_be_sent_again
    a_channels_depth_is_what_waits_on_it
    addresses_are_learned_by_whoever_has_one_of_them
    contacts_are_listed_in_pages_and_changed
    a_contacts_standing_changes_and_each_change_is_told
    tokens_people_and_sessions_come_and_go
    custom_fields_have_a_name_of_their_own
    a_channel_is_held_changed_and_removed
    a_signature_is_seen_once_and_odd_webhooks_are_kept
    a_commit_ticks_and_a_seen_thread_is_said_once
    the_only_node_holds_what_it_is_not_told_to_give_up
    newer_work_of_several_channels_is_found_at_once
    a_send_sees_every_change_of_its_contact
    a_part_is_found_by_every_id_that_the_provider_gave_it
    a_contact_that_shuts_us_out_is_known_by_it_until_it_comes_back
    a_send_sees_which_lane_was_used_last
    a_catalogue_is_synced_by_one_at_a_time_and_not_again_at_once
    a_mailbox_is_read_from_where_it_was_left
    an_early_receipt_waits_until_it_is_let_go
    what_was_said_to_providers_is_read_back_and_goes_with_its_age
    a_failed_receipt_for_a_part_that_was_taken_ends_the_later_parts
    a_failed_receipt_for_a_part_in_flight_ends_the_later_parts
    a_part_in_flight_is_not_tried_again_after_an_earlier_one_of_its_message_has_failed
    a_part_that_stepped_aside_and_failed_takes_the_later_ones_with_it
    a_failure_told_after_the_arrival_ends_nothing
    only_what_is_due_is_read_and_the_rest_has_its_moment
    what_is_stored_and_cannot_be_read_ends_its_own_part_only
    what_heads_a_lane_is_as_urgent_as_what_waits_behind_it
    media_are_wanted_with_their_message_and_held_once
    media_that_fail_are_tried_again_until_they_are_gone
    a_file_that_a_wish_names_is_in_use
    media_go_with_their_age_and_with_their_message
    a_report_covers_what_was_sent_by_then_and_nothing_else
    a_report_before_the_answer_holds_once_that_comes
    an_echo_settles_a_lost_answer_and_tells_the_providers_own_time
    a_report_by_a_messages_id_covers_it_and_what_came_before
    what_a_contact_takes_back_is_gone_and_does_not_come_again
    a_field_keeps_its_description_and_no_other_has_its_name
    of_many_that_want_one_name_at_once_one_gets_it
    tags_have_a_name_of_their_own_and_are_changed_by_it
    closing_notes_stand_in_the_order_of_their_categories
}

/// One process for each folder, and ids never go back over a restart.
#[tokio::test]
async fn a_store_is_opened_once_and_its_ids_go_on() {
    use chaski_store::Outbox;
    let scratch = Scratch::new();
    let store = chaski_store::sqlite::SqliteStore::open(&scratch.0, 0).expect("it opens");
    assert!(chaski_store::sqlite::SqliteStore::open(&scratch.0, 0).is_err(), "a second one is refused");
    let bench = support::Bench::new(std::sync::Arc::new(store)).await;
    let last = bench.accept(1).await;
    drop(bench);
    let again = chaski_store::sqlite::SqliteStore::open(&scratch.0, 0).expect("it opens again");
    // The machine's clock stands still, or went back.
    assert!(again.next_id(0) > last);
}

/// A body that is missing is one that cannot be read.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_part_without_a_body_does_not_hold_up_the_others() {
    let scratch = Scratch::new();
    let store = chaski_store::sqlite::SqliteStore::open(&scratch.0, 0).expect("it opens");
    let file = rusqlite::Connection::open(scratch.0.join("chaski.db")).expect("the file opens");
    let without_bodies = || file.execute_batch("UPDATE bodies SET resolved = NULL").expect("it is changed");
    cases::a_missing_body_is_told(support::Bench::new(std::sync::Arc::new(store)).await, without_bodies)
        .await;
    let Some(database) = postgres::database() else { return };
    let store = chaski_store::postgres::PgStore::open(&database.url).await.expect("a new store opens");
    let without_bodies = || drop(database.sql("UPDATE messages SET resolved = NULL"));
    cases::a_missing_body_is_told(support::Bench::new(std::sync::Arc::new(store)).await, without_bodies)
        .await;
}

/// What becomes of a tag becomes of it on every contact.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_tag_is_renamed_and_deleted_on_the_contacts_that_have_it() {
    let scratch = Scratch::new();
    let store = chaski_store::sqlite::SqliteStore::open(&scratch.0, 0).expect("it opens");
    let file = rusqlite::Connection::open(scratch.0.join("chaski.db")).expect("the file opens");
    let give = |contact: chaski_model::ContactId, tags: &[&str]| {
        let tags = serde_json::to_string(tags).expect("texts");
        let changed =
            file.execute("UPDATE contacts SET tags = ?2 WHERE id = ?1", rusqlite::params![contact.0, tags]);
        assert_eq!(changed, Ok(1));
    };
    cases::tags_on_contacts(support::Bench::new(std::sync::Arc::new(store)).await, give).await;
    let Some(database) = postgres::database() else { return };
    let store = chaski_store::postgres::PgStore::open(&database.url).await.expect("a new store opens");
    let give = |contact: chaski_model::ContactId, tags: &[&str]| {
        let tags = serde_json::to_string(tags).expect("texts");
        database.sql(&format!("UPDATE contacts SET tags = '{tags}' WHERE id = {contact}"));
    };
    cases::tags_on_contacts(support::Bench::new(std::sync::Arc::new(store)).await, give).await;
}

/// Unusable webhooks are bounded in number for each workspace by itself, and each in length.
#[tokio::test]
async fn one_workspaces_unusable_webhooks_do_not_push_out_anothers() {
    use chaski_model::HookId;
    use chaski_store::{Admin, Receive};
    const MANY: i64 = 1100;
    const BOUND: i64 = 1000;
    const LONGEST: i64 = 256 * 1024;
    let scratch = Scratch::new();
    let store = chaski_store::sqlite::SqliteStore::open(&scratch.0, 0).expect("it opens");
    let mut workspaces = Vec::new();
    for name in ["Calla", "Grita"] {
        workspaces
            .push(store.add_workspace(name.into(), None, vec![1], support::NOW).await.expect("it is made"));
    }
    let keep = |workspace, cause: String, body| {
        let (hook, received_at, query) = (HookId(1), support::NOW, String::new());
        store.keep(chaski_store::receive::KeepIn { workspace, hook, received_at, cause, query, body })
    };
    keep(workspaces[0], "quiet".into(), vec![b'x'; 1 << 20]).await.expect("it is kept");
    for round in 0..MANY / 100 {
        let many = (0..100).map(|n| keep(workspaces[1], format!("{:04}", round * 100 + n), vec![b'x']));
        assert!(cases::futures(many).await.iter().all(Result::is_ok));
    }
    let file = rusqlite::Connection::open(scratch.0.join("chaski.db")).expect("the file opens");
    let kept = |workspace: chaski_model::WorkspaceId| {
        let sql = "SELECT COUNT(*), MIN(cause), MAX(cause), MAX(LENGTH(body)) FROM kept_webhooks WHERE workspace_id = ?1";
        file.query_row(sql, [workspace.0], |r| {
            Ok((r.get::<_, i64>(0)?, r.get::<_, String>(1)?, r.get::<_, String>(2)?, r.get::<_, i64>(3)?))
        })
        .expect("it is read")
    };
    let (count, cause, _, length) = kept(workspaces[0]);
    assert_eq!((count, cause.as_str()), (1, "quiet"));
    assert!(length <= LONGEST, "{length} bytes of one webhook are kept");
    let (count, oldest, newest, _) = kept(workspaces[1]);
    let (first, last) = (format!("{:04}", MANY - BOUND), format!("{:04}", MANY - 1));
    assert_eq!((count, oldest, newest), (BOUND, first, last), "the newest are kept");
}
