//! The tree as the grammar sees it: operators with their operands, before paths are flattened.

use super::lexer::TokenKind;
use super::signature::Signature;

/// A node of the tree, by its index: trees of nodes that own each other would be dropped recursively.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct SyntaxId(pub(super) u32);

#[derive(Debug)]
pub(super) struct SyntaxNode {
    pub(super) syntax: Syntax,
    pub(super) position: usize,
    /// `[]` stands behind it: a single result stays an array.
    pub(super) keep_array: bool,
    /// The longest way down to a leaf.
    pub(super) height: usize,
}

#[derive(Debug)]
pub(super) enum Syntax {
    /// A name, literal, variable or regular expression; also `and`, `or`, `in` where they are names.
    Terminal(TokenKind),
    /// The end of the text where an operand was wanted.
    End,
    Wildcard,
    Descendant,
    Parent,
    /// The `?` of a partial application.
    Placeholder,
    Binary(&'static str, SyntaxId, SyntaxId),
    /// `left{key: value, …}`
    Group(SyntaxId, Vec<(SyntaxId, SyntaxId)>),
    /// `left^(<a, >b)`
    OrderBy(SyntaxId, Vec<Term>),
    Negate(SyntaxId),
    Array(Vec<SyntaxId>),
    Object(Vec<(SyntaxId, SyntaxId)>),
    Call(SyntaxId, Vec<SyntaxId>),
    Partial(SyntaxId, Vec<SyntaxId>),
    Lambda {
        params: Vec<String>,
        signature: Option<Signature>,
        body: SyntaxId,
    },
    Condition(SyntaxId, SyntaxId, Option<SyntaxId>),
    Block(Vec<SyntaxId>),
    Transform {
        pattern: SyntaxId,
        update: SyntaxId,
        delete: Option<SyntaxId>,
    },
}

#[derive(Debug)]
pub(super) struct Term {
    pub(super) descending: bool,
    pub(super) by: SyntaxId,
}

/// All nodes of an expression.
#[derive(Debug, Default)]
pub(super) struct Tree {
    nodes: Vec<SyntaxNode>,
}

impl Tree {
    pub(super) fn push(&mut self, node: SyntaxNode) -> SyntaxId {
        self.nodes.push(node);
        SyntaxId(self.nodes.len() as u32 - 1)
    }
}

impl std::ops::Index<SyntaxId> for Tree {
    type Output = SyntaxNode;

    fn index(&self, id: SyntaxId) -> &SyntaxNode {
        &self.nodes[id.0 as usize]
    }
}

impl std::ops::IndexMut<SyntaxId> for Tree {
    fn index_mut(&mut self, id: SyntaxId) -> &mut SyntaxNode {
        &mut self.nodes[id.0 as usize]
    }
}
