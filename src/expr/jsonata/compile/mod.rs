//! Text to program: lexer, parser, then paths flattened (`lower`, `steps`), parents found (`ancestry`), names turned into slots
//! (`resolve`), constants evaluated (`fold`).

mod ancestry;
mod fold;
mod lexer;
mod lower;
mod parser;
mod resolve;
pub(super) mod signature;
mod steps;
mod syntax;

use super::error::CompileError;
use super::program::Code;

/// Which built-in functions there are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Dialect {
    /// AWS's, which has no `$eval`.
    Aws,
    /// The official language, with what AWS adds to it.
    Official,
}

/// Compiles an expression.
pub(super) fn compile(source: &str, dialect: Dialect) -> Result<Code, CompileError> {
    let (tree, root) = parser::parse(source)?;
    let mut code = lower::lower(tree, root)?;
    resolve::resolve(&mut code, dialect);
    fold::fold(&mut code);
    Ok(code)
}
