//! How deep a source text may nest.
//!
//! Trees are walked, inferred and dropped by recursion, and a stack that overflows cannot be
//! caught. So what CPython itself refuses is refused before there is a tree, by its tokens alone,
//! and the stacks are sized for all that is left.

use std::fmt;

use ruff_python_ast::token::TokenKind;
use ruff_python_parser::Mode;
use ruff_python_parser::lexer::lex;

/// The stack of a thread that analyses, in bytes. Only what is touched takes memory. Where one thread is wanted, the
/// caller's own does the work if it has more than half of that left.
pub const STACK: usize = 1 << 30;

/// CPython's tokenizer takes no more brackets inside each other (`MAXLEVEL`).
const MOST_BRACKETS: usize = 200;

/// CPython's tokenizer takes no more indentation (`MAXINDENT`).
const MOST_INDENTS: usize = 99;

/// CPython 3.13 compiles a sum of 9,997 terms and a chain of 4,998 calls, and no more. A term
/// weighs one here, a call, attribute or prefix two.
const DEEPEST_EXPRESSION: usize = 9_997;

/// A text that is nested too deep to be analysed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TooDeep {
    what: &'static str,
    most: usize,
}

impl fmt::Display for TooDeep {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "more than {} {}, which CPython refuses too", self.most, self.what)
    }
}

impl std::error::Error for TooDeep {}

/// Whether `text` can be analysed.
///
/// # Errors
/// Says what is nested too deep.
pub fn check(text: &str) -> Result<(), TooDeep> {
    // Offsets are 32 bits wide, and no source that a person wrote is longer.
    if u32::try_from(text.len()).is_err() {
        return Err(TooDeep { what: "bytes in one file", most: u32::MAX as usize });
    }
    let refuse = |what, most| Err(TooDeep { what, most });
    let mut lexer = lex(text, Mode::Module);
    let mut indents = 0_usize;
    let mut depth = Depth::default();
    loop {
        let token = lexer.next_token();
        match token {
            TokenKind::EndOfFile => return Ok(()),
            TokenKind::Indent => indents += 1,
            TokenKind::Dedent => indents = indents.saturating_sub(1),
            _ => depth.take(token),
        }
        if indents > MOST_INDENTS {
            return refuse("levels of indentation", MOST_INDENTS);
        }
        if depth.outer.len() > MOST_BRACKETS {
            return refuse("brackets inside each other", MOST_BRACKETS);
        }
        if depth.total > DEEPEST_EXPRESSION {
            return refuse("operations in one expression", DEEPEST_EXPRESSION);
        }
    }
}

/// An upper bound of how deep the expression around a token is.
#[derive(Default)]
struct Depth {
    /// The operations of the innermost run of tokens without a comma.
    here: usize,
    /// The same of the runs around it, one for each open bracket.
    outer: Vec<usize>,
    /// The sum of all of these.
    total: usize,
    /// For each open bracket and outside of all, the lambdas whose parameters are still being listed.
    lambdas: Vec<usize>,
}

impl Depth {
    fn take(&mut self, token: TokenKind) {
        match token {
            TokenKind::Lpar | TokenKind::Lsqb | TokenKind::Lbrace => {
                self.add(2);
                self.outer.push(std::mem::take(&mut self.here));
                self.lambdas.resize(self.outer.len() + 1, 0);
            }
            TokenKind::Rpar | TokenKind::Rsqb | TokenKind::Rbrace => {
                self.total -= self.here;
                self.here = self.outer.pop().unwrap_or_default();
                self.lambdas.truncate(self.outer.len() + 1);
            }
            // The commas between a lambda's parameters do not end what it stands in.
            TokenKind::Comma if self.lambdas.last().is_some_and(|&open| open > 0) => {}
            TokenKind::Colon if self.lambdas.last().is_some_and(|&open| open > 0) => {
                if let Some(open) = self.lambdas.last_mut() {
                    *open -= 1;
                }
            }
            TokenKind::Comma | TokenKind::Semi | TokenKind::Newline => {
                self.total -= self.here;
                self.here = 0;
                // A line ends every bracket, also those that a broken file leaves open.
                if token == TokenKind::Newline {
                    *self = Depth::default();
                }
            }
            TokenKind::Lambda => {
                self.add(2);
                self.lambdas.resize(self.outer.len() + 1, 0);
                if let Some(open) = self.lambdas.last_mut() {
                    *open += 1;
                }
            }
            TokenKind::Dot | TokenKind::Not | TokenKind::Await | TokenKind::If | TokenKind::Else | TokenKind::Tilde => {
                self.add(2);
            }
            TokenKind::DoubleStar | TokenKind::ColonEqual => self.add(2),
            // These may be a prefix, and a prefix weighs more. Which it is shows only in what
            // stands before, but a sum of 9,997 terms is the one chain that is as long as that.
            TokenKind::Plus | TokenKind::Minus => self.add(1),
            token if token.is_operator() => self.add(1),
            _ => {}
        }
    }

    fn add(&mut self, weight: usize) {
        self.here += weight;
        self.total += weight;
    }
}
