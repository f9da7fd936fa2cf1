// Settings as they are edited: lists are lines of text, rules have keys of their own.
import type { MessageInitShape } from "@bufbuild/protobuf";
import {
  type Filters,
  type FiltersSchema,
  ScrubMethod,
  type Scrubbing,
  type ScrubbingSchema,
  SourceLines,
} from "@/gen/errata/v1/settings_pb";

export interface RuleDraft {
  key: number;
  where: string;
  what: string;
  how: ScrubMethod;
}

export interface ScrubbingDraft {
  rules: RuleDraft[];
  allow: string;
  emails: boolean;
  ipAddresses: boolean;
  sourceLines: SourceLines;
}

export interface FiltersDraft {
  releases: string;
  environments: string;
  ipRanges: string;
  userAgents: string;
  messages: string;
  browserExtensions: boolean;
  crawlers: boolean;
  localhost: boolean;
  noise: boolean;
  chunkLoadErrors: boolean;
  legacyBrowsers: boolean;
}

const lines = (text: string): string[] =>
  text
    .split("\n")
    .map((line) => line.trim())
    .filter((line) => line !== "");

export const scrubbingDraft = (settings: Scrubbing | undefined): ScrubbingDraft => ({
  rules: (settings?.rules ?? []).map(({ where, what, how }, key) => ({ key, where, what, how })),
  allow: (settings?.allow ?? []).join("\n"),
  emails: settings?.emails ?? false,
  ipAddresses: settings?.ipAddresses ?? false,
  sourceLines: settings?.sourceLines || SourceLines.SCRUB,
});

/** A rule without a place is not finished, and left out. */
export const scrubbingOf = (draft: ScrubbingDraft): MessageInitShape<typeof ScrubbingSchema> => ({
  rules: draft.rules
    .filter((rule) => rule.where.trim() !== "")
    .map(({ where, what, how }) => ({ where: where.trim(), what, how })),
  allow: lines(draft.allow),
  emails: draft.emails,
  ipAddresses: draft.ipAddresses,
  sourceLines: draft.sourceLines,
});

export const filtersDraft = (settings: Filters | undefined): FiltersDraft => ({
  releases: (settings?.releases ?? []).join("\n"),
  environments: (settings?.environments ?? []).join("\n"),
  ipRanges: (settings?.ipRanges ?? []).join("\n"),
  userAgents: (settings?.userAgents ?? []).join("\n"),
  messages: (settings?.messages ?? []).join("\n"),
  browserExtensions: settings?.browserExtensions ?? false,
  crawlers: settings?.crawlers ?? false,
  localhost: settings?.localhost ?? false,
  noise: settings?.noise ?? false,
  chunkLoadErrors: settings?.chunkLoadErrors ?? false,
  legacyBrowsers: settings?.legacyBrowsers ?? false,
});

export const filtersOf = (draft: FiltersDraft): MessageInitShape<typeof FiltersSchema> => ({
  ...draft,
  releases: lines(draft.releases),
  environments: lines(draft.environments),
  ipRanges: lines(draft.ipRanges),
  userAgents: lines(draft.userAgents),
  messages: lines(draft.messages),
});

/** What can be chosen without writing an expression. */
export const patterns = [
  ["", "the whole value"],
  ["@card", "card numbers"],
  ["@iban", "bank accounts (IBAN)"],
  ["@ssn", "US social security numbers"],
  ["@email", "e-mail addresses"],
  ["@ip", "IP addresses"],
  ["@token", "keys of services"],
  ["@jwt", "JSON web tokens"],
  ["@pem", "private keys"],
  ["@url", "passwords in URLs"],
  ["@assignment", "password=… and the like"],
] as const;

export const isExpression = (what: string): boolean => !patterns.some(([id]) => id === what);

export const methods = [
  [ScrubMethod.MASK, "mask"],
  [ScrubMethod.REMOVE, "remove"],
  [ScrubMethod.HASH, "hash"],
] as const;

export const sourceLines = [
  [SourceLines.SCRUB, "Mask secret literals in them"],
  [SourceLines.KEEP, "Store them as they come"],
  [SourceLines.REMOVE, "Do not store them"],
] as const;

/** The choice of a select element. */
export const chosen = <T extends number>(options: readonly (readonly [T, string])[], value: string): T | undefined =>
  options.find(([option]) => String(option) === value)?.[0];
