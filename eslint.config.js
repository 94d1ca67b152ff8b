/* What ESLint asks of the page's scripts; prettier has the last word on how they look. */
import js from "@eslint/js";
import globals from "globals";

/** Names that say what happened to a value instead of what it is. */
const VAGUE_NAMES = [
  ...["asked", "chosen", "counted", "drawn", "found", "given", "held", "here", "kept", "known"],
  ...["laid", "left", "listed", "made", "named", "said", "sent", "shown", "some", "taken"],
  ...["there", "told", "wanted", "data", "info", "helper", "manager", "util"],
];
const AS_TEXT = "Text reaches the page as text, never as markup.";
/* A string with the beginning of a JSDoc block; the slash is written so that this is none. */
const JSDOC_INSIDE = "Literal[value=/\\u002f[*]{2}/], TemplateElement[value.raw=/\\u002f[*]{2}/]";

export default [
  { ignores: ["static/vendor/", ".venv/", "var/", "build/"] },
  js.configs.recommended,
  {
    languageOptions: { ecmaVersion: 2022, sourceType: "module" },
    linterOptions: { reportUnusedDisableDirectives: "error" },
    rules: {
      complexity: ["error", 15],
      curly: ["error", "multi-or-nest"],
      eqeqeq: "error",
      "id-denylist": ["error", ...VAGUE_NAMES],
      "max-len": ["error", { code: 100 }],
      "max-lines": ["error", 400],
      "no-alert": "error",
      "no-console": ["error", { allow: ["error"] }],
      "no-else-return": "error",
      "no-eval": "error",
      "no-implicit-coercion": "error",
      "no-implied-eval": "error",
      "no-shadow": "error",
      "no-throw-literal": "error",
      "no-unused-vars": ["error", { argsIgnorePattern: "^_" }],
      "no-use-before-define": ["error", { functions: false, variables: false }],
      "no-var": "error",
      "object-shorthand": "error",
      "one-var": ["error", "never"],
      "prefer-const": "error",
    },
  },
  {
    files: ["static/js/**"],
    languageOptions: { globals: { ...globals.browser, L: "readonly" } },
    rules: {
      "no-restricted-properties": [
        "error",
        { property: "innerHTML", message: AS_TEXT },
        { property: "outerHTML", message: AS_TEXT },
        { property: "insertAdjacentHTML", message: AS_TEXT },
      ],
      "no-restricted-syntax": [
        "error",
        {
          selector: JSDOC_INSIDE,
          message: "The service takes JSDoc out of scripts by its beginning (app/maps/scripts.py).",
        },
      ],
    },
  },
];
