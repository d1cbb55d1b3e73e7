//! Where something stands in the syntax tree.

use ruff_python_ast::visitor::source_order::{SourceOrderVisitor, TraversalSignal, walk_node};
use ruff_python_ast::visitor::{Visitor, walk_stmt};
use ruff_python_ast::{AnyNodeRef, ExceptHandlerExceptHandler, Expr, ExprCall, Stmt, StmtFunctionDef};
use ruff_text_size::{Ranged, TextRange};

use crate::resolve::Module;

/// The nodes around a place, the outermost first.
pub(super) struct Path<'m> {
    nodes: Vec<AnyNodeRef<'m>>,
    range: TextRange,
}

impl<'m> Path<'m> {
    /// The nodes that hold all of `range`.
    pub(super) fn to(module: &'m Module, range: TextRange) -> Self {
        struct Around<'m> {
            range: TextRange,
            nodes: Vec<AnyNodeRef<'m>>,
        }
        impl<'m> SourceOrderVisitor<'m> for Around<'m> {
            fn enter_node(&mut self, node: AnyNodeRef<'m>) -> TraversalSignal {
                if !node.range().contains_range(self.range) {
                    return TraversalSignal::Skip;
                }
                self.nodes.push(node);
                TraversalSignal::Traverse
            }
        }
        let mut around = Around { range, nodes: Vec::new() };
        walk_node(&mut around, AnyNodeRef::from(module.tree()));
        Path { nodes: around.nodes, range }
    }

    /// The call that is the place itself.
    pub(super) fn call(&self) -> Option<&'m ExprCall> {
        self.upwards().take_while(|node| node.range() == self.range).find_map(|node| match node {
            AnyNodeRef::ExprCall(call) => Some(call),
            _ => None,
        })
    }

    /// The place itself.
    pub(super) fn place(&self) -> TextRange {
        self.range
    }

    /// The nodes, the innermost first.
    pub(super) fn upwards(&self) -> impl Iterator<Item = AnyNodeRef<'m>> + '_ {
        self.nodes.iter().rev().copied()
    }

    /// The nodes that are larger than the place, the innermost first; what only has an expression in it, like
    /// arguments, counts.
    pub(super) fn parents(&self) -> impl Iterator<Item = AnyNodeRef<'m>> + '_ {
        self.upwards().skip_while(|node| node.range() == self.range && !node.is_statement())
    }

    /// The innermost statement around it.
    pub(super) fn statement(&self) -> Option<AnyNodeRef<'m>> {
        self.upwards().find(|node| node.is_statement())
    }

    /// The statement at the top of the module that it stands in.
    pub(super) fn top(&self) -> Option<AnyNodeRef<'m>> {
        self.nodes.iter().copied().find(|node| node.is_statement())
    }

    /// The innermost function around it.
    pub(super) fn function(&self) -> Option<&'m StmtFunctionDef> {
        self.upwards().find_map(|node| match node {
            AnyNodeRef::StmtFunctionDef(function) => Some(function),
            _ => None,
        })
    }

    /// The handler whose head it is, or in which it stands.
    pub(super) fn handler(&self) -> Option<&'m ExceptHandlerExceptHandler> {
        self.upwards().find_map(|node| match node {
            AnyNodeRef::ExceptHandlerExceptHandler(handler) => Some(handler),
            _ => None,
        })
    }

    /// The last assignment in the function around that binds a name, alone or with others.
    pub(super) fn assignment_of(&self, name: &str) -> Option<&'m Stmt> {
        struct Find<'f, 'm> {
            name: &'f str,
            found: Option<&'m Stmt>,
        }
        impl<'m> Visitor<'m> for Find<'_, 'm> {
            fn visit_stmt(&mut self, statement: &'m Stmt) {
                let is_it = |target: &Expr| target.as_name_expr().is_some_and(|target| target.id == self.name);
                let is_among = |target: &Expr| target.as_tuple_expr().is_some_and(|tuple| tuple.elts.iter().any(is_it));
                match statement {
                    Stmt::Assign(assign) if assign.targets.iter().any(|target| is_it(target) || is_among(target)) => {
                        self.found = Some(statement);
                    }
                    Stmt::AnnAssign(assign) if is_it(&assign.target) => self.found = Some(statement),
                    Stmt::FunctionDef(_) | Stmt::ClassDef(_) => {}
                    statement => walk_stmt(self, statement),
                }
            }
        }
        let mut find = Find { name, found: None };
        find.visit_body(&self.function()?.body);
        find.found
    }

    /// The list of statements that holds the innermost statement, and its place in it.
    pub(super) fn block(&self) -> Option<(&'m [Stmt], usize)> {
        let statement = self.statement()?;
        self.upwards().skip_while(|node| !is_same_node(*node, statement)).skip(1).find_map(|node| {
            let lists = blocks_of(node);
            lists.into_iter().find_map(|list| {
                let place = list.iter().position(|one| one.range() == statement.range())?;
                Some((list, place))
            })
        })
    }

    /// Whether `await` may stand here: in a coroutine, and in no lambda or generator of its own.
    pub(super) fn is_in_coroutine(&self, is_notebook: bool) -> bool {
        for node in self.upwards() {
            match node {
                AnyNodeRef::StmtFunctionDef(function) => {
                    let is_inside = function.body.first().is_some_and(|first| first.start() <= self.range.start());
                    if is_inside {
                        return function.is_async;
                    }
                }
                AnyNodeRef::ExprLambda(_) | AnyNodeRef::StmtClassDef(_) => return false,
                _ => {}
            }
        }
        is_notebook
    }
}

fn is_same_node(left: AnyNodeRef, right: AnyNodeRef) -> bool {
    left.range() == right.range() && left.kind() == right.kind()
}

/// The lists of statements of a node.
pub(super) fn blocks_of(node: AnyNodeRef<'_>) -> Vec<&[Stmt]> {
    match node {
        AnyNodeRef::ModModule(module) => vec![&module.body],
        AnyNodeRef::StmtFunctionDef(function) => vec![&function.body],
        AnyNodeRef::StmtClassDef(class) => vec![&class.body],
        AnyNodeRef::StmtFor(inner) => vec![&inner.body, &inner.orelse],
        AnyNodeRef::StmtWhile(inner) => vec![&inner.body, &inner.orelse],
        AnyNodeRef::StmtIf(inner) => vec![&inner.body],
        AnyNodeRef::ElifElseClause(clause) => vec![&clause.body],
        AnyNodeRef::StmtWith(inner) => vec![&inner.body],
        AnyNodeRef::MatchCase(case) => vec![&case.body],
        AnyNodeRef::StmtTry(inner) => vec![&inner.body, &inner.orelse, &inner.finalbody],
        AnyNodeRef::ExceptHandlerExceptHandler(handler) => vec![&handler.body],
        _ => Vec::new(),
    }
}

/// Whether an expression can be written a second time and mean the same: a name, or an attribute or element of one.
pub(super) fn is_plain_place(expression: &Expr) -> bool {
    match expression {
        Expr::Name(_) => true,
        Expr::Attribute(attribute) => is_plain_place(&attribute.value),
        Expr::Subscript(subscript) => {
            is_plain_place(&subscript.value) && (subscript.slice.is_literal_expr() || is_plain_place(&subscript.slice))
        }
        _ => false,
    }
}
