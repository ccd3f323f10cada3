//! What every store must do. Each case is written once and runs on each store.

#![expect(clippy::unwrap_used, reason = "helpers of tests, outside of test functions")]

mod cases;
mod support;

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
