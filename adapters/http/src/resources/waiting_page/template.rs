//! Values in the places of a page.

/// Puts a value in the place of each `{{name}}`, in one pass: what a value says is not looked at again.
pub(super) fn filled<'v>(template: &str, value: impl Fn(&str) -> &'v str) -> String {
    let mut page = String::with_capacity(2 * template.len());
    let mut parts = template.split("{{");
    page.push_str(parts.next().unwrap_or_default());
    for part in parts {
        let (name, text) = part.split_once("}}").expect("the template is part of the program");
        page.push_str(value(name));
        page.push_str(text);
    }
    page
}

/// A text for HTML: between tags, and in attributes.
pub(super) fn escaped(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            '\'' => safe.push_str("&#39;"),
            other => safe.push(other),
        }
    }
    safe
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_that_looks_like_a_place_stays_as_it_is() {
        let value = |name: &str| if name == "a" { "{{b}}" } else { "two" };
        assert_eq!(filled("<p>{{a}} {{b}} {{a}}</p>", value), "<p>{{b}} two {{b}}</p>");
        assert_eq!(filled("", value), "");
    }

    #[test]
    fn no_text_ends_an_element_or_an_attribute() {
        assert_eq!(escaped(r#"<b a="1" c='2'>&amp;"#), "&lt;b a=&quot;1&quot; c=&#39;2&#39;&gt;&amp;amp;");
        assert_eq!(escaped("공연 & {{name}}"), "공연 &amp; {{name}}");
    }
}
