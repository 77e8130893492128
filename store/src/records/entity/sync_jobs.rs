//! Rows of requests to read an inventory. The columns are explained in the
//! migration of the same name.

pub mod sync_job {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
    #[sea_orm(table_name = "sync_jobs")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: String,
        pub account: String,
        pub requested_by: String,
        pub requested_at_ms: i64,
        pub state: String,
        pub ended_at_ms: Option<i64>,
        pub message: String,
        pub devices: Option<i64>,
        pub ports: Option<i64>,
        pub links: Option<i64>,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}
