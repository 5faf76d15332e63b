// The rules of @graphql-eslint for schemas, over schema.graphql: all of schema-recommended and schema-relay.
// Exceptions are named here, with their reasons.

import { fileURLToPath } from 'node:url';
import graphql from '@graphql-eslint/eslint-plugin';

const schema = fileURLToPath(new URL('../../schema.graphql', import.meta.url));
const recommended = graphql.configs['flat/schema-recommended'].rules;
const relay = graphql.configs['flat/schema-relay'].rules;

const exceptions = {
  '@graphql-eslint/strict-id-in-types': [
    'error',
    {
      exceptions: {
        // Parts of a response without an identity of their own: there is nothing to look up by an id.
        suffixes: ['Connection', 'Edge', 'Payload', 'Error', 'Warning'],
        types: ['PageInfo', 'FieldChange', 'WebhookAttempt', 'CalendarLinks'],
      },
    },
  ],
  '@graphql-eslint/relay-edge-types': [
    'error',
    {
      // Ids are those of the REST API, decimal numbers that are unique within their type: there is no `node(id:)`.
      shouldImplementNode: false,
      // Lists that are always short are plain lists, such as `userErrors`; and connections have `nodes` beside `edges`.
      listTypeCanWrapOnlyEdgeType: false,
    },
  ],
  // Relay requires forward pagination, backward, or both. Lists to pick from and histories have forward pagination
  // only.
  '@graphql-eslint/relay-arguments': ['error', { includeBoth: false }],
};

// Exceptions that the rules have no option for. `interviewee` and `interviewer` do not repeat the name of their type,
// `Interview`; and `interviewChanges` continues after an event whose id clients know, with `since` in place of
// `after`.
let lines;
const withoutExceptions = {
  preprocess: (text) => {
    lines = text.split('\n');
    return [text];
  },
  postprocess: ([found]) => found.filter(({ ruleId, message, line }) => !(
    (ruleId === '@graphql-eslint/no-typename-prefix' && /"interview(ee|er)(Id)?"/.test(message)) ||
    (ruleId === '@graphql-eslint/relay-arguments' && /^\s*interviewChanges\(/.test(lines[line - 1]))
  )),
};

export default [
  {
    files: ['schema.graphql'],
    plugins: { '@graphql-eslint': graphql },
    languageOptions: { parser: graphql.parser, parserOptions: { graphQLConfig: { schema } } },
    rules: { ...recommended, ...relay, ...exceptions },
    processor: withoutExceptions,
  },
];
