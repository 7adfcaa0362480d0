//! The `expressd` command.

#[cfg(not(feature = "heap"))]
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

#[cfg(feature = "heap")]
#[global_allocator]
static ALLOCATOR: expressd::telemetry::Counted<mimalloc::MiMalloc> =
    expressd::telemetry::Counted(mimalloc::MiMalloc);

/// How long the allocator keeps memory that is not used, in milliseconds. Its own default is a second: after large events
/// that was more than all that was in use. With 10 the buffers of the Kafka clients come anew, page by page, for each
/// request.
const PURGE_DELAY: std::ffi::c_long = 25;

#[allow(unsafe_code)] // The allocator's options have no safe wrapper.
fn set_up_allocator() {
    /// `mi_option_purge_delay`, the same in all versions of mimalloc.
    const OPTION: std::ffi::c_int = 15;
    unsafe extern "C" {
        fn mi_option_set_default(option: std::ffi::c_int, value: std::ffi::c_long);
    }
    // SAFETY: mimalloc's function for a number of one of its options; `MIMALLOC_PURGE_DELAY` in the environment stays.
    unsafe { mi_option_set_default(OPTION, PURGE_DELAY) }
    do_without_huge_pages();
}

/// The allocator asks for huge pages. A block in one of them keeps all of its 2 MiB resident, which no budget sees: with
/// large events that was half of what the process had. Whoever sets `MIMALLOC_ALLOW_THP` decides for himself.
#[cfg(target_os = "linux")]
#[allow(unsafe_code)] // No safe wrapper either.
fn do_without_huge_pages() {
    if std::env::var_os("MIMALLOC_ALLOW_THP").is_none() {
        // SAFETY: the call takes numbers and changes how this process's memory is mapped, not what is in it. Where the
        // kernel refuses, everything stays as it was.
        unsafe { libc::prctl(libc::PR_SET_THP_DISABLE, 1, 0, 0, 0) };
    }
}

#[cfg(not(target_os = "linux"))]
fn do_without_huge_pages() {}

fn main() -> std::process::ExitCode {
    set_up_allocator();
    expressd::cli::main()
}
