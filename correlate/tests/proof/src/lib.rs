//! What the tests of the core share: facts and the naive oracle over them,
//! and stories, which are scenarios that anyone can write.
//!
//! But for [`Crew`], which runs the engine, it knows the core's vocabulary
//! alone, so that what it expects is arrived at in another way. No product
//! code depends on it.

mod crew;
mod facts;
mod mirror;
pub mod oracle;
mod shuffle;
pub mod story;

pub use crew::{Crew, Size, meshes};
pub use facts::{Fact, Facts};
pub use mirror::{Mirror, check_shape};
pub use shuffle::Shuffle;
