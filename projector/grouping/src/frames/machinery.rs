//! Frames that say nothing of an error, whoever's they are: how a panic is raised, how
//! a thread or a program starts, how errors are reported, what engines and compilers
//! put between two calls.

use event_model::head::ArchivedFrameHeadV1;

use crate::{marks::Words, names};

mod agents;

/// Functions that begin so are panic or start-up machinery of Rust.
static RUST: Words<26> = Words::of([
    "rust_begin_unwind",
    "rust_panic",
    "__rust_",
    "core::panicking::",
    "core::result::unwrap_failed",
    "core::option::unwrap_failed",
    "core::option::expect_failed",
    "core::ops::function::",
    "core::slice::",
    "core::str::",
    "std::panicking::",
    "std::panic::",
    "std::rt::",
    "std::sys::",
    "std::sys_common::",
    "std::backtrace",
    "std::thread::",
    "backtrace::",
    "sentry::",
    "sentry_core::",
    "sentry_panic::",
    "sentry_backtrace::",
    "sentry_anyhow::",
    "alloc::boxed::Box<F,A> as core::ops::function::Fn",
    "core::panic::unwind_safe::AssertUnwindSafe",
    "anyhow::",
]);
/// Implementations of these are machinery whatever type they are of: making an error's
/// context, an index out of bounds.
const RUST_TRAITS: [&str; 2] = [" as anyhow::", " as core::slice::"];
/// Functions that start a program or a thread, raise a signal or unwind a stack, by
/// system and compiler.
static NATIVE: Words<76> = Words::of([
    // ELF.
    "_start",
    "start",
    "__libc_start_main",
    "__libc_start_main_impl",
    "__libc_start_call_main",
    "__libc_start_main@@GLIBC_2.34",
    "start_thread",
    "clone",
    "__clone",
    "clone3",
    "__clone3",
    "__GI___clone",
    "__GI___clone3",
    "__libc_init",
    "__start_thread",
    "__pthread_start",
    "__bionic_clone",
    "_start_c",
    "libc_start_main_stage2",
    "execute_native_thread_routine",
    "std::execute_native_thread_routine",
    // Apple.
    "_pthread_start",
    "thread_start",
    "_pthread_body",
    "_pthread_wqthread",
    "start_wqthread",
    "_dispatch_call_block_and_release",
    "_dispatch_client_callout",
    "_dispatch_worker_thread2",
    "_dispatch_worker_thread",
    "_dispatch_root_queue_drain",
    "_dispatch_main_queue_drain",
    "_dispatch_lane_serial_drain",
    "_dispatch_lane_invoke",
    "_dispatch_workloop_worker_thread",
    "_dispatch_root_queue_drain_deferred_wlh",
    "_sigtramp",
    "objc_exception_throw",
    "__exceptionPreprocess",
    "_objc_terminate",
    "swift_unexpectedError",
    "_assertionFailure",
    "_swift_runtime_on_report",
    "swift::fatalError",
    "__kill",
    // Windows.
    "RtlUserThreadStart",
    "BaseThreadInitThunk",
    "__scrt_common_main_seh",
    "__scrt_common_main",
    "invoke_main",
    "mainCRTStartup",
    "WinMainCRTStartup",
    "wmainCRTStartup",
    "wWinMainCRTStartup",
    "__tmainCRTStartup",
    "KiUserExceptionDispatch",
    "KiUserExceptionDispatcher",
    "RaiseException",
    "RtlRaiseException",
    "_CxxThrowException",
    "UnhandledExceptionFilter",
    "thread_start<unsigned int (__cdecl*)(void *),1>",
    // Signals and unwinding.
    "abort",
    "raise",
    "kill",
    "gsignal",
    "__GI_raise",
    "__GI_abort",
    "pthread_kill",
    "__pthread_kill",
    "__pthread_kill_implementation",
    "__pthread_kill_internal",
    "__restore_rt",
    "__assert_fail",
    "__assert_rtn",
    "__cxa_throw",
]);
/// Beginnings of the same, and of crash reporters' own.
static NATIVE_STARTS: Words<38> = Words::of([
    "QMetaObject::",
    "QCoreApplication",
    "QApplication",
    "QGuiApplication",
    "QEventLoop",
    "void doActivate<",
    "doActivate<",
    "__asan",
    "__tsan",
    "__msan",
    "__ubsan",
    "__hwasan",
    "__lsan",
    "__sanitizer",
    "tokio::runtime::",
    "tokio::task::",
    "rayon_core::",
    "OUTLINED_FUNCTION_",
    "std::terminate",
    "std::__terminate",
    "std::__1::__thread_proxy",
    "std::__ndk1::__thread_proxy",
    "std::thread::_Impl",
    "std::thread::_State_impl",
    "std::thread::_Invoker",
    "__cxxabiv1::",
    "__cxa_",
    "_Unwind_",
    "crashpad::",
    "google_breakpad::",
    "sentrycrash",
    "SentryCrash",
    "sentry__",
    "-[Sentry",
    "+[Sentry",
    "bsg_",
    "FIRCLS",
    "Swift runtime failure",
]);
/// What Swift's compiler puts between two functions.
static SWIFT: Words<6> = Words::of([
    "protocol witness for ",
    "thunk for ",
    "partial apply for thunk for ",
    "outlined ",
    "merged thunk for ",
    "reabstraction thunk",
]);
/// Functions of Go's runtime that raise a panic or start a goroutine.
const GO: [&str; 8] = [
    "gopanic", "panic", "sigpanic", "goexit", "main", "goPanic", "throw", "fatal",
];
/// Helpers that compilers and bundlers of JavaScript put in, by beginning.
static SCRIPT_HELPERS: Words<21> = Words::of([
    "asyncGeneratorStep",
    "_asyncToGenerator",
    "_async_to_generator",
    "_ts_generator",
    "__awaiter",
    "__generator",
    "regeneratorRuntime",
    "tryCatch",
    "_AsyncGenerator",
    "promiseReactionJob",
    "asyncToGenerator",
    "Generator.",
    "__webpack_",
    "__require",
    "require_",
    "node_modules/",
    "__wbg_adapter_",
    "imports.wbg.",
    "__wbindgen",
    "ZoneDelegate.",
    "_ZoneDelegate.",
]);
/// The same, whole; and functions of frameworks that are bundled with the page's own
/// code: how a component came to be rendered, an event to be heard.
static FRAMEWORK_CALLS: Words<58> = Words::of([
    "_next",
    "_throw",
    "fulfilled",
    "rejected",
    "Zone.run",
    "Zone.runTask",
    "Zone.runGuarded",
    "ZoneTask.invokeTask",
    "drainMicroTaskQueue",
    "globalZoneAwareCallback",
    "performUnitOfWork",
    "beginWork",
    "updateFunctionComponent",
    "updateSimpleMemoComponent",
    "updateMemoComponent",
    "updateClassComponent",
    "finishClassComponent",
    "updateForwardRef",
    "renderWithHooks",
    "renderWithHooksAgain",
    "mountIndeterminateComponent",
    "workLoop",
    "workLoopSync",
    "workLoopConcurrent",
    "renderRootSync",
    "renderRootConcurrent",
    "performSyncWorkOnRoot",
    "performConcurrentWorkOnRoot",
    "performWorkOnRoot",
    "performWorkUntilDeadline",
    "flushWork",
    "batchedUpdates",
    "batchedEventUpdates",
    "discreteUpdates",
    "executeDispatch",
    "dispatchEventForPluginEventSystem",
    "processDispatchQueue",
    "processDispatchQueueItemsInOrder",
    "invokeGuardedCallback",
    "invokeGuardedCallbackAndCatchFirstError",
    "invokeGuardedCallbackDev",
    "callCallback",
    "dispatchDiscreteEvent",
    "commitRoot",
    "commitRootImpl",
    "commitHookEffectListMount",
    "flushPassiveEffects",
    "runWithFiberInDEV",
    "callWithErrorHandling",
    "callWithAsyncErrorHandling",
    "invokeWithErrorHandling",
    "invoker",
    "renderComponentRoot",
    "runUpdates",
    "completeUpdates",
    "runTop",
    "runComputation",
    "updateComputation",
]);

