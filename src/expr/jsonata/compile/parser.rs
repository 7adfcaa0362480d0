//! Tokens to a tree, by operator precedence (top down, after Pratt).

use super::super::error::CompileError;
use super::super::error::quote;
use super::lexer::{Lexer, Token, TokenKind};
use super::signature::Signature;
use super::syntax::{Syntax, SyntaxId, SyntaxNode, Term, Tree};

/// Deepest tree that is accepted: every later pass recurses over it.
const MAX_HEIGHT: usize = 150;

/// Reads a whole expression.
pub(super) fn parse(source: &str) -> Result<(Tree, SyntaxId), CompileError> {
    let mut lexer = Lexer::new(source);
    let token = next_token(&mut lexer, false)?;
    let mut parser = Parser {
        source,
        lexer,
        token,
        tree: Tree::default(),
        depth: 0,
    };
    let root = parser.expression(0)?;
    if parser.token.kind != TokenKind::End {
        return Err(parser.unexpected("S0201"));
    }
    Ok((parser.tree, root))
}

/// How strongly an operator binds what stands on its left; 0 ends an expression.
fn binding_power(kind: &TokenKind) -> u8 {
    let TokenKind::Operator(operator) = kind else {
        return 0;
    };
    match *operator {
        "[" | "(" | "@" | "#" => 80,
        "." => 75,
        "{" => 70,
        "*" | "/" | "%" => 60,
        "+" | "-" | "&" => 50,
        "=" | "<" | ">" | "!=" | "<=" | ">=" | "^" | "~>" | "in" => 40,
        "and" => 30,
        "or" => 25,
        "?" => 20,
        ":=" => 10,
        _ => 0,
    }
}

/// The next token; `!` and `~` by themselves end names, but are no operators.
fn next_token(lexer: &mut Lexer<'_>, operand_read: bool) -> Result<Token, CompileError> {
    let token = lexer.next(operand_read)?;
    match token.kind {
        TokenKind::Operator("!" | "~") => Err(unexpected("S0204", &token)),
        _ => Ok(token),
    }
}

struct Parser<'a> {
    source: &'a str,
    lexer: Lexer<'a>,
    /// The token to be read next.
    token: Token,
    tree: Tree,
    /// How many expressions are being read inside of each other.
    depth: usize,
}

