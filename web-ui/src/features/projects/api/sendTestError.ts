import { useMutation, useQueryClient } from "@tanstack/react-query";
import { postJson } from "@/shared/api/http";
import { projectKeys } from "../keys";

/** A believable error through the native endpoint, with the project's own key. */
export function useSendTestError(projectId: number, publicKey: string) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: () =>
      postJson(
        "/api/errors",
        {
          error: {
            type: "TestError",
            message: "This is a test from the project page. It works.",
            frames: [
              {
                function: "onClick",
                module: "errata/setup",
                filename: "setup/button.ts",
                lineno: 12,
                in_app: true,
                context_line: "  sendTestError();",
                pre_context: ["export function onClick() {"],
                post_context: ["}"],
              },
              {
                function: "sendTestError",
                module: "errata/setup",
                filename: "setup/test-error.ts",
                lineno: 4,
                in_app: true,
                context_line: '  throw new TestError("This is a test from the project page. It works.");',
                pre_context: [
                  "// Nothing is broken: this error exists to be seen.",
                  "export function sendTestError(): never {",
                ],
                post_context: ["}"],
              },
            ],
            handled: true,
          },
          level: "info",
          platform: "javascript",
          environment: "test",
          client: { url: window.location.href, user_agent: navigator.userAgent, language: navigator.language },
          tags: { source: "project page" },
        },
        { authorization: `Bearer ${publicKey}` },
      ),
    onSuccess: () => client.invalidateQueries({ queryKey: projectKeys.one(projectId) }),
  });
}
