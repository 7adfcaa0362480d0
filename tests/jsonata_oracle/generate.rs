//! Random expressions that mostly make sense over `tests/jsonata/input.json`. A seed always gives the same.
//!
//! Three things are left out because the other implementation differs there from JSONata 2.0.6, whose cases ours passes:
//!
//! - division by zero: the number is infinite (and AWS writes `"Infinity"`); the other one has null;
//! - `$encodeUrlComponent`: `-`, `_`, `.`, `!`, `~`, `*`, `'`, `(` and `)` stay as they are; the other one escapes them;
//! - `a & b^(c)`: `^` binds less than `&`, so this sorts a string; the other one sorts `b`. Sorting stands in brackets here.

/// How deep expressions nest.
const DEPTH: usize = 4;

/// Makes expressions.
pub(crate) struct Generator {
    random: u64,
}

impl Generator {
    pub(crate) fn new(seed: u64) -> Generator {
        Generator {
            random: seed.wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15),
        }
    }

    pub(crate) fn expression(&mut self) -> String {
        self.any(DEPTH)
    }

    /// An expression of the plain kind that outputs of states are: reads put together.
    pub(crate) fn output(&mut self) -> String {
        self.made(DEPTH)
    }

    fn made(&mut self, depth: usize) -> String {
        if depth == 0 {
            let leaves = [
                "order.id",
                "order.customer",
                "order.customer.tags",
                "order.lines.sku",
                "order.lines.size.w",
                "order.lines.size",
                "order.nothing.x",
                "order.gift",
                "order.notes",
                "order.notes.x",
                "shelves.boxes.n",
                "shelves.boxes",
                "grid",
                "grid.x",
                "7",
                "'text'",
                "''",
                "true",
                "null",
            ];
            return self.one_of(&leaves);
        }
        let depth = depth - 1;
        match self.below(10) {
            0 => format!("[{}]", self.made(depth)),
            1 => format!("[{}, {}]", self.made(depth), self.made(depth)),
            2 => format!("{{'a': {}, 'b': {}}}", self.made(depth), self.made(depth)),
            3 => format!(
                "({} & {} & {})",
                self.read(),
                self.one_of(&["'-'", "''", "'é'"]),
                self.read()
            ),
            4 => format!(
                "$merge([{}, {{'id': {}, 'n': {}}}])",
                self.one_of(&[
                    "order",
                    "order.customer",
                    "shelves",
                    "order.nothing",
                    "order.id"
                ]),
                self.made(depth),
                self.made(depth)
            ),
            5 => format!(
                "({} ? {} : {})",
                self.test(),
                self.made(depth),
                self.made(depth)
            ),
            6 => format!(
                "({} {} {})",
                self.whole(),
                self.one_of(&["+", "-", "*"]),
                self.whole()
            ),
            7 => format!("$count({})", self.made(depth)),
            8 => self.test(),
            _ => self.made(0),
        }
    }

    fn read(&mut self) -> String {
        self.one_of(&[
            "order.id",
            "order.customer.name",
            "order.nothing",
            "order.lines[0].sku",
            "order.customer.tags",
        ])
    }

    fn whole(&mut self) -> String {
        self.one_of(&[
            "1",
            "40",
            "$count(order.lines)",
            "shelves[0].row",
            "order.nothing",
            "order.total.n",
            "order.id",
        ])
    }

    fn test(&mut self) -> String {
        let value = self.one_of(&[
            "order.id",
            "order.nothing",
            "order.customer.name",
            "order.gift",
            "order.lines",
        ]);
        match self.below(4) {
            0 => format!(
                "{value} {} {}",
                self.one_of(&["=", "!=", "<", ">="]),
                self.one_of(&["'A-17'", "3", "'Ada'"])
            ),
            1 => format!(
                "($exists({value}) and {})",
                self.one_of(&["true", "order.id = 'A-17'"])
            ),
            2 => format!("$not($exists({value}))"),
            _ => format!("$contains({value}, 'd')"),
        }
    }

    fn any(&mut self, depth: usize) -> String {
        match self.below(6) {
            0 => self.number(depth),
            1 => self.string(depth),
            2 => self.boolean(depth),
            3 => self.object(depth),
            _ => self.array(depth),
        }
    }

    fn number(&mut self, depth: usize) -> String {
        if depth == 0 {
            let leaves = [
                "1",
                "2.5",
                "0",
                "-3",
                "order.lines[0].qty",
                "shelves[1].row",
                "$count(grid)",
                "order.lines[9].qty",
            ];
            return self.one_of(&leaves);
        }
        let depth = depth - 1;
        match self.below(13) {
            0 => {
                if self.below(3) == 0 {
                    let operator = self.one_of(&["/", "%"]);
                    return format!("({} {operator} 4)", self.number(depth));
                }
                let operator = self.one_of(&["+", "-", "*"]);
                format!("({} {operator} {})", self.number(depth), self.number(depth))
            }
            1 => {
                let function = self.one_of(&["$sum", "$max", "$min", "$average"]);
                format!("{function}({})", self.numbers(depth))
            }
            2 => format!("$count({})", self.array(depth)),
            3 => format!("$length({})", self.string(depth)),
            4 => {
                let function = self.one_of(&["$abs", "$floor", "$ceil", "$round"]);
                format!("{function}({})", self.number(depth))
            }
            5 => format!(
                "({} ? {} : {})",
                self.boolean(depth),
                self.number(depth),
                self.number(depth)
            ),
            6 => format!(
                "$reduce({}, function($a, $b){{ $a + $b }})",
                self.numbers(depth)
            ),
            7 => format!(
                "$number({})",
                self.one_of(&["'12'", "'1.5'", "'x'", "true", "order.id"])
            ),
            8 => format!("({})[{}]", self.numbers(depth), self.index()),
            9 => format!("($x := {}; $x * $x)", self.number(depth)),
            10 => format!("{} ~> $sum", self.numbers(depth)),
            _ => self.number(0),
        }
    }

    fn string(&mut self, depth: usize) -> String {
        if depth == 0 {
            let leaves = [
                "'a'",
                "'pen'",
                "''",
                "order.id",
                "order.customer.name",
                "order.lines[1].sku",
                "order.nothing",
                "'ü b'",
            ];
            return self.one_of(&leaves);
        }
        let depth = depth - 1;
        match self.below(12) {
            0 => format!("({} & {})", self.string(depth), self.any(depth)),
            1 => {
                let function = self.one_of(&["$uppercase", "$lowercase", "$trim", "$base64encode"]);
                format!("{function}({})", self.string(depth))
            }
            2 => format!(
                "$substring({}, {}, {})",
                self.string(depth),
                self.index(),
                self.index()
            ),
            3 => format!("$join({}, '-')", self.strings(depth)),
            4 => format!("$string({})", self.any(depth)),
            5 => format!(
                "$replace({}, {}, 'z')",
                self.string(depth),
                self.one_of(&["'e'", "/[ab]/", "/(p)(e)/", "'n'"])
            ),
            6 => format!("$pad({}, {}, '#')", self.string(depth), self.index()),
            7 => format!(
                "$substringBefore({}, {})",
                self.string(depth),
                self.string(0)
            ),
            8 => format!("$type({})", self.any(depth)),
            9 => format!(
                "({} ? {} : {})",
                self.boolean(depth),
                self.string(depth),
                self.string(depth)
            ),
            _ => self.string(0),
        }
    }

    fn boolean(&mut self, depth: usize) -> String {
        if depth == 0 {
            return self.one_of(&[
                "true",
                "false",
                "$exists(order.gift)",
                "order.gift = null",
                "order.lines[0].qty > 2",
            ]);
        }
        let depth = depth - 1;
        match self.below(9) {
            0 => format!(
                "{} {} {}",
                self.number(depth),
                self.one_of(&["<", "<=", ">", ">=", "=", "!="]),
                self.number(depth)
            ),
            1 => format!(
                "{} {} {}",
                self.string(depth),
                self.one_of(&["<", "<=", ">", ">=", "=", "!="]),
                self.string(depth)
            ),
            2 => format!(
                "({} {} {})",
                self.boolean(depth),
                self.one_of(&["and", "or"]),
                self.boolean(depth)
            ),
            3 => format!("$not({})", self.any(depth)),
            4 => format!("$exists({})", self.any(depth)),
            5 => format!(
                "$contains({}, {})",
                self.string(depth),
                self.one_of(&["'e'", "/e./", "'pen'"])
            ),
            6 => format!("({} in {})", self.string(depth), self.strings(depth)),
            7 => format!("$boolean({})", self.any(depth)),
            _ => self.boolean(0),
        }
    }

    fn object(&mut self, depth: usize) -> String {
        if depth == 0 {
            return self.one_of(&[
                "order.customer",
                "order.lines[0]",
                "{}",
                "{'k': 1}",
                "shelves[0].boxes[1]",
            ]);
        }
        let depth = depth - 1;
        match self.below(7) {
            0 => format!("{{'a': {}, 'b': {}}}", self.any(depth), self.any(depth)),
            1 => format!("$merge([{}, {}])", self.object(depth), self.object(depth)),
            2 => format!("{}{{sku: {}}}", self.lines(depth), self.of_line(depth)),
            3 => format!(
                "$sift({}, function($v){{ $boolean($v) }})",
                self.object(depth)
            ),
            4 => format!("({} ~> |$|{{'m': {}}}|)", self.object(depth), self.any(0)),
            _ => self.object(0),
        }
    }

    fn array(&mut self, depth: usize) -> String {
        match self.below(8) {
            0 => self.numbers(depth),
            1 => self.strings(depth),
            2 => self.lines(depth),
            3 if depth > 0 => format!("[{}, {}]", self.any(depth - 1), self.any(depth - 1)),
            4 if depth > 0 => format!(
                "$append({}, {})",
                self.any(depth - 1),
                self.array(depth - 1)
            ),
            5 if depth > 0 => format!(
                "$map({}, function($v, $i){{ {} }})",
                self.lines(depth - 1),
                self.of_item(depth - 1)
            ),
            6 if depth > 0 => format!("{}.({})", self.lines(depth - 1), self.of_line(depth - 1)),
            _ => self.one_of(&[
                "grid",
                "[]",
                "shelves.boxes",
                "order.notes",
                "grid[0]",
                "$keys(order)",
                "$spread(order.customer)",
                "shelves.boxes.n",
            ]),
        }
    }

    fn numbers(&mut self, depth: usize) -> String {
        if depth == 0 {
            return self.one_of(&[
                "order.lines.qty",
                "[1, 2, 3]",
                "[3..6]",
                "grid[0]",
                "shelves.boxes.n",
                "order.lines.price",
                "order.lines.size.w",
            ]);
        }
        let depth = depth - 1;
        match self.below(8) {
            0 => format!("$sort({})", self.numbers(depth)),
            1 => format!("$reverse({})", self.numbers(depth)),
            2 => format!("$distinct({})", self.numbers(depth)),
            3 => format!("{}[$ > {}]", self.numbers(depth), self.number(0)),
            4 => format!(
                "$filter({}, function($v, $i){{ $v + $i > 2 }})",
                self.numbers(depth)
            ),
            5 => format!("{}.($ * 2)", self.numbers(depth)),
            6 => format!(
                "{}.({})",
                self.lines(depth),
                self.one_of(&["qty * price", "qty", "size.w", "$count(%.sku)"])
            ),
            _ => self.numbers(0),
        }
    }

    fn strings(&mut self, depth: usize) -> String {
        if depth == 0 {
            return self.one_of(&[
                "order.lines.sku",
                "['b', 'a']",
                "order.customer.tags",
                "$split('a b c', ' ')",
                "shelves.boxes.sku",
                "order.customer.*",
            ]);
        }
        let depth = depth - 1;
        match self.below(6) {
            0 => format!("$sort({})", self.strings(depth)),
            1 => format!("$distinct({})", self.strings(depth)),
            2 => format!("{}[{}]", self.strings(depth), self.index()),
            3 => format!("{}.$uppercase($)", self.strings(depth)),
            4 => format!(
                "$split({}, {})",
                self.string(depth),
                self.one_of(&["'e'", "''", "/[en]/"])
            ),
            _ => self.strings(0),
        }
    }

    fn lines(&mut self, depth: usize) -> String {
        if depth == 0 {
            return self.one_of(&[
                "order.lines",
                "shelves.boxes",
                "$.order.lines",
                "order.lines[]",
                "**.lines",
            ]);
        }
        let depth = depth - 1;
        match self.below(6) {
            0 => format!(
                "{}[{} > {}]",
                self.lines(depth),
                self.one_of(&["qty", "price", "n", "size.w"]),
                self.number(0)
            ),
            1 => format!("{}[sku = {}]", self.lines(depth), self.string(0)),
            2 => format!(
                "({}^({}{}))",
                self.lines(depth),
                self.one_of(&["", ">", "<"]),
                self.one_of(&["sku", "qty", "price"])
            ),
            3 => format!("{}[{}]", self.lines(depth), self.index()),
            _ => self.lines(0),
        }
    }

    /// With a line as context.
    fn of_line(&mut self, depth: usize) -> String {
        match self.below(6) {
            0 => "qty".to_string(),
            1 => "{'s': sku, 'q': qty}".to_string(),
            2 => "$uppercase(sku)".to_string(),
            3 => format!("[sku, {}]", self.number(depth.min(1))),
            4 => "size.w".to_string(),
            _ => "$".to_string(),
        }
    }

    /// With `$v` and `$i`.
    fn of_item(&mut self, depth: usize) -> String {
        match self.below(5) {
            0 => "$v.sku & $i".to_string(),
            1 => "$i".to_string(),
            2 => format!("{{'i': $i, 'x': {}}}", self.any(depth.min(1))),
            3 => "[$v.qty]".to_string(),
            _ => "$v".to_string(),
        }
    }

    fn index(&mut self) -> String {
        self.one_of(&["0", "1", "-1", "2", "5", "-4"])
    }

    fn one_of(&mut self, choices: &[&str]) -> String {
        let index = self.below(choices.len());
        choices[index].to_string()
    }

    fn below(&mut self, bound: usize) -> usize {
        // splitmix64
        self.random = self.random.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.random;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((mixed ^ (mixed >> 31)) % bound.max(1) as u64) as usize
    }
}
