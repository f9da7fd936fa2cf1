// Small line icons on a 16-px grid. Decoration only: the control that holds one
// carries the name.
import type { ReactNode } from "react";

const shapes = {
  issues: <path d="M2.5 4h11M2.5 8h7M2.5 12h11M12 6.5l2 1.5-2 1.5" />,
  dashboard: <path d="M2.5 13.5h11M4 11V7.5M8 11V3M12 11V5.5" />,
  analytics: <path d="M2.5 13.500h11M3 10.500l3-3.500 2.500 2 4.500-5.500M10.500 3.500H13V6" />,
  projects: <path d="M2.5 5.5 8 2.5l5.5 3v5L8 13.5l-5.5-3zM2.5 5.5 8 8.5l5.5-3M8 8.5v5" />,
  settings: (
    <path d="M2.5 5h6M12.5 5h1M2.5 11h1M7.5 11h6M8.5 5a2 2 0 1 0 4 0 2 2 0 1 0-4 0M3.5 11a2 2 0 1 0 4 0 2 2 0 1 0-4 0" />
  ),
  search: <path d="M7 11.5a4.5 4.5 0 1 0 0-9 4.5 4.5 0 0 0 0 9ZM10.5 10.5l3 3" />,
  check: <path d="m3 8.5 3.2 3.2L13 4.8" />,
  mute: <path d="M2.8 8a5.2 5.2 0 1 0 10.4 0A5.2 5.2 0 1 0 2.8 8ZM4.4 4.4l7.2 7.2" />,
  reopen: <path d="M3 6.5h6.5a3.5 3.5 0 1 1 0 7H6M5.5 3.5l-3 3 3 3" />,
  person: <path d="M8 7.5A2.5 2.5 0 1 0 8 2.5a2.5 2.5 0 0 0 0 5ZM3 13.5c.5-2.4 2.4-4 5-4s4.5 1.6 5 4" />,
  chevronDown: <path d="m4.5 6.5 3.5 3.5 3.5-3.5" />,
  chevronRight: <path d="m6.5 4.5 3.5 3.5-3.5 3.5" />,
  chevronLeft: <path d="M9.5 4.5 6 8l3.5 3.5" />,
  first: <path d="M11.5 4.5 8 8l3.5 3.500M5 4v8" />,
  last: <path d="m4.5 4.5 3.5 3.5-3.5 3.500M11 4v8" />,
  close: <path d="m4.5 4.5 7 7M11.5 4.500l-7 7" />,
  copy: <path d="M5.5 5.500h7v8h-7zM3.5 10.500v-8h7" />,
  plus: <path d="M8 3.500v9M3.5 8h9" />,
  filter: <path d="M2.5 4.500h11M4.5 8h7M6.5 11.500h3" />,
  sun: (
    <path d="M8 10.500a2.5 2.5 0 1 0 0-5 2.5 2.5 0 0 0 0 5ZM8 1.800v1.400M8 12.800v1.400M1.8 8h1.400M12.8 8h1.400M3.6 3.600l1 1M11.4 11.400l1 1M12.4 3.600l-1 1M4.6 11.400l-1 1" />
  ),
  moon: <path d="M13 9.500A5.5 5.5 0 0 1 6.5 3a5.5 5.5 0 1 0 6.5 6.500Z" />,
  rail: <path d="M2.5 3.500h11v9h-11zM6 3.500v9" />,
  signOut: <path d="M6.5 2.500h-4v11h4M6 8h7.500M11 5.5 13.5 8 11 10.5" />,
  clock: <path d="M8 13.500a5.5 5.5 0 1 0 0-11 5.5 5.5 0 0 0 0 11ZM8 5v3l2 1.5" />,
  bolt: <path d="M9 2 4 9h4l-1 5 5-7H8z" />,
  globe: (
    <path d="M8 13.500a5.5 5.5 0 1 0 0-11 5.5 5.5 0 0 0 0 11ZM2.5 8h11M8 2.500c2 2 2 9 0 11M8 2.500c-2 2-2 9 0 11" />
  ),
  pointer: <path d="m4 3 8.5 4-3.7 1.300L7.5 12z" />,
  terminal: <path d="M2.5 3.500h11v9h-11zM5 6.5 6.5 8 5 9.500M8.5 10h2.5" />,
  route: <path d="M4 12.500h5.500a2.3 2.3 0 0 0 0-4.600h-3a2.3 2.3 0 0 1 0-4.600H12M10.5 1.8 12 3.300l-1.5 1.5" />,
  database: (
    <path d="M3 4.200c0-2.3 10-2.3 10 0v7.600c0 2.3-10 2.3-10 0zM3 4.200c0 2.3 10 2.3 10 0M3 8c0 2.3 10 2.3 10 0" />
  ),
  dot: <path d="M8 9.500a1.5 1.5 0 1 0 0-3 1.5 1.5 0 0 0 0 3Z" />,
  mail: <path d="M2.5 4h11v8h-11zM2.5 4.5 8 9l5.5-4.5" />,
  warning: <path d="M8 2.5 14 13H2zM8 6.500v3M8 11.200v.1" />,
  help: <path d="M6 6a2 2 0 1 1 2.8 1.900c-.6.3-.8.7-.8 1.400M8 11.800v.1" />,
  external: <path d="M6.5 3.500h-3v9h9v-3M9 3h4v4M13 3 7.5 8.5" />,
} satisfies Record<string, ReactNode>;

export type IconName = keyof typeof shapes;

export function Icon({ name, size = 16 }: { name: IconName; size?: number }) {
  return (
    <svg
      width={size}
      height={size}
      viewBox="0 0 16 16"
      fill="none"
      stroke="currentColor"
      strokeWidth="1.4"
      strokeLinecap="round"
      strokeLinejoin="round"
      aria-hidden="true"
      style={{ flex: "none" }}
    >
      {shapes[name]}
    </svg>
  );
}
