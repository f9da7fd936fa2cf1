// Leaves protobuf's JSON out of the build. The API is asked and answered in binary, but
// the library for it takes both along: 8 KB gzip of every first load.
//
// What is left out throws, should anybody come to need it.
import type { Plugin } from "vite";

const LEFT_OUT = /[\\/]@bufbuild[\\/]protobuf[\\/]dist[\\/]esm[\\/](from|to)-json\.js$/;

export const noJson = (): Plugin => ({
  name: "errata:no-json",
  apply: "build",
  load(id) {
    if (!LEFT_OUT.test(id)) return null;
    const names = /from-json/.test(id)
      ? ["fromJson", "fromJsonString", "mergeFromJson", "mergeFromJsonString", "enumFromJson", "isEnumJson"]
      : ["toJson", "toJsonString", "enumToJson"];
    return [
      'const gone = () => { throw new Error("protobuf\'s JSON is not part of this build: scripts/no-json.ts"); };',
      ...names.map((name) => `export const ${name} = gone;`),
    ].join("\n");
  },
});
