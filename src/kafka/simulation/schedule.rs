//! One thread at a time, in the order of virtual time.

use super::{Event, MemberId, Time, Universe, World};

impl Universe {
    /// Lets `wait` milliseconds pass for the calling thread, while the rest of the world goes on. Gives the time that
    /// really passed: a frozen member wakes late.
    pub(crate) fn sleep(&self, me: MemberId, wait: Time) -> Time {
        let before = {
            let mut world = self.world();
            let now = world.now;
            let until = now + wait.max(1);
            let until = world
                .group
                .thaws(me)
                .map_or(until, |thaws| until.max(thaws));
            world.at(until, Event::Wake(me));
            world.running = None;
            world.turn();
            now
        };
        self.wait_for_turn(me);
        self.world().now - before
    }

    /// Waits until it is the calling thread's turn.
    pub(crate) fn wait_for_turn(&self, me: MemberId) {
        while self.world().running != Some(me) {
            std::thread::park();
        }
    }

    /// A new thread, which waits for its turn.
    pub(crate) fn enter(&self, member: MemberId, thread: std::thread::Thread) {
        let mut world = self.world();
        world.threads.insert(member, thread);
        let now = world.now;
        world.at(now, Event::Wake(member));
    }

    /// The calling thread has nothing more to do.
    pub(crate) fn leave(&self, me: MemberId) {
        let mut world = self.world();
        world.threads.remove(&me);
        world.running = None;
        world.turn();
    }
}

impl World {
    /// Lets things happen until a thread has something to do, and wakes it.
    fn turn(&mut self) {
        while let Some(((time, _), event)) = self.events.pop_first() {
            self.now = self.now.max(time);
            match event {
                Event::Wake(member) => {
                    if let Some(thread) = self.threads.get(&member) {
                        self.running = Some(member);
                        thread.unpark();
                        return;
                    }
                }
                event => self.happen(event),
            }
        }
        unreachable!("the coordinator always comes again");
    }
}
