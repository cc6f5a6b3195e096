//! What is wrong in a configuration file, where it stands, and what was probably meant.

use crate::error::Error;
use crate::location::LineIndex;
use std::ops::Range;
use std::path::Path;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// One step on the way from the top of the file to a value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// The value of this key.
    Key(String),
    /// The element with this number, from zero.
    Index(usize),
}

/// Where in the text a mistake stands.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Place {
    /// At these bytes.
    Span(Range<usize>),
    /// At the value that these steps lead to, or as near to it as they lead.
    Path(Vec<Step>),
}

/// Something in the file that cannot be used.
#[derive(Debug, PartialEq, Eq)]
pub struct Mistake {
    pub message: String,
    hint: Option<String>,
    place: Place,
}

impl Mistake {
    /// A mistake in the value that a later [`Mistake::below`] places.
    pub fn new(message: impl Into<String>) -> Self {
        Self { message: message.into(), hint: None, place: Place::Path(Vec::new()) }
    }

    /// The same mistake with the way out.
    pub fn hint(self, hint: impl Into<String>) -> Self {
        Self { hint: Some(hint.into()), ..self }
    }

    /// The same mistake, seen from one level further up: `step` leads to what it was seen from before.
    pub fn below(mut self, step: impl Into<Step>) -> Self {
        if let Place::Path(steps) = &mut self.place {
            steps.insert(0, step.into());
        }
        self
    }

    /// The mistake that the parser saw.
    pub fn from_toml(error: &toml::de::Error) -> Self {
        let place = error.span().map_or(Place::Path(Vec::new()), Place::Span);
        let message = error.message().trim_end();
        let mut quoted = message.split('`').skip(1).step_by(2);
        let (message, hint) = match quoted.next() {
            Some(wrong) if message.starts_with("unknown field ") => {
                (format!("there is no key `{wrong}` here"), suggestion(wrong, quoted))
            }
            Some(wrong) if message.starts_with("unknown variant ") => {
                (format!("`{wrong}` is none of the words that can stand here"), suggestion(wrong, quoted))
            }
            _ => (without_value(message), None),
        };
        Self { message, hint, place }
    }

    /// The error for people, for the file at `path` with this `text`.
    pub fn at(self, path: &Path, text: &str) -> Error {
        let offset = match self.place {
            Place::Span(span) => span.start,
            Place::Path(steps) => locate(text, &steps).map_or(0, |span| span.start),
        };
        let offset = offset.min(text.len());
        let at = LineIndex::new(text.as_bytes()).position(text.as_bytes(), offset);
        let error = Error::new(format!("{}:{}:{}: {}", path.display(), at.line, at.column, self.message));
        match self.hint {
            Some(hint) => error.hint(hint),
            None => error,
        }
    }
}

/// A message about a value of the wrong type, without the value: it may be key material.
fn without_value(message: &str) -> String {
    let Some((found, wanted)) = message.strip_prefix("invalid type: ").and_then(|rest| rest.rsplit_once(", expected ")) else {
        return message.to_owned();
    };
    let kind = found.split([' ', '"']).next().unwrap_or_default();
    let wanted = if wanted.starts_with("struct ") { "a table" } else { wanted };
    format!("{wanted} is expected here, not a value of type {kind}")
}

/// The candidate that `wrong` looks most like, and all of them when they are few.
pub fn suggestion<'a>(wrong: &str, candidates: impl Iterator<Item = &'a str>) -> Option<String> {
    /// More words than these are no help to read.
    const FEW: usize = 12;
    let candidates: Vec<&str> = candidates.collect();
    let plain = |word: &str| word.to_ascii_lowercase().replace('_', "-");
    let likeness = |word: &str| strsim::jaro_winkler(&plain(wrong), &plain(word));
    let best = candidates.iter().copied().max_by(|a, b| likeness(a).total_cmp(&likeness(b)).then_with(|| b.cmp(a)));
    let best = best.filter(|word| likeness(word) >= 0.8).map(|word| format!("did you mean `{word}`?"));
    let all = (!candidates.is_empty() && candidates.len() <= FEW).then(|| format!("possible here: {}", candidates.join(", ")));
    match (best, all) {
        (Some(best), Some(all)) => Some(format!("{best} ({all})")),
        (best, all) => best.or(all),
    }
}

/// Where the value that `steps` lead to stands in `text`; when they lead nowhere, the last place they passed.
fn locate(text: &str, steps: &[Step]) -> Option<Range<usize>> {
    let document = DeTable::parse(text).ok()?;
    let mut place = None;
    let mut table = Some(document.get_ref());
    let mut value: Option<&Spanned<DeValue<'_>>> = None;
    for step in steps {
        let next = match step {
            Step::Key(wanted) => {
                let Some((key, next)) = table.and_then(|table| table.iter().find(|(key, _)| key.get_ref() == wanted)) else {
                    break;
                };
                place = Some(key.span());
                next
            }
            Step::Index(index) => {
                let Some(next) = value.and_then(|value| value.get_ref().as_array()).and_then(|array| array.get(*index)) else {
                    break;
                };
                place = Some(next.span());
                next
            }
        };
        value = Some(next);
        table = next.get_ref().as_table();
    }
    place
}
