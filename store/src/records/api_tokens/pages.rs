//! Lists of tokens, page by page.

use std::collections::BTreeSet;

use sea_orm::{
    ColumnTrait, Condition, EntityTrait, PaginatorTrait, QueryFilter, QueryOrder, QuerySelect,
};

use super::{ApiToken, ApiTokens, KIND_PERSONAL, KIND_SERVICE, read, service};
use crate::records::entity::api_token;
use crate::records::error::{Doing, RecordsError};
use crate::records::ids::UserId;
use crate::records::page::Page;

impl ApiTokens<'_> {
    /// Tokens of `user`, revoked and expired ones too, the latest first, and
    /// how many there are.
    ///
    /// # Errors
    /// Only of the database, or a stored value that cannot be read.
    pub async fn page(
        self,
        user: UserId,
        page: Page,
    ) -> Result<(Vec<ApiToken>, u64), RecordsError> {
        let own = Condition::all()
            .add(api_token::Column::Kind.eq(KIND_PERSONAL))
            .add(api_token::Column::UserId.eq(user.to_string()));
        self.page_of(own, page).await
    }

    /// Tokens of services, likewise.
    ///
    /// # Errors
    /// As [`ApiTokens::page`].
    pub async fn page_services(self, page: Page) -> Result<(Vec<ApiToken>, u64), RecordsError> {
        let services = Condition::all().add(api_token::Column::Kind.eq(KIND_SERVICE));
        self.page_of(services, page).await
    }

    async fn page_of(
        self,
        which: Condition,
        page: Page,
    ) -> Result<(Vec<ApiToken>, u64), RecordsError> {
        const DOING: &str = "listing API tokens";
        let all = api_token::Entity::find().filter(which);
        let total = all.clone().count(self.0.reader()).await.doing(DOING)?;
        let rows = all
            .order_by_desc(api_token::Column::CreatedAtMs)
            .order_by_desc(api_token::Column::Id)
            .offset(page.offset())
            .limit(page.limit())
            .all(self.0.reader())
            .await
            .doing(DOING)?;
        let ids: Vec<String> = rows.iter().map(|row| row.id.clone()).collect();
        let mut customers = service::customers_of(self.0.reader(), &ids).await?;
        let tokens = rows.into_iter().map(|row| {
            let customers: BTreeSet<_> = customers.remove(&row.id).unwrap_or_default();
            read(row, customers)
        });
        Ok((tokens.collect::<Result<_, _>>()?, total))
    }
}
