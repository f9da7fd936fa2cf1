//! Exceptions that only carry another one: what they say is what frameworks say of every
//! error.

use event_model::head::ExceptionPart;

/// Last parts of types that are thrown around an error which nobody took, or which
/// came from a call by reflection or out of a pool.
const TYPES: [&str; 19] = [
    // Spring.
    "BeanCreationException",
    "BeanInstantiationException",
    "UnsatisfiedDependencyException",
    "NestedServletException",
    // RxJava and Reactor.
    "OnErrorNotImplementedException",
    "UndeliverableException",
    "ReactiveException",
    "ErrorCallbackNotImplemented",
    // Java.
    "ExecutionException",
    "CompletionException",
    "InvocationTargetException",
    "UndeclaredThrowableException",
    "UncheckedExecutionException",
    "PrivilegedActionException",
    "ExceptionInInitializerError",
    // .NET.
    "TargetInvocationException",
    "TypeInitializationException",
    // Python.
    "RetryError",
    "FutureError",
];
/// How texts begin that frameworks put around any error.
const TEXTS: [&str; 9] = [
    // React.
    "There was an error during concurrent rendering but React was able to recover",
    "There was an error while hydrating",
    "Hydration failed because the server rendered",
    // Vue, Angular.
    "Unhandled error during execution of",
    "Uncaught (in promise)",
    // Spring, the servlet container.
    "Request processing failed",
    "Handler dispatch failed",
    "Servlet.service() for servlet",
    "Unable to start activity ComponentInfo",
];
/// Types that tell in which coroutine something happened, never what.
const DIAGNOSTIC: [&str; 2] = [
    "DiagnosticCoroutineContextException",
    "CoroutinesInternalError",
];

/// Whether an exception says nothing but that there was the one before it.
pub(super) fn wraps(exception: ExceptionPart<'_>, cause: ExceptionPart<'_>) -> bool {
    if cause.ty.is_empty() && cause.value.is_empty() {
        return false;
    }
    let value = exception.value.trim();
    TYPES.contains(&last_part(&exception.ty))
        || exception.ty == "ActionView::Template::Error"
        || TEXTS.iter().any(|text| value.starts_with(text))
        || repeats(value, cause)
}

/// Whether an exception only tells of the place where another was thrown.
pub(super) fn is_diagnostic(ty: &str) -> bool {
    DIAGNOSTIC.contains(&last_part(ty))
}

/// `new RuntimeException(cause)` of Java: "java.io.IOException: no route to host".
fn repeats(value: &str, cause: ExceptionPart<'_>) -> bool {
    let ty = cause.ty.as_str();
    let (named, rest) = value.split_once(": ").unwrap_or((value, ""));
    let is_type = !ty.is_empty() && last_part(named) == last_part(ty) && named.contains('.');
    is_type && rest.trim() == cause.value.trim()
}

fn last_part(ty: &str) -> &str {
    ty.rsplit(['.', '$', '\\', ':']).next().unwrap_or_default()
}
