//! Sign-ins at an OpenID provider that are under way: begun by one browser,
//! ended by the same one, once, and before they expire.
//!
//! Neither the state that travels through the provider nor the secret of the
//! browser is here, only their hashes.

use correlate::model::Timestamp;
use sea_orm::{
    ColumnTrait, DatabaseTransaction, EntityTrait, IntoActiveModel, PaginatorTrait, QueryFilter,
    QueryOrder, QuerySelect,
};

use super::database::Records;
use super::entity::sign_on_flow;
use super::error::{Doing, RecordsError};
use super::ids::{TokenHash, UserId};
use super::text;

/// What a sign-in at the provider is for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum SignOnPurpose {
    /// To come in.
    SignIn,
    /// To come in anew, having proved lately at the provider who they are.
    SignInAgain,
    /// To connect whom the provider names with this account.
    Link(UserId),
    /// To use the invitation with this token instead of choosing a password.
    Invitation(TokenHash),
}

/// A sign-in to begin.
#[derive(Clone, Debug)]
pub struct SignOnFlowDraft {
    /// Of the state that the provider sends back.
    pub state: TokenHash,
    /// Of the secret that only this browser holds.
    pub browser: TokenHash,
    /// What it is for.
    pub purpose: SignOnPurpose,
    /// Where to go afterwards: a path on this server.
    pub return_path: String,
    /// When it begins.
    pub at: Timestamp,
    /// When it is too late to end it.
    pub expires_at: Timestamp,
    /// Who begins it, in one word: a network address, or a user.
    pub origin: String,
}

/// A sign-in that came back.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SignOnFlow {
    /// What it is for.
    pub purpose: SignOnPurpose,
    /// Where to go afterwards.
    pub return_path: String,
    /// When it began.
    pub begun_at: Timestamp,
}

/// Begins and ends sign-ins at a provider.
#[derive(Clone, Copy, Debug)]
pub struct SignOnFlows<'a>(&'a Records);

impl Records {
    /// Sign-ins at an OpenID provider that are under way.
    pub fn sign_on_flows(&self) -> SignOnFlows<'_> {
        SignOnFlows(self)
    }
}

impl SignOnFlows<'_> {
    /// How many may be under way: anybody can begin one, and the oldest of
    /// whoever began most of them makes room. Far more than people sign in within ten minutes, 5 MB at most.
    pub const MAX: u64 = 10_000;

    /// Begins a sign-in; forgets those that have expired.
    ///
    /// # Errors
    /// Only of the database.
    pub async fn begin(self, draft: &SignOnFlowDraft) -> Result<(), RecordsError> {
        self.begin_among(draft, Self::MAX).await
    }

    /// The same, among at most `most` that are under way.
    ///
    /// # Errors
    /// Only of the database.
    pub async fn begin_among(self, draft: &SignOnFlowDraft, most: u64) -> Result<(), RecordsError> {
        const DOING: &str = "beginning a single sign-on";
        let tx = self.0.begin(DOING).await?;
        make_room(&tx, draft.at, most).await?;
        let (purpose, user, invitation) = match &draft.purpose {
            SignOnPurpose::SignIn => ("sign-in", None, None),
            SignOnPurpose::SignInAgain => ("sign-in-again", None, None),
            SignOnPurpose::Link(user) => ("link", Some(user.to_string()), None),
            SignOnPurpose::Invitation(token) => ("invitation", None, Some(token.to_hex())),
        };
        let row = sign_on_flow::Model {
            state_sha256: draft.state.to_hex(),
            browser_sha256: draft.browser.to_hex(),
            purpose: purpose.to_owned(),
            user_id: user,
            invitation_sha256: invitation,
            return_path: draft.return_path.clone(),
            created_at_ms: draft.at.millis(),
            expires_at_ms: draft.expires_at.millis(),
            origin: text::address(&draft.origin),
        };
        sign_on_flow::Entity::insert(row.into_active_model())
            .exec_without_returning(&tx)
            .await
            .doing(DOING)?;
        tx.commit().await.doing(DOING)
    }

    /// Ends the sign-in that `browser` began with `state`. Of several who try,
    /// one gets it; an unknown, used or expired state and another browser's
    /// give nothing.
    ///
    /// # Errors
    /// Only of the database, or a stored value that cannot be read.
    pub async fn take(
        self,
        state: &TokenHash,
        browser: &TokenHash,
        now: Timestamp,
    ) -> Result<Option<SignOnFlow>, RecordsError> {
        const DOING: &str = "ending a single sign-on";
        let tx = self.0.begin(DOING).await?;
        let found = sign_on_flow::Entity::find_by_id(state.to_hex())
            .filter(sign_on_flow::Column::BrowserSha256.eq(browser.to_hex()))
            .filter(sign_on_flow::Column::ExpiresAtMs.gt(now.millis()))
            .one(&tx)
            .await
            .doing(DOING)?;
        let Some(found) = found else { return Ok(None) };
        let taken = sign_on_flow::Entity::delete_by_id(state.to_hex()).exec(&tx).await;
        let is_mine = taken.doing(DOING)?.rows_affected == 1;
        tx.commit().await.doing(DOING)?;
        is_mine.then(|| read(found)).transpose()
    }
}

async fn make_room(
    tx: &DatabaseTransaction,
    now: Timestamp,
    most: u64,
) -> Result<(), RecordsError> {
    const DOING: &str = "forgetting a single sign-on";
    sign_on_flow::Entity::delete_many()
        .filter(sign_on_flow::Column::ExpiresAtMs.lte(now.millis()))
        .exec(tx)
        .await
        .doing(DOING)?;
    let held = sign_on_flow::Entity::find().count(tx).await.doing(DOING)?;
    if held < most {
        return Ok(());
    }
    let origin: Option<String> = sign_on_flow::Entity::find()
        .select_only()
        .column(sign_on_flow::Column::Origin)
        .group_by(sign_on_flow::Column::Origin)
        .order_by_desc(sign_on_flow::Column::Origin.count())
        .into_tuple()
        .one(tx)
        .await
        .doing(DOING)?;
    let Some(origin) = origin else { return Ok(()) };
    let oldest: Option<String> = sign_on_flow::Entity::find()
        .select_only()
        .column(sign_on_flow::Column::StateSha256)
        .filter(sign_on_flow::Column::Origin.eq(origin))
        .order_by_asc(sign_on_flow::Column::CreatedAtMs)
        .into_tuple()
        .one(tx)
        .await
        .doing(DOING)?;
    if let Some(oldest) = oldest {
        sign_on_flow::Entity::delete_by_id(oldest).exec(tx).await.doing(DOING)?;
    }
    Ok(())
}

fn read(row: sign_on_flow::Model) -> Result<SignOnFlow, RecordsError> {
    let corrupt = |reason: &str| {
        RecordsError::corrupt("single sign-on", "", format!("{reason} of {:?}", row.purpose))
    };
    let purpose = match row.purpose.as_str() {
        "sign-in" => SignOnPurpose::SignIn,
        "sign-in-again" => SignOnPurpose::SignInAgain,
        "link" => {
            let user = row.user_id.as_deref().ok_or_else(|| corrupt("no account"))?;
            SignOnPurpose::Link(UserId::stored(user)?)
        }
        "invitation" => {
            let token = row.invitation_sha256.as_deref().and_then(TokenHash::stored);
            SignOnPurpose::Invitation(token.ok_or_else(|| corrupt("no token"))?)
        }
        _ => return Err(corrupt("an unknown purpose")),
    };
    let begun_at = Timestamp(row.created_at_ms);
    Ok(SignOnFlow { purpose, return_path: row.return_path, begun_at })
}
