import tseslint from 'typescript-eslint';

/** Imports flow one way: browser → core ← node. */
const forbid = (...group) => ['error', { patterns: [{ group, message: 'imports flow browser → core ← node' }] }];
const WORLD = [
  'window',
  'document',
  'navigator',
  'location',
  'process',
  'global',
  'console',
  'fetch',
  'setTimeout',
  'setInterval',
  'crypto',
  'Buffer',
];

export default tseslint.config(
  { ignores: ['dist', 'node_modules', '**/*.mjs'] },
  tseslint.configs.strictTypeChecked,
  {
    languageOptions: { parserOptions: { project: './tsconfig.test.json', tsconfigRootDir: import.meta.dirname } },
    rules: {
      '@typescript-eslint/no-explicit-any': 'error',
      '@typescript-eslint/no-floating-promises': 'error',
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true, allowBoolean: true }],
      // Callers may be plain JavaScript: what the types rule out still happens.
      '@typescript-eslint/no-unnecessary-condition': 'off',
      'max-lines': ['error', 500],
      'max-lines-per-function': ['error', { max: 70, skipBlankLines: true, skipComments: true }],
      '@typescript-eslint/no-unused-vars': ['error', { varsIgnorePattern: '^_' }],
      eqeqeq: 'error',
    },
  },
  {
    files: ['src/core/**'],
    rules: {
      'no-restricted-imports': forbid('**/browser/**', '**/node/**', 'node:*'),
      'no-restricted-globals': ['error', ...WORLD],
    },
  },
  // State in closures, not in fields: some 300 bytes of the browser bundle. Each function in them is short.
  { files: ['src/core/{backlog,client,queue,safe,scope}.ts'], rules: { 'max-lines-per-function': 'off' } },
  { files: ['src/browser/**'], rules: { 'no-restricted-imports': forbid('**/node/**', 'node:*') } },
  { files: ['src/node/**'], rules: { 'no-restricted-imports': forbid('**/browser/**') } },
  {
    files: ['test/**'],
    rules: {
      'max-lines-per-function': 'off',
      // Strange values are the point of many tests.
      '@typescript-eslint/only-throw-error': 'off',
      '@typescript-eslint/no-non-null-assertion': 'off',
    },
  },
);
