/**
 * The native event as it travels: proto/errata/v1/event.proto in JSON with
 * snake-case names. Each interface `WireX` is the message `X`;
 * test/wire.test.ts reads the .proto and fails when a field drifts.
 * Written by hand because generated code needs a protobuf run-time.
 */

/** What JSON can say. */
export type Json = null | boolean | number | string | Json[] | JsonObject;
/** A `google.protobuf.Struct`. */
export interface JsonObject {
  [key: string]: Json;
}

/** How bad an event is, worst last. */
export type Level = 'debug' | 'info' | 'warning' | 'error' | 'fatal';

export interface WireEvent {
  error?: WireError;
  level?: Level;
  platform?: string;
  release?: string;
  environment?: string;
  /** RFC 3339. */
  timestamp?: string;
  /** 32 hex digits. */
  id?: string;
  client?: WireClient;
  user?: WireUser;
  context?: WireContext;
  tags?: Record<string, string>;
  fingerprint?: string[];
  extra?: JsonObject;
  /** How many equal errors it stands for. Set when it is sent. */
  count?: number;
}

export interface WireError {
  type?: string;
  message?: string;
  stack?: string;
  /** Oldest call first. */
  frames?: WireFrame[];
  /** Nearest cause first. */
  causes?: WireError[];
  handled?: boolean;
  mechanism?: string;
}

export interface WireFrame {
  function?: string;
  module?: string;
  filename?: string;
  abs_path?: string;
  lineno?: number;
  colno?: number;
  in_app?: boolean;
  context_line?: string;
  pre_context?: string[];
  post_context?: string[];
  vars?: JsonObject;
}

export interface WireClient {
  url?: string;
  user_agent?: string;
  language?: string;
  resolution?: string;
  os?: string;
  hostname?: string;
}

export interface WireUser {
  id?: string;
  session_id?: string;
  email?: string;
  username?: string;
  ip_address?: string;
}

export interface WireContext {
  /** Oldest first. */
  breadcrumbs?: WireBreadcrumb[];
  state?: JsonObject;
  metrics?: JsonObject;
}

export interface WireBreadcrumb {
  /** RFC 3339. */
  timestamp?: string;
  type?: string;
  category?: string;
  level?: Level;
  message?: string;
  data?: JsonObject;
}

/** Beside the events of a batch: those that did not come. */
export interface WireDiscardedEvents {
  reason?: string;
  category?: string;
  quantity?: number;
}
