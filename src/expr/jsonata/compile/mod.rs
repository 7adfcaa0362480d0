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

/// Compiles an expression.
pub(super) fn compile(source: &str) -> Result<Code, CompileError> {
    let (tree, root) = parser::parse(source)?;
    let mut code = lower::lower(tree, root)?;
    resolve::resolve(&mut code);
    fold::fold(&mut code);
    Ok(code)
}
