//! Dictionaries as Python prints them, which are nearly JSON.

use serde_json::{Map, Number, Value};

use crate::lines::escapes;

/// How deep values may lie in each other.
const MOST_DEPTH: usize = 16;

/// The dictionary that a whole text is, if it holds nothing but texts, numbers, `None`, `True`, `False` and collections.
pub(crate) fn dictionary(text: &str) -> Option<Value> {
    let mut rest = text.trim();
    let value = value(&mut rest, MOST_DEPTH)?;
    (rest.is_empty() && value.is_object()).then_some(value)
}

/// Takes the value that the text begins with off it.
fn value(rest: &mut &str, depth: usize) -> Option<Value> {
    let depth = depth.checked_sub(1)?;
    let sign = rest.chars().next()?;
    match sign {
        '{' => {
            let mut object = Map::new();
            for item in items(rest, '}', |rest| {
                let name = value(rest, depth)?;
                *rest = rest.strip_prefix(':')?.trim_start();
                Some((name.as_str()?.to_owned(), value(rest, depth)?))
            })? {
                object.insert(item.0, item.1);
            }
            Some(Value::Object(object))
        }
        '[' => Some(Value::Array(items(rest, ']', |rest| value(rest, depth))?)),
        '(' => Some(Value::Array(items(rest, ')', |rest| value(rest, depth))?)),
        '\'' | '"' => {
            let end = escapes::closing(rest, 0)?;
            let text = escapes::unescape(&rest[1..end]);
            *rest = &rest[end + 1..];
            Some(Value::String(text))
        }
        _ => word(rest),
    }
}

/// What stands between two brackets, parted by commas.
fn items<T>(rest: &mut &str, close: char, mut item: impl FnMut(&mut &str) -> Option<T>) -> Option<Vec<T>> {
    let mut items = Vec::new();
    *rest = rest[1..].trim_start();
    loop {
        if let Some(behind) = rest.strip_prefix(close) {
            *rest = behind;
            return Some(items);
        }
        items.push(item(rest)?);
        *rest = rest.trim_start();
        match rest.strip_prefix(',') {
            Some(behind) => *rest = behind.trim_start(),
            None if rest.starts_with(close) => {}
            None => return None,
        }
    }
}

/// A number or a constant.
fn word(rest: &mut &str) -> Option<Value> {
    let end = rest.find([',', '}', ']', ')', ':']).unwrap_or(rest.len());
    let (word, behind) = rest.split_at(end);
    let word = word.trim_end();
    let found = match word {
        "None" => Value::Null,
        "True" => Value::Bool(true),
        "False" => Value::Bool(false),
        _ => Value::Number(word.parse::<Number>().ok()?),
    };
    *rest = behind;
    Some(found)
}

#[cfg(test)]
mod tests {
    use super::dictionary;

    #[test]
    fn dictionaries_of_plain_values_are_read() {
        let text = r#"{'level': 'ERROR', "it's": "a\nb 'c'", 'n': [1, 2.5, None], 't': (True,), 'o': {'x': -3}, }"#;
        let expected = r#"{"level":"ERROR","it's":"a\nb 'c'","n":[1,2.5,null],"t":[true],"o":{"x":-3}}"#;
        assert_eq!(dictionary(text), serde_json::from_str(expected).unwrap());
        for text in ["{'message': 'x', 'exception': KeyError('y')}", "{'a': 1} tail", "{'a'}", "['a']", "{", "{'a': 1, 2: 3}", ""] {
            assert!(dictionary(text).is_none(), "{text}");
        }
    }
}
