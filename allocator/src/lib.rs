//! The memory allocator of the server, and how long it keeps free memory. A crate of its own, because mimalloc has no
//! safe function for its options, and the others forbid `unsafe`.

pub use mimalloc::MiMalloc;

use libmimalloc_sys::{mi_option_set_default, mi_option_t};
use std::ffi::c_long;

/// `mi_option_purge_delay` in `mimalloc.h`. The bindings do not name it.
const PURGE_DELAY: mi_option_t = 15;

/// Milliseconds. mimalloc's default is a second, in which the memory of a burst of requests is kept beside that of the
/// next one.
const DELAY: c_long = 10;

/// Makes the allocator return free memory to the system within milliseconds. The variable `MIMALLOC_PURGE_DELAY` takes
/// precedence.
pub fn return_free_memory_early() {
    #[expect(unsafe_code, reason = "mimalloc has no safe function for its options")]
    // SAFETY: mimalloc checks the number of the option and stores the value, which it reads before each purge.
    unsafe {
        mi_option_set_default(PURGE_DELAY, DELAY);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use libmimalloc_sys::mi_option_get;

    #[test]
    fn option_is_the_delay_of_purges() {
        #[expect(unsafe_code, reason = "mimalloc has no safe function for its options")]
        // SAFETY: mimalloc checks the number of the option and returns its value.
        let delay = || unsafe { mi_option_get(PURGE_DELAY) };
        assert_eq!(delay(), 1000, "the default of the option with this number");
        return_free_memory_early();
        assert_eq!(delay(), DELAY);
    }
}
