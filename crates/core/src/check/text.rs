//! Rules of text values: padding, repertoire, length and form (PS3.5 6.1.3, 6.2).

use crate::Vr;
use crate::charset::CharacterSet;
use crate::finding::Code;

const LF: char = '\n';
const ESC: char = '\x1B';

/// What was found in a text value.
#[derive(Default)]
#[allow(clippy::struct_excessive_bools)] // each is one kind of finding
pub struct Judged {
    /// How many values it has.
    pub values: u64,
    padding: bool,
    characters: bool,
    length: bool,
    form: bool,
    encoding: Option<Code>,
}

impl Judged {
    /// The findings, at most one of each kind.
    pub fn codes(&self) -> impl Iterator<Item = Code> + use<> {
        let all = [
            self.padding.then_some(Code::ValuePadding),
            self.characters.then_some(Code::ValueCharacters),
            self.length.then_some(Code::ValueTooLong),
            self.form.then_some(Code::ValueForm),
            self.encoding,
        ];
        all.into_iter().flatten()
    }
}

/// Judges the bytes of a text value.
pub fn judge(vr: Vr, bytes: &[u8], set: &CharacterSet) -> Judged {
    let text_end = bytes.iter().rposition(|&byte| byte != b' ' && byte != 0).map_or(0, |at| at + 1);
    let (content, padding) = bytes.split_at(text_end);
    let mut judged = Judged { padding: is_wrong_padding(vr, padding), ..Judged::default() };
    if content.is_empty() {
        return judged;
    }
    if vr.uses_character_set() {
        let decoded = set.decode(content, vr);
        judged.encoding = decoded.problem;
        judged.each(vr, &decoded.text);
    } else if let (true, Ok(text)) = (content.is_ascii(), std::str::from_utf8(content)) {
        judged.each(vr, text);
    } else {
        judged.characters = true;
        judged.values =
            if vr.is_multi_valued_text() { memchr::memchr_iter(b'\\', content).count() as u64 + 1 } else { 1 };
    }
    judged
}

/// UI is padded with one NUL, all other text with spaces (PS3.5 6.2).
fn is_wrong_padding(vr: Vr, padding: &[u8]) -> bool {
    if vr == Vr::UI { padding.len() > 1 || padding.contains(&b' ') } else { padding.contains(&0) }
}

impl Judged {
    fn each(&mut self, vr: Vr, text: &str) {
        if vr.is_multi_valued_text() {
            for value in text.split('\\') {
                self.values += 1;
                self.one(vr, value);
            }
        } else {
            self.values = 1;
            self.one(vr, text);
        }
    }

    fn one(&mut self, vr: Vr, value: &str) {
        let (most, allowed): (usize, fn(char) -> bool) = match vr {
            Vr::AE => (16, is_printable),
            Vr::AS => (4, |letter| letter.is_ascii_digit() || "DWMY".contains(letter)),
            Vr::CS => (16, |letter| matches!(letter, 'A'..='Z' | '0'..='9' | ' ' | '_')),
            Vr::DA => (8, |letter| letter.is_ascii_digit()),
            Vr::DS => (16, |letter| matches!(letter, '0'..='9' | '+' | '-' | 'E' | 'e' | '.' | ' ')),
            Vr::DT => (26, |letter| matches!(letter, '0'..='9' | '+' | '-' | '.' | ' ')),
            Vr::IS => (12, |letter| matches!(letter, '0'..='9' | '+' | '-' | ' ')),
            Vr::TM => (14, |letter| matches!(letter, '0'..='9' | '.' | ' ')),
            Vr::UI => (64, |letter| matches!(letter, '0'..='9' | '.')),
            Vr::UR => (usize::MAX, |letter| letter.is_ascii_graphic()),
            Vr::SH => (16, is_one_line),
            Vr::LO => (64, is_one_line),
            Vr::PN | Vr::UC => (usize::MAX, is_one_line),
            Vr::ST => (1024, is_text),
            Vr::LT => (10240, is_text),
            _ => (usize::MAX, is_text),
        };
        // Leading and trailing spaces are no part of the forms, but of the length of DS and IS.
        let trimmed = value.trim_matches(' ');
        let end = value.trim_end_matches([' ', '\0']);
        let measured = if matches!(vr, Vr::AE | Vr::CS) { trimmed } else { end };
        let old_form = is_dotted_or_coloned(vr, trimmed);
        self.length |= !old_form && measured.len() > most && measured.chars().count() > most;
        let allowed_all = end.chars().all(allowed);
        self.characters |= !allowed_all && !old_form;
        if !trimmed.is_empty() {
            self.form |= match vr {
                Vr::AS => allowed_all && !is_age(trimmed),
                Vr::DA => old_form || (allowed_all && !is_date(trimmed)),
                Vr::TM => old_form || (allowed_all && !is_time(trimmed)),
                Vr::DT => allowed_all && !is_date_time(trimmed),
                Vr::DS => allowed_all && !is_decimal(trimmed),
                Vr::IS => allowed_all && !is_integer(trimmed),
                Vr::UI => allowed_all && !is_uid(trimmed),
                _ => false,
            };
        }
        if vr == Vr::PN {
            self.length |= value.split('=').any(|group| group.len() > 64 && group.chars().count() > 64);
            self.form |= value.split('=').count() > 3
                || value.split('=').any(|group| group.bytes().filter(|&byte| byte == b'^').count() > 4);
        }
    }
}

