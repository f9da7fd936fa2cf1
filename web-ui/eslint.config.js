import hooks from "eslint-plugin-react-hooks";
import tseslint from "typescript-eslint";

// Imports flow one way: app → features/* → shared. A feature knows no other.
const features = [
  "alerts",
  "analytics",
  "auth",
  "dashboard",
  "issues",
  "monitors",
  "projects",
  "releases",
  "settings",
  "sql",
];
const forbid = (patterns) => ({ "no-restricted-imports": ["error", { patterns }] });
const appIsAbove = { regex: "^@/app/", message: "only app imports app" };

export default tseslint.config(
  { ignores: ["dist", "src/gen", "node_modules"] },
  ...tseslint.configs.strictTypeChecked,
  {
    languageOptions: {
      parserOptions: {
        projectService: { allowDefaultProject: ["eslint.config.js", "scripts/*.mjs"] },
        tsconfigRootDir: import.meta.dirname,
      },
    },
  },
  {
    files: ["src/**/*.{ts,tsx}"],
    plugins: { "react-hooks": hooks },
    rules: {
      "react-hooks/rules-of-hooks": "error",
      "react-hooks/exhaustive-deps": "error",
      "@typescript-eslint/no-explicit-any": "error",
      "@typescript-eslint/no-floating-promises": "error",
      "@typescript-eslint/consistent-type-imports": "error",
      "@typescript-eslint/restrict-template-expressions": ["error", { allowNumber: true }],
      // `onClick={() => void run()}` is how an event handler starts a promise.
      "@typescript-eslint/no-confusing-void-expression": "off",
      // React calls what an effect gives back when it ends. In new browsers even `scrollIntoView` gives a promise.
      "no-restricted-syntax": [
        "error",
        {
          selector:
            "CallExpression[callee.name=/^use(Layout|Insertion)?Effect$/] > ArrowFunctionExpression.arguments:first-child[body.type!=/^(BlockStatement|ArrowFunctionExpression)$/]",
          message: "an effect gives back its clean-up or nothing: write a block",
        },
      ],
    },
  },
  {
    files: ["src/shared/**"],
    rules: forbid([appIsAbove, { regex: "^@/features/", message: "shared knows no feature" }]),
  },
  ...features.map((feature) => ({
    files: [`src/features/${feature}/**`],
    rules: forbid([appIsAbove, { regex: `^@/features/(?!${feature}/)`, message: "features do not know each other" }]),
  })),
  { files: ["**/*.{js,mjs}"], ...tseslint.configs.disableTypeChecked },
);
