//! From a page struct to HTML.

use askama::Template;

/// A page that could not be made into HTML; a fault in this crate, not in
/// what the reader asked.
#[derive(Debug, thiserror::Error)]
#[error("could not render the {page} page")]
pub struct RenderError {
    page: &'static str,
    source: askama::Error,
}

/// What can be made into HTML: every page and partial.
pub trait Render {
    /// The whole HTML text.
    ///
    /// # Errors
    /// Only when a template's own formatting fails.
    fn render(&self) -> Result<String, RenderError>;
}

impl<T: Template> Render for T {
    fn render(&self) -> Result<String, RenderError> {
        Template::render(self)
            .map_err(|source| RenderError { page: std::any::type_name::<T>(), source })
    }
}
