//! One struct per page. The API fills them, [`Render`](crate::Render) makes
//! the HTML.

mod error;
mod login;
mod overview;
mod service;
mod services;

pub use error::{ErrorKind, ErrorPage};
pub use login::{LoginError, LoginPage};
pub use overview::{OverviewLivePartial, OverviewPage};
pub use service::ServicePage;
pub use services::ServicesPage;