/// Whether a frame says nothing of any error.
pub(crate) fn is_machinery(frame: &ArchivedFrameHeadV1, platform: &str) -> bool {
    let (function, module, file): (&str, &str, &str) =
        (&frame.function, &frame.module, &frame.filename);
    if function == "<asynchronous suspension>"
        || file == "<asynchronous suspension>"
        || agents::is_agent(module, file, function)
    {
        return true;
    }
    match platform {
        "rust" | "native" | "c" | "cpp" | "cocoa" | "swift" | "objc" => is_native(function, file),
        "go" => {
            if file == "<autogenerated>" {
                return true;
            }
            let runtime = module == "runtime" || function.starts_with("runtime.");
            let name = function.strip_prefix("runtime.").unwrap_or(function);
            runtime && GO.iter().any(|m| name.starts_with(m))
        }
        "python" => {
            matches!(function, "<listcomp>" | "<dictcomp>" | "<setcomp>")
                || file.starts_with("<frozen ")
        }
        "java" | "kotlin" | "android" | "scala" | "clojure" | "groovy" => {
            names::is_bridge(function, module)
        }
        "csharp" | "dotnet" | "fsharp" => {
            let name = function.trim_end_matches(|c: char| c.is_ascii_digit());
            name.ends_with("lambda_method") || module == "System.Runtime.CompilerServices.CallSite"
        }
        "ruby" => file.starts_with("<internal:"),
        "javascript" | "node" => is_script(function, file),
        _ => false,
    }
}

