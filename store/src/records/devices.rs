//! Browsers in which somebody came in before, each known by the hash of a
//! secret that it alone holds. One opens nothing: who tries to sign in from it
//! is only counted apart from strangers, who then cannot keep its owner out.

use correlate::model::Timestamp;
use sea_orm::sea_query::{Expr, OnConflict};
use sea_orm::{
    ColumnTrait, DatabaseTransaction, EntityTrait, IntoActiveModel, PaginatorTrait, QueryFilter,
    QueryOrder, QuerySelect,
};

use super::database::Records;
use super::entity::{known_device, user};
use super::error::{Doing, RecordsError};
use super::ids::{TokenHash, UserId};
use super::users;

/// Knows and forgets browsers.
#[derive(Clone, Copy, Debug)]
pub struct Devices<'a>(&'a Records);

impl Records {
    /// Browsers in which somebody came in before.
    pub fn devices(&self) -> Devices<'_> {
        Devices(self)
    }
}

impl Devices<'_> {
    /// Browsers of one user that are known at once; the longest unseen makes room.
    pub const MAX_PER_USER: u64 = 20;

    /// Whether the owner of `email` came in before in the browser with `device`.
    ///
    /// # Errors
    /// Only of the database.
    pub async fn knows(self, device: &TokenHash, email: &str) -> Result<bool, RecordsError> {
        const DOING: &str = "looking for a known browser";
        let owner: Option<String> = user::Entity::find()
            .select_only()
            .column(user::Column::Id)
            .filter(user::Column::Email.eq(users::lookup_email(email)))
            .into_tuple()
            .one(self.0.reader())
            .await
            .doing(DOING)?;
        let Some(owner) = owner else { return Ok(false) };
        let found = known_device::Entity::find_by_id((device.to_hex(), owner));
        Ok(found.count(self.0.reader()).await.doing(DOING)? > 0)
    }

    /// `user` came in at `now` in the browser that held `before`, if anything,
    /// and holds `device` from now on.
    ///
    /// # Errors
    /// Only of the database.
    pub async fn seen(
        self,
        user: UserId,
        before: Option<&TokenHash>,
        device: &TokenHash,
        now: Timestamp,
    ) -> Result<(), RecordsError> {
        const DOING: &str = "knowing a browser";
        let tx = self.0.begin(DOING).await?;
        if let Some(before) = before {
            // Others who came in there come with it.
            known_device::Entity::update_many()
                .col_expr(known_device::Column::DeviceSha256, Expr::value(device.to_hex()))
                .filter(known_device::Column::DeviceSha256.eq(before.to_hex()))
                .exec(&tx)
                .await
                .doing(DOING)?;
        }
        let row = known_device::Model {
            device_sha256: device.to_hex(),
            user_id: user.to_string(),
            seen_at_ms: now.millis(),
        };
        let key = [known_device::Column::DeviceSha256, known_device::Column::UserId];
        let again = OnConflict::columns(key)
            .value(known_device::Column::SeenAtMs, Expr::value(now.millis()))
            .to_owned();
        known_device::Entity::insert(row.into_active_model())
            .on_conflict(again)
            .exec_without_returning(&tx)
            .await
            .doing(DOING)?;
        let kept: Vec<String> = known_device::Entity::find()
            .select_only()
            .column(known_device::Column::DeviceSha256)
            .filter(known_device::Column::UserId.eq(user.to_string()))
            .order_by_desc(known_device::Column::SeenAtMs)
            .limit(Self::MAX_PER_USER)
            .into_tuple()
            .all(&tx)
            .await
            .doing(DOING)?;
        known_device::Entity::delete_many()
            .filter(known_device::Column::UserId.eq(user.to_string()))
            .filter(known_device::Column::DeviceSha256.is_not_in(kept))
            .exec(&tx)
            .await
            .doing(DOING)?;
        tx.commit().await.doing(DOING)
    }

    /// Forgets browsers in which nobody came in since `before`; gives how many.
    ///
    /// # Errors
    /// Only of the database.
    pub async fn prune(self, before: Timestamp) -> Result<u64, RecordsError> {
        let pruned = known_device::Entity::delete_many()
            .filter(known_device::Column::SeenAtMs.lt(before.millis()))
            .exec(self.0.writer())
            .await
            .doing("forgetting browsers")?;
        Ok(pruned.rows_affected)
    }
}

/// Forgets the browsers of `user` within a larger change: whoever held one may
/// be somebody else.
pub(super) async fn forget_within(
    tx: &DatabaseTransaction,
    user: UserId,
) -> Result<(), RecordsError> {
    known_device::Entity::delete_many()
        .filter(known_device::Column::UserId.eq(user.to_string()))
        .exec(tx)
        .await
        .doing("forgetting the browsers of a user")?;
    Ok(())
}
