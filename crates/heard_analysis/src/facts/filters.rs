//! Which names a loop over the attributes of an object leaves out by a test of the name.

use ruff_python_ast::name::Name;
use ruff_python_ast::visitor::{Visitor, walk_expr, walk_stmt};
use ruff_python_ast::{BoolOp, CmpOp, Comprehension, Expr, ExprCall, Stmt, UnaryOp};
use ruff_text_size::{Ranged, TextRange};

use super::body::last_name;

/// Whether the loop that reads attributes at `at` never reads the one that is called `name`: of
/// `for key, value in vars(self).items()` and of `getattr(self, key)` in `for key in dir(self)`, where behind
/// `if key.startswith("on_")` stands all that the loop does.
/// `computed` is the variable that names the attribute which is read, if one does.
pub(super) fn leave_out(statements: &[Stmt], at: TextRange, computed: Option<&Name>, name: &str) -> bool {
    let mut loops = Loops { at, computed, name, leaves_out: false };
    loops.visit_body(statements);
    loops.leaves_out
}

struct Loops<'n> {
    at: TextRange,
    computed: Option<&'n Name>,
    name: &'n str,
    leaves_out: bool,
}

impl Loops<'_> {
    /// The variable that has the name of the attribute, where a loop takes it from `iterated` into `target`: with the
    /// value, where the reading is what is iterated over, or alone, where the reading is `getattr(object, key)`.
    fn key<'e>(&self, target: &'e Expr, iterated: &Expr) -> Option<&'e str> {
        if lists_names(iterated) {
            let key = target.as_name_expr()?;
            return (self.computed == Some(&key.id)).then_some(key.id.as_str());
        }
        let whole = match iterated {
            Expr::Call(items) if is_called(items, "items") => receiver(items)?,
            Expr::Call(members) if is_called(members, "getmembers") => iterated,
            _ => return None,
        };
        let pair = target.as_tuple_expr().filter(|_| whole.range() == self.at)?;
        pair.elts.first()?.as_name_expr().map(|key| key.id.as_str())
    }

    /// What a test of `key` says of the attribute's name, where that follows from the name alone.
    fn verdict(&self, test: &Expr, key: &str) -> Option<bool> {
        match test {
            Expr::UnaryOp(not) if not.op == UnaryOp::Not => self.verdict(&not.operand, key).map(|holds| !holds),
            Expr::BoolOp(parts) => {
                let decides = parts.op == BoolOp::Or;
                let verdicts: Vec<_> = parts.values.iter().map(|part| self.verdict(part, key)).collect();
                if verdicts.contains(&Some(decides)) {
                    return Some(decides);
                }
                verdicts.iter().all(Option::is_some).then_some(!decides)
            }
            Expr::Call(call) => {
                let method = call.func.as_attribute_expr().filter(|method| is_key(&method.value, key))?;
                let [texts] = &*call.arguments.args else { return None };
                match method.attr.as_str() {
                    "startswith" => any_text(texts, |text| self.name.starts_with(text)),
                    "endswith" => any_text(texts, |text| self.name.ends_with(text)),
                    _ => None,
                }
            }
            Expr::Compare(comparison) if is_key(&comparison.left, key) => match (&*comparison.ops, &*comparison.comparators) {
                ([CmpOp::Eq], [value]) => any_text(value, |text| self.name == text),
                ([CmpOp::NotEq], [value]) => any_text(value, |text| self.name == text).map(|is_it| !is_it),
                ([CmpOp::In], [values]) if !values.is_string_literal_expr() => any_text(values, |text| self.name == text),
                ([CmpOp::NotIn], [values]) if !values.is_string_literal_expr() => {
                    any_text(values, |text| self.name == text).map(|is_it| !is_it)
                }
                _ => None,
            },
            _ => None,
        }
    }

    /// Whether the body of a `for` does nothing for the attribute: what stands before the test is no more than
    /// `continue` for other names.
    fn passes_by(&self, body: &[Stmt], key: &str) -> bool {
        let mut rest = body.iter();
        for statement in &mut rest {
            let Some(choice) = statement.as_if_stmt().filter(|choice| is_about(&choice.test, key)) else { return false };
            let verdict = self.verdict(&choice.test, key);
            match &*choice.body {
                [Stmt::Continue(_)] if choice.elif_else_clauses.is_empty() => {
                    if verdict == Some(true) {
                        return true;
                    }
                }
                _ => return verdict == Some(false) && choice.elif_else_clauses.is_empty() && rest.as_slice().is_empty(),
            }
        }
        false
    }

    fn visit_comprehension(&mut self, generators: &[Comprehension]) {
        self.leaves_out |= generators.iter().any(|part| {
            self.key(&part.target, &part.iter).is_some_and(|key| {
                part.ifs.iter().all(|test| is_about(test, key)) && part.ifs.iter().any(|test| self.verdict(test, key) == Some(false))
            })
        });
    }
}

