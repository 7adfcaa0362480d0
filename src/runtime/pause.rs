//! How threads that own a client let time pass between two looks at it.

use std::time::Duration;

/// Lets the calling thread rest. In a simulation the rest of the world goes on meanwhile.
pub fn pause(wait: Duration) {
    #[cfg(test)]
    if simulated::pause(wait) {
        return;
    }
    std::thread::park_timeout(wait);
}

/// The simulation's side.
#[cfg(test)]
pub(crate) mod simulated {
    use std::cell::RefCell;
    use std::rc::Rc;
    use std::time::Duration;

    type Pause = Rc<dyn Fn(Duration)>;

    thread_local! {
        static PAUSE: RefCell<Option<Pause>> = const { RefCell::new(None) };
    }

    /// From now on `pause` is what the calling thread does instead of resting.
    pub(crate) fn set(pause: Option<Pause>) {
        PAUSE.set(pause);
    }

    pub(super) fn pause(wait: Duration) -> bool {
        let pause = PAUSE.with_borrow(Clone::clone);
        pause.map(|pause| pause(wait)).is_some()
    }
}
