//! Rows of single sign-on. The columns are explained in the migration of the
//! same name.

pub mod user_identity {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
    #[sea_orm(table_name = "user_identities")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub issuer: String,
        #[sea_orm(primary_key, auto_increment = false)]
        pub subject: String,
        pub user_id: String,
        pub label: String,
        pub linked_at_ms: i64,
        pub used_at_ms: Option<i64>,
        pub no_role_since_ms: Option<i64>,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

pub mod sign_on_flow {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
    #[sea_orm(table_name = "sign_on_flows")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub state_sha256: String,
        pub browser_sha256: String,
        pub purpose: String,
        pub user_id: Option<String>,
        pub invitation_sha256: Option<String>,
        pub return_path: String,
        pub created_at_ms: i64,
        pub expires_at_ms: i64,
        pub origin: String,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}
