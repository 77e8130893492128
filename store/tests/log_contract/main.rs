//! The contract of `store::log::Log`, run on every implementation.
//!
//! `contract` holds what both must do; `embedded` and `kafka` make a log to
//! try it on, and add what only they can be asked. The Kafka half needs a real
//! broker, named by `PADWACHT_TEST_KAFKA`; `make test` starts one.

mod contract;
mod embedded;
mod kafka;

/// Runs every case of the contract on a subject.
macro_rules! run_contract {
    ($subject:path) => {
        crate::run_contract!($subject:
            ensuring_a_topic_twice_changes_nothing,
            a_topic_is_never_turned_into_another,
            impossible_topics_are_refused,
            what_does_not_exist_is_an_error,
            records_read_back_in_order,
            keys_land_where_kafka_puts_them,
            limits_of_a_read_hold,
            a_read_at_the_end_is_empty,
            a_waiting_read_is_woken_by_an_append,
            a_dropped_read_takes_nothing_away,
            reading_again_gives_the_same,
            an_offset_after_the_end_is_refused,
            an_offset_before_the_earliest_is_refused_and_named,
            a_refused_batch_appends_nothing,
            the_largest_record_and_batch_fit,
            offsets_go_on_after_a_restart,
            the_newest_record_of_each_key_is_kept,
            concurrent_appends_all_arrive_in_key_order,
            many_records_are_each_read_once,
            a_check_says_what_the_log_is,
            who_follows_the_triggers_hears_what_comes_after_it_began,
        );
    };
    ($subject:path: $($case:ident,)*) => {
        mod contract {
            $(
                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn $case() {
                    crate::contract::$case(&mut $subject().await).await;
                }
            )*
        }
    };
}
use run_contract;
