//! Groups of exceptions of which only the first is looked at.

use ruff_python_ast::name::Name;
use ruff_python_ast::visitor::{Visitor, walk_expr};
use ruff_python_ast::{ExceptHandler, ExceptHandlerExceptHandler, Expr, Number, Stmt};
use ruff_text_size::{Ranged, TextRange};

use super::Site;
use super::birth::Finder;
use super::body::{StatementSite, last_name};
use super::exceptions::ExceptionSet;

/// A handler that takes the first exception out of a group and drops the others.
#[derive(Debug)]
pub(crate) struct FirstOfGroup {
    /// The place that takes it.
    pub(crate) site: Site,
    /// The name of the group.
    pub(crate) group: String,
}

impl<'a> Finder<'_, '_, 'a> {
    /// The places of the module that look at the first of a group alone.
    pub(super) fn first_of_groups(&self) -> impl Iterator<Item = FirstOfGroup> + '_ {
        self.flow.body.statements.iter().flat_map(|site| self.first_of_groups_in(site))
    }

    fn first_of_groups_in(&self, site: &StatementSite<'a>) -> Vec<FirstOfGroup> {
        let Stmt::Try(statement) = site.statement else { return Vec::new() };
        let taken = statement.handlers.iter().filter_map(|ExceptHandler::ExceptHandler(handler)| {
            let takes_groups = statement.is_star || ExceptionSet::of_handler(handler).names_groups();
            let group = handler.name.as_ref().filter(|_| takes_groups)?;
            Some((first_taken(handler, &group.id)?, group.to_string()))
        });
        taken
            .map(|(range, group)| {
                let mut around = site.around.clone();
                around.statement = range;
                FirstOfGroup { site: self.site(range, &around), group }
            })
            .collect()
    }
}

/// Where a handler takes the first exception of its group, if it does nothing else with the group.
fn first_taken(handler: &ExceptHandlerExceptHandler, group: &Name) -> Option<TextRange> {
    let mut uses = Uses { group, firsts: Vec::new(), mentions: 0 };
    uses.visit_body(&handler.body);
    (uses.mentions == uses.firsts.len()).then(|| uses.firsts.first().copied()).flatten()
}

struct Uses<'n> {
    group: &'n Name,
    /// Where `group.exceptions[0]` stands.
    firsts: Vec<TextRange>,
    /// How often the group is mentioned at all.
    mentions: usize,
}

impl<'a> Visitor<'a> for Uses<'_> {
    fn visit_stmt(&mut self, statement: &'a Stmt) {
        // A bare `raise` hands the whole group on.
        self.mentions += usize::from(matches!(statement, Stmt::Raise(raise) if raise.exc.is_none()));
        ruff_python_ast::visitor::walk_stmt(self, statement);
    }

    fn visit_expr(&mut self, expression: &'a Expr) {
        match expression {
            Expr::Subscript(element) if is_zero(&element.slice) && self.is_exceptions(&element.value) => self.firsts.push(element.range()),
            Expr::Call(call) if last_name(&call.func).is_some_and(|name| matches!(name.as_str(), "exc_info" | "exception")) => {
                self.mentions += 1;
            }
            _ => {}
        }
        self.mentions += usize::from(matches!(expression, Expr::Name(name) if name.id == *self.group));
        walk_expr(self, expression);
    }
}

impl Uses<'_> {
    fn is_exceptions(&self, expression: &Expr) -> bool {
        let Expr::Attribute(attribute) = expression else { return false };
        attribute.attr.as_str() == "exceptions" && matches!(&*attribute.value, Expr::Name(name) if name.id == *self.group)
    }
}

fn is_zero(index: &Expr) -> bool {
    matches!(index, Expr::NumberLiteral(literal) if matches!(&literal.value, Number::Int(number) if number.as_i64() == Some(0)))
}
