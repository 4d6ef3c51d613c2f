//! HTML that is being written.
//!
//! Markup is `&'static str`: only what stands in the source of this program can become a tag. Everything else goes
//! through [`Html::text`] or an attribute value, which show what would act, reorder or hide as a visible escape.

use super::super::inert::{is_unsafe, push_escape};

/// HTML that is being written.
#[derive(Debug, Default)]
pub(super) struct Html {
    out: String,
}

impl Html {
    /// Appends markup.
    pub(super) fn raw(&mut self, markup: &'static str) -> &mut Self {
        self.out.push_str(markup);
        self
    }

    /// Appends text.
    pub(super) fn text(&mut self, text: &str) -> &mut Self {
        push_escaped(&mut self.out, text);
        self
    }

    /// Opens an element.
    pub(super) fn open(
        &mut self,
        tag: &'static str,
        attributes: &[(&'static str, &str)],
    ) -> &mut Self {
        self.raw("<").raw(tag);
        for (name, value) in attributes {
            self.raw(" ").raw(name).raw("=\"").text(value).raw("\"");
        }
        self.raw(">")
    }

    /// Closes an element.
    pub(super) fn close(&mut self, tag: &'static str) -> &mut Self {
        self.raw("</").raw(tag).raw(">")
    }

    /// An element that holds text.
    pub(super) fn element(
        &mut self,
        tag: &'static str,
        attributes: &[(&'static str, &str)],
        text: &str,
    ) -> &mut Self {
        self.open(tag, attributes).text(text).close(tag)
    }

    /// Appends a drawing that this program made, as it is.
    pub(super) fn drawing(&mut self, svg: &str) -> &mut Self {
        self.out.push_str(svg.trim());
        self
    }

    /// Appends base64, which has no character that could end anything.
    pub(super) fn base64(&mut self, bytes: &str) -> &mut Self {
        debug_assert!(bytes.bytes().all(|b| b.is_ascii_alphanumeric() || b"+/=".contains(&b)));
        self.out.push_str(bytes);
        self
    }

    pub(super) fn finish(self) -> String {
        self.out
    }
}

/// Escapes for text between tags and for quoted attribute values.
fn push_escaped(out: &mut String, text: &str) {
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            _ if is_unsafe(c) => push_escape(out, c),
            _ => out.push(c),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn escaped(text: &str) -> String {
        let mut html = Html::default();
        html.text(text);
        html.finish()
    }

    #[test]
    fn nothing_of_a_text_is_markup() {
        assert_eq!(
            escaped("</script><img src=x onerror='alert(1)'>&amp;"),
            "&lt;/script&gt;&lt;img src=x onerror=&#39;alert(1)&#39;&gt;&amp;amp;"
        );
        assert_eq!(escaped("a\u{202e}b\u{2028}c\0\x1b[2J"), r"a\u{202e}b\u{2028}c\x00\x1b[2J");
    }

    #[test]
    fn attributes_are_quoted() {
        let mut html = Html::default();
        html.element("td", &[("data-v", "\" onclick=\"x")], "<b>");
        assert_eq!(html.finish(), "<td data-v=\"&quot; onclick=&quot;x\">&lt;b&gt;</td>");
    }

    proptest! {
        #[test]
        fn no_text_leaves_its_place(text in any::<String>()) {
            let shown = escaped(&text);
            prop_assert!(!shown.contains(['<', '>', '"', '\'']));
            prop_assert!(!shown.chars().any(is_unsafe));
        }
    }
}
