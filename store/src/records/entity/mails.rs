//! Rows of mails. The columns are explained in the migration of the same name.

pub mod mail {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
    #[sea_orm(table_name = "mails")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: String,
        pub kind: String,
        pub recipient: String,
        pub subject: String,
        pub body_text: String,
        pub body_html: String,
        pub queued_at_ms: i64,
        pub expires_at_ms: i64,
        pub state: String,
        pub attempts: i64,
        pub next_at_ms: i64,
        pub ended_at_ms: Option<i64>,
        pub error: String,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}
