import { cleanup, render } from "@testing-library/react";
import { afterEach, expect, test } from "vitest";
import { Coded } from "./Coded";

afterEach(cleanup);

test.each([
  ["no code at all", "no code at all", []],
  ["`eror` is nothing that can be matched", "eror is nothing that can be matched", ["eror"]],
  ["frame `refund` there, `pay` here", "frame refund there, pay here", ["refund", "pay"]],
  ["one ` alone", "one ` alone", []],
  ["`a` and ` alone", "a and ` alone", ["a"]],
  ["``", "", [""]],
])("%s", (text, shown, code) => {
  const { container } = render(<Coded text={text} />);
  expect(container.textContent).toBe(shown);
  expect([...container.querySelectorAll("code")].map((each) => each.textContent)).toEqual(code);
});