impl Parser<'_> {
    fn expression(&mut self, right_power: u8) -> Result<SyntaxId, CompileError> {
        self.depth += 1;
        if self.depth > MAX_HEIGHT {
            return Err(CompileError::new("S0901", self.token.position));
        }
        let first = self.advance(true)?;
        let mut left = self.prefix(first)?;
        while right_power < binding_power(&self.token.kind) {
            let operator = self.advance(false)?;
            left = self.infix(operator, left)?;
        }
        self.depth -= 1;
        Ok(left)
    }

    /// The token that was next, after reading on.
    fn advance(&mut self, operand_read: bool) -> Result<Token, CompileError> {
        let next = next_token(&mut self.lexer, operand_read)?;
        Ok(std::mem::replace(&mut self.token, next))
    }

    fn is(&self, operator: &str) -> bool {
        matches!(self.token.kind, TokenKind::Operator(next) if next == operator)
    }

    /// Reads `operator`, or refuses what stands there.
    fn expect(&mut self, operator: &str, operand_read: bool) -> Result<(), CompileError> {
        if self.is(operator) {
            self.advance(operand_read)?;
            return Ok(());
        }
        let code = if self.token.kind == TokenKind::End {
            "S0203"
        } else {
            "S0202"
        };
        let inserts = [
            ("value", &*quote(operator)),
            ("token", &*quote(&self.token.kind.text())),
        ];
        Err(CompileError::with(code, self.token.position, &inserts))
    }

    /// Reads `operator` if it stands there.
    fn eat(&mut self, operator: &str) -> Result<bool, CompileError> {
        let there = self.is(operator);
        if there {
            self.advance(false)?;
        }
        Ok(there)
    }

    fn unexpected(&self, code: &'static str) -> CompileError {
        unexpected(code, &self.token)
    }

    fn push(
        &mut self,
        syntax: Syntax,
        position: usize,
        children: &[SyntaxId],
    ) -> Result<SyntaxId, CompileError> {
        let below = children.iter().map(|child| self.tree[*child].height).max();
        let height = below.map_or(0, |below| below + 1);
        if height > MAX_HEIGHT {
            return Err(CompileError::new("S0901", position));
        }
        Ok(self.tree.push(SyntaxNode {
            syntax,
            position,
            keep_array: false,
            height,
        }))
    }

    fn prefix(&mut self, token: Token) -> Result<SyntaxId, CompileError> {
        let at = token.position;
        let TokenKind::Operator(operator) = token.kind else {
            let syntax = match token.kind {
                TokenKind::End => Syntax::End,
                kind => Syntax::Terminal(kind),
            };
            return self.push(syntax, at, &[]);
        };
        match operator {
            // The words can be used as names.
            "and" | "or" | "in" => self.push(
                Syntax::Terminal(TokenKind::Name(operator.to_owned())),
                at,
                &[],
            ),
            "-" => {
                let operand = self.expression(70)?;
                self.push(Syntax::Negate(operand), at, &[operand])
            }
            "*" => self.push(Syntax::Wildcard, at, &[]),
            "**" => self.push(Syntax::Descendant, at, &[]),
            "%" => self.push(Syntax::Parent, at, &[]),
            "(" => self.block(at),
            "[" => self.array(at),
            "{" => {
                let pairs = self.pairs()?;
                let children = flat(&pairs);
                self.push(Syntax::Object(pairs), at, &children)
            }
            "|" => self.transform(at),
            _ => Err(unexpected("S0211", &token)),
        }
    }

    fn infix(&mut self, token: Token, left: SyntaxId) -> Result<SyntaxId, CompileError> {
        let at = token.position;
        let power = binding_power(&token.kind);
        let TokenKind::Operator(operator) = token.kind else {
            unreachable!("only operators bind")
        };
        match operator {
            "(" => self.call(at, left),
            "[" if self.is("]") => self.keep_array(left),
            "[" => {
                let right = self.expression(0)?;
                self.expect("]", true)?;
                self.push(Syntax::Binary("[", left, right), at, &[left, right])
            }
            "^" => self.order_by(at, left),
            "{" => {
                let pairs = self.pairs()?;
                let mut children = flat(&pairs);
                children.push(left);
                self.push(Syntax::Group(left, pairs), at, &children)
            }
            ":=" => {
                self.must_be_variable(left, "S0212", None)?;
                let right = self.expression(power - 1)?;
                self.push(Syntax::Binary(":=", left, right), at, &[left, right])
            }
            "@" | "#" => {
                let right = self.expression(power)?;
                self.must_be_variable(right, "S0214", Some(operator))?;
                self.push(Syntax::Binary(operator, left, right), at, &[left, right])
            }
            "?" => {
                let then = self.expression(0)?;
                let otherwise = match self.eat(":")? {
                    true => Some(self.expression(0)?),
                    false => None,
                };
                let children: Vec<SyntaxId> = [left, then].into_iter().chain(otherwise).collect();
                self.push(Syntax::Condition(left, then, otherwise), at, &children)
            }
            _ => {
                let right = self.expression(power)?;
                self.push(Syntax::Binary(operator, left, right), at, &[left, right])
            }
        }
    }

    fn must_be_variable(
        &self,
        id: SyntaxId,
        code: &'static str,
        token: Option<&str>,
    ) -> Result<(), CompileError> {
        let node = &self.tree[id];
        match &node.syntax {
            Syntax::Terminal(TokenKind::Variable(_)) => Ok(()),
            _ => Err(CompileError::with(
                code,
                node.position,
                &[("token", &quote(token.unwrap_or_default()))],
            )),
        }
    }

    /// `[]` behind an operand: the mark goes to what its predicates filter.
    fn keep_array(&mut self, left: SyntaxId) -> Result<SyntaxId, CompileError> {
        let mut step = left;
        while let Syntax::Binary("[", inner, _) = self.tree[step].syntax {
            step = inner;
        }
        self.tree[step].keep_array = true;
        self.advance(false)?;
        Ok(left)
    }

    fn block(&mut self, at: usize) -> Result<SyntaxId, CompileError> {
        let mut expressions = Vec::new();
        while !self.is(")") {
            expressions.push(self.expression(0)?);
            if !self.eat(";")? {
                break;
            }
        }
        self.expect(")", true)?;
        let children = expressions.clone();
        self.push(Syntax::Block(expressions), at, &children)
    }

    fn array(&mut self, at: usize) -> Result<SyntaxId, CompileError> {
        let mut items = Vec::new();
        while items.is_empty() && !self.is("]") || !items.is_empty() && self.eat(",")? {
            let mut item = self.expression(0)?;
            let range_at = self.token.position;
            if self.eat("..")? {
                let end = self.expression(0)?;
                item = self.push(Syntax::Binary("..", item, end), range_at, &[item, end])?;
            }
            items.push(item);
        }
        self.expect("]", true)?;
        let children = items.clone();
        self.push(Syntax::Array(items), at, &children)
    }

    /// `key: value, … }`
    fn pairs(&mut self) -> Result<Vec<(SyntaxId, SyntaxId)>, CompileError> {
        let mut pairs = Vec::new();
        while pairs.is_empty() && !self.is("}") || !pairs.is_empty() && self.eat(",")? {
            let key = self.expression(0)?;
            self.expect(":", false)?;
            pairs.push((key, self.expression(0)?));
        }
        self.expect("}", true)?;
        Ok(pairs)
    }

    fn order_by(&mut self, at: usize, left: SyntaxId) -> Result<SyntaxId, CompileError> {
        self.expect("(", false)?;
        let mut terms = Vec::new();
        loop {
            let descending = !self.eat("<")? && self.eat(">")?;
            let by = self.expression(0)?;
            terms.push(Term { descending, by });
            if !self.eat(",")? {
                break;
            }
        }
        self.expect(")", false)?;
        let children: Vec<SyntaxId> = terms.iter().map(|term| term.by).chain([left]).collect();
        self.push(Syntax::OrderBy(left, terms), at, &children)
    }

    fn transform(&mut self, at: usize) -> Result<SyntaxId, CompileError> {
        let pattern = self.expression(0)?;
        self.expect("|", false)?;
        let update = self.expression(0)?;
        let delete = match self.eat(",")? {
            true => Some(self.expression(0)?),
            false => None,
        };
        self.expect("|", false)?;
        let children: Vec<SyntaxId> = [pattern, update].into_iter().chain(delete).collect();
        let syntax = Syntax::Transform {
            pattern,
            update,
            delete,
        };
        self.push(syntax, at, &children)
    }

    fn call(&mut self, at: usize, procedure: SyntaxId) -> Result<SyntaxId, CompileError> {
        let mut args = Vec::new();
        let mut partial = false;
        while args.is_empty() && !self.is(")") || !args.is_empty() && self.eat(",")? {
            if self.is("?") {
                partial = true;
                args.push(self.push(Syntax::Placeholder, self.token.position, &[])?);
                self.advance(false)?;
            } else {
                args.push(self.expression(0)?);
            }
        }
        self.expect(")", true)?;
        if matches!(&self.tree[procedure].syntax, Syntax::Terminal(TokenKind::Name(name)) if name == "function" || name == "λ")
        {
            return self.lambda(at, &args);
        }
        let children: Vec<SyntaxId> = args.iter().copied().chain([procedure]).collect();
        let syntax = match partial {
            true => Syntax::Partial(procedure, args),
            false => Syntax::Call(procedure, args),
        };
        self.push(syntax, at, &children)
    }

    fn lambda(&mut self, at: usize, args: &[SyntaxId]) -> Result<SyntaxId, CompileError> {
        let mut params = Vec::new();
        for (index, arg) in args.iter().enumerate() {
            let node = &self.tree[*arg];
            let Syntax::Terminal(TokenKind::Variable(name)) = &node.syntax else {
                let inserts = [("value", &*(index + 1).to_string())];
                return Err(CompileError::with("S0208", node.position, &inserts));
            };
            params.push(name.clone());
        }
        let signature = match self.is("<") {
            true => Some(self.signature()?),
            false => None,
        };
        self.expect("{", false)?;
        let body = self.expression(0)?;
        self.expect("}", false)?;
        let syntax = Syntax::Lambda {
            params,
            signature,
            body,
        };
        self.push(syntax, at, &[body])
    }

    fn signature(&mut self) -> Result<Signature, CompileError> {
        let start = self.token.position;
        let mut depth = 0;
        while !matches!(self.token.kind, TokenKind::End | TokenKind::Operator("{")) {
            match self.token.kind {
                TokenKind::Operator("<") => depth += 1,
                TokenKind::Operator(">") => depth -= 1,
                _ => {}
            }
            if depth == 0 {
                break;
            }
            self.advance(false)?;
        }
        let end = self.token.position;
        self.expect(">", false)?;
        let text: String = self.source[start..=end].split_whitespace().collect();
        Signature::parse(&text, start)
    }
}

fn unexpected(code: &'static str, token: &Token) -> CompileError {
    CompileError::with(
        code,
        token.position,
        &[("token", &quote(&token.kind.text()))],
    )
}

fn flat(pairs: &[(SyntaxId, SyntaxId)]) -> Vec<SyntaxId> {
    pairs
        .iter()
        .flat_map(|(key, value)| [*key, *value])
        .collect()
}
