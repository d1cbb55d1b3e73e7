//! Records of asyncio that are none of the kinds.

use crate::assembly::Line;
use crate::message;

pattern!(OF_ASYNCIO, r#"(?:^|[\s\[(:|=<"{])(?:asyncio|concurrent\.futures)(?::[\w.]+(?::\d+)?)?(?:[\s\]:)|>}"-]|$)"#);
pattern!(LEVEL, r"\b(?:WARN(?:ING)?|ERROR|CRITICAL|FATAL|warning|error|critical|[WE])\b");

/// Whether asyncio has written this line, at a level that matters.
pub(crate) fn is_of_asyncio(line: &Line) -> bool {
    if message::find(&line.text).is_some() || line.origin.is_quote || !line.is_first {
        return false;
    }
    if line.origin.is_item && line.origin.logger.as_deref() == Some("asyncio") {
        return line.origin.level.as_deref().is_some_and(|level| LEVEL.as_ref().is_some_and(|known| known.is_match(level)));
    }
    let head: String = line.text.chars().take(160).collect();
    let Some(found) = OF_ASYNCIO.as_ref().and_then(|pattern| pattern.find(&head)) else { return false };
    let level = LEVEL.as_ref().and_then(|level| level.find(&head));
    // Level and logger stand side by side, in either order.
    level.is_some_and(|level| level.end().abs_diff(found.start()) <= 24 || found.end().abs_diff(level.start()) <= 24)
}