impl<'a> Visitor<'a> for Loops<'_> {
    fn visit_stmt(&mut self, statement: &'a Stmt) {
        if !statement.range().contains_range(self.at) {
            return;
        }
        if let Stmt::For(each) = statement
            && let Some(key) = self.key(&each.target, &each.iter)
        {
            self.leaves_out |= each.orelse.is_empty() && self.passes_by(&each.body, key);
        }
        walk_stmt(self, statement);
    }

    fn visit_expr(&mut self, expression: &'a Expr) {
        if !expression.range().contains_range(self.at) {
            return;
        }
        match expression {
            Expr::ListComp(each) => self.visit_comprehension(&each.generators),
            Expr::SetComp(each) => self.visit_comprehension(&each.generators),
            Expr::DictComp(each) => self.visit_comprehension(&each.generators),
            Expr::Generator(each) => self.visit_comprehension(&each.generators),
            _ => {}
        }
        walk_expr(self, expression);
    }
}

/// Whether an expression gives the names of attributes.
fn lists_names(expression: &Expr) -> bool {
    expression.as_call_expr().is_some_and(|call| is_called(call, "dir") && call.arguments.args.len() == 1)
}

fn is_called(call: &ExprCall, name: &str) -> bool {
    last_name(&call.func).is_some_and(|callee| callee == name)
}

fn receiver(call: &ExprCall) -> Option<&Expr> {
    call.func.as_attribute_expr().map(|method| &*method.value)
}

/// Whether a test asks nothing but the name, and at most whether something is true: it may not look into a value.
fn is_about(test: &Expr, key: &str) -> bool {
    match test {
        Expr::Name(_) => true,
        Expr::UnaryOp(not) => is_about(&not.operand, key),
        Expr::BoolOp(parts) => parts.values.iter().all(|part| is_about(part, key)),
        Expr::Compare(comparison) => is_key(&comparison.left, key) && !comparison.comparators.iter().any(Expr::is_call_expr),
        Expr::Call(call) => receiver(call).is_some_and(|object| is_key(object, key)) && !call.arguments.args.iter().any(Expr::is_call_expr),
        _ => false,
    }
}

fn is_key(expression: &Expr, key: &str) -> bool {
    expression.as_name_expr().is_some_and(|name| name.id == key)
}

/// Whether one of the texts that are written out fits; `None` where another expression stands among them.
fn any_text(texts: &Expr, fits: impl Fn(&str) -> bool) -> Option<bool> {
    let fits = |text: &Expr| text.as_string_literal_expr().map(|text| fits(text.value.to_str()));
    match texts {
        Expr::Tuple(several) => several.elts.iter().map(fits).try_fold(false, |any, fits| Some(any | fits?)),
        Expr::List(several) => several.elts.iter().map(fits).try_fold(false, |any, fits| Some(any | fits?)),
        Expr::Set(several) => several.elts.iter().map(fits).try_fold(false, |any, fits| Some(any | fits?)),
        text => fits(text),
    }
}
