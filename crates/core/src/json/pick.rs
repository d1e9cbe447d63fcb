//! Some members of the JSON of data sets, as they stand there.

/// Picks members of objects without reading what they hold: for what is kept as JSON and answered with as JSON. What
/// it is given is JSON: it is not checked.
#[derive(Clone, Debug, Default)]
pub struct Picker {
    /// Names in ascending order, each with what stands for it where no text has it: without that it is left out.
    members: Vec<(String, Option<String>)>,
}

impl Picker {
    /// Picks members by name; what was said last of a name counts.
    #[must_use]
    pub fn new(members: Vec<(String, Option<String>)>) -> Self {
        let mut members = members;
        members.reverse();
        members.sort_by(|left, right| left.0.cmp(&right.0));
        members.dedup_by(|left, right| left.0 == right.0);
        Self { members }
    }

    /// The object that has these members, in ascending order, of objects of which later ones stand over earlier ones.
    ///
    /// Nothing when that takes reading them: a text is no object, or a name or a value that is picked is spelt with a
    /// backslash, which another writer of JSON may spell in another way.
    #[must_use]
    pub fn picked(&self, texts: &[&[u8]]) -> Option<Vec<u8>> {
        let mut found: Vec<Option<&[u8]>> = vec![None; self.members.len()];
        for text in texts {
            self.find(text, &mut found)?;
        }
        let mut object = Vec::with_capacity(512);
        object.push(b'{');
        for ((name, otherwise), value) in self.members.iter().zip(found) {
            let Some(value) = value.or(otherwise.as_deref().map(str::as_bytes)) else { continue };
            if value.contains(&b'\\') {
                return None;
            }
            if object.len() > 1 {
                object.push(b',');
            }
            object.push(b'"');
            object.extend_from_slice(name.as_bytes());
            object.extend_from_slice(b"\":");
            object.extend_from_slice(value);
        }
        object.push(b'}');
        Some(object)
    }

    fn find<'t>(&self, text: &'t [u8], found: &mut [Option<&'t [u8]>]) -> Option<()> {
        let mut at = after(text, 0, b'{')?;
        if let Some(end) = after(text, at, b'}') {
            return (blank(text, end) == text.len()).then_some(());
        }
        loop {
            let start = after(text, at, b'"')?;
            let end = start + text[start..].iter().position(|&byte| matches!(byte, b'"' | b'\\'))?;
            let name = &text[start..end];
            let value = blank(text, after(text, after(text, end, b'"')?, b':')?);
            let rest = value_end(text, value)?;
            if let Ok(member) = self.members.binary_search_by(|(member, _)| member.as_bytes().cmp(name)) {
                found[member] = Some(text[value..rest].trim_ascii_end());
            }
            at = match text.get(blank(text, rest))? {
                b',' => blank(text, rest) + 1,
                b'}' => return (blank(text, blank(text, rest) + 1) == text.len()).then_some(()),
                _ => return None,
            };
        }
    }
}

/// Where something other than white space is, from a place on.
fn blank(text: &[u8], at: usize) -> usize {
    let rest = text.get(at..).unwrap_or_default();
    at + rest.iter().take_while(|byte| byte.is_ascii_whitespace()).count()
}

/// Behind a byte, which is the next one beside white space.
fn after(text: &[u8], at: usize, byte: u8) -> Option<usize> {
    let at = blank(text, at);
    (text.get(at) == Some(&byte)).then_some(at + 1)
}

/// Where a value ends: brackets and quotation marks are looked at, nothing else.
fn value_end(text: &[u8], start: usize) -> Option<usize> {
    let (mut at, mut depth) = (start, 0_usize);
    loop {
        match text.get(at)? {
            b'"' => at = string_end(text, at + 1)?,
            b'{' | b'[' => depth += 1,
            b'}' | b']' if depth > 0 => depth -= 1,
            b'}' | b']' | b',' if depth == 0 => return (at > start).then_some(at),
            _ => {}
        }
        at += 1;
    }
}

/// The quotation mark that ends a string.
fn string_end(text: &[u8], mut at: usize) -> Option<usize> {
    loop {
        match text.get(at)? {
            b'"' => return Some(at),
            b'\\' => at += 2,
            _ => at += 1,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn picked(names: &[(&str, Option<&str>)], texts: &[&str]) -> Option<String> {
        let members = names.iter().map(|(name, text)| ((*name).to_owned(), text.map(str::to_owned))).collect();
        let texts: Vec<_> = texts.iter().map(|text| text.as_bytes()).collect();
        Picker::new(members).picked(&texts).map(|object| String::from_utf8(object).unwrap())
    }

    #[test]
    fn picks_in_order_and_later_texts_stand_over_earlier_ones() {
        let names = [("2", None), ("1", Some("{}")), ("3", Some("0")), ("4", None)];
        let found = picked(&names, &[r#"{"9":[{"2":7}],"2": {"a":[1,"}"]} ,"1":2,"1":3}"#, r#"{"2":5}"#, "{}"]);
        assert_eq!(found.as_deref(), Some(r#"{"1":3,"2":5,"3":0}"#));
        assert_eq!(picked(&names[..1], &["{}"]).as_deref(), Some("{}"));
        assert_eq!(picked(&[], &[]).as_deref(), Some("{}"));
    }

    #[test]
    fn leaves_what_has_to_be_read() {
        assert_eq!(picked(&[("1", None)], &[r#"{"1":"a\u0041"}"#]), None);
        assert_eq!(picked(&[("1", None)], &[r#"{"2":"a\\b","1":0}"#]).as_deref(), Some(r#"{"1":0}"#));
        for text in ["", "[]", "{", r#"{"1"}"#, r#"{"1":}"#, r#"{"1":1} 2"#, "null", r#"{"1":1"#, r#"{"1":"}"#] {
            assert_eq!(picked(&[("1", None)], &[text]), None, "{text}");
        }
    }
}
