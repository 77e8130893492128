//! Lines and words of a story: sections, indented lines that belong to the
//! line above, and remarks in parentheses.

/// A place that cannot be understood: line number, and what to do about it.
pub(super) type Complaint = (u64, String);

/// A line of a section, and the indented lines beneath it.
#[derive(Clone, Debug)]
pub(super) struct Line<'a> {
    /// Line number, from 1.
    pub(super) number: u64,
    pub(super) text: &'a str,
    /// The indented lines beneath it, with their numbers.
    pub(super) beneath: Vec<(u64, &'a str)>,
}

/// A part of a story under a `## Heading`.
#[derive(Clone, Debug)]
pub(super) struct Section<'a> {
    pub(super) number: u64,
    pub(super) name: &'a str,
    pub(super) lines: Vec<Line<'a>>,
}

/// The title and the sections. What stands between them is for people.
pub(super) fn sections(text: &str) -> Result<(&str, Vec<Section<'_>>), Complaint> {
    let mut lines = (1..).zip(text.lines().map(str::trim_end));
    let title = lines.next().and_then(|(_, line)| line.strip_prefix("# "));
    let Some(title) = title else {
        let reason = "a story begins with `# ` and one sentence that says what it tells";
        return Err((1, reason.to_owned()));
    };
    let mut sections: Vec<Section<'_>> = Vec::new();
    for (number, line) in lines {
        if let Some(name) = line.strip_prefix("## ") {
            sections.push(Section { number, name, lines: Vec::new() });
            continue;
        }
        let Some(section) = sections.last_mut() else { continue };
        let text = line.trim_start();
        if text.is_empty() || (text.starts_with('(') && text.ends_with(')')) {
            continue;
        }
        if text.len() == line.len() {
            section.lines.push(Line { number, text, beneath: Vec::new() });
        } else if let Some(above) = section.lines.last_mut() {
            above.beneath.push((number, text));
        } else {
            return Err((number, "this line is indented, but there is none above it".to_owned()));
        }
    }
    Ok((title, sections))
}

/// The words of one line, taken from the front.
#[derive(Clone, Debug)]
pub(super) struct Words {
    number: u64,
    words: Vec<String>,
    next: usize,
}

impl Words {
    /// Words are divided by blanks; `(`, `)` and `,` stand alone; what is in
    /// double quotes is one word.
    pub(super) fn of(number: u64, text: &str) -> Result<Words, Complaint> {
        let mut words = Vec::new();
        let mut rest = text.trim_start();
        while let Some(first) = rest.chars().next() {
            let length = match first {
                '(' | ')' | ',' => 1,
                '"' => match rest[1..].find('"') {
                    Some(end) => end + 2,
                    None => return Err((number, format!("a quote is not closed: {rest}"))),
                },
                _ => rest.find([' ', '(', ')', ',', '"']).unwrap_or(rest.len()),
            };
            words.push(rest[..length].trim_matches('"').to_owned());
            rest = rest[length..].trim_start();
        }
        Ok(Words { number, words, next: 0 })
    }

    pub(super) fn peek(&self) -> Option<&str> {
        self.words.get(self.next).map(String::as_str)
    }

    /// The next word, whatever it is.
    pub(super) fn word(&mut self, wanted: &str) -> Result<String, Complaint> {
        match self.words.get(self.next) {
            Some(word) => {
                self.next += 1;
                Ok(word.clone())
            }
            None => self.fail(wanted),
        }
    }

    /// Passes over `word` if it comes next.
    pub(super) fn eat(&mut self, word: &str) -> bool {
        let eaten = self.peek() == Some(word);
        self.next += usize::from(eaten);
        eaten
    }

    /// Passes over `word`, which must come next.
    pub(super) fn expect(&mut self, word: &str) -> Result<(), Complaint> {
        if self.eat(word) { Ok(()) } else { self.fail(&format!("`{word}`")) }
    }

    /// Nothing may come any more.
    pub(super) fn end(&self) -> Result<(), Complaint> {
        if self.peek().is_none() { Ok(()) } else { self.fail("the end of the line") }
    }

    /// Says that `wanted` must stand here, and what does.
    pub(super) fn fail<T>(&self, wanted: &str) -> Result<T, Complaint> {
        let found = match self.peek() {
            Some(word) => format!("`{word}`"),
            None => "the end of the line".to_owned(),
        };
        let before = self.words[..self.next].join(" ");
        let place = if before.is_empty() { String::new() } else { format!(" after `{before}`") };
        Err((self.number, format!("write {wanted}{place}, where {found} stands")))
    }

    pub(super) fn number(&self) -> u64 {
        self.number
    }

    /// Where the next word stands; [`Words::back_to`] returns to it.
    pub(super) fn mark(&self) -> usize {
        self.next
    }

    pub(super) fn back_to(&mut self, mark: usize) {
        self.next = mark;
    }
}
