// What surrounds every page: cache, colours, routes, the notices. Those come first
// in the document, so that one can tab to them.
import { QueryClientProvider } from "@tanstack/react-query";
import { Suspense } from "react";
import { RouterProvider } from "react-router/dom";
import { whenSignedOut } from "@/shared/api/transport";
import { queryClient } from "@/shared/api/queryClient";
import { SchemeProvider } from "@/shared/theme/SchemeProvider";
import { lazyExtra } from "@/shared/load/parts";
import { listenForTips } from "@/shared/ui/earlyTips";
import { NoticeBar } from "./NoticeBar";
import { router } from "./router";
import "./app.css";

const TipHost = lazyExtra("TipHost", async () => (await import("@/shared/ui/TipHost")).TipHost);

listenForTips();

whenSignedOut(() => {
  const { pathname, search } = router.state.location;
  if (pathname === "/sign-in" || pathname === "/welcome") return;
  queryClient.clear();
  void router.navigate(`/sign-in?next=${encodeURIComponent(pathname + search)}`, { replace: true });
});

export function App() {
  return (
    <QueryClientProvider client={queryClient}>
      <SchemeProvider>
        <NoticeBar />
        <RouterProvider router={router} />
        <Suspense fallback={null}>
          <TipHost />
        </Suspense>
      </SchemeProvider>
    </QueryClientProvider>
  );
}