fn is_native(function: &str, file: &str) -> bool {
    let path = rust_path(function);
    RUST.begin(path)
        || (function.as_bytes().contains(&b' ') && RUST_TRAITS.iter().any(|t| function.contains(t)))
        || NATIVE.has(function)
        || NATIVE_STARTS.begin(path)
        || is_jump(function)
        || (function.as_bytes().contains(&b'q') && function.contains("::qt_static_metacall"))
        || SWIFT.begin(function)
        || (file == "<compiler-generated>" && !function.contains(" in "))
}

/// The jump table of incremental linking: "@ILT+405(?pay@@YAXXZ)".
fn is_jump(function: &str) -> bool {
    function.starts_with("@ILT+") || function.starts_with("ILT+")
}

/// The path that a Rust symbol begins with: `<a::B as c::D>::e` and `<a::B>::e` are
/// of `a::B`; `__rustc::` stands before what the compiler itself puts in.
fn rust_path(function: &str) -> &str {
    let path = function.trim_start_matches('<');
    path.strip_prefix("__rustc::").unwrap_or(path)
}

/// What engines write between two calls of a script: native code, evaluation, the queue
/// of promises.
fn is_script(function: &str, file: &str) -> bool {
    matches!(
        file,
        "[native code]" | "native code" | "native" | "<anonymous>" | "eval code" | "(native)"
    ) || function == "anonymous"
        || file.starts_with("ext:")
        || file.starts_with("deno:")
        || matches!(function, "eval" | "eval code" | "Eval code")
        || agents::is_wrapper(function)
        || SCRIPT_HELPERS.begin(function)
        || is_framework(function)
        || function.starts_with("async Promise.all")
        || function.starts_with("async Promise.any")
}

/// Functions of frameworks, and modules that webpack knows by number.
fn is_framework(function: &str) -> bool {
    // Most names have no bracket, and to look for one byte costs less.
    let may = function.as_bytes().contains(&b'[');
    let alias = may.then(|| function.find(" [as ")).flatten();
    let name = alias.map_or(function, |at| &function[..at]);
    let bare = name.strip_suffix("$1").unwrap_or(name);
    let last = bare.rsplit('.').next().unwrap_or_default();
    let is_number = !last.is_empty() && last.bytes().all(|b| b.is_ascii_digit());
    is_number
        || FRAMEWORK_CALLS.has(bare)
        || matches!(last, "invoker" | "callCallback")
        || last.ends_with("_members_initializer>")
}

/// Whether a file belongs to an extension of the browser.
pub(crate) fn is_extension(file: &str) -> bool {
    // Almost all files have no scheme, and to look for one byte costs less.
    file.as_bytes().contains(&b':')
        && file
            .split_once("://")
            .is_some_and(|(scheme, _)| scheme.ends_with("-extension"))
}

/// Views of Android call one another as deep as they are nested.
const VIEW_CALLS: [&str; 12] = [
    "layout",
    "onLayout",
    "measure",
    "onMeasure",
    "draw",
    "dispatchDraw",
    "drawChild",
    "layoutChildren",
    "measureChildWithMargins",
    "dispatchTouchEvent",
    "dispatchTransformedTouchEvent",
    "updateDisplayListIfDirty",
];

/// Whether a frame of others' code only leads to what runs: event loops, thread pools,
/// nested views. Where nothing else is left, the text tells errors apart.
pub(crate) fn is_plumbing(frame: &ArchivedFrameHeadV1, platform: &str) -> bool {
    if frame.in_app {
        return false;
    }
    let (function, module, file): (&str, &str, &str) =
        (&frame.function, &frame.module, &frame.filename);
    match platform {
        "javascript" | "node" => {
            file.starts_with("node:")
                || file.starts_with("internal/")
                || file.starts_with("timers.js")
        }
        "java" | "kotlin" | "android" => {
            let is_view = [
                "android.view.",
                "android.widget.",
                "androidx.",
                "com.android.internal.policy.",
            ]
            .iter()
            .any(|start| module.starts_with(start));
            let is_pool = [
                "java.util.concurrent.",
                "java.lang.Thread",
                "kotlinx.coroutines.",
                "kotlin.coroutines.",
            ]
            .iter()
            .any(|start| module.starts_with(start));
            (is_view && VIEW_CALLS.contains(&function)) || is_pool
        }
        "python" => {
            let is_pool = ["asyncio.", "concurrent.futures.", "threading", "runpy"]
                .iter()
                .any(|start| module.starts_with(start));
            is_pool || module == "asyncio"
        }
        _ => false,
    }
}
