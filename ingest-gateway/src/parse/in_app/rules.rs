//! What is known about code by its name: a table. The first row that fits decides.
//!
//! Every row has an example which it, and no row before it, decides: a test holds it.

use Family::{Beam, Dart, DotNet, Go, JavaScript, Jvm, Native, Perl, Php, Python, Ruby, Unknown};
use Part::{Function, Module, Package, Path};
use Pattern::{Bare, Contains, Is, Starts, Versioned, Within};

/// Platforms that name code alike.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Family {
    Beam,
    Dart,
    DotNet,
    Go,
    JavaScript,
    Jvm,
    /// Rust, C, C++, Swift and Objective-C: the Rust SDK calls itself "native".
    Native,
    Perl,
    Php,
    Python,
    Ruby,
    Unknown,
}

impl Family {
    pub(super) fn of(platform: &str) -> Self {
        match platform {
            "elixir" | "erlang" => Beam,
            "dart" | "flutter" => Dart,
            "csharp" | "dotnet" | "fsharp" | "vb" | "unity" => DotNet,
            "go" => Go,
            "javascript" | "node" | "bun" | "deno" | "react-native" | "electron" => JavaScript,
            "java" | "kotlin" | "android" | "scala" | "groovy" | "clojure" => Jvm,
            "native" | "rust" | "c" | "cpp" | "cocoa" | "swift" | "objc" | "apple" => Native,
            "perl" => Perl,
            "php" => Php,
            "python" => Python,
            "ruby" => Ruby,
            _ => Unknown,
        }
    }

    /// Whether clients call some packages of one event the application's own and some
    /// not only when told to. Rust's and .NET's know some packages by name and take
    /// the others for own; Node's, Go's and Ruby's cannot be told.
    pub(super) fn can_select(self) -> bool {
        matches!(self, Beam | Dart | Jvm | Php | Python)
    }
}

/// The part of a frame that a row looks at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Part {
    /// The full path or URL, else the file, with slashes. Case does not count.
    Path,
    /// The module; without Elixir's prefix.
    Module,
    /// The function.
    Function,
    /// The native image or assembly, with slashes. Case does not count.
    Package,
}

