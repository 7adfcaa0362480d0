//! Steps, depth, memory and time: what ends an evaluation that would not end well.

use super::super::error::Failure;
use super::super::program::Node;
use super::Machine;

/// So many steps are taken between two looks at the clock and the memory.
const INTERVAL: u64 = 1024;

impl Machine<'_, '_> {
    /// Goes one node deeper.
    #[inline]
    pub(super) fn enter(&mut self, node: &Node) -> Result<(), Failure> {
        self.depth += 1;
        let marker = 0_u8;
        let used = self.stack_base.abs_diff(&raw const marker as usize);
        if self.depth > self.budget.depth || used > self.budget.stack_bytes {
            return Err(self.too_deep().at(node.position as usize));
        }
        self.step()
    }

    /// For what recurses over values: they may be nested deeper than any expression.
    #[inline]
    pub(in super::super) fn guard(&self) -> Result<(), Failure> {
        let marker = 0_u8;
        match self.stack_base.abs_diff(&raw const marker as usize) > self.budget.stack_bytes {
            true => Err(self.too_deep()),
            false => Ok(()),
        }
    }

    #[inline]
    pub(in super::super) fn step(&mut self) -> Result<(), Failure> {
        if self.budget.steps.is_multiple_of(INTERVAL) {
            self.look_around()?;
        }
        self.budget.steps -= 1;
        Ok(())
    }

    /// Pays for handling `n` elements or characters.
    pub(in super::super) fn spend(&mut self, n: usize) -> Result<(), Failure> {
        let n = n as u64;
        if self.budget.steps % INTERVAL < n {
            self.look_around()?;
        }
        match self.budget.steps.checked_sub(n) {
            Some(left) => self.budget.steps = left,
            None => return Err(out_of_time()),
        }
        Ok(())
    }

    /// Asks for memory before something is built that takes so many bytes.
    pub(in super::super) fn reserve(&mut self, bytes: usize) -> Result<(), Failure> {
        let total = self.heap.bytes().saturating_add(bytes);
        if bytes > self.budget.value_bytes || total > self.budget.total_bytes {
            return Err(out_of_memory());
        }
        self.spend(bytes / 64)
    }

    /// Refuses a text that grows beyond what one value may take.
    pub(in super::super) fn check_len(&self, bytes: usize) -> Result<(), Failure> {
        match bytes > self.budget.value_bytes {
            true => Err(out_of_memory()),
            false => Ok(()),
        }
    }

    #[cold]
    fn look_around(&mut self) -> Result<(), Failure> {
        let expired = self
            .budget
            .expired
            .as_mut()
            .is_some_and(|expired| expired());
        if expired || self.budget.steps == 0 {
            return Err(out_of_time());
        }
        let stack_bytes = size_of_val(&self.stack[..]);
        match self.heap.bytes() + stack_bytes > self.budget.total_bytes {
            true => Err(out_of_memory()),
            false => Ok(()),
        }
    }

    #[cold]
    pub(in super::super) fn too_deep(&self) -> Failure {
        Failure::new("U1001")
            .insert("value", self.depth.to_string())
            .insert("max", self.budget.depth.to_string())
    }
}

#[cold]
fn out_of_time() -> Failure {
    Failure::worded("U1001", "U1002")
}

#[cold]
fn out_of_memory() -> Failure {
    Failure::new("D3900")
}
