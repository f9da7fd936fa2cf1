import { vi } from "vitest";

// What a browser has and jsdom has not. Nothing is laid out there: every size is 0.
vi.stubGlobal(
  "ResizeObserver",
  class {
    observe = vi.fn();
    unobserve = vi.fn();
    disconnect = vi.fn();
  },
);
vi.stubGlobal("matchMedia", (query: string): Partial<MediaQueryList> => ({
  matches: false,
  media: query,
  addEventListener: vi.fn(),
  removeEventListener: vi.fn(),
}));
vi.stubGlobal("CSS", { escape: (text: string) => text });
window.scrollTo = vi.fn() as typeof window.scrollTo;
// New browsers promise the end of the scroll, whatever the types say.
Element.prototype.scrollIntoView = vi.fn(() => Promise.resolve() as unknown as undefined);
// The router looks at it as soon as it is made.
window.history.replaceState(null, "", "/no-page-yet");
