//! Identities of components and services; opaque to the engine.

use std::borrow::Borrow;
use std::fmt;
use std::sync::Arc;

macro_rules! id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(Arc<str>);

        impl $name {
            /// The id as text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl From<&str> for $name {
            fn from(text: &str) -> Self {
                $name(Arc::from(text))
            }
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(&self.0)
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(source: D) -> Result<Self, D::Error> {
                String::deserialize(source).map($name::from)
            }
        }

        impl From<String> for $name {
            fn from(text: String) -> Self {
                $name(Arc::from(text))
            }
        }

        impl Borrow<str> for $name {
            fn borrow(&self) -> &str {
                &self.0
            }
        }

        impl AsRef<str> for $name {
            fn as_ref(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(&self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }
    };
}

id! {
    /// Anything whose state an NMS reports: `<nms>/<kind>/<native id>`, for
    /// example `ams1/device/42` or `ams1/port/4711`. Ordered bytewise.
    ComponentId
}

id! {
    /// A customer service. Ordered bytewise.
    ServiceId
}

impl ComponentId {
    /// The id of the object that `nms` knows as `native` among its `kind`s.
    pub fn of(nms: &str, kind: &str, native: impl fmt::Display) -> ComponentId {
        ComponentId::from(format!("{nms}/{kind}/{native}"))
    }

    /// The three parts `(nms, kind, native id)`, if the id has them. The
    /// native id may itself hold slashes.
    pub fn parts(&self) -> Option<(&str, &str, &str)> {
        let mut parts = self.0.splitn(3, '/');
        Some((parts.next()?, parts.next()?, parts.next()?))
    }
}
