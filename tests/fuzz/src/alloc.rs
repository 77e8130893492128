//! Counts what a thread allocates, so that a target can bound it.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

struct Counting;

thread_local! {
    static ALLOCATED: Cell<usize> = const { Cell::new(0) };
}

#[global_allocator]
static COUNTING: Counting = Counting;

#[expect(
    unsafe_code,
    reason = "an allocator cannot be written otherwise; it hands all on to the system's"
)]
// SAFETY: every call goes to `System` unchanged; counting touches no memory of
// its own but a constant-initialised thread-local that needs no destructor.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count(layout.size());
        // SAFETY: the caller keeps the contract of `alloc`.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, at: *mut u8, layout: Layout) {
        // SAFETY: the caller keeps the contract of `dealloc`.
        unsafe { System.dealloc(at, layout) }
    }

    unsafe fn realloc(&self, at: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        count(size.saturating_sub(layout.size()));
        // SAFETY: the caller keeps the contract of `realloc`.
        unsafe { System.realloc(at, layout, size) }
    }
}

fn count(bytes: usize) {
    // A thread that ends allocates without being counted.
    _ = ALLOCATED.try_with(|allocated| allocated.set(allocated.get().wrapping_add(bytes)));
}

/// Runs `read` and checks that it allocates at most `each` bytes for each of
/// the `input` bytes, freed or not, and [`FREE_BYTES`] besides.
#[track_caller]
pub(crate) fn bounded<T>(input: usize, each: usize, read: impl FnOnce() -> T) -> T {
    let before = ALLOCATED.get();
    let out = read();
    let allocated = ALLOCATED.get().wrapping_sub(before);
    let allowed = input.saturating_mul(each).saturating_add(FREE_BYTES);
    assert!(allocated <= allowed, "{allocated} bytes allocated for {input} bytes of input");
    out
}

/// What any reader may take for itself.
const FREE_BYTES: usize = 256 * 1024;
