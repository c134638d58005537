//! The languages of the waiting page, and what it says in them.

use poem::http::{HeaderMap, HeaderValue, header};
use serde::Deserialize;

/// A language of the page.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Language {
    English,
    Korean,
}

impl Language {
    /// The one that `Accept-Language` prefers (RFC 9110, 12.5.4); English when it names neither.
    pub(super) fn preferred(headers: &HeaderMap) -> Self {
        let values = headers.get_all(header::ACCEPT_LANGUAGE).into_iter().filter_map(|value| value.to_str().ok());
        let mut best = (Self::English, 0.0);
        for (language, weight) in values.flat_map(|value| value.split(',')).filter_map(wanted) {
            if weight > best.1 {
                best = (language, weight);
            }
        }
        best.0
    }

    /// Its tag (BCP 47).
    pub(super) const fn tag(self) -> &'static str {
        match self {
            Self::English => "en",
            Self::Korean => "ko",
        }
    }

    pub(super) const fn header(self) -> HeaderValue {
        HeaderValue::from_static(self.tag())
    }

    /// What the page says in it, as the page's script reads it.
    pub(super) const fn strings(self) -> &'static str {
        match self {
            Self::English => include_str!("strings.en.json"),
            Self::Korean => include_str!("strings.ko.json"),
        }
    }

    /// What is said in it without the script.
    pub(super) fn texts(self) -> Texts {
        serde_json::from_str(self.strings()).expect("the texts are part of the program")
    }
}

/// A known language with its weight.
fn wanted(entry: &str) -> Option<(Language, f32)> {
    let (range, weight) = entry.split_once(';').unwrap_or((entry, ""));
    let language = match range.trim().split('-').next().unwrap_or_default().to_ascii_lowercase().as_str() {
        "en" | "*" => Language::English,
        "ko" => Language::Korean,
        _ => return None,
    };
    let weight = weight.trim().strip_prefix("q=").and_then(|weight| weight.trim().parse().ok()).unwrap_or(1.0);
    Some((language, weight))
}

/// What is said without the script.
#[derive(Debug, Deserialize)]
pub(super) struct Texts {
    pub(super) noscript: String,
    pub(super) views: Views,
    pub(super) errors: Errors,
}

/// What is said about the visitor.
#[derive(Debug, Deserialize)]
pub(super) struct Views {
    /// There is no place.
    pub(super) lost: Said,
}

/// What is said instead of the page.
#[derive(Debug, Deserialize)]
pub(super) struct Errors {
    /// There is no such room.
    pub(super) missing: Said,
    /// Nothing is known right now.
    pub(super) unavailable: Said,
}

/// A headline and a sentence.
#[derive(Debug, Deserialize)]
pub(super) struct Said {
    pub(super) title: String,
    pub(super) lead: String,
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use serde_json::Value;

    use super::*;

    fn preferred(value: &'static str) -> &'static str {
        let value = HeaderValue::from_static(value);
        Language::preferred(&HeaderMap::from_iter([(header::ACCEPT_LANGUAGE, value)])).tag()
    }

    #[test]
    fn the_preferred_language_is_the_one_of_most_weight_that_is_known() {
        assert_eq!(preferred("ko-KR,ko;q=0.9,en-US;q=0.8,en;q=0.7"), "ko");
        assert_eq!(preferred("en-GB,en;q=0.9,ko;q=0.8"), "en");
        assert_eq!(preferred("fr, KO;q=0.3"), "ko");
        assert_eq!(preferred("fr, ko;q=0.3, *;q=0.5"), "en");
        assert_eq!(preferred("en;q=0, ko;q=0.1"), "ko");
        assert_eq!(preferred("ja"), "en");
        assert_eq!(preferred("ko;q=nonsense"), "ko");
        assert_eq!(Language::preferred(&HeaderMap::new()).tag(), "en");
    }

    /// The names of all members, through every level.
    fn names(value: &Value, path: &str, found: &mut BTreeSet<String>) {
        for (name, value) in value.as_object().into_iter().flatten() {
            let path = format!("{path}/{name}");
            names(value, &path, found);
            found.insert(path);
        }
    }

    #[test]
    fn both_languages_say_the_same_things_and_fit_into_a_script_element() {
        let said = [Language::English, Language::Korean].map(|language| {
            assert!(!language.strings().contains('<'));
            assert!(!language.texts().noscript.is_empty());
            let mut found = BTreeSet::new();
            names(&serde_json::from_str(language.strings()).expect("JSON"), "", &mut found);
            found
        });
        assert_eq!(said[0], said[1]);
    }
}
