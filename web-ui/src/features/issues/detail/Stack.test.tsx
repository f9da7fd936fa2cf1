import { create } from "@bufbuild/protobuf";
import { cleanup, fireEvent, render, screen, within } from "@testing-library/react";
import { afterEach, describe, expect, test } from "vitest";
import { EventDetailSchema } from "@/gen/errata/v1/event_read_pb";
import { Stack } from "./Stack";

afterEach(cleanup);

const site = "/venv/lib/python3.11/site-packages/django/base.py";
const detail = create(EventDetailSchema, {
  exceptions: [
    {
      type: "KeyError",
      value: "'sku'",
      frames: [
        { function: "lookup", filename: "shop/stock.py", lineno: 4, inApp: true, contextLine: "return stock[sku]" },
      ],
    },
    {
      type: "CartError",
      value: "<img src=x onerror=alert(1)>",
      mechanism: { type: "django", handled: false },
      frames: [
        { function: "dispatch", absPath: site, inApp: false },
        { function: "view", absPath: site, inApp: false },
        {
          function: "add",
          filename: "shop/cart.py",
          lineno: 10,
          inApp: true,
          preContext: ["def add(self):"],
          contextLine: "    raise CartError(sku)",
          vars: { sku: "MUG-04", password: "[Filtered]" },
        },
      ],
    },
  ],
});

describe("the stack", () => {
  test("shows the newest exception first, its cause folded", () => {
    render(<Stack detail={detail} platform="python" />);
    expect(screen.getAllByRole("heading", { level: 3 }).map((each) => each.textContent)).toEqual([
      "CartError",
      "KeyError",
    ]);
    expect(screen.queryByText("lookup")).toBeNull();
    fireEvent.click(screen.getByRole("button", { name: "caused by" }));
    expect(screen.getByText("lookup")).toBeTruthy();
  });

  test("opens own code on the failing line with its variables", () => {
    render(<Stack detail={detail} platform="python" />);
    const source = screen.getByLabelText("Source of shop/cart.py");
    expect(within(source).getByText("10").parentElement?.dataset["failing"]).toBe("true");
    expect(screen.getByText("MUG-04")).toBeTruthy();
    expect(screen.getByText("[Filtered]")).toBeTruthy();
  });

  test("folds foreign frames by package until asked", () => {
    render(<Stack detail={detail} platform="python" />);
    expect(screen.queryByText("dispatch")).toBeNull();
    fireEvent.click(screen.getByRole("button", { name: "2 frames of django" }));
    expect(screen.getByText("dispatch")).toBeTruthy();
  });

  test("an event's text is text, never markup", () => {
    const { container } = render(<Stack detail={detail} platform="python" />);
    expect(container.querySelector("img")).toBeNull();
    expect(screen.getByText("<img src=x onerror=alert(1)>")).toBeTruthy();
  });

  test.each([
    ["ExceptionGroup", [0, 0], "in the group", "Exception and 2 others"],
    // Some SDKs mark whatever has a cause as a group.
    ["PaymentDeclined", [0, 1], "caused by", "Exception and 2 causes"],
  ])("members of a group are not called causes: %s", (type, parents, relation, heading) => {
    const exceptions = [
      { type: "KeyError", mechanism: { exceptionId: 2, parentId: parents[1] } },
      { type: "ValueError", mechanism: { exceptionId: 1, parentId: parents[0] } },
      { type, mechanism: { exceptionId: 0, isExceptionGroup: true } },
    ];
    render(<Stack detail={create(EventDetailSchema, { exceptions })} platform="python" />);
    expect(screen.getAllByRole("button", { name: relation })).toHaveLength(2);
    expect(screen.getByRole("heading", { level: 2, name: heading })).toBeTruthy();
  });

  test("a message without an exception is shown as one", () => {
    render(<Stack detail={create(EventDetailSchema, { message: "Disk almost full" })} platform="node" />);
    expect(screen.getByText("Disk almost full")).toBeTruthy();
  });

  test("a message whose stack the SDK made up is called one", () => {
    const synthetic = create(EventDetailSchema, {
      exceptions: [
        {
          value: "Something is off",
          mechanism: { synthetic: true },
          frames: [{ function: "run", filename: "a.js", inApp: true }],
        },
      ],
    });
    render(<Stack detail={synthetic} platform="node" />);
    expect(screen.getByRole("heading", { level: 2, name: "Message" })).toBeTruthy();
    expect(screen.getByText("synthetic")).toBeTruthy();
    expect(screen.queryByRole("heading", { level: 3 })).toBeNull();
  });

  test("threads can be chosen, the crashed one is marked and chosen first", () => {
    const crash = create(EventDetailSchema, {
      exceptions: [{ type: "SIGSEGV", threadId: "7" }],
      threads: [
        { id: "3", name: "sync", frames: [{ function: "drain", package: "/opt/shopd", inApp: true }] },
        { id: "7", name: "main", crashed: true, frames: [{ function: "reserve", package: "/opt/shopd", inApp: true }] },
      ],
    });
    render(<Stack detail={crash} platform="native" />);
    // The exception has the stack of its thread.
    expect(screen.getByText("reserve")).toBeTruthy();
    fireEvent.click(screen.getByRole("button", { name: "Threads" }));
    expect(screen.getByRole("tab", { selected: true }).textContent).toBe("maincrashed");
    fireEvent.click(screen.getByRole("tab", { name: "sync" }));
    expect(screen.getByText("drain")).toBeTruthy();
  });

  test("a frame that the server judged otherwise says so", () => {
    const corrected = create(EventDetailSchema, {
      exceptions: [
        {
          type: "E",
          frames: [
            { function: "lib", filename: "x/lib.py", inApp: false, clientInApp: true },
            { function: "own", filename: "own.py", inApp: true },
          ],
        },
      ],
    });
    render(<Stack detail={corrected} platform="python" />);
    fireEvent.click(screen.getByRole("button", { name: "All frames" }));
    expect(screen.getByText("library *").dataset["tip"]).toMatch(/SDK called this own code/);
  });
});
