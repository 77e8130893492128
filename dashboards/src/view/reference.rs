//! The operations of the API, as the page of its documentation shows them.
//! Their words are those of the OpenAPI document: English, with some Markdown.

/// What the OpenAPI document says.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Reference {
    /// The version of the product.
    pub version: String,
    /// What holds of every operation.
    pub about: String,
    /// The operations by subject.
    pub groups: Vec<ReferenceGroup>,
    /// The fields of an error.
    pub problem: Vec<Field>,
}

impl Reference {
    /// How many operations there are.
    pub(crate) fn count(&self) -> u64 {
        self.groups.iter().map(|group| group.operations.len() as u64).sum()
    }
}

/// The operations about one subject.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ReferenceGroup {
    /// Its tag in the document.
    pub name: String,
    /// What it is about.
    pub about: String,
    /// Its operations.
    pub operations: Vec<Operation>,
}

impl ReferenceGroup {
    /// Its id on the page; operations have theirs as they are.
    pub(crate) fn anchor(&self) -> String {
        format!("group-{}", self.name)
    }

    /// The tag as a heading.
    pub(crate) fn title(&self) -> String {
        let mut letters = self.name.chars();
        letters
            .next()
            .map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
    }
}

/// One operation.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Operation {
    /// Its id in the document, and on the page.
    pub id: String,
    /// The method.
    pub method: String,
    /// The path, with `{…}` for its parameters.
    pub path: String,
    /// What it does, in a line.
    pub summary: String,
    /// What else there is to say.
    pub about: String,
    /// Who may come in.
    pub access: OperationAccess,
    /// What it takes besides a body.
    pub parameters: Vec<Parameter>,
    /// The body that it takes.
    pub body: Option<Content>,
    /// What it answers.
    pub answers: Vec<Answer>,
    /// How to ask for it in a shell.
    pub curl: String,
}

/// How somebody comes in who asks for an operation.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum OperationAccess {
    /// With a token that has this scope, or with a session.
    Scope(String),
    /// With a session or a token, whatever its scopes.
    SignedIn,
    /// With a session alone.
    Session,
    /// With the push secret of an account.
    PushSecret,
    /// Anybody comes in.
    Anybody,
}

/// Where a parameter goes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ParameterPlace {
    /// In the path.
    Path,
    /// In the query string.
    Query,
    /// In a header.
    Header,
}

impl ParameterPlace {
    pub(crate) fn key(self) -> &'static str {
        match self {
            ParameterPlace::Path => "docs-in-path",
            ParameterPlace::Query => "docs-in-query",
            ParameterPlace::Header => "docs-in-header",
        }
    }
}

/// What an operation takes besides a body.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Parameter {
    /// Where it goes.
    pub place: ParameterPlace,
    /// What it is.
    pub field: Field,
}

/// A value with a name.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Field {
    /// What holds it, such as `contacts[].`; empty at the top.
    pub within: String,
    /// Its name.
    pub name: String,
    /// Its type, such as `string | null` or `Contact[]`.
    pub kind: String,
    /// Whether it must be there, or always is.
    pub is_required: bool,
    /// What it means.
    pub about: String,
    /// What it may be, where that is a list.
    pub values: Vec<String>,
    /// Other limits, such as `≥ 0`.
    pub limits: Vec<String>,
    /// What it is unless given.
    pub default: Option<String>,
    /// What it may look like.
    pub example: Option<String>,
}

/// A body.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Content {
    /// The media type.
    pub media: String,
    /// Its type, such as `Customer`.
    pub kind: String,
    /// What it is.
    pub about: String,
    /// What is in it, with what is in that behind it.
    pub fields: Vec<Field>,
}

/// One answer of an operation.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Answer {
    /// The status; `None` for every other.
    pub status: Option<u16>,
    /// When it is given.
    pub about: String,
    /// Its body.
    pub content: Option<Content>,
    /// Whether it is an error in the form that all have.
    pub is_problem: bool,
}

impl Answer {
    /// The kind of the status, for its colour.
    pub(crate) fn class(&self) -> &'static str {
        match self.status {
            Some(200..=299) => "is-done",
            Some(300..=399) => "is-elsewhere",
            _ => "is-problem",
        }
    }
}