/// How a text has to lie in the part.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Pattern {
    /// Anywhere; one that begins with a slash also at the start without it.
    Contains(&'static str),
    /// At the start.
    Starts(&'static str),
    /// All of it.
    Is(&'static str),
    /// All of it, or at the start before a separator.
    Within(&'static str),
    /// Anywhere, before a folder that ends in a version ("/gems/" in
    /// "/gems/rack-2.2.4/").
    Versioned(&'static str),
    /// At the end of a name without folders.
    Bare(&'static str),
}

impl Pattern {
    pub(super) fn text(self) -> &'static str {
        match self {
            Contains(text) | Starts(text) | Is(text) | Within(text) | Versioned(text)
            | Bare(text) => text,
        }
    }

    /// Whether the text, found at `start..end` of `part`, lies as it has to.
    pub(super) fn fits(self, part: &str, start: usize, end: usize) -> bool {
        let rest = &part[end..];
        match self {
            Contains(_) => true,
            Starts(_) => start == 0,
            Is(_) => start == 0 && rest.is_empty(),
            Within(_) => {
                start == 0 && (rest.is_empty() || rest.starts_with(['.', '/', ':', '$', '\\']))
            }
            Versioned(_) => {
                let folder = rest.split('/').next().unwrap_or_default();
                let version = folder.rsplit_once('-').map(|(_, version)| version);
                version.is_some_and(|v| v.starts_with(|c: char| c.is_ascii_hexdigit()))
            }
            Bare(_) => rest.is_empty() && !part.contains('/'),
        }
    }
}

/// What a row says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    /// Of a language, an operating system, a browser or the error reporting itself:
    /// never the application's.
    Runtime,
    /// Installed code of others, unless the client tells installed packages apart.
    Package,
    /// The application's.
    Own,
    /// Either: as the client says.
    AsTold,
}

/// One row.
pub(super) struct Row {
    /// Empty: all.
    pub(super) families: &'static [Family],
    pub(super) part: Part,
    pub(super) pattern: Pattern,
    pub(super) verdict: Verdict,
    /// A text of the part which this row decides.
    #[cfg_attr(not(test), expect(dead_code, reason = "what the row is for"))]
    pub(super) example: &'static str,
}

const fn runtime(
    families: &'static [Family],
    part: Part,
    pattern: Pattern,
    example: &'static str,
) -> Row {
    row(families, part, pattern, Verdict::Runtime, example)
}

const fn package(
    families: &'static [Family],
    part: Part,
    pattern: Pattern,
    example: &'static str,
) -> Row {
    row(families, part, pattern, Verdict::Package, example)
}

const fn row(
    families: &'static [Family],
    part: Part,
    pattern: Pattern,
    verdict: Verdict,
    example: &'static str,
) -> Row {
    Row {
        families,
        part,
        pattern,
        verdict,
        example,
    }
}

/// Paths mean the same wherever they occur, so most of their rows are for all.
const ALL: &[Family] = &[];

/// The table.
#[rustfmt::skip]
pub(super) static ROWS: &[Row] = &[
    // Error reporting itself.
    runtime(&[Python], Module, Within("sentry_sdk"), "sentry_sdk.integrations.flask"),
    runtime(&[Python], Module, Within("raven"), "raven.contrib.flask"),
    runtime(&[Go], Module, Within("github.com/getsentry/sentry-go"), "github.com/getsentry/sentry-go/http"),
    runtime(&[Jvm], Module, Within("io.sentry"), "io.sentry.spring.SentryExceptionResolver"),
    runtime(&[DotNet], Module, Within("Sentry"), "Sentry.Extensions.Logging.SentryLogger"),
    runtime(&[Php], Function, Starts("Sentry\\"), "Sentry\\State\\Hub::captureException"),
    runtime(&[Ruby], Path, Versioned("/gems/sentry-"), "/usr/local/bundle/gems/sentry-ruby-5.22.1/lib/sentry/rack/capture_exceptions.rb"),
    runtime(&[Dart], Path, Starts("package:sentry"), "package:sentry_flutter/src/widgets_binding.dart"),
    runtime(&[Beam], Module, Within("Sentry"), "Sentry.PlugCapture"),
    runtime(&[JavaScript], Path, Contains("/node_modules/@sentry/"), "/srv/app/node_modules/@sentry/node/build/cjs/index.js"),
    runtime(&[JavaScript], Function, Contains("sentryWrapped"), "HTMLButtonElement.sentryWrapped"),
    runtime(&[Native], Function, Starts("sentry_"), "sentry_panic::PanicIntegration::event_from_panic_info"),
    runtime(&[Native], Function, Starts("sentry::"), "sentry::capture_error"),
    runtime(&[Native], Function, Starts("<sentry"), "<sentry_panic::PanicIntegration as sentry_core::Integration>::setup"),
    runtime(&[Native], Package, Contains("/sentry.framework/"), "/private/var/containers/Bundle/Application/0A/Shop.app/Frameworks/Sentry.framework/Sentry"),

    // Python.
    package(ALL, Path, Contains("/site-packages/"), "/srv/.venv/lib/python3.12/site-packages/flask/app.py"),
    package(ALL, Path, Contains("/dist-packages/"), "/usr/lib/python3/dist-packages/requests/api.py"),
    runtime(ALL, Path, Contains("/lib/python2."), "/opt/python2/lib/python2.7/json/decoder.py"),
    runtime(ALL, Path, Contains("/lib/python3."), "/root/.pyenv/versions/3.12.1/lib/python3.12/asyncio/base_events.py"),
    runtime(ALL, Path, Contains("/lib/pypy"), "/opt/pypy/lib/pypy3.10/json/decoder.py"),
    runtime(ALL, Path, Contains("/programs/python/python3"), "C:\\Users\\ann\\AppData\\Local\\Programs\\Python\\Python312\\Lib\\json\\decoder.py"),
    runtime(ALL, Path, Starts("c:/python3"), "C:\\Python312\\Lib\\json\\decoder.py"),
    runtime(ALL, Path, Starts("<frozen "), "<frozen importlib._bootstrap>"),
    runtime(ALL, Path, Starts("<__array_function__"), "<__array_function__ internals>"),
    runtime(ALL, Path, Starts("<attrs generated"), "<attrs generated init shop.Cart>"),

    // JavaScript: Node, bundlers, browsers.
    package(ALL, Path, Contains("/node_modules/"), "C:\\app\\node_modules\\express\\index.js"),
    package(ALL, Path, Contains("/bower_components/"), "https://shop.example/bower_components/jquery/jquery.js"),
    package(ALL, Path, Contains("/.yarn/"), "/srv/app/.yarn/unplugged/sharp-npm-0.33.0-1a/lib/index.js"),
    package(ALL, Path, Contains("/.pnpm/"), "/srv/store/.pnpm/koa@2.15.0/koa/lib/application.js"),
    package(ALL, Path, Contains("/.vite/deps/"), "http://localhost:5173/.vite/deps/react-dom_client.js"),
    runtime(ALL, Path, Starts("node:"), "node:internal/process/task_queues"),
    runtime(ALL, Path, Starts("bun:"), "bun:sqlite"),
    runtime(ALL, Path, Starts("ext:"), "ext:deno_http/00_serve.ts"),
    runtime(&[JavaScript], Path, Starts("internal/"), "internal/modules/cjs/loader.js"),
    runtime(&[JavaScript], Path, Starts("electron/js2c/"), "electron/js2c/browser_init"),
    runtime(&[JavaScript], Path, Bare(".js"), "events.js"),
    runtime(ALL, Path, Contains("/webpack/bootstrap"), "webpack:///webpack/bootstrap 3f2a1c"),
    runtime(ALL, Path, Contains("/webpack/runtime"), "webpack://shop/webpack/runtime/jsonp chunk loading"),
    runtime(ALL, Path, Contains("(webpack)/"), "webpack:///(webpack)/buildin/module.js"),
    runtime(ALL, Path, Contains("/@vite/"), "http://localhost:5173/@vite/client"),
    runtime(ALL, Path, Contains("/@react-refresh"), "http://localhost:5173/@react-refresh"),
    runtime(ALL, Path, Contains("vite/preload-helper"), "\0vite/preload-helper.js"),
    package(ALL, Path, Contains("/_next/static/chunks/framework-"), "https://shop.example/_next/static/chunks/framework-2c9d1f.js"),
    runtime(ALL, Path, Contains("/_next/static/chunks/webpack-"), "https://shop.example/_next/static/chunks/webpack-8fa1b2.js"),
    package(ALL, Path, Contains("/_next/static/chunks/polyfills-"), "https://shop.example/_next/static/chunks/polyfills-c67a75.js"),
    runtime(&[JavaScript, Unknown], Path, Is("<anonymous>"), "<anonymous>"),
    runtime(&[JavaScript, Unknown], Path, Is("native"), "native"),
    runtime(ALL, Path, Starts("[native code"), "[native code]"),
    runtime(ALL, Path, Starts("chrome-extension://"), "chrome-extension://aapbdbdomjkkjkaonfhkkikfgjllcleb/inject.js"),
    runtime(ALL, Path, Starts("moz-extension://"), "moz-extension://2b1f/content.js"),
    runtime(ALL, Path, Starts("safari-extension://"), "safari-extension://com.acme/inject.js"),
    runtime(ALL, Path, Starts("safari-web-extension://"), "safari-web-extension://2b1f/content.js"),
    runtime(ALL, Path, Starts("webkit-masked-url://"), "webkit-masked-url://hidden/"),
    package(ALL, Path, Contains("://cdn.jsdelivr.net/"), "https://cdn.jsdelivr.net/npm/vue@3.4.0/dist/vue.global.js"),
    package(ALL, Path, Contains("://cdnjs.cloudflare.com/"), "https://cdnjs.cloudflare.com/ajax/libs/lodash.js/4.17.21/lodash.min.js"),
    package(ALL, Path, Contains("://unpkg.com/"), "https://unpkg.com/react@18.2.0/umd/react.production.min.js"),
    package(ALL, Path, Contains("://esm.sh/"), "https://esm.sh/preact@10.19.0/preact.mjs"),
    package(ALL, Path, Contains("://jsr.io/"), "https://jsr.io/@std/http/1.0.0/server.ts"),
    package(ALL, Path, Contains("://deno.land/"), "https://deno.land/std@0.220.0/http/server.ts"),
    package(ALL, Path, Contains("://cdn.skypack.dev/"), "https://cdn.skypack.dev/canvas-confetti"),
    package(ALL, Path, Contains("://ajax.googleapis.com/"), "https://ajax.googleapis.com/ajax/libs/jquery/3.7.1/jquery.min.js"),
    package(ALL, Path, Contains("://ajax.aspnetcdn.com/"), "https://ajax.aspnetcdn.com/ajax/jQuery/jquery-3.7.1.js"),
    package(ALL, Path, Contains("://code.jquery.com/"), "https://code.jquery.com/jquery-3.7.1.min.js"),
    package(ALL, Path, Contains(".bootstrapcdn.com/"), "https://maxcdn.bootstrapcdn.com/bootstrap/4.5.2/js/bootstrap.min.js"),
    package(ALL, Path, Contains(".polyfill.io/"), "https://cdn.polyfill.io/v3/polyfill.min.js"),
    package(ALL, Path, Contains("sentry-cdn.com/"), "https://browser.sentry-cdn.com/8.55.0/bundle.min.js"),
    package(ALL, Path, Contains("://cdn.ravenjs.com/"), "https://cdn.ravenjs.com/3.27.0/raven.min.js"),
    package(ALL, Path, Contains("://www.googletagmanager.com/"), "https://www.googletagmanager.com/gtm.js"),
    package(ALL, Path, Contains(".google-analytics.com/"), "https://www.google-analytics.com/analytics.js"),
    package(ALL, Path, Contains("://www.gstatic.com/"), "https://www.gstatic.com/recaptcha/releases/x/recaptcha__en.js"),
    package(ALL, Path, Contains("://maps.googleapis.com/"), "https://maps.googleapis.com/maps-api-v3/api/js/55/1/main.js"),
    package(ALL, Path, Contains("://connect.facebook.net/"), "https://connect.facebook.net/en_US/fbevents.js"),
    package(ALL, Path, Contains("://js.stripe.com/"), "https://js.stripe.com/v3/"),
    package(ALL, Path, Contains("://static.cloudflareinsights.com/"), "https://static.cloudflareinsights.com/beacon.min.js"),
    package(ALL, Path, Contains("://static.hotjar.com/"), "https://static.hotjar.com/c/hotjar-1.js"),
    package(ALL, Path, Contains("://cdn.segment.com/"), "https://cdn.segment.com/analytics.js/v1/x/analytics.min.js"),

    // Go.
    package(ALL, Path, Contains("/pkg/mod/"), "/root/go/pkg/mod/github.com/gin-gonic/gin@v1.9.1/context.go"),
    runtime(ALL, Path, Contains("/usr/local/go/src/"), "/usr/local/go/src/net/http/server.go"),
    runtime(ALL, Path, Contains("/libexec/src/"), "/opt/homebrew/Cellar/go/1.22.0/libexec/src/runtime/panic.go"),
    runtime(ALL, Path, Contains("/hostedtoolcache/go/"), "/opt/hostedtoolcache/go/1.22.0/x64/src/net/http/server.go"),
    runtime(&[Go], Path, Contains("/go/src/runtime/"), "/opt/go/src/runtime/panic.go"),
    runtime(&[Go], Module, Within("bufio"), "bufio"),
    runtime(&[Go], Module, Within("bytes"), "bytes"),
    runtime(&[Go], Module, Within("compress"), "compress/gzip"),
    runtime(&[Go], Module, Within("context"), "context"),
    runtime(&[Go], Module, Within("crypto"), "crypto/tls"),
    runtime(&[Go], Module, Within("database/sql"), "database/sql"),
    runtime(&[Go], Module, Within("encoding"), "encoding/json"),
    runtime(&[Go], Module, Within("errors"), "errors"),
    runtime(&[Go], Module, Within("fmt"), "fmt"),
    runtime(&[Go], Module, Within("html/template"), "html/template"),
    runtime(&[Go], Module, Within("internal"), "internal/poll"),
    runtime(&[Go], Module, Within("io"), "io/fs"),
    runtime(&[Go], Module, Within("log"), "log/slog"),
    runtime(&[Go], Module, Within("math"), "math/big"),
    runtime(&[Go], Module, Within("net"), "net/http"),
    runtime(&[Go], Module, Within("os"), "os/exec"),
    runtime(&[Go], Module, Within("reflect"), "reflect"),
    runtime(&[Go], Module, Within("regexp"), "regexp/syntax"),
    runtime(&[Go], Module, Within("runtime"), "runtime/debug"),
    runtime(&[Go], Module, Within("slices"), "slices"),
    runtime(&[Go], Module, Within("sort"), "sort"),
    runtime(&[Go], Module, Within("strconv"), "strconv"),
    runtime(&[Go], Module, Within("strings"), "strings"),
    runtime(&[Go], Module, Within("sync"), "sync/atomic"),
    runtime(&[Go], Module, Within("syscall"), "syscall"),
    runtime(&[Go], Module, Within("testing"), "testing"),
    runtime(&[Go], Module, Within("text/template"), "text/template"),
    runtime(&[Go], Module, Within("time"), "time"),
    runtime(&[Go], Module, Within("golang.org/x"), "golang.org/x/sync/errgroup"),

    // Rust.
    runtime(ALL, Path, Starts("/rustc/"), "/rustc/59807616e1fa2540724bfbac14d7976d7e4a3860/library/core/src/panicking.rs"),
    runtime(ALL, Path, Contains("/.rustup/"), "/root/.rustup/toolchains/stable/lib/rustlib/src/rust/library/std/src/rt.rs"),
    runtime(ALL, Path, Starts("library/std/"), "library/std/src/panicking.rs"),
    runtime(ALL, Path, Starts("library/core/"), "library/core/src/ops/function.rs"),
    runtime(ALL, Path, Starts("library/alloc/"), "library/alloc/src/boxed.rs"),
    package(ALL, Path, Contains("/registry/src/"), "/usr/local/cargo/registry/src/index.crates.io-6f17d22bba15001f/tokio-1.40.0/src/runtime/mod.rs"),
    package(ALL, Path, Contains("/.cargo/git/"), "/root/.cargo/git/checkouts/axum-1a/2b/axum/src/lib.rs"),
    runtime(&[Native], Function, Within("std"), "std::panicking::begin_panic"),
    runtime(&[Native], Function, Within("core"), "core::option::unwrap_failed"),
    runtime(&[Native], Function, Within("alloc"), "alloc::vec::Vec<T>::push"),
    runtime(&[Native], Function, Starts("<std::"), "<std::sys::thread::Thread>::new::thread_start"),
    runtime(&[Native], Function, Starts("<core::"), "<core::future::poll_fn::PollFn<F> as core::future::Future>::poll"),
    runtime(&[Native], Function, Starts("<alloc::"), "<alloc::boxed::Box<F,A> as core::ops::function::FnOnce<Args>>::call_once"),
    runtime(&[Native], Function, Starts("<F as core::"), "<F as core::future::into_future::IntoFuture>::into_future"),
    runtime(&[Native], Function, Starts("<T as core::"), "<T as core::convert::Into<U>>::into"),
    runtime(&[Native], Function, Starts("__rust"), "__rust_begin_short_backtrace"),
    runtime(&[Native], Function, Starts("rust_begin_unwind"), "rust_begin_unwind"),
    runtime(&[Native], Function, Starts("rust_panic"), "rust_panic_with_hook"),
    runtime(&[Native], Function, Within("backtrace"), "backtrace::capture::Backtrace::new"),
    // A line of a backtrace that its client took for a function.
    runtime(&[Native], Function, Starts("at /rustc/"), "at /rustc/59807616e1fa2540724bfbac14d7976d7e4a3860/library/std/src/panic.rs:359:14"),
    runtime(&[Native], Function, Is("<unknown>"), "<unknown>"),
    runtime(&[Native], Function, Within("anyhow"), "anyhow::context::<impl anyhow::Context<T,E> for core::result::Result<T,E>>::context"),
    runtime(&[Native], Function, Contains(" as anyhow::"), "<E as anyhow::context::ext::StdError>::ext_context"),
    runtime(&[Native], Function, Is("_start"), "_start"),
    runtime(&[Native], Function, Starts("__libc_start"), "__libc_start_call_main"),
    runtime(&[Native], Function, Is("start_thread"), "start_thread"),
    runtime(&[Native], Function, Is("clone3"), "clone3"),

    // PHP. Composer's folder is Go's and Ruby's too.
    package(ALL, Path, Contains("/vendor/"), "/var/www/vendor/laravel/framework/src/Illuminate/Routing/Router.php"),
    runtime(&[Php], Path, Is("[internal]"), "[internal]"),
    runtime(&[Php], Path, Is("Standard input code"), "Standard input code"),

    // Ruby.
    package(ALL, Path, Contains("/bundler/gems/"), "/usr/local/bundle/bundler/gems/rails-1f2e3d4c5b6a/actionpack/lib/base.rb"),
    package(ALL, Path, Versioned("/gems/"), "/usr/local/bundle/gems/actionpack-7.1.2/lib/action_controller/metal.rb"),
    runtime(ALL, Path, Contains("/lib/ruby/"), "/usr/local/lib/ruby/3.3.0/net/http.rb"),
    runtime(ALL, Path, Starts("<internal:"), "<internal:kernel>"),

    // The Java virtual machine: the language, Android, and what is built upon.
    runtime(&[Jvm], Module, Within("java"), "java.util.concurrent.ThreadPoolExecutor"),
    runtime(&[Jvm], Module, Within("javax"), "javax.servlet.http.HttpServlet"),
    runtime(&[Jvm], Module, Within("jakarta"), "jakarta.servlet.http.HttpServlet"),
    runtime(&[Jvm], Module, Within("jdk"), "jdk.internal.reflect.DirectMethodHandleAccessor"),
    runtime(&[Jvm], Module, Within("sun"), "sun.reflect.NativeMethodAccessorImpl"),
    runtime(&[Jvm], Module, Within("com.sun"), "com.sun.proxy.$Proxy12"),
    runtime(&[Jvm], Module, Starts("$Proxy"), "$Proxy42"),
    runtime(&[Jvm], Module, Within("kotlin"), "kotlin.coroutines.jvm.internal.BaseContinuationImpl"),
    runtime(&[Jvm], Module, Within("kotlinx"), "kotlinx.coroutines.DispatchedTask"),
    runtime(&[Jvm], Module, Within("scala"), "scala.concurrent.Future$"),
    runtime(&[Jvm], Module, Within("groovy"), "groovy.lang.MetaClassImpl"),
    runtime(&[Jvm], Module, Within("clojure"), "clojure.lang.AFn"),
    runtime(&[Jvm], Module, Within("android"), "android.os.Handler"),
    runtime(&[Jvm], Module, Within("androidx"), "androidx.lifecycle.LiveData"),
    runtime(&[Jvm], Module, Within("com.android"), "com.android.internal.os.ZygoteInit"),
    runtime(&[Jvm], Module, Within("com.google.android"), "com.google.android.material.button.MaterialButton"),
    runtime(&[Jvm], Module, Within("dalvik"), "dalvik.system.VMStack"),
    runtime(&[Jvm], Module, Within("libcore"), "libcore.io.Linux"),
    runtime(&[Jvm], Module, Contains("CGLIB$$"), "com.acme.Cart$$SpringCGLIB$$0"),
    package(&[Jvm], Module, Within("org.springframework"), "org.springframework.web.servlet.DispatcherServlet"),
    package(&[Jvm], Module, Within("org.apache"), "org.apache.catalina.core.StandardWrapperValve"),
    package(&[Jvm], Module, Within("org.hibernate"), "org.hibernate.internal.SessionImpl"),
    package(&[Jvm], Module, Within("org.eclipse"), "org.eclipse.jetty.server.Server"),
    package(&[Jvm], Module, Within("org.jboss"), "org.jboss.threads.EnhancedQueueExecutor"),
    package(&[Jvm], Module, Within("org.glassfish"), "org.glassfish.jersey.server.ServerRuntime"),
    package(&[Jvm], Module, Within("org.junit"), "org.junit.jupiter.engine.execution.MethodInvocation"),
    package(&[Jvm], Module, Within("org.slf4j"), "org.slf4j.helpers.MarkerIgnoringBase"),
    package(&[Jvm], Module, Within("org.postgresql"), "org.postgresql.jdbc.PgStatement"),
    package(&[Jvm], Module, Within("io.netty"), "io.netty.channel.nio.NioEventLoop"),
    package(&[Jvm], Module, Within("io.undertow"), "io.undertow.server.Connectors"),
    package(&[Jvm], Module, Within("io.quarkus"), "io.quarkus.vertx.core.runtime.VertxCoreRecorder"),
    package(&[Jvm], Module, Within("io.micronaut"), "io.micronaut.http.server.RouteExecutor"),
    package(&[Jvm], Module, Within("io.vertx"), "io.vertx.core.impl.ContextBase"),
    package(&[Jvm], Module, Within("io.ktor"), "io.ktor.server.routing.Routing"),
    package(&[Jvm], Module, Within("io.grpc"), "io.grpc.internal.ServerImpl"),
    package(&[Jvm], Module, Within("io.reactivex"), "io.reactivex.rxjava3.core.Observable"),
    package(&[Jvm], Module, Within("reactor"), "reactor.core.publisher.MonoFlatMap"),
    package(&[Jvm], Module, Within("com.fasterxml"), "com.fasterxml.jackson.databind.ObjectMapper"),
    package(&[Jvm], Module, Within("com.google.common"), "com.google.common.util.concurrent.Futures"),
    package(&[Jvm], Module, Within("com.google.gson"), "com.google.gson.Gson"),
    package(&[Jvm], Module, Within("com.squareup"), "com.squareup.moshi.JsonAdapter"),
    package(&[Jvm], Module, Within("com.facebook.react"), "com.facebook.react.bridge.JavaMethodWrapper"),
    package(&[Jvm], Module, Within("com.zaxxer"), "com.zaxxer.hikari.pool.HikariPool"),
    package(&[Jvm], Module, Within("io.flutter"), "io.flutter.embedding.engine.FlutterJNI"),
    package(&[Jvm], Module, Within("okhttp3"), "okhttp3.internal.connection.RealCall"),
    package(&[Jvm], Module, Within("retrofit2"), "retrofit2.OkHttpCall"),
    package(&[Jvm], Module, Within("dagger"), "dagger.internal.DoubleCheck"),
    package(&[Jvm], Module, Within("akka"), "akka.actor.ActorCell"),
    package(&[Jvm], Module, Within("play"), "play.api.mvc.ActionBuilder"),

    // .NET and Unity.
    runtime(&[DotNet], Module, Within("System"), "System.Linq.Enumerable"),
    runtime(&[DotNet], Module, Within("Microsoft"), "Microsoft.AspNetCore.Routing.EndpointMiddleware"),
    runtime(&[DotNet], Module, Within("MS"), "MS.Win32.UnsafeNativeMethods"),
    runtime(&[DotNet], Module, Within("Mono"), "Mono.Runtime"),
    runtime(&[DotNet], Module, Within("FSharp"), "FSharp.Core.Operators"),
    runtime(&[DotNet], Module, Within("UnityEngine"), "UnityEngine.Events.InvokableCall"),
    runtime(&[DotNet], Module, Within("UnityEditor"), "UnityEditor.EditorApplication"),
    package(&[DotNet], Module, Within("Xamarin"), "Xamarin.Forms.Command"),
    package(&[DotNet], Module, Within("Newtonsoft"), "Newtonsoft.Json.JsonConvert"),
    package(&[DotNet], Module, Within("Npgsql"), "Npgsql.NpgsqlConnector"),
    package(&[DotNet], Module, Within("Dapper"), "Dapper.SqlMapper"),
    package(&[DotNet], Module, Within("Serilog"), "Serilog.Core.Logger"),
    package(&[DotNet], Module, Within("Polly"), "Polly.Retry.AsyncRetryEngine"),
    package(&[DotNet], Module, Within("MediatR"), "MediatR.Wrappers.RequestHandlerWrapperImpl"),
    package(&[DotNet], Module, Within("Castle"), "Castle.DynamicProxy.AbstractInvocation"),
    package(&[DotNet], Module, Within("Grpc"), "Grpc.AspNetCore.Server.Internal.PipeExtensions"),
    package(&[DotNet], Module, Within("Xunit"), "Xunit.Sdk.TestInvoker"),
    runtime(&[DotNet], Package, Starts("System."), "System.Private.CoreLib, Version=8.0.0.0, Culture=neutral"),
    runtime(&[DotNet], Package, Starts("Microsoft."), "Microsoft.AspNetCore.Mvc.Core, Version=8.0.0.0"),
    runtime(&[DotNet], Package, Starts("mscorlib"), "mscorlib, Version=4.0.0.0"),
    runtime(&[DotNet], Path, Starts("/_/src/"), "/_/src/libraries/System.Private.CoreLib/src/System/ThrowHelper.cs"),

    // Native images: Apple, Linux and Android, Windows.
    runtime(ALL, Package, Starts("/system/"), "/System/Library/PrivateFrameworks/UIKitCore.framework/UIKitCore"),
    runtime(ALL, Package, Contains("/usr/lib/"), "/usr/lib/system/libsystem_kernel.dylib"),
    runtime(ALL, Package, Starts("/usr/lib64/"), "/usr/lib64/libc.so.6"),
    runtime(ALL, Package, Starts("/lib/"), "/lib/x86_64-linux-gnu/libc.so.6"),
    runtime(ALL, Package, Starts("/lib64/"), "/lib64/ld-linux-x86-64.so.2"),
    runtime(ALL, Package, Starts("/apex/"), "/apex/com.android.runtime/lib64/bionic/libc.so"),
    runtime(ALL, Package, Starts("/vendor/lib"), "/vendor/lib64/egl/libGLESv2_adreno.so"),
    runtime(ALL, Package, Starts("linux-"), "linux-vdso.so.1"),
    runtime(ALL, Package, Contains("c:/windows/"), "C:\\Windows\\System32\\ntdll.dll"),
    runtime(ALL, Package, Contains("/private/preboot/cryptexes/"), "/private/preboot/Cryptexes/OS/System/Library/Frameworks/WebKit.framework/WebKit"),
    runtime(ALL, Package, Contains("libswift"), "/private/var/containers/Bundle/Application/0A/Shop.app/Frameworks/libswiftCore.dylib"),
    runtime(ALL, Package, Starts("libsystem_"), "libsystem_pthread.dylib"),
    runtime(ALL, Package, Starts("libobjc"), "libobjc.A.dylib"),
    runtime(ALL, Package, Starts("libdispatch"), "libdispatch.dylib"),
    runtime(ALL, Package, Starts("libc.so"), "libc.so.6"),
    runtime(ALL, Package, Starts("libart.so"), "libart.so"),
    runtime(ALL, Package, Is("dyld"), "dyld"),
    runtime(ALL, Package, Is("uikitcore"), "UIKitCore"),
    runtime(ALL, Package, Is("corefoundation"), "CoreFoundation"),
    runtime(ALL, Package, Is("foundation"), "Foundation"),
    runtime(ALL, Package, Is("swiftui"), "SwiftUI"),
    runtime(ALL, Package, Is("graphicsservices"), "GraphicsServices"),
    // An application's frameworks may be anybody's; its own program is its own.
    row(ALL, Package, Contains("/frameworks/"), Verdict::AsTold, "/private/var/containers/Bundle/Application/0A/Shop.app/Frameworks/Alamofire.framework/Alamofire"),
    row(ALL, Package, Contains("/bundle/application/"), Verdict::Own, "/private/var/containers/Bundle/Application/0A/Shop.app/Shop"),
    row(ALL, Package, Contains("/coresimulator/devices/"), Verdict::Own, "/Users/ann/Library/Developer/CoreSimulator/Devices/1B/data/Containers/Shop.app/Shop"),
    row(ALL, Package, Contains(".app/contents/macos/"), Verdict::Own, "/Applications/Shop.app/Contents/MacOS/Shop"),

    // Dart and Flutter.
    runtime(ALL, Path, Starts("dart:"), "dart:async/zone.dart"),
    runtime(ALL, Path, Starts("org-dartlang-sdk:"), "org-dartlang-sdk:///dart-sdk/lib/async/zone.dart"),
    runtime(&[Dart], Path, Starts("package:flutter/"), "package:flutter/src/gestures/recognizer.dart"),
    runtime(&[Dart], Path, Is("<asynchronous suspension>"), "<asynchronous suspension>"),
    package(ALL, Path, Contains("/.pub-cache/"), "/home/ann/.pub-cache/hosted/pub.dev/dio-5.4.0/lib/src/dio.dart"),

    // Elixir and Erlang.
    runtime(&[Beam], Module, Within("Enum"), "Enum"),
    runtime(&[Beam], Module, Within("Kernel"), "Kernel"),
    runtime(&[Beam], Module, Within("GenServer"), "GenServer"),
    runtime(&[Beam], Module, Within("Task"), "Elixir.Task.Supervised"),
    runtime(&[Beam], Module, Within("Access"), "Access"),
    runtime(&[Beam], Module, Within("Keyword"), "Keyword"),
    runtime(&[Beam], Module, Is("Map"), "Map"),
    runtime(&[Beam], Module, Is("proc_lib"), "proc_lib"),
    runtime(&[Beam], Module, Is("gen_server"), "gen_server"),
    runtime(&[Beam], Module, Is("erlang"), "erlang"),
    runtime(&[Beam], Module, Is("lists"), "lists"),
    package(&[Beam], Module, Within("Phoenix"), "Phoenix.Router"),
    package(&[Beam], Module, Within("Plug"), "Plug.Builder"),
    package(&[Beam], Module, Within("Ecto"), "Ecto.Repo.Schema"),
    package(&[Beam], Module, Within("Bandit"), "Bandit.Pipeline"),
    package(&[Beam], Module, Starts("cowboy"), "cowboy_stream_h"),
    package(&[Beam], Module, Within("Oban"), "Oban.Queue.Executor"),
    package(ALL, Path, Starts("deps/"), "deps/phoenix/lib/phoenix/router.ex"),

    // Perl, Lua.
    runtime(&[Perl], Path, Contains("/usr/share/perl"), "/usr/share/perl/5.36/Carp.pm"),
    package(&[Perl], Path, Contains("/perl5/"), "/home/ann/perl5/lib/perl5/Mojolicious.pm"),
    runtime(ALL, Path, Is("[C]"), "[C]"),

    // Whatever else a system has installed.
    package(ALL, Path, Starts("/usr/lib/"), "/usr/lib/node/index.js"),
    package(ALL, Path, Starts("/usr/lib64/"), "/usr/lib64/perl/Carp.pm"),
    package(ALL, Path, Starts("/usr/local/lib/"), "/usr/local/lib/acme/acme.php"),
];
