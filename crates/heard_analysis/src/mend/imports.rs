//! Imports that a fix needs, put where isort would put them.

use ruff_python_ast::{Expr, Stmt, StmtImport, StmtImportFrom};
use ruff_text_size::{Ranged, TextSize};

use super::Mender;
use super::draft::{Draft, Layout};

/// An import at the top of the module.
struct Known<'m> {
    statement: &'m Stmt,
    /// The module that it is sorted by.
    module: String,
    is_plain: bool,
}

impl<'m> Mender<'_, 'm, '_, '_> {
    /// The name under which `module` is, or will be, known at the top of this module, and at `frame`: where another
    /// thing is called so, a name with a line before it.
    pub(super) fn imported(&self, module: &str, frame: usize, draft: &mut Draft) -> Option<String> {
        if let Some(name) = self.known_as(module).find(|name| self.is_seen(name, frame)) {
            return Some(name);
        }
        let is_free = |name: &str| self.binding_of(name, frame).is_none() && self.binding_of(name, 0).is_none();
        let name = [module.to_owned(), format!("_{module}")].into_iter().find(|name| is_free(name))?;
        let line = if name == module { format!("import {module}") } else { format!("import {module} as {name}") };
        let (at, text) = self.import_of(module, &line)?;
        draft.insert(at, text);
        Some(name)
    }

    /// The names that imports at the top of the module bind to `module`.
    fn known_as<'s>(&'s self, module: &'s str) -> impl Iterator<Item = String> + 's {
        self.module.body().iter().filter_map(Stmt::as_import_stmt).flat_map(|import| &import.names).filter_map(move |alias| {
            let name = alias.name.as_str();
            match &alias.asname {
                Some(own) => (name == module).then(|| own.to_string()),
                None => (name.split('.').next() == Some(module)).then(|| module.to_owned()),
            }
        })
    }

    /// Whether a name of the module can be read in `frame`: nothing further inside is called so, nor a second thing at
    /// the top.
    pub(super) fn is_seen(&self, name: &str, frame: usize) -> bool {
        let body = self.finder.flow.body;
        let name = ruff_python_ast::name::Name::new(name);
        let is_shadowed = body.binding_frame(frame, &name).is_some_and(|bound| bound != 0);
        let local = crate::facts::Local { frame: 0, name };
        !is_shadowed && !body.variables.get(&local).is_some_and(crate::facts::Variable::is_rebound)
    }

    /// The frame that binds a name which is read in `frame`.
    fn binding_of(&self, name: &str, frame: usize) -> Option<usize> {
        self.finder.flow.body.binding_frame(frame, &ruff_python_ast::name::Name::new(name))
    }

    /// The last of the imports that a notebook begins with: what stands behind it is there for all other cells.
    pub(super) fn last_import_of_notebook(&self) -> Option<&'m Stmt> {
        let body = self.module.body().iter().skip_while(|first| !first.is_import_stmt() && !first.is_import_from_stmt());
        let imports = body.take_while(|statement| known(statement).is_some());
        imports.last().filter(|_| self.module.is_notebook())
    }

    /// Where an import of `module` belongs, and the text that puts `line` there.
    fn import_of(&self, module: &str, line: &str) -> Option<(TextSize, String)> {
        let layout = Layout::of(self.module);
        let body = self.module.body();
        let is_docstring = |statement: &Stmt| matches!(statement, Stmt::Expr(inner) if matches!(&*inner.value, Expr::StringLiteral(_)));
        // The commands of a notebook may have to stay first in their cell.
        let body = &body[body.iter().take_while(|first| first.is_ipy_escape_command_stmt()).count()..];
        let docstring = body.first().filter(|first| is_docstring(first));
        let rest = &body[usize::from(docstring.is_some())..];
        let known: Vec<Known<'m>> = rest.iter().map_while(known).collect();
        let is_own_line = |statement: &Stmt| layout.indent(statement.start()).is_some();
        // A line behind: the next statement begins a line of its own, or there is none.
        let behind = |statement: &Stmt| layout.ends_line(statement.end()).then(|| layout.line_end(statement.end()));
        let Some(first) = known.first() else {
            // What a notebook's cell shows has to end it.
            return match docstring.filter(|docstring| !self.is_displayed(docstring)) {
                Some(docstring) => Some((behind(docstring)?, format!("\n\n{line}"))),
                None => rest.first().filter(|first| is_own_line(first)).map(|first| (first.start(), format!("{line}\n\n"))),
            };
        };
        let sections = self.sections(&known);
        let is_standard = self.module.is_standard(module);
        let own = self.module.name().unwrap_or_default();
        let belongs = |one: &Known| {
            let top = one.module.split('.').next().unwrap_or_default();
            let is_own = top.is_empty() || Some(top) == own.split('.').next();
            one.module != "__future__" && self.module.is_standard(&one.module) == is_standard && (is_standard || !is_own)
        };
        let Some(section) = sections.iter().find(|section| section.iter().any(belongs)) else {
            // A section of its own: that of the standard library is the first, any other comes behind that.
            let before = |one: &Known| one.module == "__future__" || !is_standard && self.module.is_standard(&one.module);
            let last = sections.iter().rev().find(|section| section.iter().any(before)).and_then(|section| section.last());
            return match last {
                Some(last) => Some((behind(last.statement)?, format!("\n\n{line}"))),
                None => is_own_line(first.statement).then(|| (first.statement.start(), format!("{line}\n\n"))),
            };
        };
        let is_mixed = section.windows(2).any(|pair| !pair[0].is_plain && pair[1].is_plain);
        let fitting: Vec<&Known> = section.iter().filter(|one| (one.is_plain || is_mixed) && belongs(one)).collect();
        let wanted = module.to_lowercase();
        let next = fitting.iter().find(|one| one.module.to_lowercase() > wanted && is_own_line(one.statement));
        let previous = fitting.iter().rev().find(|one| one.module.to_lowercase() <= wanted);
        match (next, previous) {
            (Some(next), _) => Some((next.statement.start(), format!("{line}\n"))),
            (None, Some(last)) => Some((behind(last.statement)?, format!("\n{line}"))),
            (None, None) => {
                let first = section.iter().find(|one| belongs(one) && is_own_line(one.statement))?;
                Some((first.statement.start(), format!("{line}\n")))
            }
        }
    }

    /// The imports in groups, as blank lines part them.
    fn sections<'k>(&self, known: &'k [Known<'m>]) -> Vec<&'k [Known<'m>]> {
        let text = self.module.text();
        let is_together = |left: &Known, right: &Known| {
            let between = &text[left.statement.end().to_usize()..right.statement.start().to_usize()];
            let lines: Vec<&str> = between.split('\n').collect();
            lines.iter().skip(1).rev().skip(1).all(|line| !line.trim().is_empty())
        };
        known.chunk_by(is_together).collect()
    }
}

fn known(statement: &Stmt) -> Option<Known<'_>> {
    match statement {
        Stmt::Import(StmtImport { names, .. }) => Some(Known { statement, module: names.first()?.name.to_string(), is_plain: true }),
        Stmt::ImportFrom(StmtImportFrom { module, level, .. }) => {
            let module = module.as_ref().filter(|_| *level == 0).map(ToString::to_string).unwrap_or_default();
            Some(Known { statement, module, is_plain: false })
        }
        _ => None,
    }
}
