//! The page where people prove who they are.

use std::fmt::Write as _;

/// The form; `fields` come back with user name and password.
pub(crate) fn form(fields: &[(&str, &str)], is_wrong: bool) -> String {
    let mut hidden = String::new();
    for (name, value) in fields {
        write!(
            hidden,
            "<input type=\"hidden\" name=\"{}\" value=\"{}\">",
            escape(name),
            escape(value)
        )
        .expect("writing to a String cannot fail");
    }
    let problem =
        if is_wrong { "<p role=\"alert\">User name or password is wrong.</p>" } else { "" };
    format!(
        "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width\"><title>Test provider</title></head>\
         <body><main><h1>Test provider</h1>{problem}\
         <form method=\"post\" action=\"/authorize\">{hidden}\
         <p><label>User name <input name=\"user\" autocomplete=\"username\" required></label></p>\
         <p><label>Password <input name=\"password\" type=\"password\" required></label></p>\
         <p><button type=\"submit\">Sign in</button> \
         <button type=\"submit\" name=\"deny\" value=\"1\" formnovalidate>Refuse</button></p>\
         </form></main></body></html>"
    )
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('"', "&quot;").replace('<', "&lt;").replace('>', "&gt;")
}
