import { expect, test } from "vitest";
import { imageType, previewKind } from "./preview";

const file = (name: string, contentType = "", sizeBytes = 10n) => ({ name, contentType, sizeBytes });

test("pictures are shown only as types that hold no script", () => {
  expect(previewKind(file("a.png", "image/png"))).toBe("image");
  expect(imageType(file("a.JPG", "application/octet-stream"))).toBe("image/jpeg");
  expect(previewKind(file("a.svg", "image/svg+xml"))).toBe("text");
  expect(imageType(file("a.png", "text/html"))).toBe("");
  expect(previewKind(file("a.png", "text/html"))).toBe("text");
});

test("texts are shown, other files are not", () => {
  expect(previewKind(file("a.log"))).toBe("text");
  expect(previewKind(file("view", "application/json"))).toBe("text");
  expect(previewKind(file("view", "application/vnd.x+json"))).toBe("text");
  expect(previewKind(file("x.dmp", "application/x-dmp"))).toBe("none");
  expect(previewKind(file("a.txt", "text/plain", 0n))).toBe("none");
  expect(previewKind(file("a.txt", "text/plain", 2_000_000n))).toBe("none");
  expect(previewKind(file("a.png", "image/png", 20_000_000n))).toBe("none");
});