fn is_printable(letter: char) -> bool {
    (' '..='~').contains(&letter)
}

/// No control characters but the one that begins a code extension.
fn is_one_line(letter: char) -> bool {
    !letter.is_control() || letter == ESC
}

fn is_text(letter: char) -> bool {
    !letter.is_control() || matches!(letter, ESC | LF | '\r' | '\t' | '\x0C')
}

/// The forms of ACR-NEMA, whose characters say what was meant: 1993.08.22 and 12:30:59.
fn is_dotted_or_coloned(vr: Vr, value: &str) -> bool {
    match vr {
        Vr::DA => value.len() == 10 && value.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.'),
        Vr::TM => value.contains(':') && value.bytes().all(|byte| byte.is_ascii_digit() || b":.".contains(&byte)),
        _ => false,
    }
}

fn digits(value: &str) -> Option<u32> {
    (!value.is_empty() && value.bytes().all(|byte| byte.is_ascii_digit())).then(|| value.parse().ok()).flatten()
}

fn is_age(value: &str) -> bool {
    value.len() == 4 && digits(&value[..3]).is_some() && value.ends_with(['D', 'W', 'M', 'Y'])
}

fn is_date(value: &str) -> bool {
    value.len() == 8 && digits(&value[..4]).is_some() && is_month_and_day(&value[4..])
}

fn is_month_and_day(value: &str) -> bool {
    let month = value.get(..2).is_none_or(|month| digits(month).is_some_and(|month| (1..=12).contains(&month)));
    let day = value.get(2..4).is_none_or(|day| digits(day).is_some_and(|day| (1..=31).contains(&day)));
    month && day
}

/// HH, HHMM, HHMMSS, or that with a fraction of one to six digits.
fn is_time(value: &str) -> bool {
    let (whole, fraction) = value.split_once('.').map_or((value, None), |(whole, fraction)| (whole, Some(fraction)));
    let parts_in_range = [24, 60, 61].iter().enumerate().all(|(index, &bound)| {
        let part = whole.get(2 * index..2 * index + 2);
        part.is_none_or(|part| digits(part).is_some_and(|number| number < bound))
    });
    let fraction_right = fraction
        .is_none_or(|fraction| whole.len() == 6 && (1..=6).contains(&fraction.len()) && digits(fraction).is_some());
    matches!(whole.len(), 2 | 4 | 6) && parts_in_range && fraction_right
}

/// YYYY, as much of MMDDHHMMSS.FFFFFF as is known, and the offset from UTC.
fn is_date_time(value: &str) -> bool {
    let (local, zone) = match value.rfind(['+', '-']) {
        Some(at) => (&value[..at], Some(&value[at + 1..])),
        None => (value, None),
    };
    let zone_right = zone.is_none_or(|zone| {
        zone.len() == 4
            && digits(&zone[..2]).is_some_and(|hours| hours <= 14)
            && digits(&zone[2..]).is_some_and(|minutes| minutes < 60)
    });
    let Some((year, rest)) = local.split_at_checked(4) else { return false };
    let (day, time) = rest.split_at(rest.len().min(4));
    digits(year).is_some()
        && matches!(day.len(), 0 | 2 | 4)
        && is_month_and_day(day)
        && (time.is_empty() || (day.len() == 4 && is_time(time)))
        && zone_right
}

fn is_decimal(value: &str) -> bool {
    let unsigned = value.strip_prefix(['+', '-']).unwrap_or(value);
    let (mantissa, exponent) = match unsigned.find(['E', 'e']) {
        Some(at) => (&unsigned[..at], Some(&unsigned[at + 1..])),
        None => (unsigned, None),
    };
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let all_digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    let exponent_right = exponent.is_none_or(|exponent| {
        let number = exponent.strip_prefix(['+', '-']).unwrap_or(exponent);
        !number.is_empty() && all_digits(number)
    });
    !(whole.is_empty() && fraction.is_empty()) && all_digits(whole) && all_digits(fraction) && exponent_right
}

fn is_integer(value: &str) -> bool {
    value.strip_prefix('+').unwrap_or(value).parse::<i32>().is_ok() && !value.starts_with("+-")
}

/// Components without leading zeros, between single dots (PS3.5 9.1).
fn is_uid(value: &str) -> bool {
    value.split('.').all(|component| !component.is_empty() && (component == "0" || !component.starts_with('0')))
}
