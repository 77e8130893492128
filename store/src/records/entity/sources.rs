//! Rows of NMS accounts, their status and the inventory. The columns are explained in the
//! migration of the same name.

pub mod nms_account {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
    #[sea_orm(table_name = "nms_accounts")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub name: String,
        pub kind: String,
        pub url: String,
        pub token_sealed: String,
        pub token_set_by: String,
        pub token_set_at_ms: i64,
        pub settings: String,
        pub enabled: bool,
        pub version: String,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

pub mod source_status {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
    #[sea_orm(table_name = "source_status")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub account: String,
        pub state: String,
        pub since_ms: i64,
        pub reported_at_ms: i64,
        pub last_success_at_ms: Option<i64>,
        pub error_kind: Option<String>,
        pub error_message: Option<String>,
        pub counters: String,
        pub detail: String,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

pub mod device {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
    #[sea_orm(table_name = "devices")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub account: String,
        #[sea_orm(primary_key, auto_increment = false)]
        pub native_id: String,
        pub name: String,
        pub host_name: String,
        pub sys_name: String,
        pub hardware: String,
        pub os: String,
        pub location: String,
        pub latitude: Option<f64>,
        pub longitude: Option<f64>,
        pub search_text: String,
        pub last_seen_ms: i64,
        pub disabled: bool,
        pub ignored: bool,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

pub mod port {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
    #[sea_orm(table_name = "ports")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub account: String,
        #[sea_orm(primary_key, auto_increment = false)]
        pub native_id: String,
        pub device: String,
        pub if_name: String,
        pub if_descr: String,
        pub if_alias: String,
        pub if_type: String,
        pub speed_bps: Option<i64>,
        pub search_text: String,
        pub last_seen_ms: i64,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

pub mod monitored {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
    #[sea_orm(table_name = "monitored")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub account: String,
        #[sea_orm(primary_key, auto_increment = false)]
        pub kind: String,
        #[sea_orm(primary_key, auto_increment = false)]
        pub native_id: String,
        pub device: String,
        pub name: String,
        pub description: String,
        pub disabled: bool,
        pub ignored: bool,
        pub search_text: String,
        pub last_seen_ms: i64,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

pub mod link {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
    #[sea_orm(table_name = "links")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub account: String,
        #[sea_orm(primary_key, auto_increment = false)]
        pub local_device: String,
        #[sea_orm(primary_key, auto_increment = false)]
        pub local_port: String,
        #[sea_orm(primary_key, auto_increment = false)]
        pub remote_device: String,
        pub remote_port: String,
        #[sea_orm(primary_key, auto_increment = false)]
        pub remote_host_name: String,
        #[sea_orm(primary_key, auto_increment = false)]
        pub remote_port_name: String,
        pub protocol: String,
        pub last_seen_ms: i64,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}
