//! Jumps out of `finally` blocks, which swallow what is on its way out.

use ruff_python_ast::Stmt;
use ruff_text_size::Ranged;

use super::Site;
use super::birth::Finder;
use super::body::Block;

/// A statement that leaves a `finally` block other than by its end.
#[derive(Debug)]
pub(crate) struct Jump {
    pub(crate) site: Site,
    /// The word that begins it.
    pub(crate) keyword: &'static str,
}

impl Finder<'_, '_, '_> {
    /// The jumps of the module.
    pub(super) fn jumps(&self) -> impl Iterator<Item = Jump> + '_ {
        self.flow.body.statements.iter().filter_map(|site| {
            let (keyword, ends_at_loop) = match site.statement {
                Stmt::Return(_) => ("return", false),
                Stmt::Break(_) => ("break", true),
                Stmt::Continue(_) => ("continue", true),
                _ => return None,
            };
            let left = site.around.blocks().take_while(|block| !(ends_at_loop && matches!(block, Block::Loop(_))));
            let leaves_finally = left.into_iter().any(|block| matches!(block, Block::Finally));
            leaves_finally.then(|| Jump { site: self.site(site.statement.range(), &site.around), keyword })
        })
    }
}
